/**
 * Puts records into their store, in batches, off the path of answers.
 *
 * What waits is bounded: while the store is away, answers go on, records wait,
 * and when there is no more room the newest are dropped and counted. A batch is
 * in the store whole or not at all; at most what came in the last fraction of a
 * second is lost with the process.
 */
import * as DecisionId from "@jotgate/core/DecisionId"
import { RecordStore } from "@jotgate/store/RecordStore"
import * as RecordText from "@jotgate/store/RecordText"
import { Cause, Clock, Context, Effect, Fiber, Layer, Metric, Schedule, Semaphore } from "effect"
import type { Recording } from "./Recording.ts"
import { type Constant, constantOf } from "./RecordLine.ts"
import { type Searched, Told } from "./Told.ts"

/** Most records that wait, and about how many a batch has. */
const mostWaiting = 50_000
const batch = 1_000

/** How often what has come is written. */
const pause = "200 millis"

/** How often what is too old is looked for. */
const pruning = "1 minute"

/** How long the end of the process, and whoever reads, waits for the last batch. */
const ending = "2 seconds"

const waitingGauge = Metric.gauge("jotgate_records_waiting", { description: "Records that wait to be stored." })
const awayGauge = Metric.gauge("jotgate_records_store_away", {
  description: "Whether the store of records does not answer."
})
const droppedCounter = Metric.counter("jotgate_records_dropped_total", {
  description: "Records that were lost because the store was away for too long.",
  incremental: true
})

/** The first of what waits, as much as one batch is to have; more may come while it is stored. */
const nextOf = (chunks: ReadonlyArray<Waiting>): ReadonlyArray<Waiting> => {
  let count = 0
  const end = chunks.findIndex((it) => (count += it.count) >= batch)
  return end === -1 ? [...chunks] : chunks.slice(0, end + 1)
}

/** What readiness says of the store. */
export interface WriterState {
  readonly away: boolean
  readonly waiting: number
  readonly dropped: number
}

/** What a record is searched by. */
const keysOf = (it: Searched): string =>
  RecordText.keysText({
    status: it.status,
    code: it.code,
    person: it.parties.user,
    claimed: it.parties.claimed?.user ?? null,
    email: it.parties.claimed?.email ?? null,
    team: it.parties.team,
    model: it.models === null ? it.model : it.models.join(","),
    tool: it.tools === null ? it.tool : it.tools.join("\n"),
    agent: it.parties.agent
  })

/** The keys of the last answer of a remembered decision: they live as long as it. */
const known = new WeakMap<Constant, string>()

const keysOfRecording = (it: Recording): string => {
  if (it.verdict !== "allow" || it.models !== null || it.tools !== null) return keysOf(it)
  const constant = constantOf(it)
  const found = known.get(constant)
  if (found !== undefined) return found
  const made = keysOf(it)
  known.set(constant, made)
  return made
}

/** A record with its line as the store takes it; nothing for a line that is none. */
const entryOf = (it: Recording | Told, line: string): string => {
  if (!(it instanceof Told)) return RecordText.entry(it.decision, keysOfRecording(it), line, it.question)
  const searched = it.searched()
  return searched === undefined ? "" : RecordText.entry(it.decision, keysOf(searched), line, it.question)
}

/** Records that wait, as the store takes them. */
interface Waiting {
  readonly bytes: Uint8Array
  readonly count: number
}

export interface RecordWriter {
  /** Takes records with their lines. */
  readonly write: (records: ReadonlyArray<Recording | Told>, lines: ReadonlyArray<string>) => void
  readonly state: () => WriterState
  /** Stores what waits, for whoever reads the store now; at most two seconds, and not at all while the store is away. */
  readonly settled: Effect.Effect<void>
  /** Where records are found again; absent when they are not stored. */
  readonly store: RecordStore["Service"] | undefined
}

const nothing: RecordWriter = {
  write: () => {},
  state: () => ({ away: false, waiting: 0, dropped: 0 }),
  settled: Effect.void,
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
      let chunks: Array<Waiting> = []
      let waiting = 0
      let dropped = 0
      let away = false

      const one = yield* Semaphore.make(1)
      const flush: Effect.Effect<void> = Effect.gen(function*() {
        while (chunks.length > 0) {
          const taken = nextOf(chunks)
          yield* store.appendBatches(taken.map((it) => it.bytes))
          chunks = chunks.slice(taken.length)
          for (const it of taken) waiting -= it.count
          if (away) yield* Effect.logInfo("the store of records answers again", { waiting, dropped })
          away = false
        }
      }).pipe(
        Effect.catchCause((cause) => {
          if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause).pipe(Effect.ignore)
          const isNew = !away
          away = true
          return isNew
            ? Effect.logError("records cannot be stored: they wait", { cause: Cause.pretty(cause).split("\n", 1)[0] })
            : Effect.void
        }),
        one.withPermits(1)
      )
      const scope = yield* Effect.scope
      // Who does not wait any longer ends no batch: what is in the store already would be stored again.
      const settled = Effect.forkIn(flush, scope).pipe(
        Effect.flatMap(Fiber.await),
        Effect.timeout(ending),
        Effect.ignore
      )

      const prune = Effect.gen(function*() {
        const oldest = DecisionId.floor((yield* Clock.currentTimeMillis) - life)
        while (yield* store.prune(oldest)) yield* Effect.sleep("50 millis")
      }).pipe(Effect.catchCause(() => Effect.void))

      const context = yield* Effect.context<never>()
      const unasked = { update: () => {}, modify: () => {} }
      Metric.registerUnsafe(waitingGauge, context, { get: () => ({ value: waiting }), ...unasked })
      Metric.registerUnsafe(awayGauge, context, { get: () => ({ value: Number(away) }), ...unasked })
      Metric.registerUnsafe(droppedCounter, context, { get: () => ({ count: dropped, incremental: true }), ...unasked })

      yield* Effect.addFinalizer(() => flush.pipe(Effect.timeout(ending), Effect.ignore))
      yield* Effect.forkScoped(Effect.repeat(flush, Schedule.spaced(pause)))
      yield* Effect.forkScoped(Effect.repeat(prune, Schedule.spaced(pruning)))

      return {
        write: (records, lines) => {
          const count = Math.min(records.length, mostWaiting - waiting)
          dropped += records.length - count
          if (count === 0) return
          let text = ""
          records.slice(0, count).forEach((it, at) => text += entryOf(it, lines[at] ?? ""))
          waiting += count
          chunks.push({ bytes: RecordText.bytesOf(text), count })
        },
        state: () => ({ away, waiting, dropped }),
        settled,
        store
      }
    })
  )
