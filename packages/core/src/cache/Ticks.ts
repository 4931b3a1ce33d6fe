/**
 * Monotonic milliseconds, the measure of every age.
 *
 * `Now.ticks` and everything that runs in the background must count on one
 * origin, hence this one place. A step of the wall clock changes no age.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Once } from "../Once.ts"
import type { Now } from "../Trace.ts"

/** Reads a clock at once; fractions of a millisecond are kept. */
export const fromClock = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000

/** Reads the clock of the running fiber. */
export const ticks: Effect.Effect<number> = Effect.clockWith((clock) => Effect.succeed(fromClock(clock)))

/**
 * What a clock shows now, for one decision; `note` hears its steps, `brief` without what would have allowed a denial;
 * `once` is what was said on behalf of the request, where it is decided in several passes.
 */
export const nowOf = (clock: Clock.Clock, note?: Now["note"], brief = false, once?: Once): Now => ({
  time: clock.currentTimeMillisUnsafe(),
  ticks: fromClock(clock),
  note,
  brief,
  once
})

/** The moment of the running fiber, where nobody listens. */
export const now: Effect.Effect<Now> = Effect.clockWith((clock) => Effect.succeed(nowOf(clock)))
