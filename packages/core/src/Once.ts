/**
 * What others have said on behalf of one request, which may be decided in several passes: nobody is asked the same again.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Answers by what was asked: who keeps one knows what it is. */
export type Once = Map<unknown, unknown>

/** The answer, kept when it comes later; one that is at hand is as quickly had again, and one that was interrupted says nothing. */
export const keepingLate = <A, E>(
  once: Once,
  key: unknown,
  answer: Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Exit.isExit(answer) ? answer : Effect.onExit(answer, (exit) =>
    Effect.sync(() => {
      if (!Exit.hasInterrupts(exit)) once.set(key, exit)
    }))

/** Asks, unless this was asked before; what is not said yet is an effect that has not begun, or one that another pass goes on with. */
export const asking = <A, E>(
  once: Once | undefined,
  key: unknown,
  isAnswer: (it: unknown) => it is Effect.Effect<A, E>,
  ask: () => Effect.Effect<A, E>
): Effect.Effect<A, E> => {
  if (once === undefined) return ask()
  const before = once.get(key)
  if (isAnswer(before)) return before
  const kept = keepingLate(once, key, ask())
  once.set(key, kept)
  return kept
}
