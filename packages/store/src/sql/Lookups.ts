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
import { type Clock, Context, Duration, Effect, Exit, Layer, Semaphore } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { within } from "./Deadline.ts"
import * as Dialect from "./Dialect.ts"
import type { Read, Row, Value } from "./Rows.ts"

/** How long a look-up of a decision may take, so that a caller who waits 250 ms has the answer (reliability, database down). */
export const LookupDeadline = Context.Reference<Duration.Duration>("@jotgate/store/LookupDeadline", {
  defaultValue: () => Duration.millis(200)
})

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
  /** The first row that answers a question, or else `missing`. */
  readonly first: <A, B, E>(
    question: Question<A>,
    params: ReadonlyArray<Value>,
    missing: Exit.Exit<B, E>
  ) => Effect.Effect<A | B, E | DirectoryUnavailable>
  /** Whether the database answers. */
  readonly health: Effect.Effect<void, DirectoryUnavailable>
}>()("@jotgate/store/Lookups") {
  /**
   * On a client with a pool of `pool` connections: each look-up has a deadline, and all of them a breaker. As many run at
   * once as there are connections; the others wait here, where their time does not count yet: a healthy database that is
   * asked by many at once refuses nobody.
   */
  static readonly layerPg = (pool: number) =>
    Layer.effect(
      Lookups,
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const deadline = yield* LookupDeadline
        const breaker = makeBreaker()
        // One connection listens.
        const turns = Semaphore.makeUnsafe(Math.max(1, pool - 1))
        const texts = new WeakMap<Question<unknown>, string>()
        const textOf = (question: Question<unknown>): string => {
          const text = texts.get(question) ?? Dialect.numbered(Dialect.pg, question.text)
          texts.set(question, text)
          return text
        }
        const answer: Answer = (question, params, finish) => {
          const { name } = question
          const query = sql.unsafe<Row>(textOf(question), params).withoutTransform
          // A connection that was cut off meanwhile says so when it is used; reading again on another is safe.
          const asked = Effect.catchIf(query, isCutOff, () => Effect.retry(query, { times: 1, while: isCutOff }))
          const late = () => Exit.fail(new DirectoryUnavailable({ operation: name }))
          const inTime = breaker(within(Effect.catch(asked, failed(name)), deadline, late), late)
          // Whoever waits while the breaker opens is told so in its turn, which comes at once then.
          const rows = breaker.isOpen(turns.withPermit(inTime), late)
          // A row that does not fit is one row's trouble: it never opens the breaker.
          return Effect.flatMap(rows, finish)
        }
        return make(Dialect.pg, answer)
      })
    )
}

/** Asks for rows, and goes on with them. */
export type Answer = <A, B, E>(
  question: Question<A>,
  params: ReadonlyArray<Value>,
  finish: (rows: ReadonlyArray<Row>) => Effect.Effect<B, E>
) => Effect.Effect<B, E | DirectoryUnavailable>

const isCutOff = (error: SqlError.SqlError): boolean => error.reason._tag === "ConnectionError"

/** What went wrong is for the operator; it may quote a value, so only the kind of failure is logged. */
export const failed = (operation: string) => (error: SqlError.SqlError) => unavailable(operation, error.reason._tag)

const unavailable = (operation: string, reason: string) =>
  Effect.andThen(
    Effect.logWarning("directory look-up failed", { operation, reason }),
    Exit.fail(new DirectoryUnavailable({ operation }))
  )

/** Lets look-ups through until several in a row have failed, and then for a second none. */
const makeBreaker = () => {
  let failures = 0
  let openUntil = Number.NEGATIVE_INFINITY
  /** Runs unless the breaker is open, and counts nothing. */
  const isOpen = <A, E>(run: Effect.Effect<A, E>, closed: () => Effect.Effect<never, E>): Effect.Effect<A, E> =>
    Effect.clockWith((clock: Clock.Clock) => Ticks.fromClock(clock) < openUntil ? closed() : run)
  const counted = <A, E>(run: Effect.Effect<A, E>, closed: () => Effect.Effect<never, E>): Effect.Effect<A, E> =>
    isOpen(
      Effect.onExit(run, (exit) =>
        Effect.clockWith((clock: Clock.Clock) => {
          if (Exit.isSuccess(exit)) failures = 0
          else if (!Exit.hasInterrupts(exit) && ++failures >= FAILURES_TO_OPEN) {
            openUntil = Ticks.fromClock(clock) + OPEN_MILLIS
          }
          return Effect.void
        })),
      closed
    )
  return Object.assign(counted, { isOpen })
}

/** The look-ups of a database that answers so. */
export const make = (dialect: Dialect.Dialect, answer: Answer): Lookups["Service"] => ({
  dialect,
  all: (question, params) =>
    answer(question, params, (rows) => {
      const nouns = []
      for (const row of rows) {
        const noun = question.read(row)
        if (Exit.isFailure(noun)) return unavailable(question.name, "row does not fit")
        nouns.push(noun.value)
      }
      return Exit.succeed(nouns)
    }),
  first: <A, B, E>(question: Question<A>, params: ReadonlyArray<Value>, missing: Exit.Exit<B, E>) =>
    answer(question, params, ([row]): Effect.Effect<A | B, E | DirectoryUnavailable> => {
      if (row === undefined) return missing
      const noun = question.read(row)
      return Exit.isSuccess(noun) ? Exit.succeed(noun.value) : unavailable(question.name, "row does not fit")
    }),
  health: answer({ name: "health", text: "SELECT 1 AS one", read: Exit.succeed }, [], () => Exit.void)
})
