/** What a principal may call, where an earlier team takes a call and refuses it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"

const { membership, organization, team, user } = CoreTest

/** What is listed and which of the names may be called. */
const reachOf = (world: CoreTest.World, ask: CoreTest.Ask, names: ReadonlyArray<string> = []) =>
  Effect.map(CoreTest.ask(world, ask), ({ decision, line }) => {
    if (decision === undefined) throw new RangeError(line)
    return [[...decision.reach.models()], names.filter((it) => decision.reach.mayCall(it))]
  })
const claims = { uid: "u-1", groups: ["red", "blue"] }
const users = [user("u-1")]

describe("Reach", () => {
  it.effect("without anything that restricts: everything", () =>
    Effect.map(
      reachOf({ rows: { users } }, { claims: { uid: "u-1" } }, ["x"]),
      (it) => assert.deepStrictEqual(it, [["*"], ["x"]])
    ))

  it.effect("everything that one of the teams allows, or that of the header alone (DESIGN §8)", () =>
    Effect.gen(function*() {
      const rows = { users, teams: [team("red", { models: ["m"] }), team("blue", { models: ["k*"] })] }
      const names = ["m", "k-1", "x"]
      assert.deepStrictEqual(yield* reachOf({ rows }, { claims }, names), [["m", "k*"], ["m", "k-1"]])
      const asked = { claims, headers: { "x-team-id": "blue" } }
      assert.deepStrictEqual(yield* reachOf({ rows }, asked, names), [["k*"], ["k-1"]])
    }))

  it.effect("not what a blocked team takes first", () =>
    Effect.gen(function*() {
      const teams = [team("red", { models: ["m"], blocked: true }), team("blue", { models: ["k*", "m", "n*"] })]
      const reach = yield* reachOf({ rows: { users, teams } }, { claims, model: "k-1" }, ["k-1", "m", "n-1"])
      assert.deepStrictEqual(reach, [["k*", "n*"], ["k-1", "n-1"]])
    }))

  it.effect("not what a team of another organization takes first, nor a pattern that covers some of it", () =>
    Effect.gen(function*() {
      const rows = {
        users,
        teams: [team("red", { models: ["m-1"], organization: "corp" }), team("blue", { models: ["m*", "k"] })],
        organizations: [organization("acme"), organization("corp")]
      }
      const reach = yield* reachOf({ rows }, { claims: { ...claims, org_id: "acme" }, model: "k" }, ["k", "m-1", "m-2"])
      assert.deepStrictEqual(reach, [["k"], ["k", "m-2"]])
    }))

  it.effect("not what a member may not call in the team that takes it first", () =>
    Effect.gen(function*() {
      const rows = {
        users,
        teams: [team("red", { models: ["m*"] }), team("blue", { models: ["m*", "k"] })],
        memberships: [membership("u-1", "red", { models: ["m-1"] })]
      }
      const reach = yield* reachOf({ rows }, { claims }, ["k", "m-1", "m-2"])
      assert.deepStrictEqual(reach, [["m-1", "k"], ["k", "m-1"]])
    }))

  it.effect("a team that may not use the route takes nothing", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = {
        policy: { teamRoutes: ["openai_routes"], passThroughRoutes: [{ path: "/bria" }] },
        rows: {
          users,
          teams: [
            team("red", { models: ["m", "r*"] }),
            team("blue", { models: ["m", "k"], passThroughRoutes: ["/bria"] })
          ]
        }
      }
      const reach = yield* reachOf(world, { claims, path: "/bria" }, ["k", "m", "r-1"])
      assert.deepStrictEqual(reach, [["m", "k"], ["k", "m"]])
    }))

  it.effect("token, role, scope and grant narrow every team", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = {
        issuer: { grants: { models: ["gpt-*", "claude"] } },
        policy: {
          roles: [{ role: "internal_user", models: ["*-mini", "claude"] }],
          requireScope: true,
          scopes: [{ scope: "s", models: ["*"] }]
        },
        rows: { users, teams: [team("red", { models: ["gpt-4o-mini", "gpt-4o", "claude"] })] }
      }
      const asked = { claims: { uid: "u-1", groups: ["red"], scope: "s" } }
      const reach = yield* reachOf(world, asked, ["gpt-4o-mini", "gpt-4o", "claude"])
      assert.deepStrictEqual(reach, [["claude", "gpt-4o-mini"], ["gpt-4o-mini", "claude"]])
    }))

  it.effect("a user's own list without a team; none with no-default-models; an admin's row is not looked at", () =>
    Effect.gen(function*() {
      const of = (row: Parameters<typeof user>[1]) =>
        reachOf({ rows: { users: [user("u-1", row)] } }, { claims: { uid: "u-1" } }, ["x", "y"])
      assert.deepStrictEqual(yield* of({ models: ["x"] }), [["x"], ["x"]])
      assert.deepStrictEqual(yield* of({ models: ["x", "no-default-models"] }), [[], []])
      assert.deepStrictEqual(yield* of({ models: ["x"], role: "proxy_admin" }), [["*"], ["x", "y"]])
    }))

  it.effect("an admin by scope: the attached team's models, on routes that are no team's as well", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = {
        issuer: { adminScope: "admin" },
        policy: { adminRoutes: ["*"], teamRoutes: [] },
        rows: { teams: [team("red", { models: ["m"] })] }
      }
      const asked = { claims: { scope: "admin" }, headers: { "x-team-id": "red" } }
      assert.deepStrictEqual(yield* reachOf(world, asked, ["m", "k"]), [["m"], ["m"]])
      assert.deepStrictEqual(yield* reachOf(world, { claims: { scope: "admin" } }, ["m", "k"]), [["*"], ["m", "k"]])
    }))
})
