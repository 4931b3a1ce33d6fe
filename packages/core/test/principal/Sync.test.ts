import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"

const { team, user } = CoreTest
type UserRow = NonNullable<Parameters<typeof user>[1]>

const teams = ["a", "b", "c", "d"].map((id) => team(id, { alias: id.toUpperCase() }))
const roles = [{ claim: "admin", role: "proxy_admin" }, { claim: "user_*", role: "internal_user" }, {
  claim: "team_?",
  role: "team"
}, { claim: "dev_[12]", role: "internal_user_viewer" }] as const

/** The row after a request, and what was written. */
const after = Effect.fnUntraced(function*(
  row: UserRow,
  claims: Readonly<Record<string, unknown>>,
  directory: NonNullable<CoreTest.World["directory"]> = { memberships: "replace" },
  ask: Omit<CoreTest.Ask, "claims"> = {},
  policy: NonNullable<CoreTest.World["policy"]> = {}
) {
  return yield* CoreTest.CoreTest.use((core) =>
    Effect.map(core.ask({ ...ask, claims: { uid: "u-1", ...claims } }), (verdict) => {
      const found = core.tables.users.get("u-1")
      return {
        line: verdict.line,
        teams: found?.teams.join() ?? "",
        byToken: found?.tokenTeams.join() ?? "",
        role: found?.role ?? null,
        origin: found?.roleOrigin,
        writes: verdict.writes.map((it) => it._tag).join()
      }
    })
  ).pipe(Effect.provide(CoreTest.CoreTest.layer({ directory, policy, rows: { users: [user("u-1", row)], teams } })))
})

describe("RULES D32: team sync (the reference: takes every other membership away, without a claim too)", () => {
  const mine: UserRow = { teams: ["a", "b"], tokenTeams: ["b"] }

  it.effect("joins every team that the token names, and leaves those that a token joined", () =>
    Effect.gen(function*() {
      const it = yield* after(mine, { groups: ["c", "d"] })
      assert.deepStrictEqual([it.teams, it.byToken, it.writes], ["a,c,d", "c,d", "JoinTeam,JoinTeam,LeaveTeam"])
    }))
  it.effect("the target is groups, single team and resolved alias together; unknown ones are passed over", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* after(mine, { groups: ["c", "ghost"], team_id: "d" })).byToken, "c,d")
      assert.strictEqual((yield* after(mine, { team_name: "D" })).byToken, "d")
      assert.strictEqual((yield* after(mine, { groups: ["c"], team_name: "D" })).byToken, "c,d")
      const header = { headers: { "x-team-id": "c" } }
      assert.strictEqual((yield* after(mine, { groups: ["c", "d"] }, undefined, header)).byToken, "c,d")
    }))
  it.effect("a header chooses one of them and changes no target", () =>
    Effect.gen(function*() {
      const to = (claims: Readonly<Record<string, unknown>>, team: string) =>
        Effect.map(
          after(mine, claims, undefined, { headers: { "x-team-id": team } }, { teamHeader: "memberships" }),
          (it) => `${it.line}: ${it.teams}, by token ${it.byToken}`
        )
      assert.strictEqual(yield* to({ groups: ["c"], team_id: "d" }, "c"), "allow user=u-1 team=c: a,c,d, by token c,d")
      assert.strictEqual(yield* to({ groups: ["c"], team_id: "d" }, "d"), "allow user=u-1 team=d: a,c,d, by token c,d")
      assert.strictEqual(
        yield* to({ groups: ["c"], team_name: "D" }, "c"),
        "allow user=u-1 team=c: a,c,d, by token c,d"
      )
      assert.strictEqual(yield* to({ team_id: "d" }, "a"), "allow user=u-1 team=a: a,d, by token d")
      assert.strictEqual(yield* to({ team_name: "D" }, "a"), "allow user=u-1 team=a: a,d, by token d")
      assert.strictEqual(yield* to({ team_id: "ghost" }, "a"), "allow user=u-1 team=a: a, by token ")
      assert.strictEqual(yield* to({}, "b"), "allow user=u-1 team=b: a,b, by token b")
    }))
  it.effect("never the default, never a membership", () =>
    Effect.gen(function*() {
      const it = yield* after({ teams: ["b"], tokenTeams: ["b"] }, {}, {
        memberships: "replace",
        teams: { default: "c" }
      })
      assert.deepStrictEqual([it.line, it.byToken, it.writes], ["allow user=u-1 team=b", "b", ""])
    }))
  it.effect("leaves memberships alone when the claim is absent, null or empty", () =>
    Effect.gen(function*() {
      for (const groups of [undefined, null, [], ""]) {
        assert.strictEqual((yield* after(mine, { groups })).teams, "a,b", JSON.stringify(groups))
      }
    }))
  it.effect("leaves what a token did not join, and writes nothing that is already so", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* after({ teams: ["a"], tokenTeams: [] }, { groups: ["c"] })).teams, "a,c")
      assert.strictEqual((yield* after({ teams: ["c"], tokenTeams: ["c"] }, { groups: ["c"] })).writes, "")
      assert.strictEqual((yield* after({ teams: ["c"], tokenTeams: [] }, { groups: ["c"] })).writes, "")
    }))
  it.effect("the single membership after sync is what counts in the same request", () =>
    Effect.gen(function*() {
      const it = yield* after({ teams: ["a"], tokenTeams: ["a"] }, { groups: ["ghost"] }, {
        memberships: "replace",
        teams: { whenUnknown: "next" }
      })
      assert.deepStrictEqual([it.line, it.teams], ["allow user=u-1", ""])
    }))
  it.effect("the chosen team stays, even when the token names others and none of them exists", () =>
    Effect.gen(function*() {
      const directory = { memberships: "replace", teams: { whenUnknown: "next", default: "a" } } as const
      const first = yield* after({}, { team_id: "unknown" }, directory)
      assert.strictEqual(first.teams, "a")
      assert.strictEqual(first.writes, "JoinTeam")
      const again = yield* after({ teams: ["a"], tokenTeams: ["a"] }, { team_id: "unknown" }, directory)
      assert.strictEqual(again.teams, "a")
      assert.strictEqual(again.writes, "")
    }))

  it.effect("`join` adds the chosen team alone, `none` nothing", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* after(mine, { groups: ["c", "d"] }, { memberships: "join" })).teams, "a,b,c")
      assert.strictEqual((yield* after(mine, { groups: ["c", "d"] }, { memberships: "none" })).teams, "a,b")
      assert.strictEqual((yield* after(mine, { groups: ["b"] }, { memberships: "join" })).writes, "")
    }))
})

