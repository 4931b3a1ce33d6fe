/**
 * Remembers answers: bounded, single-flight, time to live by outcome, with a
 * synchronous hit.
 *
 * Ages count on the monotonic clock, from the moment at which a look-up began.
 * A hit is an `Exit`, so that a decision whose rows are all in memory never
 * suspends. A look-up belongs to the cache and not to the caller who happened
 * to come first, and an answer that was forgotten while it was looked up is
 * not kept. A second tier (Redis) is optional and never the reason for a
 * refusal.
 */
import { Context, Effect, type Exit, Layer } from "effect"
import type { Now } from "../Trace.ts"
import * as MemoryTier from "./CacheMemory.ts"
import { ReadLog } from "./Reads.ts"

/** What a region did since it was made. */
export interface CacheStats {
  readonly hits: number
  readonly misses: number
  /** Answers served past their time because the look-up did not answer. */
  readonly stale: number
  readonly evictions: number
}

/** One bounded region of the cache. */
export interface CacheRegion<K, A, E> {
  /** The remembered answer when it is fresh, as an `Exit`; otherwise one look-up that all callers of this key share. */
  readonly get: (key: K, now: Now) => Effect.Effect<A, E>
  /**
   * The answer for each key, in order: an `Exit` when all are fresh, otherwise one `lookupMany` for those that are
   * neither fresh nor being looked up already.
   */
  readonly getMany: (keys: ReadonlyArray<K>, now: Now) => Effect.Effect<ReadonlyArray<Exit.Exit<A, E>>>
  /** Forgets one key, in every tier. */
  readonly invalidate: (key: K) => void
  /** Forgets everything. */
  readonly clear: () => void
  /** Asks again before anything is served as fresh; what is known goes on in an outage, for its time. */
  readonly expire: () => void
  /** Number of entries held. */
  readonly size: () => number
  readonly stats: () => CacheStats
}

/** How the answers of a region travel through the second tier. */
export interface SharedOptions<K, A> {
  /** The text of an answer; it should carry the key and a schema version. */
  readonly encode: (value: A, key: K) => string
  /** The answer in a text, or `undefined` when it is not exactly an answer for this key (threat D10). */
  readonly decode: (text: string, key: K) => A | undefined
}

/** How a region behaves. Times in milliseconds. */
export interface RegionOptions<K, A, E> {
  readonly name: string
  readonly capacity: number
  readonly lookup: (key: K) => Effect.Effect<A, E>
  /** Looks up several keys at once and answers in their order; without it `getMany` looks up one by one. */
  readonly lookupMany?: (keys: ReadonlyArray<K>) => Effect.Effect<ReadonlyArray<Exit.Exit<A, E>>, E>
  /** The map key of a key; must be injective. */
  readonly key: (key: K) => string
  /** How long an answer is fresh; 0 is not remembered. */
  readonly timeToLive: (
    answer: { readonly _tag: "Success"; readonly value: A } | { readonly _tag: "Failure"; readonly error: E }
  ) => number
  /** How much longer a success is served when the look-up fails in a way for which `isOutage` holds. */
  readonly staleOnError?: number
  readonly isOutage?: (error: E) => boolean
  /** Present when successes of this region may be kept in the second tier. */
  readonly shared?: SharedOptions<K, A>
}

/** The second tier: texts by key. It never fails and never takes long; what it cannot do it leaves undone. */
export interface CacheTier {
  /** The text under a key with its age in milliseconds. */
  readonly get: (key: string) => Effect.Effect<{ readonly text: string; readonly age: number } | undefined>
  /** Keeps a text for `life` milliseconds. */
  readonly set: (key: string, text: string, life: number) => Effect.Effect<void>
  readonly remove: (keys: ReadonlyArray<string>) => Effect.Effect<void>
}

/** The second tier of every region that is `shared`; absent by default. */
export const CacheTier = Context.Reference<CacheTier | undefined>("@jotgate/core/CacheTier", {
  defaultValue: () => undefined
})

export class Cache extends Context.Service<Cache, {
  /** Makes one region. */
  readonly region: <K, A, E>(options: RegionOptions<K, A, E>) => Effect.Effect<CacheRegion<K, A, E>>
  /** Where every region reports what it knew; absent when nothing is remembered. */
  readonly reads?: ReadLog
}>()("@jotgate/core/Cache") {
  /** Memory, over the second tier when one is provided. */
  static readonly layer = Layer.effect(
    Cache,
    Effect.gen(function*() {
      const scope = yield* Effect.scope
      const tier = yield* CacheTier
      const reads = new ReadLog()
      return { region: (options) => Effect.sync(() => MemoryTier.make(options, scope, tier, reads)), reads }
    })
  )

  /** Remembers nothing: every `get` is a look-up. */
  static readonly layerNone = Layer.succeed(Cache, {
    region: <K, A, E>(options: RegionOptions<K, A, E>) =>
      Effect.succeed<CacheRegion<K, A, E>>({
        get: (key) => options.lookup(key),
        getMany: (keys) => Effect.forEach(keys, (key) => Effect.exit(options.lookup(key))),
        invalidate: () => {},
        clear: () => {},
        expire: () => {},
        size: () => 0,
        stats: () => ({ hits: 0, misses: 0, stale: 0, evictions: 0 })
      })
  })
}
