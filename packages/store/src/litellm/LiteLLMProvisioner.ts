/**
 * Executes the writes of decisions in a LiteLLM database: what LiteLLM itself
 * would write, and nothing else (RULES D31).
 *
 * A membership is an entry in the user's `teams` and in the team's
 * `members_with_roles`, in one transaction. What LiteLLM has no place for
 * (further subjects, who granted what) is kept in our own tables beside.
 */
import type { DirectoryWrite, Team, User } from "@jotgate/core/Directory"
import { Provisioner } from "@jotgate/core/Provisioner"
import { Effect, Exit, Layer, Predicate } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as Change from "../remember/Change.ts"
import { Forgetting } from "../remember/Forgetting.ts"
import { numbered, pg } from "../sql/Dialect.ts"
import type { Row, Value } from "../sql/Rows.ts"
import { named, provisionerOf, userOf } from "../sql/SqlProvisioner.ts"
import * as Transaction from "../sql/Transaction.ts"
import * as LiteLLMQuestions from "./LiteLLMQuestions.ts"
import * as LiteLLMRows from "./LiteLLMRows.ts"
import { LiteLLMTables, notThere, type Tables } from "./LiteLLMTables.ts"

const away = notThere("write", "there is no LiteLLM in this database")

const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const inTransaction = Transaction.within(sql)
  const forgetting = yield* Forgetting
  const known = yield* LiteLLMTables

  const run = (text: string, params: ReadonlyArray<Value>) =>
    sql.unsafe<Row>(numbered(pg, text), params).withoutTransform

  /** Inserts the columns that this release has; answers whether there was no such row. */
  const insert = (
    tables: Tables,
    table: "user" | "team",
    key: string,
    columns: ReadonlyArray<readonly [name: string, value: Value, type: string]>
  ) => {
    const given = columns.filter(([name]) => tables.has(table, name))
    return Effect.map(
      run(
        `INSERT INTO ${tables.of(table)} (${given.map(([name]) => `"${name}"`).join(", ")})
          VALUES (${given.map(([, , type]) => type).join(", ")}) ON CONFLICT ("${key}") DO NOTHING RETURNING "${key}"`,
        given.flatMap(([, value, type]) => type.includes("?") ? [value] : [])
      ),
      (rows) => rows.length > 0
    )
  }

  const list = "ARRAY(SELECT jsonb_array_elements_text(?::text::jsonb))"
  const link = (user: string, namespace: string, subject: string) =>
    run("INSERT INTO subjects (namespace, subject, user_id) VALUES (?, ?, ?)", [namespace, subject, user])

  const createUser = Effect.fnUntraced(function*(tables: Tables, user: User) {
    const sso = user.subjects.find((it) => it.namespace === "")
    const made = yield* insert(tables, "user", "user_id", [
      ["user_id", user.id, "?"],
      ["user_email", user.email, "?"],
      ["user_role", user.role, "?"],
      ["sso_user_id", sso?.subject ?? null, "?"],
      ["models", JSON.stringify(user.models), list],
      ["teams", null, "'{}'"],
      ["max_budget", user.maxBudget, "?::double precision"],
      ["updated_at", null, "now()"]
    ])
    if (!made) return
    for (const it of user.subjects) if (it !== sso) yield* link(user.id, it.namespace, it.subject)
  })

  const createTeam = (tables: Tables, team: Team) =>
    insert(tables, "team", "team_id", [
      ["team_id", team.id, "?"],
      ["team_alias", team.alias, "?"],
      ["models", JSON.stringify(team.models), list],
      ["admins", null, "'{}'"],
      ["members", null, "'{}'"],
      ["members_with_roles", null, "'[]'"],
      ["max_budget", team.maxBudget, "?::double precision"],
      ["metadata", JSON.stringify(metadataOf(team)), "?::text::jsonb"],
      ["updated_at", null, "now()"]
    ])

  /** A user's own `sso_user_id` while it is free, else beside. */
  const linkSubject = Effect.fnUntraced(function*(tables: Tables, user: string, namespace: string, subject: string) {
    const taken = yield* run(
      `SELECT user_id FROM subjects WHERE namespace = ? AND subject = ?${
        namespace === "" ? ` UNION SELECT user_id FROM ${tables.of("user")} WHERE sso_user_id = ?` : ""
      }`,
      namespace === "" ? [namespace, subject, subject] : [namespace, subject]
    )
    if (taken.length > 0) return
    if (namespace === "") {
      const direct = yield* run(
        `UPDATE ${tables.of("user")} SET sso_user_id = ? WHERE user_id = ? AND sso_user_id IS NULL RETURNING user_id`,
        [subject, user]
      )
      if (direct.length > 0) return
    }
    const found = yield* run(`SELECT 1 FROM ${tables.of("user")} WHERE user_id = ?`, [user])
    if (found.length > 0) yield* link(user, namespace, subject)
  })

  const setRole = Effect.fnUntraced(function*(tables: Tables, user: string, role: string | null, token: boolean) {
    yield* run(`UPDATE ${tables.of("user")} SET user_role = ? WHERE user_id = ?`, [role, user])
    yield* run("DELETE FROM token_roles WHERE user_id = ?", [user])
    if (token) yield* run("INSERT INTO token_roles (user_id, role) VALUES (?, ?)", [user, role])
  })

  /** The user and the team, held until the transaction ends; always in this order. */
  const hold = Effect.fnUntraced(function*(tables: Tables, user: string, team: string) {
    const [person] = yield* run(
      `SELECT to_json(teams)::text AS teams FROM ${tables.of("user")} WHERE user_id = ? FOR UPDATE`,
      [user]
    )
    const [group] = yield* run(
      `SELECT members_with_roles::text AS members, metadata::text AS metadata
        FROM ${tables.of("team")} WHERE team_id = ? FOR UPDATE`,
      [team]
    )
    if (person === undefined || group === undefined) return undefined
    const teams = LiteLLMRows.json(person["teams"])
    return {
      isMember: Array.isArray(teams) && teams.includes(team),
      members: LiteLLMRows.members(group["members"]),
      metadata: LiteLLMRows.json(group["metadata"])
    }
  })

  const putMembers = (tables: Tables, team: string, members: ReadonlyArray<LiteLLMRows.Member>) =>
    run(`UPDATE ${tables.of("team")} SET members_with_roles = ?::text::jsonb WHERE team_id = ?`, [
      JSON.stringify(members),
      team
    ])

  const join = Effect.fnUntraced(function*(tables: Tables, user: string, team: string, role: string) {
    const held = yield* hold(tables, user, team)
    if (held === undefined) return
    if (!held.members.some((it) => it.user_id === user)) {
      yield* putMembers(tables, team, [...held.members, { role, user_id: user }])
    }
    if (held.isMember) return
    yield* run(
      `UPDATE ${tables.of("user")} SET teams = array_append(coalesce(teams, '{}'), ?::text) WHERE user_id = ?`,
      [team, user]
    )
    yield* run("INSERT INTO token_memberships (user_id, team_id) VALUES (?, ?) ON CONFLICT DO NOTHING", [user, team])
    const budget = Predicate.hasProperty(held.metadata, "team_member_budget_id") && held.metadata.team_member_budget_id
    if (typeof budget === "string") {
      yield* run(
        `INSERT INTO ${tables.of("membership")} (user_id, team_id, budget_id) SELECT ?, ?, b.budget_id
          FROM ${tables.of("budget")} b WHERE b.budget_id = ? ON CONFLICT (user_id, team_id) DO NOTHING`,
        [user, team, budget]
      )
    }
  })

  const leave = Effect.fnUntraced(function*(tables: Tables, user: string, team: string) {
    const held = yield* hold(tables, user, team)
    const made = yield* run("DELETE FROM token_memberships WHERE user_id = ? AND team_id = ? RETURNING user_id", [
      user,
      team
    ])
    if (held === undefined || made.length === 0) return
    yield* putMembers(tables, team, held.members.filter((it) => it.user_id !== user))
    yield* run(`UPDATE ${tables.of("user")} SET teams = array_remove(teams, ?::text) WHERE user_id = ?`, [team, user])
  })

  /** Somebody else was faster with the same subject: what this write wants is true or cannot be. */
  const settled = <A>(self: Effect.Effect<A, SqlError.SqlError>) =>
    Effect.catchReason(inTransaction(self), "SqlError", "UniqueViolation", () => Effect.void)

  const write = (tables: Tables, it: DirectoryWrite): Effect.Effect<unknown, SqlError.SqlError> => {
    switch (it._tag) {
      case "CreateUser":
        return settled(createUser(tables, it.user))
      case "CreateTeam":
        return createTeam(tables, it.team)
      case "LinkSubject":
        return settled(linkSubject(tables, it.user, it.namespace, it.subject))
      case "SetRole":
        return setRole(tables, it.user, it.role, it.origin === "token")
      case "JoinTeam":
        return join(tables, it.user, it.team, it.role)
      case "LeaveTeam":
        return leave(tables, it.user, it.team)
    }
  }

  const changeOf = Effect.fnUntraced(function*(tables: Tables, writes: ReadonlyArray<DirectoryWrite>) {
    const people = Array.from(new Set(writes.map(userOf).filter((id) => id !== undefined)))
    const { from, read, select } = LiteLLMQuestions.selects(tables).users
    const rows = yield* run(`SELECT ${select} FROM ${from} WHERE u.user_id ${pg.ids}`, [JSON.stringify(people)])
    const changes = rows.map((row) => {
      const user = read(row)
      return Exit.isSuccess(user)
        ? Change.ofStep({ kind: "users", id: user.value.id, before: undefined, after: user.value })
        : Change.everything
    })
    const teams = writes.flatMap((it) => it._tag === "JoinTeam" || it._tag === "LeaveTeam" ? [it.team] : [])
    return Change.merge([...changes, ...writes.map(named), { teams }])
  })

  return (writes: ReadonlyArray<DirectoryWrite>, begun: Effect.Effect<void> = Effect.void) =>
    Effect.flatMap(known.read, (tables) =>
      tables === undefined ? away : inTransaction(Effect.gen(function*() {
        yield* begun
        for (const it of writes) yield* write(tables, it)
        yield* forgetting.announce(yield* changeOf(tables, writes))
      })))
})

const metadataOf = (team: Team) =>
  team.passThroughRoutes.length === 0 ? {} : { allowed_passthrough_routes: team.passThroughRoutes }

/** `Provisioner` on LiteLLM's tables. */
export const layer = Layer.effect(Provisioner, Effect.flatMap(make, provisionerOf))
