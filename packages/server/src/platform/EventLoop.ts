/**
 * How late the event loop is: everything in a process waits for whatever holds
 * it up, so this is the first figure to look at when all answers are slow.
 *
 * Delays are those of the last half to one minute, whoever asks and how often.
 */
import { Effect, Layer, Metric } from "effect"
import { monitorEventLoopDelay } from "node:perf_hooks"

type Delays = ReturnType<typeof monitorEventLoopDelay>

/** How often it is looked, in milliseconds; a look is never early, so this is no delay. */
const RESOLUTION = 10
const WINDOW = "30 seconds"

const gauge = (name: string, what: string) =>
  Metric.gauge(`jotgate_event_loop_delay_${name}_seconds`, {
    description: `${what} by which the event loop was late, of the last half to one minute.`
  })

const gauges = [
  [gauge("median", "Half of the looks found at most the time"), (it: Delays) => it.percentile(50)],
  [gauge("p99", "99 of 100 looks found at most the time"), (it: Delays) => it.percentile(99)],
  [gauge("max", "The longest time"), (it: Delays) => it.max]
] as const

/** Seconds of delay in what was measured, in nanoseconds. */
const secondsOf = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1000)

/** Measures for as long as the scope is open. */
export const layer = Layer.effectDiscard(Effect.gen(function*() {
  const start = () => {
    const made = monitorEventLoopDelay({ resolution: RESOLUTION })
    made.enable()
    return made
  }
  let current = start()
  let before: Delays | undefined
  const context = yield* Effect.context<never>()
  for (const [metric, read] of gauges) {
    Metric.registerUnsafe(metric, context, {
      get: () => ({
        value: Math.max(...[current, before].map((it) => it === undefined || it.count === 0 ? 0 : secondsOf(read(it))))
      }),
      update: () => {},
      modify: () => {}
    })
  }
  yield* Effect.addFinalizer(() => Effect.sync(() => void current.disable()))
  const turn = Effect.sync(() => {
    current.disable()
    before = current
    current = start()
  })
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(WINDOW), turn)))
}))
