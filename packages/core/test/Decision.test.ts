import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Decision from "../src/Decision.ts"
import { Forbidden } from "../src/Errors.ts"
import * as CoreTest from "../src/testing/CoreTest.ts"

const { organization, team, user } = CoreTest
const world: CoreTest.World = {
  directory: { memberships: "join" },
  rows: {
    users: [user("u-1", { email: "ada@acme.test", role: "internal_user" })],
    teams: [team("red", { alias: "Red", models: ["gpt-4o*"] })],
    organizations: [organization("acme")]
  }
}
const claims = { uid: "u-1", groups: ["red"], org_id: "acme", customer: "c-1" }

describe("the JSON form of a decision (DESIGN §8)", () => {
  it.effect("allowed: who, for which team, which models, and what is to be written", () =>
    Effect.gen(function*() {
      const { decision, steps } = yield* CoreTest.ask(world, { claims, model: "gpt-4o" })
      if (decision === undefined) return assert.fail("denied")
      assert.deepStrictEqual(JSON.parse(JSON.stringify(Decision.allowedJson("d_1", decision))), {
        decision: "d_1",
        allowed: true,
        status: 200,
        code: null,
        admin: false,
        issuer: "idp",
        user: { id: "u-1", email: "ada@acme.test", role: "internal_user" },
        team: { id: "red", alias: "Red" },
        organization: { id: "acme" },
        endUser: { id: "c-1" },
        models: ["gpt-4o*"],
        model: "gpt-4o",
        route: "/v1/chat/completions",
        writes: [{ _tag: "JoinTeam", user: "u-1", team: "red", role: "user" }]
      })
      const told = Decision.allowedJson("d_1", decision, steps)
      assert.deepStrictEqual(Object.keys(told.steps?.[0] ?? {}), ["step", "outcome", "facts"])
    }))

  it.effect("denied: status, code, and whom the decision had found before it denied", () =>
    Effect.gen(function*() {
      const verdict = yield* CoreTest.ask(world, { claims: { ...claims, org_id: "ghost" }, model: "gpt-4o" })
      const asked = CoreTest.askedOf({ model: "gpt-4o" }, null)
      const denial = new Forbidden({ code: "team_denied" })
      const json = Decision.deniedJson("d_2", asked, denial, verdict.steps, false)
      assert.deepStrictEqual(JSON.parse(JSON.stringify(json)), {
        decision: "d_2",
        allowed: false,
        status: 403,
        code: "team_denied",
        admin: false,
        issuer: "idp",
        user: null,
        team: { id: "red", alias: "Red" },
        organization: null,
        endUser: null,
        models: null,
        model: "gpt-4o",
        route: "/v1/chat/completions",
        writes: []
      })
      assert.isDefined(Decision.deniedJson("d_2", asked, denial, verdict.steps, true).steps)
    }))

  it.effect("an open route: nobody was asked", () =>
    Effect.gen(function*() {
      const { decision } = yield* CoreTest.ask({ policy: { openRoutes: ["/health"] } }, {
        token: null,
        path: "/health"
      })
      if (decision === undefined) return assert.fail("denied")
      const json = Decision.allowedJson("d_3", decision)
      assert.deepStrictEqual([json.issuer, json.user, json.team, json.models], [null, null, null, ["*"]])
    }))

  it.effect("it never holds the token", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const token = yield* core.token(claims)
      const { decision, steps } = yield* core.ask({ token })
      if (decision === undefined) return assert.fail("denied")
      const text = JSON.stringify(Decision.allowedJson("d", decision, steps)) + JSON.stringify(decision.claims?.payload)
      for (const part of token.split(".")) assert.notInclude(text, part)
    }).pipe(Effect.provide(CoreTest.CoreTest.layer(world))))
})
