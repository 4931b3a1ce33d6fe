/** The resolver of teams alone: what it asks of the directory, and what it hands on. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { RowNotFound, TeamId, UserId } from "../../src/directory/Directory.ts"
import { TeamRepo } from "../../src/directory/TeamRepo.ts"
import type { Identity } from "../../src/Identity.ts"
import { Rules } from "../../src/principal/Rules.ts"
import { type TeamQuestion, TeamResolver } from "../../src/principal/TeamResolver.ts"
import { Policy } from "../../src/rules/Policy.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import type { Now } from "../../src/Trace.ts"

const now: Now = { time: 0, ticks: 0, note: undefined }
const rows = [CoreTest.team("a", { models: ["x"] }), CoreTest.team("b"), CoreTest.team("c", { modelGroups: ["g"] })]

const identity = (more: Partial<Identity> = {}): Identity => ({
  issuer: "idp",
  namespace: "",
  user: UserId.make("u-1"),
  userIsEmail: false,
  email: undefined,
  userIsAddress: false,
  userIsUnproven: false,
  teamsBy: "id",
  tenant: undefined,
  severalOrganizations: false,
  linkByEmail: "never",
  service: false,
  team: undefined,
  teamAlias: undefined,
  teams: [],
  namesTeams: false,
  withheld: false,
  overage: false,
  organization: undefined,
  organizationAlias: undefined,
  endUser: undefined,
  object: undefined,
  roles: [],
  userRoles: [],
  scopes: [],
  facts: {},
  ...more
})

/** A resolver over a directory that writes down what it is asked. */
const resolving = (world: CoreTest.World = {}) => {
  const settings = CoreTest.settingsOf(world)
  const asked: Array<string> = []
  const repo = Layer.succeed(TeamRepo, {
    byId: (id) => {
      asked.push(`byId ${id}`)
      const row = rows.find((it) => it.id === id)
      return row === undefined ? Exit.fail(new RowNotFound({ kind: "team" })) : Exit.succeed(row)
    },
    byIds: (ids) => {
      asked.push(`byIds ${ids.join()}`)
      return Exit.succeed(rows.filter((it) => ids.includes(it.id)))
    },
    byAlias: (alias) => {
      asked.push(`byAlias ${alias}`)
      return Exit.fail(new RowNotFound({ kind: "team" }))
    },
    byAliases: (aliases) => {
      asked.push(`byAliases ${aliases.join()}`)
      return Exit.succeed(rows.filter((it) => it.alias !== null && aliases.includes(it.alias)))
    },
    modelGroups: (ids) => {
      asked.push(`modelGroups ${ids.join()}`)
      return Exit.succeed([CoreTest.modelGroup("g", ["y"])])
    }
  })
  const question = (more: Partial<Identity>, ask: CoreTest.Ask = {}, header?: string): TeamQuestion => {
    const who = identity(more)
    return {
      identity: who,
      standing: new Policy(settings).token.standing(who),
      asked: CoreTest.askedOf(ask, null),
      header
    }
  }
  const layer = TeamResolver.layer.pipe(Layer.provide([repo, Rules.layer(settings)]))
  return { asked, question, layer }
}
const ids = (...all: ReadonlyArray<string>): ReadonlyArray<TeamId> => all.map((it) => TeamId.make(it))

