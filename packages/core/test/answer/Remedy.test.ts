import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { readFileSync } from "node:fs"
import { remedyOf, withRemedy } from "../../src/answer/Remedy.ts"
import type { Printed } from "../../src/answer/StepText.ts"
import { type Code, Codes } from "../../src/Errors.ts"
import { Step } from "../../src/Step.ts"

const codes: ReadonlyArray<Code> = Object.values(Codes).flat()

const denied = (step: string, facts: Printed["facts"]): ReadonlyArray<Printed> => [{ step, outcome: "denied", facts }]

/** The paths of the settings, `[]` for an entry of a list, out of the schema that the documents have. */
const settings = (() => {
  const root: unknown = JSON.parse(
    readFileSync(new URL("../../../../docs/jotgate.schema.json", import.meta.url), "utf8")
  )
  const found = new Set<string>()
  const member = (it: unknown, name: string): unknown =>
    typeof it === "object" && it !== null ? Object.getOwnPropertyDescriptor(it, name)?.value : undefined
  const walk = (schema: unknown, path: string, depth: number): void => {
    if (depth > 12 || path.split(".").length > 4) return
    const reference = member(schema, "$ref")
    if (typeof reference === "string") {
      return walk(reference.split("/").slice(1).reduce(member, root), path, depth + 1)
    }
    for (const union of ["anyOf", "oneOf", "allOf"]) {
      const all = member(schema, union)
      if (Array.isArray(all)) { for (const one of all) walk(one, path, depth + 1) }
    }
    if (path !== "") found.add(path)
    for (const [name, one] of Object.entries(member(schema, "properties") ?? {})) {
      walk(one, path === "" ? name : `${path}.${name}`, depth + 1)
    }
    const items = member(schema, "items")
    if (items !== undefined) walk(items, `${path}[]`, depth + 1)
  }
  walk(root, "", 0)
  return found
})()

