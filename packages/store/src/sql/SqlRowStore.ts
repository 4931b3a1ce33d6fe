/**
 * Rows in SQL, for `DirectoryAdmin`.
 *
 * Lists are keyset pages, so that a page costs the same at any depth. On
 * PostgreSQL a transaction holds the rows that it read, and may take longer
 * than a decision's statement.
 */
import type { Nouns } from "@jotgate/core/DirectoryPlan"
import { foldEmail } from "@jotgate/core/MemoryRows"
import type { TableName } from "@jotgate/core/MemoryRows"
import { Effect, Exit } from "effect"
import { SqlClient } from "effect/sql"
import { fromJson } from "../JsonText.ts"
import type { Audit, Filter } from "../manage/DirectoryAdmin.ts"
import type { Person } from "../manage/People.ts"
import type { RowStore, RowUnreadable } from "../manage/RowStore.ts"
import { Forgetting } from "../remember/Forgetting.ts"
import * as Dialect from "./Dialect.ts"
import * as Rows from "./Rows.ts"
import * as SqlPeople from "./SqlPeople.ts"
import * as Tables from "./Tables.ts"
import * as Transaction from "./Transaction.ts"

const DAY_MILLIS = 86_400_000

/** How long one statement of an administrative transaction may take on PostgreSQL. */
const PATIENT = "SET LOCAL statement_timeout = '60s'"

type Condition = readonly [text: string, value: Rows.Value]

const equals = (column: string, value: string | undefined): ReadonlyArray<Condition> =>
  value === undefined ? [] : [[`u.${column} = ?`, value]]

/** The conditions of a filter, of the fields that this kind of row has. */
const conditions = (kind: TableName, filter: Filter): ReadonlyArray<Condition> => {
  const blocked: ReadonlyArray<Condition> = filter.blocked === undefined
    ? []
    : [["u.blocked = ?", filter.blocked ? 1 : 0]]
  switch (kind) {
    case "users":
      return [
        ...equals("email_folded", filter.email === undefined ? undefined : foldEmail(filter.email)),
        ...equals("role", filter.role),
        ...blocked,
        ...(filter.team === undefined
          ? []
          : [["u.id IN (SELECT user_id FROM memberships WHERE team_id = ?)", filter.team] as const])
      ]
    case "teams":
      return [...equals("alias", filter.alias), ...equals("organization_id", filter.organization), ...blocked]
    case "organizations":
      return equals("alias", filter.alias)
    case "endUsers":
      return blocked
    case "memberships":
      return [...equals("user_id", filter.user), ...equals("team_id", filter.team), ...equals("role", filter.role)]
    case "modelGroups":
      return []
    case "agents":
      return blocked
  }
}

