/**
 * Lets look-ups through until several in a row have failed, and then, each
 * second, one that shows whether the database is back: nobody else waits for
 * one that is known to be away.
 */
import * as Ticks from "@jotgate/core/Ticks"
import { type Clock, Effect, Exit } from "effect"

const FAILURES_TO_OPEN = 3
const OPEN_MILLIS = 1_000

/** What a breaker tells. */
export interface Listener {
  /** It opens (`isNew`), or stays open. */
  readonly opened: (isNew: boolean) => Effect.Effect<void>
  /** It closes. */
  readonly closed: Effect.Effect<void>
}

/** Runs an effect, or else `refused`; one that is on probation shows whether the database is back. */
export type Breaker = <A, E>(
  run: (isOnProbation: boolean) => Effect.Effect<A, E>,
  refused: () => Effect.Effect<never, E>
) => Effect.Effect<A, E>

export const make = ({ closed, opened }: Listener): Breaker => {
  let failures = 0
  let openUntil = Number.NEGATIVE_INFINITY
  let isProbing = false

  const count = <A, E>(exit: Exit.Exit<A, E>, clock: Clock.Clock): Effect.Effect<void> => {
    if (Exit.isSuccess(exit)) {
      const wasOpen = failures >= FAILURES_TO_OPEN
      failures = 0
      return wasOpen ? closed : Effect.void
    }
    if (Exit.hasInterrupts(exit) || ++failures < FAILURES_TO_OPEN) return Effect.void
    openUntil = Ticks.fromClock(clock) + OPEN_MILLIS
    return opened(failures === FAILURES_TO_OPEN)
  }

  return (run, refused) =>
    Effect.clockWith((clock: Clock.Clock) => {
      if (failures < FAILURES_TO_OPEN) return Effect.onExit(run(false), (exit) => count(exit, clock))
      // Who is cut off before it has begun must not stay on probation: nobody would be let through any more.
      return Effect.uninterruptibleMask((restore) => {
        if (isProbing || Ticks.fromClock(clock) < openUntil) return refused()
        isProbing = true
        return Effect.onExit(restore(run(true)), (exit) => {
          isProbing = false
          return count(exit, clock)
        })
      })
    })
}
