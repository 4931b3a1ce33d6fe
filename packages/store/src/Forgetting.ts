/**
 * Tells every process what of the directory changed, so that none goes on with
 * rows that are no longer true.
 *
 * A change is announced inside the transaction that makes it and delivered once
 * it is committed: here at once, elsewhere within two seconds. Whoever may have
 * missed something is told to be unsure: it asks again before it serves a row as
 * fresh, and keeps what it knows for the outage that may have been the reason.
 */
import { Context, Effect, Layer, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import { type Change, unsure } from "./Change.ts"

/** Forgets what a change names; `here`: it was made by this process. */
export type Listener = (change: Change, here: boolean) => void

export class Forgetting extends Context.Service<Forgetting, {
  /** Announces a change; inside a transaction it is part of it. */
  readonly announce: (change: Change) => Effect.Effect<void, SqlError.SqlError>
  /** Calls `listener` with each change of any process, until the scope closes. */
  readonly listen: (listener: Listener) => Effect.Effect<void, never, Scope.Scope>
  /** Delivers, in this process, a change that was heard of by another way. */
  readonly hear: (change: Change) => void
  /** Whether changes of other processes arrive; while they do not, rows age out by their time to live. */
  readonly isConnected: () => boolean
}>()("@jotgate/store/Forgetting") {
  /** One process alone: nobody else changes anything. */
  static readonly layerLocal = Layer.sync(Forgetting, () => {
    const { deliver, hear, listen } = makeListeners()
    return { announce: (change) => Effect.sync(() => deliver(change)), listen, hear, isConnected: () => true }
  })
}

/** The listeners of this process. */
export const makeListeners = () => {
  const listeners = new Set<Listener>()
  return {
    /** A change of this process. */
    deliver: (change: Change): void => {
      for (const listener of listeners) listener(change, true)
    },
    /** A change of another process. */
    hear: (change: Change): void => {
      for (const listener of listeners) listener(change, false)
    },
    /** Something may have been missed. */
    doubt: (): void => {
      for (const listener of listeners) listener(unsure, false)
    },
    listen: (listener: Listener): Effect.Effect<void, never, Scope.Scope> =>
      Effect.asVoid(Effect.acquireRelease(
        Effect.sync(() => listeners.add(listener)),
        () => Effect.sync(() => listeners.delete(listener))
      ))
  }
}
