/** What the steps tell an operator: which claim, which value, which rule at which line, which rows. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Step, type StepName } from "../src/Step.ts"
import * as CoreTest from "../src/testing/CoreTest.ts"
import { type Noted, told } from "../src/Trace.ts"

const { membership, organization, team, user } = CoreTest
const uid = "u-1"

/** Every path of the settings stands at the line of its length, so that a line proves its path. */
const lineOf = (path: string) => path.length
const rows = {
  users: [user("u-1")],
  teams: [team("red", { alias: "Red", models: ["gpt-4o"], organization: "acme" }), team("blue")],
  organizations: [organization("acme"), organization("corp")]
}
const decode = Schema.decodeUnknownSync(Schema.Array(Step), { onExcessProperty: "error" })

/** The steps of a question; each is one of the closed union, with no fact that is not its own. */
const stepsOf = (world: CoreTest.World, ask: CoreTest.Ask) =>
  Effect.map(CoreTest.ask({ rows, options: { lineOf }, ...world }, ask), ({ steps }) => {
    const all = steps.map(told)
    assert.deepStrictEqual(decode(JSON.parse(JSON.stringify(all))), all)
    return steps
  })
const factsOf = (steps: ReadonlyArray<Noted>, name: StepName) => steps.findLast((it) => it.step === name)?.facts
const deniedBy = (world: CoreTest.World, ask: CoreTest.Ask) =>
  Effect.map(stepsOf(world, ask), (steps) => steps.find((it) => it.outcome === "denied")?.facts)

describe("an allowed decision tells", () => {
  it.effect("in this order: token, claims, role, team, organization, user, model, route, writes", () =>
    Effect.gen(function*() {
      const steps = yield* stepsOf({ directory: { memberships: "join" } }, {
        claims: { uid, groups: ["blue", "red"], org_id: "acme", customer: "c-1" },
        model: "gpt-4o"
      })
      assert.deepStrictEqual(
        steps.map((it) => `${it.step} ${it.outcome}`),
        [
          "token ok",
          "claims ok",
          "role ok",
          "team ok",
          "organization ok",
          "user ok",
          "endUser ok",
          "model ok",
          "route ok",
          "writes ok"
        ]
      )
    }))

  it.effect("which claim was read from where, and how the person was found", () =>
    Effect.gen(function*() {
      const steps = yield* stepsOf({}, {
        claims: { uid, groups: ["blue"], email: "a@b.test", email_verified: true, locale: "en", "x.y": { z: 1 } }
      })
      assert.deepStrictEqual(factsOf(steps, "claims"), {
        user: "uid \"u-1\"",
        email: "email \"a@b.test\"",
        teams: ["groups", "blue"],
        unread: ["locale", "x\\.y"]
      })
      assert.deepStrictEqual(factsOf(steps, "user"), { user: "u-1", row: true, role: null, foundBy: "id or subject" })
    }))

  it.effect("no claim as unread that anything looks at: what tells a service, who acts, what must be there", () =>
    Effect.gen(function*() {
      const steps = yield* stepsOf({
        issuer: {
          require: { ring: "inner" },
          serviceAccounts: { as: "apart", match: { sub: "{cid}" } },
          claims: { user: "uid", agent: { actor: "act", client: "app", id: "bot" } }
        },
        rows: { users: [CoreTest.user(uid)] }
      }, { claims: { uid, cid: "x", ring: "inner", app: "cli", act: { sub: "a" }, other: 1 } })
      assert.deepInclude(factsOf(steps, "claims"), { unread: ["other"] })
    }))

  it.effect("why the token has its role, with rule and line", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = {
        issuer: { adminScope: "admin" },
        policy: {
          roleMappings: [{ claim: "x", role: "team" }, { claim: "svc", role: "internal_user" }],
          allowedUserRoles: ["a", "staff"],
          requirePrincipal: false
        }
      }
      const role = (claims: Record<string, unknown>) =>
        Effect.map(stepsOf(world, { claims }), (it) => factsOf(it, "role"))
      assert.deepStrictEqual(yield* role({ roles: ["svc"] }), {
        rule: "policy.roleMappings[1]",
        line: 22,
        role: "internal_user",
        because: "role mapping",
        value: "svc"
      })
      assert.deepStrictEqual(yield* role({ user_roles: ["staff"] }), {
        rule: "policy.allowedUserRoles",
        line: 23,
        role: "internal_user",
        because: "allowed user role",
        value: "staff"
      })
      assert.deepStrictEqual(yield* role({ scope: "admin" }), {
        rule: "issuers[0].adminScope",
        line: 21,
        role: "proxy_admin",
        because: "admin scope"
      })
      assert.deepStrictEqual(yield* role({}), { role: null, because: "nothing" })
    }))
})

