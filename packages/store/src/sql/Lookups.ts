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
import { Context, Duration, Effect, Exit, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as Breaker from "./Breaker.ts"
import { onceBegun, sleep } from "./Deadline.ts"
import * as Dialect from "./Dialect.ts"
import { Pulse } from "./Pulse.ts"
import type { Read, Row, Value } from "./Rows.ts"
import { isCutOff } from "./Transaction.ts"

/**
 * How long a look-up of a decision may take of a database that is near, so that a caller who waits 250 ms has the answer
 * (reliability, database down).
 */
export const LookupDeadline = Context.Reference<Duration.Duration>("@jotgate/store/LookupDeadline", {
  defaultValue: () => Duration.millis(200)
})

/** How long what is more than a look-up may take at least: the writes that a decision rests on, or reading a catalog. */
export const LONGER = Duration.seconds(1)

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
  /** Why it did not answer, while it does not: for the operator. */
  readonly trouble: () => string | undefined
  /** The outcome of work on a connection of its own, which says when it has begun: its deadline counts from there. */
  readonly within: <A, E, B, E2>(
    work: (begun: Effect.Effect<void>) => Effect.Effect<A, E>,
    late: () => Effect.Effect<B, E2>
  ) => Effect.Effect<A | B, E | E2>
}>()("@jotgate/store/Lookups") {
  /**
   * On a client whose statements may take `timeout`, and its connections `connecting` to be made (milliseconds): each
   * look-up has a deadline from when it has a connection, and all of them a breaker. A healthy database that is asked by
   * many at once refuses nobody, and neither does one whose connections are still being made.
   */
  static readonly layerPg = ({ connecting, timeout }: { readonly connecting: number; readonly timeout: number }) =>
    Layer.effect(
      Lookups,
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const lookup = Duration.toMillis(yield* LookupDeadline)
        const longest = Math.max(timeout, lookup)
        const pulse = new Pulse({ lookup, longest, connecting }, yield* Ticks.ticks)
        let trouble: string | undefined
        let isTold = false
        const breaker = Breaker.make({
          opened: (isNew) => {
            pulse.stop()
            return isNew ? Effect.logWarning("the directory does not answer", { reason: trouble }) : Effect.void
          },
          closed: Effect.logInfo("the directory answers again")
        })
        const texts = new WeakMap<Question<unknown>, string>()
        const textOf = (question: Question<unknown>): string => {
          const text = texts.get(question) ?? Dialect.numbered(Dialect.pg, question.text)
          texts.set(question, text)
          return text
        }
        /** What a look-up that nobody waits for any more tells of the database: said once in a row. */
        const tooSlow = (took: number) => {
          const help = took > longest ? `: raise directory.connection.timeout, which is ${timeout} ms` : ""
          trouble = `answers in ${took} ms, and a look-up has ${Math.round(pulse.deadline)} ms${help}`
          if (isTold) return Effect.void
          isTold = true
          return Effect.logWarning("the directory is too far away or too slow", { reason: trouble })
        }
        const answered = (took: number, ticks: number, isOnProbation: boolean): void => {
          trouble = undefined
          isTold = false
          if (isOnProbation) pulse.isBack(ticks, took)
          else pulse.answered(ticks, took)
        }
        const answer: Answer = (question, params, finish) => {
          const { name } = question
          const text = textOf(question)
          const gone = () => Exit.fail(new DirectoryUnavailable({ operation: name }))
          const attempt = (isOnProbation: boolean) =>
            Effect.suspend(() => {
              let isLate = false
              const late = (hasBegun: boolean) => {
                isLate = hasBegun
                trouble ??= hasBegun
                  ? `does not answer in ${Math.round(pulse.deadline)} ms`
                  : "makes no connection in time"
                return gone()
              }
              const query = (begun: Effect.Effect<void>) =>
                Effect.scoped(Effect.flatMap(sql.reserve, (connection) =>
                  Effect.clockWith((clock) => {
                    const from = Ticks.fromClock(clock)
                    const rows: Effect.Effect<ReadonlyArray<Row>, SqlError.SqlError> = connection.execute(
                      text,
                      params,
                      undefined
                    )
                    return Effect.andThen(
                      begun,
                      Effect.tap(rows, () => {
                        const ticks = Ticks.fromClock(clock)
                        if (isLate) return tooSlow(Math.round(ticks - from))
                        answered(ticks - from, ticks, isOnProbation)
                        return Effect.void
                      })
                    )
                  })))
              return onceBegun(query, {
                // Whoever shows whether it is back shows how long it takes, too.
                overdue: isOnProbation ? sleep(Duration.millis(longest)) : pulse.overdue,
                linger: Duration.millis(longest),
                silence: pulse.silence,
                late
              })
            })
          // A connection that was cut off meanwhile says so when it is used; reading again on another is safe, and that
          // one is waited for like the first.
          const again = (isOnProbation: boolean) =>
            Effect.flatMap(Ticks.ticks, (ticks) => {
              pulse.lost(ticks)
              return Effect.retry(attempt(isOnProbation), { times: 1, while: isGone })
            })
          const asked = (isOnProbation: boolean) =>
            attempt(isOnProbation).pipe(
              Effect.catchIf(isGone, () => again(isOnProbation)),
              Effect.catchTag("SqlError", (error) => {
                trouble = `cannot be asked: ${error.reason._tag}`
                return failed(name)(error)
              })
            )
          const rows = breaker(asked, gone)
          // A row that does not fit is one row's trouble: it never opens the breaker.
          return Effect.flatMap(rows, finish)
        }
        /** Whoever asks how it is has an answer at once; the question goes on, and may show that it is back. */
        const health = (asked: Effect.Effect<void, DirectoryUnavailable>) =>
          onceBegun((begun) => Effect.andThen(begun, asked), {
            overdue: Effect.suspend(() => sleep(Duration.millis(pulse.deadline))),
            linger: Duration.millis(longest + connecting),
            silence: Effect.never,
            late: () => Exit.fail(new DirectoryUnavailable({ operation: "health" }))
          })
        const lookups = make(Dialect.pg, answer, {
          trouble: () => trouble,
          within: (work, late) => pulse.within(work, Duration.max(LONGER, Duration.millis(longest)), late)
        })
        return { ...lookups, health: health(lookups.health) }
      })
    )
}

/** Asks for rows, and goes on with them. */
export type Answer = <A, B, E>(
  question: Question<A>,
  params: ReadonlyArray<Value>,
  finish: (rows: ReadonlyArray<Row>) => Effect.Effect<B, E>
) => Effect.Effect<B, E | DirectoryUnavailable>

const isGone = (error: SqlError.SqlError | DirectoryUnavailable): error is SqlError.SqlError =>
  error._tag === "SqlError" && isCutOff(error)

/** What went wrong is for the operator; it may quote a value, so only the kind of failure is logged. */
export const failed = (operation: string) => (error: SqlError.SqlError) => unavailable(operation, error.reason._tag)

const unavailable = (operation: string, reason: string) =>
  Effect.andThen(
    Effect.logWarning("directory look-up failed", { operation, reason }),
    Exit.fail(new DirectoryUnavailable({ operation }))
  )

/** The look-ups of a database that answers so. */
export const make = (
  dialect: Dialect.Dialect,
  answer: Answer,
  rest: Pick<Lookups["Service"], "trouble" | "within">
): Lookups["Service"] => ({
  ...rest,
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
