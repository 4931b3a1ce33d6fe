/**
 * The last net under the server: an exception or a rejection that no boundary
 * has caught ends nothing. It is logged and counted, and the process is not
 * ready until what was running at that moment is over.
 */
import { Effect, type Scope } from "effect"

/** Hands what nobody has caught to `wounded`, for as long as the scope lives. */
export const under = (wounded: (error: unknown) => void): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(
    Effect.sync(() => {
      process.on("uncaughtException", wounded)
      process.on("unhandledRejection", wounded)
    }),
    () =>
      Effect.sync(() => {
        process.off("uncaughtException", wounded)
        process.off("unhandledRejection", wounded)
      })
  ))
