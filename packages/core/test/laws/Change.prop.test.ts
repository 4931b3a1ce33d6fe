/** What a change of token or directory may do: more never takes away, less never gives, except where RULES says so. */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Rows } from "../../src/principal/MemoryRows.ts"
import * as CoreArbitrary from "../../src/testing/CoreArbitrary.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"

const runs = { arbitrary: { runs: 200, seed: process.env["SEED"] ?? "jotgate" }, timeout: 60_000 }
const drawn = { world: CoreArbitrary.world, ask: CoreArbitrary.ask }

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
    Effect.gen(function*() {
      const teams = [...world.rows?.teams ?? [], free]
      const richer = { ...world, rows: { ...world.rows, teams } }
      const before = yield* CoreTest.ask(richer, ask)
      if (!before.allowed) return
      const own = groupsOf(ask)
      for (let place = 0; place <= own.length; place++) {
        const groups = own.toSpliced(place, 0, "t-free")
        const after = yield* CoreTest.ask(richer, { ...ask, claims: { ...ask.claims, groups } })
        if (after.allowed) continue
        // Who named no team is now in one: its routes and pass-through grants count (RULES D15, D24, D39), and the
        // issuer may be granted no such team (RULES D51).
        assert.deepStrictEqual(own.filter((it) => typeof it === "string" && it !== "" && it !== "t-9"), [])
        assert.include(["team_route_denied", "team_denied"], after.code)
      }
    }),
  runs
)

const Extra = Schema.Literals(["gpt-4o", "gpt-*", "claude-3", "*", "no-such-model"])
it.effect.prop(
  "another model in a team's list never takes access away, unless the call now goes to that team and it refuses",
  { ...drawn, model: Extra },
  ({ ask, model, world }) =>
    Effect.gen(function*() {
      const before = yield* CoreTest.ask(world, ask)
      if (!before.allowed) return
      const teams = world.rows?.teams ?? []
      // An empty list allows every model: one more name in it is a limit.
      for (const [index, team] of teams.entries()) {
        if (team.models.length === 0) continue
        const richer = teams.with(index, { ...team, models: [...team.models, model] })
        const after = yield* CoreTest.ask({ ...world, rows: { ...world.rows, teams: richer } }, ask)
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
    }),
  runs
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

/** The same rows with one left out, for each of them. */
const withoutOne = (rows: Rows): ReadonlyArray<Rows> => {
  const { modelGroups = [], organizations = [], teams = [], users = [] } = rows
  return [
    ...teams.map((_, index) => ({ ...rows, teams: teams.toSpliced(index, 1) })),
    ...users.map((_, index) => ({ ...rows, users: users.toSpliced(index, 1) })),
    ...organizations.map((_, index) => ({ ...rows, organizations: organizations.toSpliced(index, 1) })),
    ...modelGroups.map((_, index) => ({ ...rows, modelGroups: modelGroups.toSpliced(index, 1) }))
  ]
}

it.effect.prop(
  "removing a row that takes nothing away never grants anything",
  drawn,
  ({ ask, world }) =>
    Effect.gen(function*() {
      // Where unknown people or teams are passed over, losing a row may leave its rules behind: RULES D17, D50.
      const strict: CoreTest.World = {
        ...world,
        issuer: { ...world.issuer, identities: { ...world.issuer?.identities, linkByEmail: "never" } },
        directory: {
          ...world.directory,
          users: { unknown: "deny", create: false },
          teams: { ...world.directory?.teams, whenUnknown: "deny", create: "never" }
        }
      }
      const rows = generous(world.rows)
      const before = yield* CoreTest.ask({ ...strict, rows }, ask)
      if (before.decision?.principal.admin === true) return
      for (const fewer of withoutOne(rows)) {
        const after = yield* CoreTest.ask({ ...strict, rows: fewer }, ask)
        if (!after.allowed) continue
        assert.isTrue(before.allowed, `${before.line}, and without a row: ${after.line}`)
        assert.isFalse(after.decision?.principal.admin)
      }
    }),
  runs
)
