/**
 * A deadline that holds even when what it cuts off takes its time to end.
 *
 * Interrupting a statement asks the server to cancel it and waits for the
 * answer; a server that hangs gives none. So the statement ends in the
 * background, and the caller goes on at once.
 */
import { type Duration, Effect, Fiber } from "effect"

/** The outcome of `self`, or that of `orElse` when there is none after `duration`. */
export const within = <A, E, B, E2>(
  self: Effect.Effect<A, E>,
  duration: Duration.Input,
  orElse: () => Effect.Effect<B, E2>
): Effect.Effect<A | B, E | E2> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.forkDetach(restore(self), { startImmediately: true }),
      (fiber) =>
        restore(Fiber.join(fiber)).pipe(
          Effect.timeoutOrElse({ duration, orElse }),
          restore,
          Effect.ensuring(Effect.sync(() => {
            if (fiber.pollUnsafe() === undefined) fiber.interruptUnsafe()
          }))
        )
    )
  )
