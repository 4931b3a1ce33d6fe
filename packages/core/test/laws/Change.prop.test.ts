/** What a change of token or directory may do: more never takes away, less never gives, except where RULES says so. */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { MemoryTables, Rows } from "../../src/directory/MemoryRows.ts"
import * as CoreArbitrary from "../../src/testing/CoreArbitrary.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { runs } from "../support/Runs.ts"

const often = runs(150)
const drawn = { world: CoreArbitrary.world, ask: CoreArbitrary.ask }

const inWorld = <A, E>(world: CoreTest.World, use: (core: CoreTest.CoreTest["Service"]) => Effect.Effect<A, E>) =>
  CoreTest.CoreTest.use(use).pipe(Effect.provide(CoreTest.CoreTest.layer(world)))

const groupsOf = (ask: CoreTest.Ask): ReadonlyArray<unknown> => {
  const groups = ask.claims?.["groups"]
  return Array.isArray(groups) ? groups : []
}

/** A team that nothing restricts. */
const free = CoreTest.team("t-free")

it.effect.prop(
  "another team in the token, without rules of its own, never turns an allow into a denial, wherever it stands",
  drawn,
  ({ ask, world }) =>
    inWorld(
      { ...world, rows: { ...world.rows, teams: [...world.rows?.teams ?? [], free] } },
      (core) =>
        Effect.gen(function*() {
          if (!(yield* core.dryly(ask)).allowed) return
          const own = groupsOf(ask)
          for (let place = 0; place <= own.length; place++) {
            const groups = own.toSpliced(place, 0, "t-free")
            const after = yield* core.dryly({ ...ask, claims: { ...ask.claims, groups } })
            if (after.allowed) continue
            // Who named no team that exists is now in one: its routes and pass-through grants count (RULES D15, D24,
            // D39), and the issuer may be granted no such team (RULES D51).
            assert.deepStrictEqual(
              own.filter((it) => typeof it === "string" && core.tables.teams.get(it) !== undefined),
              []
            )
            assert.include(["team_route_denied", "team_denied"], after.code)
          }
        })
    ),
  often
)

const Extra = Schema.Literals(["gpt-4o", "gpt-*", "claude-3", "*", "no-such-model"])
it.effect.prop(
  "another model in a team's list never takes access away, unless the call now goes to that team and it refuses",
  { ...drawn, model: Extra },
  ({ ask, model, world }) =>
    inWorld(world, (core) =>
      Effect.gen(function*() {
        const before = yield* core.dryly(ask)
        if (!before.allowed) return
        for (const team of core.tables.teams.all()) {
          // An empty list allows every model: one more name in it is a limit.
          if (team.models.length === 0) continue
          core.tables.teams.put({ ...team, models: [...team.models, model] })
          const after = yield* core.dryly(ask)
          core.tables.teams.put(team)
          const wasHere = before.decision?.principal.teamId === team.id
          if (wasHere) assert.strictEqual(after.decision?.principal.teamId, team.id)
          if (after.allowed) continue
          assert.include(groupsOf(ask), team.id)
          assert.isFalse(wasHere)
          assert.include(
            ["team_blocked", "organization_mismatch", "member_model_denied", "budget_exceeded"],
            after.code
          )
        }
      })),
  often
)

/** Rows that give and do not take: nobody is blocked, over budget, limited, foreign. */
const generous = (rows: Rows = {}): Rows => ({
  teams: rows.teams?.map((it) => ({
    ...it,
    // A name that two teams share is ambiguous until one of them goes.
    alias: `Team ${it.id.slice(2)}`,
    blocked: false,
    maxBudget: null,
    organization: null
  })) ?? [],
  users: rows.users?.map((it) => ({
    ...it,
    blocked: false,
    maxBudget: null,
    teams: [],
    role: it.role === "wizard" ? null : it.role
  })) ?? [],
  organizations: rows.organizations?.map((it) => ({ ...it, maxBudget: null })) ?? [],
  endUsers: [],
  memberships: [],
  modelGroups: rows.modelGroups ?? []
})

/** Takes each row away in turn, and puts it back. */
const eachRow = ({ modelGroups, organizations, teams, users }: MemoryTables): ReadonlyArray<Taken> => [
  ...teams.all().map((it) => ({ take: () => teams.remove(it.id), back: () => teams.put(it) })),
  ...users.all().map((it) => ({ take: () => users.remove(it.id), back: () => users.put(it) })),
  ...organizations.all().map((it) => ({ take: () => organizations.remove(it.id), back: () => organizations.put(it) })),
  ...modelGroups.all().map((it) => ({ take: () => modelGroups.remove(it.id), back: () => modelGroups.put(it) }))
]
interface Taken {
  readonly take: () => void
  readonly back: () => void
}

/** Whether the header names a team that is not there. */
const namesNoTeam = ({ headers }: CoreTest.Ask, { teams }: MemoryTables): boolean => {
  const named = headers?.["x-team-id"]
  return typeof named === "string" && teams.get(named) === undefined
}

it.effect.prop(
  "removing a row that takes nothing away never grants anything",
  drawn,
  ({ ask, world }) =>
    // Where unknown people or teams are passed over, losing a row may leave its rules behind: RULES D17, D50.
    inWorld({
      ...world,
      issuer: { ...world.issuer, identities: { ...world.issuer?.identities, linkByEmail: "never" } },
      directory: {
        ...world.directory,
        users: { unknown: "deny", create: false },
        teams: { ...world.directory?.teams, whenUnknown: "deny", create: "never" }
      },
      rows: generous(world.rows)
    }, (core) =>
      Effect.gen(function*() {
        const before = yield* core.dryly(ask)
        if (before.decision?.principal.admin === true) return
        for (const { back, take } of eachRow(core.tables)) {
          take()
          const after = yield* core.dryly(ask)
          const attachesNone = namesNoTeam(ask, core.tables)
          back()
          if (!after.allowed) continue
          // To an admin a header that names no team attaches none, whose rules would count.
          if (attachesNone && after.decision?.principal.admin === true) continue
          assert.isTrue(before.allowed, `${before.line}, and without a row: ${after.line}`)
          assert.isFalse(after.decision?.principal.admin)
        }
      })),
  often
)
