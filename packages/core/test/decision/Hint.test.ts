import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { AgentId, makeAgent } from "../../src/directory/Directory.ts"
import type { Fact } from "../../src/Step.ts"
import * as CoreArbitrary from "../../src/testing/CoreArbitrary.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"

const { team, user } = CoreTest
const uid = "u-1"

const isList = (fact: Fact | undefined): fact is ReadonlyArray<{ readonly [name: string]: Fact }> => Array.isArray(fact)

/** The changes that the last step names. */
const changesOf = (verdict: CoreTest.Verdict): ReadonlyArray<{ readonly [name: string]: Fact }> => {
  const changes = verdict.steps.find((it) => it.step === "hint")?.facts["changes"]
  return isList(changes) ? changes : []
}
const texts = (world: CoreTest.World, ask: CoreTest.Ask) =>
  Effect.map(CoreTest.ask(world, ask), (it) => changesOf(it).map((change) => change["text"]))

describe("what would have allowed a denied request", () => {
  const rows = {
    users: [user("u-1")],
    teams: [team("red", { models: ["gpt-4o", "gpt-4o-mini"] }), team("blue", { models: ["claude"] })]
  }

  it.effect("another of the token's teams, by the header", () =>
    Effect.gen(function*() {
      const ask: CoreTest.Ask = {
        claims: { uid, groups: ["red", "blue"] },
        headers: { "x-team-id": "red" },
        model: "claude"
      }
      assert.deepStrictEqual(yield* texts({ rows }, ask), [
        "It would be allowed for \"blue\": ask with the header x-team-id.",
        "It would be allowed with a model among \"gpt-4o\", \"gpt-4o-mini\"."
      ])
    }))

  it.effect("no team header, when it names a team of somebody else", () =>
    Effect.gen(function*() {
      const ask: CoreTest.Ask = { claims: { uid }, headers: { "x-team-id": "red" } }
      assert.deepStrictEqual(yield* texts({ rows }, ask), ["It would be allowed without the team header."])
    }))

  it.effect("an agent or an application that the operator must let in: told, not tried", () =>
    Effect.gen(function*() {
      const agents = [
        makeAgent({ id: AgentId.make("shut"), blocked: true }),
        makeAgent({ id: AgentId.make("open") })
      ]
      const world: CoreTest.World = {
        issuer: { claims: { ...CoreTest.mapping, agent: { actor: null, id: "azp" } } },
        policy: { mcpClients: { claim: "client", allowed: [{ alias: "Editor", value: "editor" }] } },
        rows: { ...rows, agents }
      }
      const asked = (more: object, path = "/v1/files"): CoreTest.Ask => ({
        claims: { uid, team_id: "red", ...more },
        path
      })
      assert.deepStrictEqual(yield* texts(world, asked({ azp: "ghost" })), ["There is no row for the agent \"ghost\"."])
      assert.deepStrictEqual(yield* texts(world, asked({ azp: "shut" })), ["The agent \"shut\" is blocked."])
      assert.deepStrictEqual(yield* texts(world, asked({ client: "other" }, "/mcp")), [
        "The client \"other\" is not among policy.mcpClients.allowed."
      ])
      assert.deepStrictEqual(yield* texts(world, asked({}, "/mcp")), [
        "\"client\" names no client: it must be one of policy.mcpClients.allowed."
      ])
    }))

  it.effect("another model", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* texts({ rows }, { claims: { uid, team_id: "blue" }, model: "gpt-4o" }), [
        "It would be allowed with a model among \"claude\"."
      ])
    }))

  it.effect("a role that the token lacks", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = {
        policy: { requireRole: true, requirePrincipal: false, roleMappings: [{ claim: "svc", role: "team" }] },
        rows
      }
      assert.deepStrictEqual(yield* texts(world, { claims: { groups: ["red"] } }), [
        "It would be allowed with \"svc\" among the token's roles (team)."
      ])
      const allowed = { ...world, policy: { ...world.policy, roleMappings: [], allowedUserRoles: ["staff"] } }
      assert.deepStrictEqual(yield* texts(allowed, { claims: { groups: ["red"] } }), [
        "It would be allowed with \"staff\" among the user's roles."
      ])
    }))

  it.effect("a scope that the token lacks", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = {
        policy: {
          requireScope: true,
          scopes: [{ scope: "small", models: ["x"] }, { scope: "chat", models: ["gpt-*"] }]
        },
        rows
      }
      assert.deepStrictEqual(yield* texts(world, { claims: { uid, scope: "small" }, model: "gpt-4o" }), [
        "It would be allowed with a model among \"x\".",
        "It would be allowed with the scope \"chat\"."
      ])
    }))

  it.effect("the admin scope, for a route that is an admin's", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* texts({ issuer: { adminScope: "gate:admin" }, rows }, { claims: { uid }, path: "/key/generate" }),
        ["It would be allowed with the scope \"gate:admin\"."]
      )
    }))

  it.effect("a row that is missing", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* texts({ rows }, { claims: { uid: "ghost" } }), [
        "There is no row for the user \"ghost\"."
      ])
      assert.deepStrictEqual(yield* texts({ rows }, { claims: { uid, org_name: "Ghost" } }), [
        "There is no row for the organization \"Ghost\"."
      ])
      assert.deepStrictEqual(yield* texts({ rows }, { claims: { uid, team_id: "ghost", groups: ["red"] } }), [
        "It would be allowed for \"red\": ask with the header x-team-id.",
        "There is no row for the team \"ghost\"."
      ])
    }))

  it.effect("nothing, when no one change would", () =>
    Effect.gen(function*() {
      const nobody = { rows: { users: [user("u-1", { blocked: true })] } }
      assert.deepStrictEqual((yield* CoreTest.ask(nobody, { claims: { uid } })).steps.at(-1)?.step, "user")
      assert.deepStrictEqual(yield* texts(nobody, { token: "a.b.c" }), [])
    }))

  it.effect("it is the last step, after the denial, and never in the answer (RULES D28)", () =>
    Effect.gen(function*() {
      const verdict = yield* CoreTest.ask({ rows }, { claims: { groups: ["blue"] }, model: "gpt-4o" })
      assert.deepStrictEqual(verdict.steps.slice(-2).map((it) => [it.step, it.outcome]), [["team", "denied"], [
        "hint",
        "note"
      ]])
      assert.notMatch(JSON.stringify(verdict.answer), /claude|blue/)
    }))
})

