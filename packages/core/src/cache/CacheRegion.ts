/**
 * One bounded region of the cache, as its users see it, and the second tier that may stand behind it.
 *
 * A region answers with an `Exit` when it remembers. A tier keeps texts for other processes; it never fails and is
 * never the reason for a refusal.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Now } from "../Trace.ts"
import type { Unchanged } from "./Reads.ts"

/** What a region did since it was made. */
export interface CacheStats {
  /** Answers that were remembered. */
  readonly hits: number
  /** Answers that were looked up. */
  readonly misses: number
  /** Answers served past their time because the look-up did not answer. */
  readonly stale: number
  /** Entries that made room for others. */
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
  /** What the region did since it was made. */
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
  /** The name, for metrics and in the second tier. */
  readonly name: string
  /** The most entries that are held. */
  readonly capacity: number
  /** Finds the answer for a key. */
  readonly lookup: (key: K) => Effect.Effect<A, E>
  /** Looks up several keys at once and answers in their order; without it `getMany` looks up one by one. */
  readonly lookupMany?: (keys: ReadonlyArray<K>) => Effect.Effect<ReadonlyArray<Exit.Exit<A, E>>, E>
  /** The map key of a key; must be injective. */
  readonly key: (key: K) => string
  /** How long an answer is fresh; 0 is not remembered. */
  readonly timeToLive: (
    answer:
      | {
        readonly _tag: "Success"
        /** What was found. */
        readonly value: A
      }
      | {
        readonly _tag: "Failure"
        /** Why nothing was. */
        readonly error: E
      }
  ) => number
  /** How much longer a success is served when the look-up fails in a way for which `isOutage` holds. */
  readonly staleOnError?: number
  /** Whether a failure says nothing about the answer. */
  readonly isOutage?: (error: E) => boolean
  /** What an outage is called of what failed otherwise (`known`) before, for as long as a success would be served. */
  readonly doubted?: (outage: E, known: E) => E
  /** When nothing was written that an answer could rest on, where that can be told: such a span makes none older. */
  readonly unchanged?: (() => Unchanged) | undefined
  /** Present when successes of this region may be kept in the second tier. */
  readonly shared?: SharedOptions<K, A>
}

/** The second tier: texts by key. It never fails and never takes long; what it cannot do it leaves undone. */
export interface CacheTier {
  /** The text under a key with its age in milliseconds. */
  readonly get: (key: string) => Effect.Effect<
    {
      /** What was kept. */
      readonly text: string
      /** How long ago it was kept, in milliseconds. */
      readonly age: number
    } | undefined
  >
  /** Keeps a text for `life` milliseconds. */
  readonly set: (key: string, text: string, life: number) => Effect.Effect<void>
  /** Forgets these keys. */
  readonly remove: (keys: ReadonlyArray<string>) => Effect.Effect<void>
}

/** The second tier of every region that is `shared`; absent by default. */
export const CacheTier = Context.Reference<CacheTier | undefined>("@jotgate/core/CacheTier", {
  defaultValue: () => undefined
})
