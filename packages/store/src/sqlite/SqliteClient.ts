/**
 * A `SqlClient` over `node:sqlite`: one file, no dependency besides Effect.
 *
 * SQLite is synchronous, and a wait for another process's lock would stop the
 * event loop; so nothing waits inside SQLite (busy timeout 0), and a statement
 * that meets a lock is tried again after a short, jittered pause: short, because
 * SQLite gives a lock to whoever asks in the right moment. Writers share
 * one connection behind a semaphore. Look-ups have a connection of their own,
 * which sees committed rows only and is never held up by a writer (WAL).
 */
import { Context, Duration, Effect, Exit, Layer, Schedule, Semaphore, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql"
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"

/** How a database is opened. */
export interface Options {
  /** Path of the database file; it is made when it does not exist, unless `readonly`. */
  readonly filename: string
  /** Whether nothing may be written. */
  readonly readonly?: boolean
  /** How long a statement is tried again while another process holds the lock. */
  readonly busyTimeout?: Duration.Input
}

/** One row as SQLite gives it. */
export type Row = Readonly<Record<string, unknown>>

/** The client's own abilities, besides `SqlClient`. */
export class SqliteClient extends Context.Service<SqliteClient, {
  /** Runs one prepared statement on the reading connection, at once. */
  readonly readNow: (
    sql: string,
    params: ReadonlyArray<SQLInputValue>
  ) => Exit.Exit<ReadonlyArray<Row>, SqlError.SqlError>
  /** The same, tried again while the file is locked. */
  readonly read: (
    sql: string,
    params: ReadonlyArray<SQLInputValue>
  ) => Effect.Effect<ReadonlyArray<Row>, SqlError.SqlError>
  /** Changes whenever any other connection, of this process or another, commits. */
  readonly dataVersion: Effect.Effect<number, SqlError.SqlError>
  /** The path of the database. */
  readonly filename: string
}>()("@jotgate/store/SqliteClient") {}

interface Connection extends SqlConnection.Connection {
  readonly db: DatabaseSync
}

interface Prepared {
  readonly statement: StatementSync
  readonly givesRows: boolean
}

/** How many statements a connection keeps prepared. */
const PREPARED = 256

/** SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE: a key that is there twice. */
const PRIMARY_KEY = 1555
const UNIQUE = 2067

/** What the driver threw, as a value. */
export const sqlError = (cause: unknown, operation: string): SqlError.SqlError => {
  // node:sqlite reports `errcode`; Effect's classifier reads `errno`.
  const known = cause instanceof Error && "errcode" in cause
    ? Object.assign(cause, { errno: cause.errcode === PRIMARY_KEY ? UNIQUE : cause.errcode })
    : cause
  const message = cause instanceof Error ? cause.message : "unknown failure"
  return new SqlError.SqlError({
    reason: SqlError.classifySqliteError(known, { message: `SQLite cannot ${operation}: ${message}`, operation })
  })
}

/** The one place where what the driver throws becomes a value. */
const attemptNow = <A>(operation: string, run: () => A): Exit.Exit<A, SqlError.SqlError> => {
  try {
    return Exit.succeed(run())
  } catch (cause) {
    return Exit.fail(sqlError(cause, operation))
  }
}

const attempt = <A>(operation: string, run: () => A): Effect.Effect<A, SqlError.SqlError> =>
  Effect.suspend(() => attemptNow(operation, run))

const isLocked = (error: SqlError.SqlError): boolean => error.reason._tag === "LockTimeoutError"

const whenLocked = (patience: Duration.Duration) => ({
  while: isLocked,
  schedule: Schedule.spaced("1 millis").pipe(Schedule.jittered, Schedule.upTo({ duration: patience }))
})

const open = (options: Options, readOnly: boolean) =>
  Effect.acquireRelease(
    attempt(`open ${options.filename}`, () =>
      new DatabaseSync(options.filename, { readOnly, enableForeignKeyConstraints: true, timeout: 0 })),
    (db) =>
      Effect.sync(() => db.close())
  )

const makePrepare = (db: DatabaseSync) => {
  const kept = new Map<string, Prepared>()
  return (sql: string): Prepared => {
    const known = kept.get(sql)
    if (known !== undefined) return known
    const statement = db.prepare(sql)
    const prepared = { statement, givesRows: statement.columns().length > 0 }
    const [oldest] = kept.size >= PREPARED ? kept.keys() : []
    if (oldest !== undefined) kept.delete(oldest)
    kept.set(sql, prepared)
    return prepared
  }
}

const makeConnection = (db: DatabaseSync, patience: Duration.Duration): Connection => {
  const prepare = makePrepare(db)
  const run = (sql: string, params: ReadonlyArray<unknown>): ReadonlyArray<Row> => {
    const { givesRows, statement } = prepare(sql)
    const values = params as ReadonlyArray<SQLInputValue>
    if (givesRows) return statement.all(...values)
    statement.run(...values)
    return []
  }
  const patiently = <A>(evaluate: () => A) => Effect.retry(attempt("run a statement", evaluate), whenLocked(patience))
  const execute: Connection["execute"] = (sql, params, transform) => {
    const rows = patiently(() => run(sql, params))
    return transform ? Effect.map(rows, (it) => transform(it)) : rows
  }
  const executeValues: Connection["executeValues"] = (sql, params) =>
    patiently(() => run(sql, params).map(Object.values))
  return {
    db,
    execute,
    executeUnprepared: execute,
    executeValues,
    executeValuesUnprepared: executeValues,
    executeRaw: (sql, params) => patiently(() => db.prepare(sql).run(...params as ReadonlyArray<SQLInputValue>)),
    executeStream: (sql, params, transform) => Stream.fromIterableEffect(execute(sql, params, transform))
  }
}

const make = Effect.fnUntraced(function*(options: Options) {
  const patience = Duration.fromInputUnsafe(options.busyTimeout ?? "5 seconds")
  const writer = yield* open(options, options.readonly ?? false)
  if (options.readonly !== true) {
    const pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"
    yield* Effect.retry(attempt(`open ${options.filename}`, () => writer.exec(pragmas)), whenLocked(patience))
  }
  const reader = yield* open(options, true)
  const prepare = makePrepare(reader)
  const readNow = (sql: string, params: ReadonlyArray<SQLInputValue>) =>
    attemptNow("read", () => prepare(sql).statement.all(...params))
  const connection = makeConnection(writer, patience)
  const semaphore = yield* Semaphore.make(1)
  const client = yield* SqlClient.make({
    ...SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connection),
      semaphore,
      isTransaction: (it) => it.db.isTransaction
    }),
    compiler: Statement.makeCompilerSqlite(),
    driver: "node-sqlite",
    // A transaction that only later turns out to write could meet another writer when it is too late to wait.
    beginTransaction: "BEGIN IMMEDIATE",
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    prepareTransactionControls: true,
    spanAttributes: [["db.system.name", "sqlite"]]
  })
  const own = SqliteClient.of({
    filename: options.filename,
    readNow,
    read: (sql, params) => Effect.retry(Effect.suspend(() => readNow(sql, params)), whenLocked(patience)),
    dataVersion: attempt("read", () => {
      const row: Row | undefined = prepare("PRAGMA data_version").statement.get()
      return Number(row?.["data_version"])
    })
  })
  return Context.make(SqlClient.SqlClient, client).pipe(Context.add(SqliteClient, own))
})

/** Opens the file. Fails when it cannot be opened, is no database, or (unless `readonly`) cannot be written. */
export const layer = (options: Options): Layer.Layer<SqlClient.SqlClient | SqliteClient, SqlError.SqlError> =>
  Layer.effectContext(make(options)).pipe(Layer.provide(Reactivity.layer))