describe("what an operator would change", () => {
  it("every code has a change in words, and names a setting that there is", () => {
    for (const code of codes) {
      const { setting, text } = remedyOf(code, [])
      assert.match(text, /^[A-Z].*\.$/, code)
      if (setting === null) assert.strictEqual(code, "method_not_allowed")
      else assert.isTrue(settings.has(setting), `${code}: ${setting}`)
    }
  })

  it("every reason of a 401 does so, and names the issuer where one was found", () => {
    const reasons = [
      "issuer",
      "audience",
      "unknown_key",
      "expiry",
      "required_claim",
      "revoked",
      "malformed",
      "too_long"
    ]
    for (const reason of reasons) {
      const { row, setting } = remedyOf("invalid_token", denied("token", { reason, issuer: "okta" }))
      assert.isTrue(settings.has(setting ?? ""), reason)
      assert.deepStrictEqual(row, { kind: "issuer", id: "okta" })
    }
  })

  const rows: ReadonlyArray<
    readonly [code: Code, steps: ReadonlyArray<Printed>, row: string, setting: string, text: RegExp]
  > = [
    [
      "team_model_denied",
      denied("model", { model: "gpt-4o", team: "blue", models: ["o1"] }),
      "team blue",
      "directory",
      /Add "gpt-4o" to models of the team "blue": jotgate team update blue --models o1,gpt-4o\.$/
    ],
    [
      "user_model_denied",
      [
        { step: "user", outcome: "ok", facts: { user: "carol" } },
        ...denied("model", { model: "gpt-4o", models: ["o1", "gpt-4o-*"] })
      ],
      "user carol",
      "directory",
      /Add "gpt-4o" to models of the user "carol": jotgate user update carol --models 'o1,gpt-4o-\*,gpt-4o'\.$/
    ],
    [
      "team_model_denied",
      denied("team", {
        model: "gpt-4o",
        candidates: [{ team: "gone", verdict: "unknown" }, { team: "blue", verdict: "model", models: ["o1"] }]
      }),
      "team blue",
      "directory",
      /models of the team "blue": jotgate team update blue --models o1,gpt-4o/
    ],
    [
      "member_model_denied",
      [
        { step: "user", outcome: "ok", facts: { user: "ann", row: true } },
        ...denied("model", { model: "o1", team: "red" })
      ],
      "membership ann/red",
      "directory",
      /Add "o1"/
    ],
    ["user_blocked", denied("user", { user: "ann" }), "user ann", "directory", /jotgate user update ann --no-blocked/],
    ["user_blocked", denied("user", { user: "ann", active: false }), "user ann", "directory", /active: true/],
    [
      "agent_unknown",
      denied("agent", { agent: "bot" }),
      "agent bot",
      "policy.agents.unknown",
      /Create the agent "bot"/
    ],
    ["team_not_found", denied("team", { single: "green" }), "team green", "directory.teams", /Create the team "green"/],
    ["user_not_found", denied("user", { user: "zoe" }), "user zoe", "directory.users", /Create the user "zoe"/],
    [
      "organization_mismatch",
      denied("organization", { team: "red", teamOrganization: "a", tokenOrganization: "b" }),
      "team red",
      "directory",
      /the organization "b"/
    ],
    ["end_user_blocked", denied("endUser", { endUser: "c-1" }), "endUser c-1", "directory", /"c-1"/],
    [
      "budget_exceeded",
      [
        { step: "team", outcome: "ok", facts: { team: "red" } },
        ...denied("limits", { of: "team", spend: 2, maxBudget: 1 })
      ],
      "team red",
      "directory",
      /maxBudget of the team "red"/
    ],
    [
      "tool_denied",
      denied("tool", { tool: "github/x", lacking: [{ level: "team", name: "red", patterns: [] }] }),
      "team red",
      "directory",
      /Add "github\/x" to tools of the team "red": jotgate team update red --tools github\/x\.$/
    ],
    [
      "tool_denied",
      denied("tool", {
        tool: "github/x",
        kind: "prompt",
        lacking: [{ level: "agent", name: "agent-7", patterns: ["github/get_*"] }]
      }),
      "agent agent-7",
      "directory",
      /Add "github\/x" to prompts of the agent "agent-7": jotgate agent update agent-7 --prompts 'github\/get_\*,github\/x'\.$/
    ],
    [
      "tool_denied",
      denied("tool", { tool: "github/x", lacking: [{ level: "user", name: "bob", patterns: ["*", "!github/*"] }] }),
      "user bob",
      "directory",
      /Add "github\/x" to tools of the user "bob"\.$/
    ],
    [
      "tool_denied",
      denied("tool", {
        rule: "issuers[0].grants.tools",
        tool: "github/x",
        lacking: [{ level: "issuer", name: "idp", patterns: [] }]
      }),
      "undefined undefined",
      "issuers[0].grants.tools",
      /List "github\/x" in issuers\[0\]\.grants\.tools\.$/
    ]
  ]
  for (const [code, steps, row, setting, text] of rows) {
    it(`${code}: ${row}`, () => {
      const remedy = remedyOf(code, steps)
      assert.strictEqual(`${remedy.row?.kind} ${remedy.row?.id}`, row)
      assert.strictEqual(remedy.setting, setting)
      assert.match(remedy.text, text)
    })
  }

  it("a name that a shell or a terminal could take for more than a name is in no command", () => {
    for (const model of ["$(rm)", "a b", "\u001b[2J", "it's"]) {
      const { text } = remedyOf("team_model_denied", denied("model", { model, team: "blue", models: ["o1*"] }))
      assert.notInclude(text, "jotgate team")
      assert.notMatch(text, /\p{Cc}/u)
    }
    const { text } = remedyOf("team_model_denied", denied("model", { model: "o3", team: "blue", models: ["o1*"] }))
    assert.include(text, "jotgate team update blue --models 'o1*,o3'")
  })

  it("a rule that the decision named is the one to change", () => {
    const { setting, text } = remedyOf("role_model_denied", denied("role", { rule: "policy.roles[0]", model: "o1" }))
    assert.deepStrictEqual([setting, text], ["policy.roles[0].models", `List "o1" in policy.roles[0].models.`])
    const grants = denied("role", { rule: "issuers[1].grants.routes", route: "/x" })
    assert.strictEqual(remedyOf("role_route_denied", grants).setting, "issuers[1].grants.routes")
  })

  it("stands in the hint of the steps, after what the caller could do, with the line of the setting", () => {
    const caller = { change: "model", models: ["o1"], text: "It would be allowed with a model among \"o1\"." } as const
    const steps: ReadonlyArray<Step> = [
      {
        step: "route",
        outcome: "denied",
        facts: { code: "user_route_denied", rule: "policy.userRoutes", route: "/x" }
      },
      { step: "hint", outcome: "note", facts: { changes: [caller] } }
    ]
    const told = withRemedy("user_route_denied", steps, (it) => it === "policy.userRoutes" ? { line: 7 } : undefined)
    assert.deepStrictEqual(told.at(-1)?.facts, {
      changes: [caller, {
        change: "operator",
        setting: "policy.userRoutes",
        line: 7,
        row: null,
        text: `List "/x" in policy.userRoutes, or let the token name a team.`
      }]
    })
    assert.deepStrictEqual(Schema.decodeUnknownSync(Schema.Array(Step))(told), told)
    assert.strictEqual(withRemedy(null, steps), steps, "an allow")
  })
})
