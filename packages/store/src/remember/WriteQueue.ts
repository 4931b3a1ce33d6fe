/**
 * The writes that run after the answer (RULES D33): bounded, retried, flushed
 * on a graceful stop, counted when dropped.
 *
 * A batch that is waiting or was done a moment ago is not done again: a person
 * whose rows already say what the token says costs no write per request.
 */
import type { DirectoryWrite } from "@jotgate/core/Directory"
import * as Ticks from "@jotgate/core/Ticks"
import { Duration, Effect, Metric, Queue, Schedule } from "effect"

/** How many batches may wait; the next is dropped. */
const CAPACITY = 1_000
/** How many batches are done at a time, so that one that waits for its next attempt does not hold up the others. */
const WORKERS = 4
/** How many batches are remembered as done, and for how long. */
const REMEMBERED = 10_000
const DONE_MILLIS = 60_000
/** How long a graceful stop waits for what is queued. */
const FLUSH = Duration.seconds(5)

/** Batches of after-answer writes that were given up: the queue was full, or every attempt failed. */
export const dropped = Metric.counter("jotgate_directory_writes_dropped_total", {
  description: "Batches of writes after an answer that were given up.",
  incremental: true
})
/** Batches of after-answer writes that were done. */
export const done = Metric.counter("jotgate_directory_writes_total", {
  description: "Batches of writes after an answer that were done.",
  incremental: true
})
const waitingGauge = Metric.gauge("jotgate_directory_writes_waiting", {
  description: "Batches of writes after an answer that wait."
})

export interface Options<E> {
  readonly run: (writes: ReadonlyArray<DirectoryWrite>) => Effect.Effect<void, E>
  readonly reasonOf: (error: E) => string
  /** Whether another attempt may fare better. */
  readonly isTransient: (error: E) => boolean
  /** Pause before the second attempt; it doubles with each. */
  readonly pause?: Duration.Input
  readonly attempts?: number
}

/** Makes the queue; its worker and its flush belong to the scope. */
export const make = Effect.fnUntraced(function*<E>(options: Options<E>) {
  const queue = yield* Queue.dropping<ReadonlyArray<DirectoryWrite>>(CAPACITY)
  const waiting = new Set<string>()
  const finished = new Map<string, number>()
  // There from the start: an alert on the first one would not see a counter that begins with 1.
  yield* Metric.update(dropped, 0)
  Metric.registerUnsafe(waitingGauge, yield* Effect.context<never>(), {
    get: () => ({ value: waiting.size }),
    update: () => {},
    modify: () => {}
  })
  const keyOf = (writes: ReadonlyArray<DirectoryWrite>) => JSON.stringify(writes)

  const give = Effect.fnUntraced(function*(reason: string, batches = 1) {
    yield* Metric.update(dropped, batches)
    yield* Effect.logWarning("directory writes after the answer were given up", { reason, batches })
  })

  const remember = (key: string, ticks: number) => {
    const [oldest] = finished.size >= REMEMBERED ? finished.keys() : []
    if (oldest !== undefined) finished.delete(oldest)
    finished.set(key, ticks)
  }

  const work = Effect.fnUntraced(function*(writes: ReadonlyArray<DirectoryWrite>) {
    const key = keyOf(writes)
    yield* options.run(writes).pipe(
      Effect.retry({
        schedule: Schedule.exponential(options.pause ?? "200 millis"),
        times: (options.attempts ?? 6) - 1,
        while: options.isTransient
      }),
      Effect.andThen(Effect.map(Ticks.ticks, (ticks) => remember(key, ticks))),
      Effect.andThen(Metric.update(done, 1)),
      Effect.catch((error) => give(options.reasonOf(error))),
      Effect.catchCause(() => give("defect")),
      Effect.ensuring(Effect.sync(() => waiting.delete(key)))
    )
  })

  for (let i = 0; i < WORKERS; i++) yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(queue), work)))

  const flush = Effect.gen(function*() {
    while (waiting.size > 0) yield* Effect.sleep("5 millis")
  })
  yield* Effect.addFinalizer(() =>
    Effect.timeoutOrElse(flush, { duration: FLUSH, orElse: () => give("the process stops", waiting.size) })
  )

  return {
    /** Queues one batch; never fails and never waits, so whoever is cut off has offered it or not. */
    offer: Effect.fnUntraced(function*(writes: ReadonlyArray<DirectoryWrite>) {
      const key = keyOf(writes)
      const at = finished.get(key)
      const ticks = yield* Ticks.ticks
      if (waiting.has(key) || (at !== undefined && ticks - at < DONE_MILLIS)) return
      waiting.add(key)
      if (yield* Queue.offer(queue, writes)) return
      waiting.delete(key)
      yield* give("queue full")
    }, Effect.uninterruptible),
    /** Forgets what was done: the rows may have changed under it. */
    reset: () => finished.clear(),
    /** Waits until nothing is left to do. */
    flush
  }
})