/** The store of a client whose directory has our own tables. */
export const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const inTransaction = Transaction.within(sql)
  const forgetting = yield* Forgetting
  const dialect = Dialect.of(sql)
  const personOf = SqlPeople.make()

  const run = (text: string, params: ReadonlyArray<Rows.Value>) =>
    sql.unsafe<Rows.Row>(Dialect.numbered(dialect, text), params).withoutTransform

  const read = <K extends TableName>(
    kind: K,
    rows: ReadonlyArray<Rows.Row>
  ): Effect.Effect<ReadonlyArray<Nouns[K]>, RowUnreadable> =>
    Effect.suspend(() => {
      const nouns: Array<Nouns[K]> = []
      const { read } = Tables.tables[kind]
      for (const row of rows) {
        const noun = read(row)
        if (Exit.isFailure(noun)) return Exit.fail({ _tag: "RowUnreadable", kind } as const)
        nouns.push(noun.value)
      }
      return Exit.succeed(nouns)
    })

  const texts = (kind: TableName) => ({
    upsert: Tables.upsert(dialect, kind),
    remove: Tables.remove(dialect, kind),
    current: Tables.byKeys(dialect, kind, true)
  })
  const statements = {
    users: texts("users"),
    teams: texts("teams"),
    organizations: texts("organizations"),
    endUsers: texts("endUsers"),
    memberships: texts("memberships"),
    modelGroups: texts("modelGroups"),
    agents: texts("agents")
  }

  const keys = (kind: TableName, ids: ReadonlyArray<string>): string =>
    JSON.stringify(ids.filter(Rows.isStorable).map((id) => Tables.keyOf(kind, id)))

  const givenSubjects = dialect.rows([["namespace", "text"], ["subject", "text"], ["user_id", "text"]])

  const given = (users: ReadonlyArray<Nouns["users"]>): string =>
    JSON.stringify(
      users.flatMap((user) => user.subjects.map(({ namespace, subject }) => ({ namespace, subject, user_id: user.id })))
    )

  const same = "s.namespace = given.namespace AND s.subject = given.subject AND s.user_id = given.user_id"

  const auditColumns = [
    ...(["at", "actor", "action", "kind", "id", "before_row", "after_row"] as const).map((it) => [it, "text"] as const)
  ]
  const auditNames = auditColumns.map(([name]) => name).join(", ")
  const auditText = `INSERT INTO audit (${auditNames}) SELECT ${auditNames} FROM ${dialect.rows(auditColumns)}`

  /** Who asks with the same key takes turns: on PostgreSQL by a lock, on SQLite anyway. */
  const turn = (key: string) =>
    dialect.name === "pg" ? run("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", [key]) : Effect.void

  const store: RowStore = {
    transaction: (self) =>
      inTransaction(dialect.name === "pg" ? Effect.andThen(sql.unsafe(PATIENT).withoutTransform, self) : self),
    current: (kind, ids) =>
      Effect.flatMap(
        run(statements[kind].current, [keys(kind, ids)]),
        (rows) =>
          Effect.map(read(kind, rows), (nouns) =>
            new Map(nouns.map((noun, index) => [Tables.idOf(kind, rows[index] ?? {}), noun])))
      ),
    ids: (kind, made) => {
      const { key, name } = Tables.tables[kind]
      const where = made === "all" ? "" : " WHERE origin = 'file'"
      return Effect.map(
        run(`SELECT ${key.join(", ")} FROM ${name}${where} ORDER BY seq`, []),
        (rows) => rows.map((row) => Tables.idOf(kind, row))
      )
    },
    page: (kind, { after, filter, limit }) => {
      const { key, name, select } = Tables.tables[kind]
      const given = conditions(kind, filter ?? {})
      const columns = key.map((it) => `u.${it}`).join(", ")
      const from: ReadonlyArray<string> = after === undefined ? [] : Object.values(Tables.keyOf(kind, after))
      const where = [
        ...given.map(([text]) => text),
        ...(from.length === 0 ? [] : [`(${columns}) > (${from.map(() => "?").join(", ")})`])
      ]
      const params = [...given.map(([, value]) => value), ...from, limit]
      if (!params.every((it) => typeof it !== "string" || Rows.isStorable(it))) return Effect.succeed([])
      const text = `SELECT ${select(dialect)} FROM ${name} u${
        where.length === 0 ? "" : ` WHERE ${where.join(" AND ")}`
      } ORDER BY ${columns} LIMIT ?`
      return Effect.flatMap(run(text, params), (rows) => read(kind, rows))
    },
    people: ({ after, limit }) => {
      if (after !== undefined && !Rows.isStorable(after)) return Effect.succeed([])
      const text = `SELECT ${SqlPeople.select(dialect)} FROM users u${
        after === undefined ? "" : " WHERE u.id > ?"
      } ORDER BY u.id LIMIT ?`
      return Effect.flatMap(run(text, after === undefined ? [limit] : [after, limit]), (rows) => {
        const people: Array<Person> = []
        for (const row of rows) {
          const person = personOf(row)
          if (person === undefined) return Exit.fail({ _tag: "RowUnreadable", kind: "users" } as const)
          people.push(person)
        }
        return Exit.succeed(people)
      })
    },
    release: (users) =>
      Effect.asVoid(run(
        `DELETE FROM subjects AS s WHERE s.user_id ${dialect.ids} AND NOT EXISTS
          (SELECT 1 FROM ${givenSubjects} WHERE ${same})`,
        [JSON.stringify(users.map((it) => it.id)), given(users)]
      )),
    put: (kind, steps, origin) =>
      Effect.gen(function*() {
        const { write } = Tables.tables[kind]
        const rows = steps.flatMap(({ after }) => after === undefined ? [] : [write(after, origin)])
        yield* run(statements[kind].upsert, [JSON.stringify(rows)])
        const people = steps.flatMap(({ after }) => after === undefined ? [] : peopleOf(after))
        if (people.length === 0) return
        // A subject that another user has is a unique violation.
        yield* run(
          `INSERT INTO subjects (namespace, subject, user_id) SELECT namespace, subject, user_id FROM ${givenSubjects}
            WHERE NOT EXISTS (SELECT 1 FROM subjects s WHERE ${same})`,
          [given(people)]
        )
      }),
    remove: (kind, ids) => Effect.asVoid(run(statements[kind].remove, [keys(kind, ids)])),
    referenced: (kind, ids) => {
      const list = JSON.stringify(ids)
      const text = kind === "organizations"
        ? `SELECT DISTINCT organization_id AS id FROM teams WHERE organization_id ${dialect.ids}`
        : ["teams", "agents"].map((table) =>
          dialect.name === "pg"
            ? `SELECT g.id FROM ${table} t, jsonb_array_elements_text(t.model_groups::jsonb) AS g (id) WHERE g.id ${dialect.ids}`
            : `SELECT g.value AS id FROM ${table} t, json_each(t.model_groups) g WHERE g.value ${dialect.ids}`
        ).join(" UNION ")
      return Effect.map(
        run(text, kind === "organizations" ? [list] : [list, list]),
        (rows) => rows.map((row) => String(row["id"]))
      )
    },
    announce: forgetting.announce,
    audit: (rows) =>
      Effect.asVoid(run(auditText, [
        JSON.stringify(rows.map(({ after, before, ...it }) => ({
          ...it,
          before_row: JSON.stringify(before),
          after_row: JSON.stringify(after)
        })))
      ])),
    audits: ({ before, limit }) =>
      Effect.map(
        run(
          `SELECT seq, ${auditNames} FROM audit${
            before === undefined ? "" : " WHERE seq < ?"
          } ORDER BY seq DESC LIMIT ?`,
          before === undefined ? [limit] : [before, limit]
        ),
        (rows) => rows.map(auditOf)
      ),
    idempotent: (key) =>
      Effect.map(
        Effect.andThen(turn(key), run("SELECT fingerprint, response FROM idempotency WHERE id = ?", [key])),
        ([row]) =>
          row === undefined
            ? undefined
            : { fingerprint: String(row["fingerprint"]), response: String(row["response"]) }
      ),
    remember: (key, fingerprint, response, at) =>
      Effect.gen(function*() {
        yield* run("DELETE FROM idempotency WHERE at < ?", [at - DAY_MILLIS])
        yield* run(
          "INSERT INTO idempotency (id, fingerprint, response, at) VALUES (?, ?, ?, ?)",
          [key, fingerprint, response, at]
        )
      })
  }
  return store
})

const peopleOf = (row: Nouns[TableName]): ReadonlyArray<Nouns["users"]> => "subjects" in row ? [row] : []

const auditOf = (row: Rows.Row): Audit => {
  const action = row["action"]
  return {
    seq: Number(row["seq"]),
    at: String(row["at"]),
    actor: String(row["actor"]),
    action: action === "create" || action === "remove" ? action : "change",
    kind: String(row["kind"]),
    id: String(row["id"]),
    before: fromJson(row["before_row"]),
    after: fromJson(row["after_row"])
  }
}