describe("TeamResolver", () => {
  it.effect("asks nothing for a token without teams, and lets membership and default follow", () => {
    const { asked, layer, question } = resolving()
    return Effect.gen(function*() {
      const teams = yield* TeamResolver
      const choice = yield* teams.fromToken(question({}), now)
      assert.deepStrictEqual([choice.chosen, choice.mayFallBack, choice.names, asked], [undefined, true, false, []])
      assert.deepStrictEqual(choice.candidates(), [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("many groups are one query, and only groups that share models cost another", () => {
    const { asked, layer, question } = resolving()
    return Effect.gen(function*() {
      const teams = yield* TeamResolver
      const many = ids(...Array.from({ length: 200 }, (_, i) => `x-${i}`), "b")
      const choice = yield* teams.fromToken(question({ teams: many, namesTeams: true }), now)
      assert.strictEqual(choice.chosen?.team.id, "b")
      assert.strictEqual(asked.length, 1)
      yield* teams.fromToken(question({ teams: ids("c"), namesTeams: true }, { model: "y" }), now)
      assert.deepStrictEqual(asked.slice(1), ["byIds c", "modelGroups g"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("RULES D66: the first of fifty memberships is one query, wherever it stands", () => {
    const { asked, layer, question } = resolving({ directory: { teams: { fromMemberships: "first" } } })
    return Effect.gen(function*() {
      const teams = yield* TeamResolver
      const many = ids(...Array.from({ length: 49 }, (_, i) => `x-${i}`), "b")
      const member = CoreTest.user("u-1", { teams: many })
      const about = question({})
      const choice = yield* teams.fromToken(about, now)
      const found = yield* teams.fromMembership(choice, member, about, now)
      assert.strictEqual(found.chosen?.team.id, "b")
      assert.deepStrictEqual(asked, [`byIds ${many.join()}`])
    }).pipe(Effect.provide(layer))
  })

  it.effect("names every team that a call could end up in, in the order of the claim", () => {
    const { layer, question } = resolving()
    return Effect.gen(function*() {
      const teams = yield* TeamResolver
      const choice = yield* teams.fromToken(question({ teams: ids("b", "ghost", "a"), namesTeams: true }), now)
      assert.deepStrictEqual(choice.candidates().map((it) => it.team.id), ids("b", "a"))
      assert.strictEqual(choice.source, "groups")
      const header = yield* teams.fromToken(question({ teams: ids("b", "a"), namesTeams: true }, {}, "a"), now)
      assert.deepStrictEqual(header.candidates().map((it) => it.team.id), ids("a"))
      assert.strictEqual(header.source, "header")
    }).pipe(Effect.provide(layer))
  })

  it.effect("the other named teams are loaded for sync alone (RULES D32)", () =>
    Effect.gen(function*() {
      for (const [memberships, queries] of [["join", ["byId a"]], ["replace", ["byId a", "byIds a,b"]]] as const) {
        const { asked, layer, question } = resolving({ directory: { memberships } })
        const named = question({ teams: ids("a", "b"), namesTeams: true }, {}, "a")
        const choice = yield* TeamResolver.use((it) => it.fromToken(named, now)).pipe(Effect.provide(layer))
        assert.deepStrictEqual(asked, [...queries])
        assert.deepStrictEqual(choice.named.map((it) => it.id), memberships === "join" ? ids("a") : ids("a", "b"))
      }
    }))

  it.effect("an alias is asked for only without a single team, and an id never as an alias", () => {
    const { asked, layer, question } = resolving()
    return Effect.gen(function*() {
      const teams = yield* TeamResolver
      yield* teams.fromToken(question({ team: TeamId.make("a"), teamAlias: "A" }), now)
      assert.deepStrictEqual(asked, ["byId a"])
      yield* Effect.exit(teams.fromToken(question({ teamAlias: "A" }), now))
      assert.deepStrictEqual(asked.slice(1), ["byAlias A"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("an admin's team is looked up on LLM routes with a header alone", () => {
    const { asked, layer, question } = resolving()
    return Effect.gen(function*() {
      const teams = yield* TeamResolver
      assert.isUndefined((yield* teams.forAdmin(question({}, { path: "/key/generate" }, "a"), now)).chosen)
      assert.isUndefined((yield* teams.forAdmin(question({ teams: ids("a") }), now)).chosen)
      assert.deepStrictEqual(asked, [])
      assert.strictEqual((yield* teams.forAdmin(question({}, {}, "a"), now)).chosen?.team.id, "a")
      assert.isUndefined((yield* teams.forAdmin(question({}, {}, "ghost"), now)).chosen)
    }).pipe(Effect.provide(layer))
  })

  it.effect("membership and default follow only where the token's choice lets them", () => {
    const { asked, layer, question } = resolving({ directory: { teams: { default: "b" } } })
    return Effect.gen(function*() {
      const teams = yield* TeamResolver
      const chosen = yield* teams.fromToken(question({ team: TeamId.make("a") }), now)
      assert.strictEqual(yield* teams.fromMembership(chosen, undefined, question({}), now), chosen)
      const nobody = yield* teams.fromToken(question({}), now)
      const member = CoreTest.user("u-1", { teams: ["c"] })
      assert.strictEqual((yield* teams.fromMembership(nobody, member, question({}), now)).source, "membership")
      assert.strictEqual((yield* teams.fromMembership(nobody, undefined, question({}), now)).source, "default")
      const lost = CoreTest.user("u-1", { teams: ["ghost"] })
      assert.strictEqual((yield* teams.fromMembership(nobody, lost, question({}), now)).source, "default")
      assert.deepStrictEqual(asked, ["byId a", "byId c", "modelGroups g", "byId b", "byId ghost", "byId b"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("everything is an Exit when memory has the rows", () => {
    const { layer, question } = resolving()
    return Effect.gen(function*() {
      const teams = yield* TeamResolver
      assert.isTrue(Exit.isExit(teams.fromToken(question({ teams: ids("a", "b"), namesTeams: true }), now)))
      assert.isTrue(Exit.isExit(teams.fromToken(question({ team: TeamId.make("a") }), now)))
      assert.isTrue(Exit.isExit(teams.fromToken(question({}), now)))
    }).pipe(Effect.provide(layer))
  })
})
