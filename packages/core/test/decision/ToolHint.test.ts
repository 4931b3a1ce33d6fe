/** What would have let somebody use a tool, or let an agent act: each change that is named comes true. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { noTool, unseenTool } from "../../src/Request.ts"
import type { Fact } from "../../src/Step.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"

const { agent, membership, team, user } = CoreTest
const mcp = [{ server: "github", path: "/mcp/github", scopes: [] as ReadonlyArray<string> }]
const claims = { uid: "bob" }
const acting = { ...claims, act: { sub: "agent-7" } }
const issuer = { claims: { ...CoreTest.mapping, agent: { actor: "act" } } }
const tool = "github/delete_repo"

const worldOf = (rows: NonNullable<CoreTest.World["rows"]>, policy: CoreTest.World["policy"] = {}): CoreTest.World => ({
  issuer,
  policy: { mcp, ...policy },
  rows
})

/** The facts of the step that denied. */
const deniedIn = (steps: CoreTest.Verdict["steps"]): { readonly [name: string]: Fact } | undefined =>
  steps.find((it) => it.outcome === "denied")?.facts

/** The texts of the changes, and the facts of the step that denied. */
const told = (world: CoreTest.World, ask: CoreTest.Ask) =>
  Effect.map(CoreTest.ask(world, ask), ({ code, steps }) => ({
    code,
    denied: deniedIn(steps),
    texts: steps.flatMap((it) => it.step === "hint" ? it.facts.changes ?? [] : []).map((it) => it.text)
  }))

const users = [user("bob", { teams: ["red"] })]
const red = team("red", { tools: ["github/*"] })

describe("what would have let somebody use a tool", () => {
  it.effect("an agent whose row lacks it: the sentence, and the row that must list it", () =>
    Effect.gen(function*() {
      const agents = [agent("agent-7", { tools: ["github/get_*"] })]
      const { denied, texts } = yield* told(worldOf({ users, teams: [red], agents }), { claims: acting, tool })
      assert.deepInclude(denied, {
        text: "agent-7 may not call github/delete_repo for bob: bob may, agent-7 may not",
        lacking: [{ level: "agent", name: "agent-7", patterns: ["github/get_*"] }]
      })
      assert.deepStrictEqual(texts, [
        "It would be allowed with \"github/delete_repo\" among the tools of the agent \"agent-7\".",
        "It would be allowed with a tool among \"github/get_*\"."
      ])
      const mended = worldOf({ users, teams: [red], agents: [agent("agent-7", { tools: ["github/get_*", tool] })] })
      assert.isTrue((yield* CoreTest.ask(mended, { claims: acting, tool })).allowed)
    }))

  it.effect("several levels: all of them, and what takes it away there", () =>
    Effect.gen(function*() {
      const rows = {
        users,
        teams: [team("red", { tools: ["github/*", "!github/delete_*"] })],
        memberships: [membership("bob", "red", { tools: ["github/get_*"] })]
      }
      assert.deepStrictEqual((yield* told(worldOf(rows), { claims, tool })).texts, [
        "It would be allowed with \"github/delete_repo\" among the tools of the team \"red\", without \"!github/delete_*\" there and of the membership in \"red\".",
        "It would be allowed with a tool among \"github/get_*\"."
      ])
    }))

  it.effect("a setting: its path and its line", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = {
        ...worldOf({ users, teams: [red] }, { roles: [{ role: "internal_user", tools: ["github/get_*"] }] }),
        options: { lineOf: (path) => path === "policy.roles[0].tools" ? 12 : undefined }
      }
      const { denied, texts } = yield* told(world, { claims, tool })
      assert.deepInclude(denied, { rule: "policy.roles[0].tools", line: 12 })
      assert.strictEqual(
        texts[0],
        "It would be allowed with \"github/delete_repo\" among the tools of policy.roles[0]."
      )
    }))

  it.effect("nobody lists it: the caller's team, or the user's own row", () =>
    Effect.gen(function*() {
      const others = team("blue", { tools: ["github/*"] })
      assert.deepStrictEqual((yield* told(worldOf({ users, teams: [team("red"), others] }), { claims, tool })).texts, [
        "It would be allowed with \"github/delete_repo\" among the tools of the team \"red\"."
      ])
      const alone = worldOf({ users: [user("bob")], teams: [others] })
      assert.deepStrictEqual((yield* told(alone, { claims, tool })).texts, [
        "It would be allowed with \"github/delete_repo\" among the tools of the user \"bob\"."
      ])
    }))

  it.effect("teams of the token of which none lists it: which ones", () =>
    Effect.gen(function*() {
      const teams = [team("red", { tools: ["github/get_*"] }), team("blue", { tools: [] })]
      const ask = { claims: { ...claims, groups: ["red", "blue"] }, tool }
      const { code, denied, texts } = yield* told(worldOf({ users, teams }), ask)
      assert.strictEqual(code, "tool_denied")
      assert.strictEqual(denied?.["text"], "bob may not call github/delete_repo: no team of the token lists it")
      const byAgent = yield* told(worldOf({ users, teams, agents: [agent("agent-7")] }), {
        ...ask,
        claims: { ...ask.claims, ...acting }
      })
      assert.strictEqual(
        byAgent.denied?.["text"],
        "agent-7 may not call github/delete_repo for bob: bob may not (no team of the token lists it)"
      )
      assert.deepStrictEqual(denied?.["lacking"], [
        { level: "team", name: "red", patterns: ["github/get_*"] },
        { level: "team", name: "blue", patterns: [] }
      ])
      assert.deepStrictEqual(texts, [
        "A team of the token must list \"github/delete_repo\": \"red\", \"blue\" do not.",
        "It would be allowed with a tool among \"github/get_*\"."
      ])
    }))

  it.effect("scopes: every one that is missing, at once", () =>
    Effect.gen(function*() {
      const world = worldOf({ users, teams: [red] }, {
        mcp: [{ server: "github", path: "/mcp/github", scopes: ["mcp"] }],
        scopes: [{ scope: "danger", tools: ["github/*"] }]
      })
      const { texts } = yield* told(world, { claims: { ...claims, scope: "other" }, tool })
      assert.deepStrictEqual(texts, ["It would be allowed with the scopes \"mcp\", \"danger\"."])
      assert.isTrue((yield* CoreTest.ask(world, { claims: { ...claims, scope: "mcp danger" }, tool })).allowed)
    }))

  it.effect("another team of the caller, by its header", () =>
    Effect.gen(function*() {
      const rows = {
        users: [user("bob", { teams: ["red", "blue"] })],
        teams: [team("red", { tools: [] }), team("blue", { tools: ["github/*"] })]
      }
      const ask = { claims: { ...claims, groups: ["red", "blue"] }, headers: { "x-team-id": "red" }, tool }
      assert.include(
        (yield* told(worldOf(rows), ask)).texts,
        "It would be allowed for \"blue\": ask with the header x-team-id."
      )
    }))

  it.effect("nothing is promised where something else stands against it too", () =>
    Effect.gen(function*() {
      const rows = { users, teams: [team("red", { tools: [], maxBudget: 1, spend: 2 })] }
      assert.deepStrictEqual((yield* told(worldOf(rows), { claims, tool })).texts, [])
    }))

  it.effect("a door that sees no tool: how it could", () =>
    Effect.gen(function*() {
      const { code, texts } = yield* told(worldOf({ users, teams: [red] }), { claims, tool: unseenTool("github") })
      assert.strictEqual(code, "tool_unseen")
      assert.match(texts[0] ?? "", /Mcp-Method and Mcp-Name/)
    }))
})