it.effect.prop(
  "a hint comes true, and writes nothing",
  { world: CoreArbitrary.world, ask: CoreArbitrary.ask },
  ({ ask, world }) =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const before = core.tables.users.all().length + core.tables.teams.all().length
      const verdict = yield* core.ask(ask)
      if (verdict.allowed) return assert.deepStrictEqual(changesOf(verdict), [])
      for (const { change, header, models, scope, teams, value } of changesOf(verdict)) {
        const claims = ask.claims ?? {}
        if (change === "team" && header !== null && Array.isArray(teams)) {
          for (const team of teams) {
            assert.isTrue((yield* core.dryly({ ...ask, headers: { "x-team-id": String(team) } })).allowed, String(team))
          }
        } else if (change === "team") {
          assert.isTrue((yield* core.dryly({ ...ask, headers: {} })).allowed)
        } else if (change === "model" && Array.isArray(models)) {
          for (const model of models) {
            const { allowed, line } = yield* core.dryly({ ...ask, model: String(model).replaceAll("*", "x") })
            assert.isTrue(allowed || line.startsWith("429"), `${String(model)}: ${line}`)
          }
        } else if (change === "scope") {
          const scopes = `${claims["scope"] ?? ""} ${String(scope)}`.trim()
          assert.isTrue((yield* core.dryly({ ...ask, claims: { ...claims, scope: scopes } })).allowed)
        } else if (change === "role" && value !== "staff") {
          const roles = [claims["roles"], value].filter((it) => it !== undefined)
          assert.isTrue((yield* core.dryly({ ...ask, claims: { ...claims, roles } })).allowed)
        }
      }
      assert.strictEqual(core.tables.users.all().length + core.tables.teams.all().length, before)
    }).pipe(Effect.provide(CoreTest.CoreTest.layer(world))),
  { arbitrary: { runs: 300, seed: process.env["SEED"] ?? "jotgate" }, timeout: 60_000 }
)
