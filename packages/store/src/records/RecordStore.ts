/**
 * Answers of the past, in a table that is only appended to.
 *
 * A batch is one statement, so it is there whole or not at all, however the
 * process ends. Ids sort by time: pages go on below the last id, and pruning
 * takes the lowest ones, some at a time, so that neither costs more the more
 * there are. A store that is away fails each call; whoever appends waits.
 */
import { Context, Effect, Layer, type Redacted } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as Dialect from "../sql/Dialect.ts"
import * as SqliteClient from "../sqlite/SqliteClient.ts"
import * as RecordText from "./RecordText.ts"
import * as RecordThread from "./RecordThread.ts"

/** What is looked for; newest first, at most `limit`. */
export interface RecordQuery {
  /** An id of a user, of the token or of a row, or an address. */
  readonly who?: string | undefined
  /** The id of a team. */
  readonly team?: string | undefined
  /** A model that was asked for. */
  readonly model?: string | undefined
  /** A tool that was asked for. */
  readonly tool?: string | undefined
  /** The id of an agent. */
  readonly agent?: string | undefined
  /** A code of a denial. */
  readonly code?: string | undefined
  /** An HTTP status. */
  readonly status?: number | undefined
  /** Ids from here on. */
  readonly from?: string | undefined
  /** Ids below. */
  readonly below?: string | undefined
  /** The most records that are answered. */
  readonly limit: number
}

/** A found record. */
export interface FoundRecord {
  /** The id of the decision. */
  readonly id: string
  /** The whole record as JSON. */
  readonly body: string
  /** What was asked, as JSON; `null` when it is not kept. */
  readonly question: string | null
}

const columns = RecordText.columns.map((it) => [it, it === "status" ? "integer" : "text"] as const)
const names = RecordText.columns.join(", ")

const appendOne = `INSERT INTO answers (${names}) VALUES (${
  columns.map(() => "?").join(", ")
}) ON CONFLICT (id) DO NOTHING`

const schema = (it: Dialect.Dialect): ReadonlyArray<string> => [
  `CREATE TABLE IF NOT EXISTS answers (
    id ${it.text} PRIMARY KEY, status INTEGER NOT NULL, code ${it.text}, person ${it.text}, claimed ${it.text},
    email ${it.text}, team ${it.text}, model ${it.text}, tool ${it.text}, agent ${it.text}, body TEXT NOT NULL,
    question TEXT)`,
  // Denials are what people look for; allows are found by who asked.
  `CREATE INDEX IF NOT EXISTS answers_person ON answers (person, id)`,
  `CREATE INDEX IF NOT EXISTS answers_team ON answers (team, id)`,
  `CREATE INDEX IF NOT EXISTS answers_code ON answers (code, id) WHERE code IS NOT NULL`
]

/** Most rows that one statement prunes: few enough that a slow database is done before the statement has its end. */
const PRUNED = 1_000

/**
 * Most rows that one statement of a search looks at. SQLite answers while the event loop waits, and who is looked for
 * may have asked once among a million: between two stretches whoever waits for a decision has their turn.
 */
const LOOKED = 10_000

/** Whether a column that joins texts by `separator` (an SQL text) holds one. */
const holds = (it: Dialect.Dialect, column: "model" | "tool", separator: string): string =>
  `${it.name === "pg" ? "strpos" : "instr"}(${separator} || ${column} || ${separator}, ?) > 0`

const lineFeed = (it: Dialect.Dialect): string => it.name === "pg" ? "chr(10)" : "char(10)"

/** The condition of a query, with its parameters. */
const conditionOf = (it: Dialect.Dialect, query: RecordQuery) => {
  const parts: Array<string> = []
  const params: Array<string | number> = []
  const add = (text: string, ...values: ReadonlyArray<string | number>): void => {
    parts.push(text)
    params.push(...values)
  }
  const { agent, below, code, from, model, status, team, tool, who } = query
  if (who !== undefined) add("(person = ? OR claimed = ? OR email = ?)", who, who, who)
  if (team !== undefined) add("team = ?", team)
  if (model !== undefined) add(holds(it, "model", "','"), `,${model},`)
  if (tool !== undefined) add(holds(it, "tool", lineFeed(it)), `\n${tool}\n`)
  if (agent !== undefined) add("agent = ?", agent)
  if (code !== undefined) add("code = ?", code)
  if (status !== undefined) add("status = ?", status)
  if (from !== undefined) add("id >= ?", from)
  if (below !== undefined) add("id < ?", below)
  return { text: parts.length === 0 ? "" : ` WHERE ${parts.join(" AND ")}`, params }
}

/** Whether some of the rows between two ids are looked for, and not all. */
const isNarrow = ({ below: _, from: __, limit: ___, ...rest }: RecordQuery): boolean =>
  Object.values(rest).some((it) => it !== undefined)

const textOf = (value: unknown): string | null => typeof value === "string" ? value : null

const found = (row: unknown): FoundRecord => {
  if (typeof row !== "object" || row === null) return { id: "", body: "", question: null }
  return {
    id: textOf("id" in row ? row.id : null) ?? "",
    body: textOf("body" in row ? row.body : null) ?? "",
    question: textOf("question" in row ? row.question : null)
  }
}

type Call<A> = Effect.Effect<A, SqlError.SqlError>

type Changing = (text: string, params: ReadonlyArray<string | number>) => Call<number>

