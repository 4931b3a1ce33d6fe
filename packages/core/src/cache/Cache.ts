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
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as MemoryTier from "./CacheMemory.ts"
import { type CacheRegion, type CacheStats, CacheTier, type RegionOptions } from "./CacheRegion.ts"
import { ReadLog } from "./Reads.ts"

export type { CacheRegion, CacheStats, RegionOptions, SharedOptions } from "./CacheRegion.ts"
export { CacheTier }

/**
 * Makes bounded regions of remembered answers; all rows of a directory come out of one, so that it is known what a
 * decision rests on.
 */
export class Cache extends Context.Service<Cache, {
  /** Makes one region. */
  readonly region: <K, A, E>(options: RegionOptions<K, A, E>) => Effect.Effect<CacheRegion<K, A, E>>
  /** Where every region reports what it knew; absent when nothing is remembered. */
  readonly reads?: ReadLog
  /** What all regions together did since they were made. */
  readonly stats?: () => CacheStats
}>()("@jotgate/core/Cache") {
  /** Memory, over the second tier when one is provided. */
  static readonly layer = Layer.effect(
    Cache,
    Effect.gen(function*() {
      const scope = yield* Effect.scope
      const tier = yield* CacheTier
      const reads = new ReadLog()
      const made: Array<() => CacheStats> = []
      return {
        region: (options) =>
          Effect.sync(() => {
            const region = MemoryTier.make(options, scope, tier, reads)
            made.push(region.stats)
            return region
          }),
        reads,
        stats: () => {
          const sum = { hits: 0, misses: 0, stale: 0, evictions: 0 }
          for (const stats of made) {
            const { evictions, hits, misses, stale } = stats()
            sum.hits += hits
            sum.misses += misses
            sum.stale += stale
            sum.evictions += evictions
          }
          return sum
        }
      }
    })
  )

  /** Remembers nothing: every `get` is a look-up. */
  static readonly layerNoop = Layer.succeed(Cache, {
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
