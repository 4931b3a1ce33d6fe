/**
 * Deadlines that hold even when what they cut off takes its time to end.
 *
 * Interrupting a statement asks the server to cancel it and waits for the
 * answer; a server that hangs gives none. So the statement ends in the
 * background, and the caller goes on at once. The time of a statement counts
 * from when it has a connection: who waits in our own queue for one says
 * nothing about the database.
 */
import { type Context, type Duration, Effect, Exit, type Fiber } from "effect"

/** The event loop goes round once: what has arrived meanwhile is read. */
const turn = Effect.callback<void>((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

/**
 * A process that was busy for longer than a deadline finds its timer before the answer that has long been there, and
 * would refuse whoever asks of a healthy database: so what has arrived is read first.
 */
export const sleep = (duration: Duration.Input) => Effect.andThen(Effect.sleep(duration), Effect.andThen(turn, turn))

/** How long work may take. */
export interface Limits<B, E2> {
  /** Ends when it is late; counts from when it has begun. */
  readonly overdue: Effect.Effect<void>
  /** Ends when there is no use in waiting for its beginning any more. */
  readonly silence: Effect.Effect<void>
  /** How much longer it goes on when nobody waits for it any more, so that it is known how long it takes. */
  readonly linger?: Duration.Input
  /** What it comes to when it takes longer; not `hasBegun`: there was no connection. */
  readonly late: (hasBegun: boolean) => Effect.Effect<B, E2>
}

/** The outcome of work that says when it has begun, or that of `late`. */
export const onceBegun = <A, E, B, E2>(
  work: (begun: Effect.Effect<void>) => Effect.Effect<A, E>,
  { late, linger, overdue, silence }: Limits<B, E2>
): Effect.Effect<A | B, E | E2> =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.callback<A | B, E | E2>((resume) => {
      const run = Effect.runForkWith(context)
      let timer: Fiber.Fiber<void> | undefined
      let hasBegun = false
      const after = (wait: Effect.Effect<void>, then: () => void) => {
        timer?.interruptUnsafe()
        timer = run(wait)
        timer.addObserver((exit) => {
          if (Exit.isSuccess(exit)) then()
        })
      }
      const begun = Effect.sync(() => {
        hasBegun = true
        after(overdue, () => {
          resume(late(true))
          if (linger === undefined) working.interruptUnsafe()
          else after(sleep(linger), () => working.interruptUnsafe())
        })
      })
      const working: Fiber.Fiber<A, E> = run(work(begun))
      if (!hasBegun) {
        after(silence, () => {
          resume(late(false))
          working.interruptUnsafe()
        })
      }
      working.addObserver((exit) => {
        timer?.interruptUnsafe()
        resume(exit)
      })
      return Effect.sync(() => {
        working.interruptUnsafe()
        timer?.interruptUnsafe()
      })
    })
  )

/** The outcome of `self`, or that of `orElse` when there is none after `duration`. */
export const within = <A, E, B, E2>(
  self: Effect.Effect<A, E>,
  duration: Duration.Input,
  orElse: () => Effect.Effect<B, E2>
): Effect.Effect<A | B, E | E2> =>
  onceBegun((begun) => Effect.andThen(begun, self), { overdue: sleep(duration), silence: Effect.never, late: orElse })