describe("what would have let an agent act", () => {
  const agents = [agent("agent-7", { models: ["gpt-4o-mini"], teams: ["blue"] })]

  it.effect("the models and the teams of its row", () =>
    Effect.gen(function*() {
      const world = worldOf({ users, teams: [red, team("blue")], agents })
      const ask = { claims: { ...acting, groups: ["blue"] }, model: "gpt-4o" }
      assert.include(
        (yield* told(world, ask)).texts,
        "It would be allowed with \"gpt-4o\" among the models of the agent \"agent-7\"."
      )
      const elsewhere = { claims: { ...acting, team_id: "red" }, model: "gpt-4o-mini" }
      const { code, texts } = yield* told(world, elsewhere)
      assert.strictEqual(code, "team_denied")
      assert.include(texts, "It would be allowed with \"red\" among the teams of the agent \"agent-7\".")
    }))

  it.effect("a row that lets it act for nobody, and the id of a trace", () =>
    Effect.gen(function*() {
      const world = worldOf({ users, teams: [red], agents: [agent("agent-7", { requireTraceId: true })] })
      const alone = yield* told(world, { claims: { act: { sub: "agent-7" } }, tool: noTool, path: "/mcp/github" })
      assert.strictEqual(alone.code, "principal_required")
      assert.deepStrictEqual(alone.texts, [
        "The agent \"agent-7\" acts for nobody: the token must name a user, or its row be autonomous."
      ])
      const untraced = yield* told(world, { claims: acting, path: "/v1/files" })
      assert.strictEqual(untraced.code, "trace_id_required")
      assert.deepStrictEqual(untraced.texts, [
        "It would be allowed with the id of a trace, in the header x-litellm-trace-id."
      ])
    }))
})

it.effect("the lists of held scopes are the same however often, and by however many, they were asked", () =>
  Effect.gen(function*() {
    const names = Array.from({ length: 9 }, (_, at) => `s${at}`)
    const scopes = names.map((scope, at) => ({ scope, tools: [`github/t${at}`] }))
    const world = worldOf({ users, teams: [team("red")] }, { scopes })
    yield* Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      for (let held = 0; held < 300; held += 7) {
        const scope = names.filter((_, at) => (held >> at) % 2 === 1).join(" ")
        for (const at of [0, 3, 8]) {
          const { allowed } = yield* core.quietly({ claims: { ...claims, scope }, tool: `github/t${at}` })
          assert.strictEqual(allowed, (held >> at) % 2 === 1, `${scope}: t${at}`)
        }
      }
    }).pipe(Effect.provide(CoreTest.CoreTest.layer(world)))
  }))
