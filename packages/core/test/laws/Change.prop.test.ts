/** What a change of token or directory may do: more never takes away, less never gives, except where RULES says so. */
import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import type { Rows } from "../../src/principal/MemoryRows.ts"
import * as CoreArbitrary from "../../src/testing/CoreArbitrary.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"

const runs = { arbitrary: { runs: 200, seed: process.env["SEED"] ?? "jotgate" }, timeout: 60_000 }
const drawn = { world: CoreArbitrary.world, ask: CoreArbitrary.ask }

const groupsOf = (ask: CoreTest.Ask): ReadonlyArray<string> => {
  const groups = ask.claims?.["groups"]
  return Array.isArray(groups) ? groups : []
}

/** A team that nothing restricts. */
const free = CoreTest.team("t-free")

it.effect.prop(
  "another team in the token, without rules of its own, never turns an allow into a denial",
  drawn,
  ({ ask, world }) =>
    Effect.gen(function*() {
      const teams = [...world.rows?.teams ?? [], free]
      const richer = { ...world, rows: { ...world.rows, teams } }
      const before = yield* CoreTest.ask(richer, ask)
      const groups = [...groupsOf(ask), "t-free"]
      const after = yield* CoreTest.ask(richer, { ...ask, claims: { ...ask.claims, groups } })
      if (!before.allowed || after.allowed) return
      // Who named no team is now in one: its routes and pass-through grants count (RULES D15, D24, D39), and the
      // issuer may be granted no such team (RULES D51).
      assert.deepStrictEqual(groupsOf(ask).filter((it) => it !== "t-9"), [])
      assert.include(["team_route_denied", "team_denied"], after.code)
    }),
  runs
)

const Extra = Schema.Literals(["gpt-4o", "gpt-*", "claude-3", "*", "no-such-model"])
const Team = Schema.Literals(["t-1", "t-2", "t-3"])

it.effect.prop(
  "another model in a team's list never takes access away, unless the call now goes to that team and it refuses",
  { ...drawn, model: Extra, which: Team },
  ({ ask, model, which, world }) =>
    Effect.gen(function*() {
      const before = yield* CoreTest.ask(world, ask)
      const teams = world.rows?.teams?.map((it) =>
        it.id === which && it.models.length > 0 ? { ...it, models: [...it.models, model] } : it
      ) ?? []
      const after = yield* CoreTest.ask({ ...world, rows: { ...world.rows, teams } }, ask)
      if (!before.allowed) {
        return
      }
      if (!after.allowed) {
        assert.include(groupsOf(ask), which)
        assert.notStrictEqual(before.decision?.principal.teamId, which)
        assert.include(
          ["team_blocked", "organization_mismatch", "member_model_denied", "budget_exceeded"],
          after.code
        )
      } else if (before.decision?.principal.teamId === which) {
        assert.strictEqual(after.decision?.principal.teamId, which)
      }
    }),
  runs
)

/** Rows that give and do not take: nobody is blocked, over budget, limited, foreign. */
const generous = (rows: Rows = {}): Rows => ({
  teams: rows.teams?.map((it) => ({ ...it, blocked: false, maxBudget: null, organization: null })) ?? [],
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

const tables = ["teams", "users", "organizations", "modelGroups"] as const
const removal = Arbitrary.schema(Schema.Struct({ table: Schema.Literals(tables), index: Schema.Literals([0, 1, 2]) }))

const without = (rows: Rows, table: (typeof tables)[number], index: number): Rows => {
  switch (table) {
    case "teams":
      return { ...rows, teams: rows.teams?.toSpliced(index, 1) ?? [] }
    case "users":
      return { ...rows, users: rows.users?.toSpliced(index, 1) ?? [] }
    case "organizations":
      return { ...rows, organizations: rows.organizations?.toSpliced(index, 1) ?? [] }
    case "modelGroups":
      return { ...rows, modelGroups: rows.modelGroups?.toSpliced(index, 1) ?? [] }
  }
}

it.effect.prop(
  "removing a row that takes nothing away never grants anything",
  { ...drawn, removal },
  ({ ask, removal, world }) =>
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
      const after = yield* CoreTest.ask({ ...strict, rows: without(rows, removal.table, removal.index) }, ask)
      if (after.allowed) {
        assert.isTrue(before.allowed, `${before.line}, and without the row: ${after.line}`)
        if (!before.decision?.principal.admin) assert.isFalse(after.decision?.principal.admin)
      }
    }),
  runs
)
