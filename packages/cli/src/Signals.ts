/**
 * Signals that would do a server harm by what Node does with them by itself:
 * SIGHUP and SIGUSR2 end a process, SIGUSR1 opens a debugger, which obeys
 * everybody on this machine.
 */
import { Effect } from "effect"

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
