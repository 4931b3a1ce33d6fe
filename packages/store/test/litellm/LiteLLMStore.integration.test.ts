import { assert, it } from "@effect/vitest"
import { AgentRepo } from "@jotgate/core/AgentRepo"
import { AgentId, EndUserId, makeTeam, makeUser, ModelGroupId, TeamId, UserId } from "@jotgate/core/Directory"
import type { Rows } from "@jotgate/core/MemoryRows"
import { OrganizationRepo } from "@jotgate/core/OrganizationRepo"
import { Provisioner } from "@jotgate/core/Provisioner"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { DirectorySuite } from "@jotgate/core/testing"
import { UserRepo } from "@jotgate/core/UserRepo"
import { describeWith } from "@jotgate/servers"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import * as LiteLLMStore from "../../src/litellm/LiteLLMStore.ts"
import { DirectoryAdmin } from "../../src/manage/DirectoryAdmin.ts"
import * as People from "../../src/manage/People.ts"
import * as LiteLLMDatabase from "../support/LiteLLMDatabase.ts"
import * as PostgresDatabase from "../support/PostgresDatabase.ts"
import * as SlowWire from "../support/SlowWire.ts"

/** Rows without permissions say nothing of tools (those that do are in LiteLLMTools.integration.test.ts). */
const silent = { tools: null, prompts: null, resources: null }

/** LiteLLM's users cannot be blocked, and its agents have names, and no list of teams. */
const rows: Rows = {
  ...DirectorySuite.rows,
  organizations: (DirectorySuite.rows.organizations ?? []).map((it) => ({ ...it, ...silent })),
  teams: (DirectorySuite.rows.teams ?? []).map((it) => ({ ...it, ...silent })),
  agents: (DirectorySuite.rows.agents ?? []).map((it) => ({ ...it, ...silent, name: it.name ?? it.id, teams: null })),
  users: (DirectorySuite.rows.users ?? []).map((it) => ({ ...it, ...silent, blocked: false })),
  memberships: (DirectorySuite.rows.memberships ?? []).map((it) => ({ ...it, ...silent }))
}

/** The older release has no access groups and no agents, and no models of a membership or an end user. */
const older: Rows = {
  ...rows,
  teams: (rows.teams ?? []).map((it) => ({ ...it, modelGroups: [] })),
  modelGroups: [],
  agents: [],
  endUsers: (rows.endUsers ?? []).map((it) => ({ ...it, models: [] })),
  memberships: (rows.memberships ?? []).map((it) => ({ ...it, models: [] }))
}

