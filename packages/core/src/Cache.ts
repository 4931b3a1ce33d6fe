/**
 * Remembers answers: bounded, single-flight, time to live by outcome, with a
 * synchronous peek.
 *
 * Ages count on the monotonic clock. A hit is an `Exit`, so that a decision
 * whose rows are all in memory never suspends. A second tier (Redis) is
 * optional and never the reason for a refusal.
 */
import { Context, type Effect } from "effect"
import type { Now } from "./Trace.ts"

/** One bounded region of the cache. */
export interface CacheRegion<K, A, E> {
  /** The remembered answer when it is fresh, as an `Exit`; otherwise one look-up that all callers of this key share. */
  readonly get: (key: K, now: Now) => Effect.Effect<A, E>
  /** Forgets one key. */
  readonly invalidate: (key: K) => void
  /** Forgets everything. */
  readonly clear: () => void
  /** Number of entries held. */
  readonly size: () => number
}

/** How a region behaves. Times in milliseconds. */
export interface RegionOptions<K, A, E> {
  readonly name: string
  readonly capacity: number
  readonly lookup: (key: K) => Effect.Effect<A, E>
  /** The map key of a key; must be injective. */
  readonly key: (key: K) => string
  /** How long an answer is fresh; 0 is not remembered. */
  readonly timeToLive: (answer: { readonly _tag: "Success"; readonly value: A } | { readonly _tag: "Failure"; readonly error: E }) => number
  /** How much longer a success is served when the look-up fails in a way for which `isOutage` holds. */
  readonly staleOnError?: number
  readonly isOutage?: (error: E) => boolean
}

export class Cache extends Context.Service<Cache, {
  /** Makes one region. */
  readonly region: <K, A, E>(options: RegionOptions<K, A, E>) => Effect.Effect<CacheRegion<K, A, E>>
}>()("@jotgate/core/Cache") {}
