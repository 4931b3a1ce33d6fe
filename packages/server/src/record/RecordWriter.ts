/**
 * Puts records into their store, in batches, off the path of answers.
 *
 * What waits is bounded: while the store is away, answers go on, records wait,
 * and when there is no more room the newest are dropped and counted. A batch is
 * in the store whole or not at all; at most what came in the last fraction of a
 * second is lost with the process.
 */
import * as DecisionId from "@jotgate/core/DecisionId"
import { type RecordRow, RecordStore } from "@jotgate/store/RecordStore"
import { Cause, Clock, Context, Effect, Layer, Metric, Schedule } from "effect"
import type { Recording } from "./Recording.ts"
import { type Searched, Told } from "./Told.ts"

/** Most records that wait, and most of one batch. */
const mostWaiting = 50_000
const batch = 1_000

/** How often what has come is written. */
const pause = "200 millis"

/** How often what is too old is looked for. */
const pruning = "1 minute"

/** How the end of the process waits for the last batch. */
const ending = "2 seconds"

const waitingGauge = Metric.gauge("jotgate_records_waiting", { description: "Records that wait to be stored." })
const awayGauge = Metric.gauge("jotgate_records_store_away", {
  description: "Whether the store of records does not answer."
})
const droppedCounter = Metric.counter("jotgate_records_dropped_total", {
  description: "Records that were lost because the store was away for too long.",
  incremental: true
})

/** What readiness says of the store. */
export interface WriterState {
  readonly away: boolean
  readonly waiting: number
  readonly dropped: number
}

/** The row of a record; `body` is its line, `question` its question. */
const rowOf = (it: Searched, body: string, question: string | null): RecordRow => ({
  id: it.decision,
  status: it.status,
  code: it.code,
  person: it.parties.user,
  claimed: it.parties.claimed?.user ?? null,
  email: it.parties.claimed?.email ?? null,
  team: it.parties.team,
  model: it.models === null ? it.model : it.models.join(","),
  tool: it.tools === null ? it.tool : it.tools.join("\n"),
  agent: it.parties.agent,
  body,
  question
})

export interface RecordWriter {
  /** Takes a record with its line. */
  readonly write: (it: Recording | Told, line: string) => void
  readonly state: () => WriterState
  /** Where records are found again; absent when they are not stored. */
  readonly store: RecordStore["Service"] | undefined
}

const nothing: RecordWriter = {
  write: () => {},
  state: () => ({ away: false, waiting: 0, dropped: 0 }),
  store: undefined
}

/** Stores no records unless `layer` is provided. */
export const RecordWriter = Context.Reference<RecordWriter>("@jotgate/server/RecordWriter", {
  defaultValue: () => nothing
})

/** Stores records for `life` milliseconds. */
export const layer = (life: number) =>
  Layer.effect(
    RecordWriter,
    Effect.gen(function*() {
      const store = yield* RecordStore
      let waiting: Array<RecordRow> = []
      let dropped = 0
      let away = false

      const flush: Effect.Effect<void> = Effect.gen(function*() {
        while (waiting.length > 0) {
          const rows = waiting.slice(0, batch)
          yield* store.append(rows)
          waiting = waiting.slice(rows.length)
          if (away) yield* Effect.logInfo("the store of records answers again", { waiting: waiting.length, dropped })
          away = false
        }
      }).pipe(Effect.catchCause((cause) => {
        if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause).pipe(Effect.ignore)
        const isNew = !away
        away = true
        return isNew
          ? Effect.logError("records cannot be stored: they wait", { cause: Cause.pretty(cause).split("\n", 1)[0] })
          : Effect.void
      }))

      const prune = Effect.gen(function*() {
        const oldest = DecisionId.floor((yield* Clock.currentTimeMillis) - life)
        while (yield* store.prune(oldest)) yield* Effect.sleep("50 millis")
      }).pipe(Effect.catchCause(() => Effect.void))

      const context = yield* Effect.context<never>()
      const unasked = { update: () => {}, modify: () => {} }
      Metric.registerUnsafe(waitingGauge, context, { get: () => ({ value: waiting.length }), ...unasked })
      Metric.registerUnsafe(awayGauge, context, { get: () => ({ value: Number(away) }), ...unasked })
      Metric.registerUnsafe(droppedCounter, context, { get: () => ({ count: dropped, incremental: true }), ...unasked })

      yield* Effect.addFinalizer(() => flush.pipe(Effect.timeout(ending), Effect.ignore))
      yield* Effect.forkScoped(Effect.repeat(flush, Schedule.spaced(pause)))
      yield* Effect.forkScoped(Effect.repeat(prune, Schedule.spaced(pruning)))

      return {
        write: (it, line) => {
          if (waiting.length >= mostWaiting) dropped++
          else {
            const searched = it instanceof Told ? it.searched() : it
            if (searched !== undefined) waiting.push(rowOf(searched, line, it.question))
          }
        },
        state: () => ({ away, waiting: waiting.length, dropped }),
        store
      }
    })
  )