/** Over a database; its rows are changed by `thread`, where there is one. */
const make = (
  thread?: RecordThread.Service
): Effect.Effect<RecordStore["Service"], never, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const dialect = Dialect.of(sql)
    const run = (text: string, params: ReadonlyArray<unknown> = []) =>
      sql.unsafe(Dialect.numbered(dialect, text), params).withoutTransform
    const remove: Changing = thread?.change ??
      ((text, params) => Effect.map(run(`${text} RETURNING id`, params), (rows) => rows.length))
    let isMade = false
    const made = Effect.suspend(() =>
      isMade ? Effect.void : Effect.forEach(schema(dialect), (text) => run(text), { discard: true }).pipe(
        Effect.tap(() =>
          Effect.sync(() => {
            isMade = true
          })
        )
      )
    )
    const prepared = dialect.name === "pg" ? Effect.andThen(run("CREATE SCHEMA IF NOT EXISTS jotgate"), made) : made
    const ready = Effect.suspend(() => isMade ? Effect.void : prepared)
    const appendAll = `INSERT INTO answers (${names}) SELECT ${names} FROM ${dialect.rows(columns)}
      WHERE true ON CONFLICT (id) DO NOTHING`
    const insert = (batches: ReadonlyArray<Uint8Array>): Call<void> =>
      thread === undefined
        ? Effect.asVoid(run(appendAll, [JSON.stringify(batches.flatMap(RecordText.rowsOf))]))
        : Effect.asVoid(thread.insert(appendOne, batches))
    const append = (batches: ReadonlyArray<Uint8Array>) => Effect.andThen(ready, Effect.suspend(() => insert(batches)))
    const among = (query: RecordQuery) => {
      const { params, text } = conditionOf(dialect, query)
      const all = `SELECT id, body, question FROM answers${text} ORDER BY id DESC LIMIT ?`
      return Effect.map(run(all, [...params, query.limit]), (rows) => rows.map(found))
    }
    /** Where the stretch of rows below an id begins; nothing when it is the last one. */
    const stretchBelow = (below: string | undefined) => {
      const { params, text } = conditionOf(dialect, { below, limit: 1 })
      const floor = `SELECT id FROM answers${text} ORDER BY id DESC LIMIT 1 OFFSET ?`
      return Effect.map(run(floor, [...params, LOOKED]), ([row]) => row === undefined ? undefined : found(row).id)
    }
    return {
      append: (rows) => Effect.suspend(() => append([RecordText.batchOf(rows)])),
      appendBatches: append,
      find: (id) =>
        Effect.map(
          Effect.andThen(ready, run("SELECT id, body, question FROM answers WHERE id = ?", [id])),
          ([row]) => row === undefined ? undefined : found(row)
        ),
      search: Effect.fnUntraced(function*(query) {
        yield* ready
        let rows: ReadonlyArray<FoundRecord> = []
        let { below } = query
        for (;;) {
          const floor = isNarrow(query) ? yield* stretchBelow(below) : undefined
          const isLast = floor === undefined || (query.from !== undefined && floor <= query.from)
          const from = isLast ? query.from : floor
          rows = rows.concat(yield* among({ ...query, from, below, limit: query.limit - rows.length }))
          if (isLast || rows.length >= query.limit) return rows
          below = floor
          yield* Effect.sleep("1 millis")
        }
      }),
      prune: (id) =>
        Effect.map(
          Effect.andThen(
            ready,
            remove("DELETE FROM answers WHERE id IN (SELECT id FROM answers WHERE id < ? ORDER BY id LIMIT ?)", [
              id,
              PRUNED
            ])
          ),
          (count) => count === PRUNED
        )
    }
  })

/** Where records of decisions are kept and looked for. */
export class RecordStore extends Context.Service<RecordStore, {
  /** Appends a batch, whole or not at all; an id that is there already stays as it is. */
  readonly append: (rows: ReadonlyArray<RecordText.RecordRow>) => Call<void>
  /** The same of batches as `RecordText` makes them: whole, all together, or not at all. */
  readonly appendBatches: (batches: ReadonlyArray<Uint8Array>) => Call<void>
  /** The record of a decision; `undefined` when there is none. */
  readonly find: (id: string) => Call<FoundRecord | undefined>
  /** The records that a query asks for, newest first. */
  readonly search: (query: RecordQuery) => Call<ReadonlyArray<FoundRecord>>
  /** Takes away some of the records below `id`; whether there may be more. */
  readonly prune: (id: string) => Call<boolean>
}>()("@jotgate/store/RecordStore") {
  /** Over a database; the table is made when it is first needed, so that one which is away at the start is used later. */
  static readonly layerSql = Layer.effect(RecordStore, make())

  /** In one file. */
  static readonly layerSqlite = (filename: string) =>
    RecordStore.layerSql.pipe(Layer.provide(SqliteClient.layer({ filename })))

  /** The same, for a process that answers meanwhile: what changes the file is done in a thread of its own. */
  static readonly layerSqliteApart = (filename: string) =>
    Layer.effect(RecordStore, Effect.flatMap(RecordThread.make(filename), make)).pipe(
      Layer.provide(SqliteClient.layer({ filename }))
    )

  /** In a PostgreSQL database, in our own schema; `timeout` of a statement in milliseconds. */
  static readonly layerPostgres = (url: Redacted.Redacted, timeout = 5_000) =>
    Layer.unwrap(Effect.map(
      // The driver is loaded by those who need it.
      Effect.promise(() => import("../postgres/PostgresClient.ts")),
      (client) =>
        client.closingInTime(RecordStore.layerSql.pipe(Layer.provide(client.layer({ url, pool: 2, timeout }))))
    ))
}
