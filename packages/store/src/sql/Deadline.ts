/**
 * A deadline that holds even when what it cuts off takes its time to end.
 *
 * Interrupting a statement asks the server to cancel it and waits for the
 * answer; a server that hangs gives none. So the statement ends in the
 * background, and the caller goes on at once.
 */
import { type Context, type Duration, Effect, Exit } from "effect"

/** The event loop goes round once: what has arrived meanwhile is read. */
const turn = Effect.callback<void>((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

/**
 * A process that was busy for longer than a deadline finds its timer before the answer that has long been there, and
 * would refuse whoever asks of a healthy database: so what has arrived is read first.
 */
const sleep = (duration: Duration.Input) => Effect.andThen(Effect.sleep(duration), Effect.andThen(turn, turn))

/** The outcome of `self`, or that of `orElse` when there is none after `duration`. */
export const within = <A, E, B, E2>(
  self: Effect.Effect<A, E>,
  duration: Duration.Input,
  orElse: () => Effect.Effect<B, E2>
): Effect.Effect<A | B, E | E2> =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.callback<A | B, E | E2>((resume) => {
      const run = Effect.runForkWith(context)
      const work = run(self)
      const timer = run(sleep(duration))
      const stop = () => {
        work.interruptUnsafe()
        timer.interruptUnsafe()
      }
      work.addObserver((exit) => {
        timer.interruptUnsafe()
        resume(exit)
      })
      timer.addObserver((exit) => {
        if (Exit.isFailure(exit)) return
        resume(orElse())
        work.interruptUnsafe()
      })
      return Effect.sync(stop)
    })
  )