describeWith(["postgres", "litellm-current", "litellm-older"], "a LiteLLM database", () => {
  const database = PostgresDatabase.shared()

  const storeOf = (release: "current" | "older", given: Rows, write = true) =>
    Layer.unwrap(
      Effect.map(LiteLLMDatabase.fresh(database.server, release), (options) =>
        Layer.effectDiscard(write ? LiteLLMDatabase.seed(given, release) : Effect.void).pipe(
          Layer.provideMerge(LiteLLMStore.layer({ ...options, schema: "public", write, folder: null })),
          Layer.provide(PostgresDatabase.patient)
        ))
    )

  for (const { run, title } of DirectorySuite.suite((given) => storeOf("current", given), rows)) {
    it.live(`keeps the contract of a directory: ${title}`, () => run)
  }

  for (const { run, title } of DirectorySuite.suite((given) => storeOf("older", given), older)) {
    it.live(`of an older release keeps the contract of a directory: ${title}`, () => run)
  }

  it.live("150 people at once, right after a start, wait for one reading of its tables", () =>
    Effect.gen(function*() {
      const options = yield* LiteLLMDatabase.fresh(database.server, "current")
      const { port } = database.server()
      const wire = yield* SlowWire.make(port)
      const url = Redacted.make(Redacted.value(options.url).replace(`:${port}/`, `:${wire.port}/`))
      wire.delay(20)
      const found = yield* Effect.gen(function*() {
        const users = yield* UserRepo
        const people = Array.from({ length: 150 }, (_, at) => UserId.make(`person ${at}`))
        return yield* Effect.forEach(people, (id) => Effect.flip(users.byId(id)), { concurrency: "unbounded" })
      }).pipe(
        Effect.provide(
          LiteLLMStore.layer({ ...options, url, pool: 4, timeout: 1_000, schema: "public", write: false, folder: null })
        )
      )
      assert.deepStrictEqual(new Set(found.map((it) => it._tag)), new Set(["RowNotFound"]))
    }))

  it.live("an older release is read without the columns that it lacks", () =>
    Effect.gen(function*() {
      const teams = yield* TeamRepo
      const users = yield* UserRepo
      const red = yield* teams.byId(TeamId.make("red"))
      assert.deepStrictEqual(red.modelGroups, [])
      assert.deepStrictEqual(red.modelAliases, { fast: "gpt-4o-mini", "a.b": "c" })
      assert.deepStrictEqual(red.passThroughRoutes, ["/bria/*"])
      assert.deepStrictEqual(yield* teams.modelGroups(rows.modelGroups?.map((it) => it.id) ?? []), [])
      assert.strictEqual((yield* users.bySubject("", "okta|1")).id, "u-1")
      assert.strictEqual((yield* users.membership(UserId.make("u-1"), TeamId.make("red"))).maxBudget, 5)
    }).pipe(Effect.provide(storeOf("older", rows))))

  it.live(
    "RULES D47: the budget of a model access group is LiteLLM's to enforce: its teams are read as before",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const teams = yield* TeamRepo
        const before = yield* teams.byId(TeamId.make("red"))
        yield* sql`INSERT INTO public."LiteLLM_BudgetTable" (budget_id, max_budget, created_by, updated_by, updated_at)
        VALUES ('spent', 1, 'test', 'test', now())`
        yield* sql`INSERT INTO public."LiteLLM_ModelAccessGroupBudgetTable" (access_group_name, spend, budget_id)
        VALUES (${before.modelGroups[0] ?? "none"}, 99, 'spent')`
        assert.deepStrictEqual(yield* teams.byId(TeamId.make("red")), before)
        assert.isNotEmpty(yield* teams.modelGroups(before.modelGroups))
      }).pipe(Effect.provide(storeOf("current", rows)))
  )

  it.live("what a decision writes is what LiteLLM itself writes", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const provisioner = yield* Provisioner
      const user = UserId.make("new")
      const team = TeamId.make("fresh")
      yield* provisioner.run([
        { _tag: "CreateTeam", team: makeTeam({ id: team, models: ["no-default-models"] }) },
        {
          _tag: "CreateUser",
          user: makeUser({ id: user, email: "new@acme.com", subjects: [{ namespace: "", subject: "s" }] })
        },
        { _tag: "JoinTeam", user, team, role: "user" }
      ])
      const joined = sql<{ teams: ReadonlyArray<string>; members: unknown; sso: string }>`
        SELECT u.teams, u.sso_user_id AS sso, t.members_with_roles AS members FROM public."LiteLLM_UserTable" u,
        public."LiteLLM_TeamTable" t WHERE u.user_id = ${user} AND t.team_id = ${team}`
      while (((yield* joined)[0]?.teams.length ?? 0) === 0) yield* Effect.sleep("5 millis")
      assert.deepStrictEqual(yield* joined, [{ teams: [team], sso: "s", members: [{ role: "user", user_id: user }] }])
      yield* provisioner.run([{ _tag: "LeaveTeam", user, team }])
      while (((yield* joined)[0]?.teams.length ?? 1) > 0) yield* Effect.sleep("5 millis")
      assert.deepStrictEqual(yield* joined, [{ teams: [], sso: "s", members: [] }])
    }).pipe(Effect.provide(storeOf("current", {}))))

  it.live("directory.write: false makes nothing in the database", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const users = yield* UserRepo
      yield* Provisioner.use((it) => it.run([{ _tag: "CreateUser", user: makeUser({ id: UserId.make("new") }) }]))
      assert.strictEqual((yield* Effect.flip(users.byId(UserId.make("new"))))._tag, "RowNotFound")
      assert.strictEqual((yield* Effect.flip(users.bySubject("okta", "x")))._tag, "RowNotFound")
      assert.deepStrictEqual(yield* sql`SELECT nspname FROM pg_namespace WHERE nspname = 'jotgate'`, [])
    }).pipe(Effect.provide(storeOf("current", {}, false))))

  const lacking = [
    ["LiteLLM_BudgetTable", "membership"],
    ["LiteLLM_BudgetTable", "endUser"],
    ["LiteLLM_ModelTable", "team"],
    ["LiteLLM_AccessGroupTable", "group"],
    ["LiteLLM_ObjectPermissionTable", "agent"],
    ["LiteLLM_AgentIdentity", "bound"],
    ["LiteLLM_RetiredAgentIdentity", "bound"],
    ["LiteLLM_VerifiedSubject", "person"]
  ] as const

  for (const [table, asked] of lacking) {
    it.live(
      `a database that lacks ${table} cannot be asked for a ${asked}: it is never "no limit"`,
      () =>
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          yield* sql.unsafe(`DROP TABLE public."${table}" CASCADE`)
          const { identities, ...agents } = yield* AgentRepo
          const organizations = yield* OrganizationRepo
          const teams = yield* TeamRepo
          const users = yield* UserRepo
          const missing = Effect.fail({ _tag: "no identities" })
          const asks: Record<typeof asked, Effect.Effect<unknown, { readonly _tag: string }>> = {
            membership: users.membership(UserId.make("u-1"), TeamId.make("red")),
            endUser: organizations.endUser(EndUserId.make("c-1")),
            team: teams.byId(TeamId.make("red")),
            group: teams.modelGroups([ModelGroupId.make("cheap")]),
            agent: agents.byId(AgentId.make("scout")),
            bound: identities?.bound("t", "c") ?? missing,
            person: identities?.person("i", "t", "o") ?? missing
          }
          assert.strictEqual((yield* Effect.flip(asks[asked]))._tag, "DirectoryUnavailable")
        }).pipe(Effect.provide(storeOf("current", rows)))
    )
  }

  it.live("rows are listed page by page, and managed in LiteLLM only", () =>
    Effect.gen(function*() {
      const admin = yield* DirectoryAdmin
      const first = yield* admin.list("teams", { limit: 2 })
      assert.deepStrictEqual(first.rows.map((it) => it.id as string), ["blue", "red"])
      const rest = yield* admin.list("teams", { limit: 10, after: first.next ?? "" })
      assert.deepStrictEqual(rest.rows.map((it) => it.id as string), ["twin-a", "twin-b", "日本 😀"])
      assert.strictEqual(rest.next, undefined)
      const { rows: users } = yield* admin.list("users", { limit: 100 })
      const { rows: memberships } = yield* admin.list("memberships", { limit: 100 })
      const { person } = People.make()
      const told = yield* admin.people({ limit: 3 })
      const others = yield* admin.people({ limit: 100, after: told.next ?? "" })
      assert.deepStrictEqual(
        [...told.rows, ...others.rows],
        users.map((row) => person(row, memberships.filter((it) => it.user === row.id)))
      )
      const members = yield* admin.list("users", { limit: 10, filter: { team: "red" } })
      assert.deepStrictEqual(members.rows.map((it) => it.id as string), ["u-1"])
      assert.strictEqual((yield* admin.get("memberships", `["u-1","red"]`)).role, "admin")
      const refused = yield* Effect.flip(admin.put("teams", { id: "red" }, { actor: "test" }))
      assert.strictEqual(refused._tag === "ChangeRefused" && refused.reason, "unsupported")
    }).pipe(Effect.provide(storeOf("current", rows))))
}, { concurrent: true })
