/**
 * A contract as cases that any test runner can run: an effect that fails when
 * what it is run on breaks the contract, with what was expected.
 */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"

/** One case of a contract. */
export interface Case {
  /** What holds. */
  readonly title: string
  /** Fails when it does not. */
  readonly run: Effect.Effect<void, unknown>
}

/** Cases that need what is tested. */
export type Cases<R> = Readonly<Record<string, Effect.Effect<void, unknown, R>>>

/** The cases, each on a layer made for it. */
export const over = <R, E>(cases: Cases<R>, layer: () => Layer.Layer<R, E>): ReadonlyArray<Case> =>
  Object.entries(cases).map(([title, run]) => ({ title, run: Effect.provide(run, layer()) }))

/** A value as a message shows it. */
export const show = (value: unknown): string => JSON.stringify(value) ?? String(value)

/** Dies with both values unless they are equal. */
export const same = (actual: unknown, expected: unknown, what: string): Effect.Effect<void> =>
  Equal.equals(actual, expected)
    ? Effect.void
    : Effect.die(new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`))

/** How a look-up ends: `found`, or the tags of its errors. */
export const tagOf = <A, E extends { readonly _tag: string }, R>(
  look: Effect.Effect<A, E, R>
): Effect.Effect<string, never, R> =>
  Effect.map(Effect.exit(look), (exit) =>
    Exit.match(exit, {
      onSuccess: () => "found",
      onFailure: (cause) => cause.reasons.map((it) => it._tag === "Fail" ? it.error._tag : it._tag).join()
    }))
