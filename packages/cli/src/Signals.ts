/**
 * Signals that would do a server harm by what Node does with them by itself:
 * SIGHUP and SIGUSR2 end a process, SIGUSR1 opens a debugger, which obeys
 * everybody on this machine. SIGHUP is what a server reads its files again for.
 */
import { Effect, Queue, type Scope } from "effect"

/** Does nothing on these signals, from here to the end of the process. */
export const ignored = (signals: ReadonlyArray<NodeJS.Signals>): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const it of signals) process.on(it, () => {})
  })

/** Ends, as an interrupted run does, when the terminal is closed (SIGHUP). */
export const hungUp: Effect.Effect<never> = Effect.callback((resume) => {
  const end = () => resume(Effect.interrupt)
  process.once("SIGHUP", end)
  return Effect.sync(() => void process.off("SIGHUP", end))
})

/**
 * Hears SIGHUP from here on, and keeps one for whoever takes it: it ends a process that does not listen yet, and may come
 * as soon as there is a process, so this comes before anything that takes its time.
 */
export const hangups: Effect.Effect<Queue.Dequeue<"SIGHUP">, never, Scope.Scope> = Effect.gen(function*() {
  const queue = yield* Queue.sliding<"SIGHUP">(1)
  const hangup = () => void Queue.offerUnsafe(queue, "SIGHUP")
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGHUP", hangup)),
    () => Effect.sync(() => process.off("SIGHUP", hangup))
  )
  return queue
})