describe("RULES D32: role sync (the reference: a role once given stays)", () => {
  const userRoles = { userRoles: roles }
  const roleAfter = (row: UserRow, claims: Readonly<Record<string, unknown>>) =>
    Effect.map(after(row, claims, userRoles), (it) => `${it.role} ${it.origin} ${it.writes}`.trim())

  it.effect("the first mapping wins, not the first role; a glob is a shell's", () =>
    Effect.gen(function*() {
      const table: Readonly<Record<string, string>> = {
        admin: "proxy_admin",
        user_: "internal_user",
        user_manager: "internal_user",
        team_a: "team",
        team_ab: "null",
        dev_2: "internal_user_viewer",
        dev_3: "null",
        Admin: "null"
      }
      for (const [role, becomes] of Object.entries(table)) {
        assert.strictEqual((yield* roleAfter({}, { roles: [role] })).split(" ")[0], becomes, role)
      }
      assert.strictEqual(yield* roleAfter({}, { roles: ["dev_1", "admin"] }), "proxy_admin token SetRole")
    }))
  it.effect("is effective in the same request", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* after({}, { roles: "admin" }, userRoles)).line, "allow admin user=u-1")
    }))
  it.effect("a role that a token granted is lowered when no mapping matches any more; others stay", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* roleAfter({ role: "proxy_admin", roleOrigin: "token" }, { roles: ["x"] }),
        "internal_user api SetRole"
      )
      assert.strictEqual(
        yield* roleAfter({ role: "proxy_admin", roleOrigin: "token" }, {}),
        "internal_user api SetRole"
      )
      assert.strictEqual(
        yield* roleAfter({ role: "proxy_admin", roleOrigin: "api" }, { roles: ["x"] }),
        "proxy_admin api"
      )
      assert.strictEqual(yield* roleAfter({ role: "proxy_admin", roleOrigin: "file" }, {}), "proxy_admin file")
      assert.strictEqual(yield* roleAfter({ role: "internal_user", roleOrigin: "token" }, {}), "internal_user token")
      assert.strictEqual(yield* roleAfter({ role: null, roleOrigin: "token" }, {}), "null token")
    }))
  it.effect("nothing is written when the role is already so, or no roles are mapped", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* roleAfter({ role: "proxy_admin", roleOrigin: "token" }, { roles: ["admin"] }),
        "proxy_admin token"
      )
      const it = yield* after({ role: "proxy_admin", roleOrigin: "token" }, {}, {})
      assert.deepStrictEqual([it.role, it.writes], ["proxy_admin", ""])
    }))
  it.effect("an issuer that may not give a role has it written for nobody (RULES D51)", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = {
        issuer: { grants: { roles: ["internal_user"] } },
        directory: { userRoles: roles },
        rows: { users: [user("u-1")] }
      }
      assert.deepStrictEqual((yield* CoreTest.ask(world, { claims: { uid: "u-1", roles: ["admin"] } })).writes, [])
      const next = yield* CoreTest.ask(world, { claims: { uid: "u-1", roles: ["admin", "user_x"] } })
      assert.strictEqual(next.decision?.principal.role, "internal_user")
    }))
  it.effect("role, teams and link of one request are written together, the rows it rests on first", () =>
    Effect.gen(function*() {
      const verdict = yield* CoreTest.ask({
        directory: { memberships: "replace", userRoles: roles, users: { create: true } },
        rows: { teams }
      }, { claims: { uid: "new", roles: ["admin"], groups: ["a", "b"] } })
      assert.deepStrictEqual(verdict.writes.map((it) => it._tag), ["CreateUser", "SetRole", "JoinTeam", "JoinTeam"])
    }))
})
