/**
 * Tells every process what of the directory changed, so that none goes on with
 * rows that are no longer true.
 *
 * A change is announced inside the transaction that makes it and delivered once
 * it is committed: here at once, elsewhere within two seconds. Whoever may have
 * missed something is told to be unsure: it asks again before it serves a row as
 * fresh, and keeps what it knows for the outage that may have been the reason.
 */
import type { Unchanged } from "@jotgate/core/Reads"
import { Context, Effect, Layer, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import { type Change, unsure } from "./Change.ts"

/** Forgets what a change names; `here`: it was made by this process. */
export type Listener = (change: Change, here: boolean) => void

/** Tells every process what changed, so that nobody goes on with what is remembered. */
export class Forgetting extends Context.Service<Forgetting, {
  /** Announces a change; inside a transaction it is part of it. */
  readonly announce: (change: Change) => Effect.Effect<void, SqlError.SqlError>
  /** Calls `listener` with each change of any process, until the scope closes. */
  readonly listen: (listener: Listener) => Effect.Effect<void, never, Scope.Scope>
  /** Who this process is, in the changes that it tells others. */
  readonly self: string
  /** Delivers, in this process, a change that was heard of; its own it has delivered already. */
  readonly hear: (change: Change) => void
  /** Adds a way by which changes of other processes arrive, and how to tell whether it is open. */
  readonly addWay: (isOpen: () => boolean) => void
  /** Whether changes of other processes arrive by some way; while they do not, rows age out by their time to live. */
  readonly isConnected: () => boolean
  /** When nobody at all wrote, announced or not, where the store can tell: no row is older for such a span. */
  readonly unchanged?: () => Unchanged
}>()("@jotgate/store/Forgetting") {
  /** One process alone: nobody else changes anything. */
  static readonly layerLocal = Layer.sync(Forgetting, () => {
    const { deliver, ...shared } = makeListeners(() => true)
    return { ...shared, announce: (change) => Effect.sync(() => deliver(change)) }
  })
}

/** The listeners of this process; `isOpen` tells whether the store's own way is open. */
export const makeListeners = (isOpen: () => boolean) => {
  const listeners = new Set<Listener>()
  const ways = [isOpen]
  const self = randomUUID()
  return {
    self,
    addWay: (way: () => boolean): void => {
      ways.push(way)
    },
    isConnected: (): boolean => ways.some((way) => way()),
    /** A change of this process. */
    deliver: (change: Change): void => {
      for (const listener of listeners) listener(change, true)
    },
    /** A change of another process. */
    hear: (change: Change): void => {
      if (change.by === self) return
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
