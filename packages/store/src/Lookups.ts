/**
 * The look-ups of the decision path: one prepared statement by key each.
 *
 * A statement's cost does not grow with the number of rows, values travel as
 * bound parameters only (threat E13), and a look-up has one deadline. When the
 * database fails, hangs or answers with a row that does not fit, the answer is
 * `DirectoryUnavailable` (threat E14); after several failures in a row the next
 * second's look-ups fail at once instead of waiting for a database that is
 * known to be away.
 */
import { DirectoryUnavailable } from "@jotgate/core/Directory"
import * as Ticks from "@jotgate/core/Ticks"
import { type Clock, Context, Duration, Effect, Exit, Layer, type Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { within } from "./Deadline.ts"
import * as Dialect from "./Dialect.ts"
import type { Read, Row, Value } from "./Rows.ts"
import { SqliteClient } from "./sqlite/SqliteClient.ts"

/** How long a look-up of a decision may take, so that a caller who waits 250 ms has the answer (reliability, database down). */
export const DEADLINE = Duration.millis(200)

const FAILURES_TO_OPEN = 3
const OPEN_MILLIS = 1_000

/** One question, compiled once: `name` is for the log and the metrics. */
export interface Question<A> {
  readonly name: string
  readonly text: string
  readonly read: Read<A>
}

export class Lookups extends Context.Service<Lookups, {
  readonly dialect: Dialect.Dialect
  /** The rows that answer a question. */
  readonly all: <A>(
    question: Question<A>,
    params: ReadonlyArray<Value>
  ) => Effect.Effect<ReadonlyArray<A>, DirectoryUnavailable>
  /** The first row that answers a question, if any. */
  readonly first: <A>(
    question: Question<A>,
    params: ReadonlyArray<Value>
  ) => Effect.Effect<A | undefined, DirectoryUnavailable>
  /** Whether the database answers now; asks it, whatever the look-ups have seen. */
  readonly health: Effect.Effect<void, DirectoryUnavailable>
}>()("@jotgate/store/Lookups") {
  /** On SQLite: each look-up is one synchronous call. */
  static readonly layerSqlite = Layer.effect(
    Lookups,
    Effect.gen(function*() {
      const sqlite = yield* SqliteClient
      return make(Dialect.sqlite, sqlite.read, (run) => run)
    })
  )

  /** On a client with a pool: each look-up has a deadline, and a breaker for all of them. */
  static readonly layerPg = Layer.effect(
    Lookups,
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      // A connection that was cut off meanwhile says so when it is used; reading again on another is safe.
      const read: Query = (text, params) =>
        Effect.retry(sql.unsafe<Row>(text, params).withoutTransform, {
          times: 2,
          while: (error) => error.reason._tag === "ConnectionError"
        })
      return make(Dialect.pg, read, makeGuard())
    })
  )
}

type Failure = SqlError.SqlError | Schema.SchemaError
type Query = (text: string, params: ReadonlyArray<Value>) => Effect.Effect<ReadonlyArray<Row>, SqlError.SqlError>
type Guard = <A>(
  run: Effect.Effect<A, DirectoryUnavailable>,
  operation: string
) => Effect.Effect<A, DirectoryUnavailable>

/** The deadline and the breaker of all look-ups of one database. */
const makeGuard = (): Guard => {
  let failures = 0
  let openUntil = Number.NEGATIVE_INFINITY
  return (run, operation) => {
    const unavailable = Exit.fail(new DirectoryUnavailable({ operation }))
    return Effect.clockWith((clock: Clock.Clock) =>
      Ticks.fromClock(clock) < openUntil ? unavailable : within(run, DEADLINE, () => unavailable).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            if (Exit.isSuccess(exit)) failures = 0
            else if (!Exit.hasInterrupts(exit) && ++failures >= FAILURES_TO_OPEN) {
              openUntil = Ticks.fromClock(clock) + OPEN_MILLIS
            }
          })
        )
      )
    )
  }
}

const make = (dialect: Dialect.Dialect, query: Query, guard: Guard): Lookups["Service"] => {
  /** What went wrong is for the operator; it may quote no value, so only the kind of failure is logged. */
  const fail = (operation: string) => (error: Failure) =>
    Effect.andThen(
      Effect.logWarning(
        "directory look-up failed",
        { operation, reason: error._tag === "SqlError" ? error.reason._tag : "row does not fit" }
      ),
      Exit.fail(new DirectoryUnavailable({ operation }))
    )
  const texts = new WeakMap<Question<unknown>, string>()
  const textOf = (question: Question<unknown>): string => {
    const known = texts.get(question)
    if (known !== undefined) return known
    const text = Dialect.numbered(dialect, question.text)
    texts.set(question, text)
    return text
  }
  const read = <A>(
    question: Question<A>,
    rows: ReadonlyArray<Row>
  ): Exit.Exit<ReadonlyArray<A>, Schema.SchemaError> => {
    const answers: Array<A> = []
    for (const row of rows) {
      const answer = question.read(row)
      if (Exit.isFailure(answer)) return Exit.failCause(answer.cause)
      answers.push(answer.value)
    }
    return Exit.succeed(answers)
  }
  const all: Lookups["Service"]["all"] = (question, params) => {
    const { name } = question
    // A row that does not fit is one row's trouble: it never opens the breaker.
    const rows = guard(Effect.catch(query(textOf(question), params), fail(name)), name)
    return Effect.flatMap(rows, (it) => Effect.catch(read(question, it), fail(name)))
  }
  return {
    dialect,
    all,
    first: (question, params) => Effect.map(all(question, params), (rows) => rows[0]),
    health: within(
      Effect.catch(query("SELECT 1 AS one", []), fail("health")),
      DEADLINE,
      () => Exit.fail(new DirectoryUnavailable({ operation: "health" }))
    ).pipe(Effect.asVoid)
  }
}