describe("a denial tells the rule, its line, and the values that met", () => {
  const cases: Readonly<Record<string, readonly [world: CoreTest.World, ask: CoreTest.Ask, facts: object]>> = {
    "role": [{ policy: { requireRole: true, roles: [] } }, { claims: { roles: ["x"] } }, {
      code: "role_unmatched",
      rule: "policy.requireRole",
      line: 18,
      roles: ["x"]
    }],
    "role's model": [
      { policy: { roles: [{ role: "internal_user", models: ["m"] }] } },
      { claims: { uid }, model: "n" },
      {
        code: "role_model_denied",
        rule: "policy.roles[0]",
        line: 15,
        role: "internal_user",
        model: "n",
        models: ["m"]
      }
    ],
    "issuer's grant of models": [{ issuer: { grants: { models: ["m"] } } }, { claims: { uid }, model: "n" }, {
      code: "role_model_denied",
      rule: "issuers[0].grants.models",
      line: 24,
      model: "n",
      models: ["m"]
    }],
    "issuer's grant of teams": [{ issuer: { grants: { teams: ["m"] } } }, { claims: { uid, groups: ["red"] } }, {
      code: "team_denied",
      rule: "issuers[0].grants.teams",
      line: 23
    }],
    "scope": [
      { policy: { requireScope: true, scopes: [{ scope: "a", models: ["m"] }] } },
      { claims: { uid, scope: "a" }, model: "n" },
      { code: "scope_model_denied", rule: "policy.scopes", line: 13, held: ["a"], model: "n", models: ["m"] }
    ],
    "team's route": [{}, { claims: { team_id: "blue" }, path: "/key/generate" }, {
      code: "team_route_denied",
      rule: "policy.teamRoutes",
      line: 17,
      team: "blue",
      route: "/key/generate"
    }],
    "team required": [{ policy: { requireTeam: true } }, { claims: { uid } }, {
      code: "team_required",
      rule: "policy.requireTeam",
      line: 18
    }],
    "overage": [{}, { claims: { uid, hasgroups: true } }, {
      code: "groups_overage",
      rule: "issuers[0].claims.overage",
      line: 25
    }],
    "default": [{ directory: { teams: { default: "ghost" } } }, { claims: { uid } }, {
      code: "team_not_found",
      rule: "directory.teams.default",
      line: 23,
      team: "ghost"
    }],
    "team's model": [{}, { claims: { team_id: "red" }, model: "n" }, {
      code: "team_model_denied",
      model: "n",
      team: "red",
      models: ["gpt-4o"]
    }],
    "member's model": [
      { rows: { ...rows, memberships: [membership("u-1", "blue", { models: ["m"] })] } },
      { claims: { uid, team_id: "blue" }, model: "n" },
      { code: "member_model_denied", model: "n", team: "blue", models: ["m"] }
    ],
    "organization": [{}, { claims: { team_id: "red", org_id: "corp" } }, {
      code: "organization_mismatch",
      team: "red",
      teamOrganization: "acme",
      tokenOrganization: "corp"
    }],
    "budget": [{ rows: { teams: [team("red", { maxBudget: 1, spend: 2 })] } }, { claims: { team_id: "red" } }, {
      code: "budget_exceeded",
      of: "team",
      spend: 2,
      maxBudget: 1
    }],
    "user": [{}, { claims: { uid: "ghost", email: "g@x.test", email_verified: true } }, {
      code: "user_not_found",
      user: "ghost",
      namespace: "",
      email: "g@x.test"
    }]
  }
  it.effect.each(Object.entries(cases))(
    "%s",
    ([, [world, ask, facts]]) => Effect.map(deniedBy(world, ask), (found) => assert.deepStrictEqual(found, facts))
  )
})

it.effect("no step holds the token", () =>
  Effect.gen(function*() {
    const core = yield* CoreTest.CoreTest
    const token = yield* core.token({ uid })
    const [header = "", payload = "", signature = ""] = token.split(".")
    for (const text of [token, `${header}.${payload}.AAAA`, "opaque-secret"]) {
      const steps = JSON.stringify((yield* core.ask({ token: text })).steps)
      for (const part of [header, payload, signature, "opaque-secret"]) assert.notInclude(steps, part)
    }
  }).pipe(Effect.provide(CoreTest.CoreTest.layer({ rows }))))
