/**
 * The keys of one issuer: its sources in their order, and what an unknown key
 * may cost.
 *
 * The first source that has the key wins, one that cannot be reached does not
 * stop the walk. An unknown key is refused (401) when the last fetch of every
 * source succeeded, in the pause after it too: otherwise a flood of invented
 * keys would raise our error rate. While a source fails it is 503, because the
 * key may be new (threats C01, C02).
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { ticks } from "../cache/Ticks.ts"
import type { IssuerProfile } from "../issuer/Issuer.ts"
import type { IssuerClient } from "../issuer/IssuerClient.ts"
import type { Secrets } from "../settings/Secrets.ts"
import { IssuerUnavailable, TokenRefused } from "../token/Refusal.ts"
import type { Signature } from "../token/Signature.ts"
import type { Now } from "../Trace.ts"
import { make as makeBudget } from "./KeyBudget.ts"
import type { KeyFleet } from "./KeyFleet.ts"
import type { VerificationKey } from "./KeySet.ts"
import { nameOf, reader, sourcesOf } from "./KeySource.ts"
import { describe, type FetchedBy, type KeySupply, make as makeSupply } from "./KeySupply.ts"
import type { SavedKeys } from "./SavedKeys.ts"

/** What is known about the keys of one issuer, for readiness and operators. */
export interface IssuerStatus {
  /** The `id` of the issuer. */
  readonly issuer: string
  /** Whether there are keys. */
  readonly ready: boolean
  /** The keys in use. */
  readonly keys: ReadonlyArray<{
    /** The id of the key; `null` when it has none. */
    readonly kid: string | null
    /** The algorithms that it may verify. */
    readonly algorithms: ReadonlyArray<string>
  }>
  /** Seconds since the set in use was fetched; `null` when there is none. */
  readonly ageSeconds: number | null
  /** Seconds until the next refresh. */
  readonly nextRefreshSeconds: number | null
  /** Why the last fetch failed; `null` when it did not. */
  readonly lastError: string | null
  /** Whether the set in use is past its life because the issuer cannot be reached. */
  readonly stale: boolean
  /** Members of the set that are no usable keys. */
  readonly skippedMembers: number
  /** Tokens refused because nobody knows their key. */
  readonly unknownKeys: number
}

/** What a token header says about its key. */
export interface KeyHeader {
  /** The algorithm of the token (`alg`). */
  readonly algorithm: string
  /** The id of its key; `undefined` when it names none. */
  readonly kid: string | undefined
}

type Found = Effect.Effect<ReadonlyArray<VerificationKey>, TokenRefused | IssuerUnavailable>

/** The keys of one issuer, as `KeyStore` hands them out. */
export interface IssuerKeys {
  readonly find: (header: KeyHeader, now: Now) => Found
  readonly epoch: () => number
  readonly status: (now: number) => IssuerStatus
  readonly refresh: Effect.Effect<void, IssuerUnavailable>
  readonly drop: (kid: string | undefined) => Effect.Effect<void>
}

/** Unknown keys held as such: at most so many, so long (milliseconds), each cut at so many characters. */
const maxUnknown = 1_000
const unknownFor = 30_000
const maxKid = 256

/** Most key ids named to the operator. */
const maxNamed = 20

/** Keys that the issuer was just asked for and does not have. */
const makeUnknown = () => {
  const until = new Map<string, number>()
  return {
    has: (key: string, now: number) => now < (until.get(key) ?? 0),
    add: (key: string, now: number) => {
      until.delete(key)
      const [oldest] = until.keys()
      if (until.size >= maxUnknown && oldest !== undefined) until.delete(oldest)
      until.set(key, now + unknownFor)
    },
    clear: () => until.clear()
  }
}

/** Starts the supplies of one issuer. */
export const make: (options: {
  readonly profile: IssuerProfile
  readonly client: IssuerClient
  readonly saved: SavedKeys["Service"]
  readonly fleet: KeyFleet
  readonly secrets: Secrets["Service"]
  readonly signature: Signature["Service"]
  readonly by: FetchedBy
}) => Effect.Effect<IssuerKeys, never, Scope.Scope> = Effect.fnUntraced(
  function*({ by, client, fleet, profile: { algorithms, id, settings }, saved, secrets, signature }) {
    const budget = makeBudget()
    const unknown = makeUnknown()
    let epoch = 0
    let unknownKeys = 0
    const supplies: ReadonlyArray<KeySupply> = yield* Effect.forEach(sourcesOf(settings), (source) =>
      makeSupply({
        issuer: id,
        source: nameOf(source),
        algorithms: settings.algorithms,
        life: settings.keys.life,
        stale: settings.keys.stale,
        durable: settings.keys.save,
        constant: source._tag === "Inline",
        read: reader(source, client, secrets),
        signature,
        saved,
        fleet,
        by,
        changed: () => {
          epoch += 1
          unknown.clear()
        }
      }))

    const select = (header: KeyHeader, now: number): ReadonlyArray<VerificationKey> => {
      for (const supply of supplies) {
        const found = supply.usable(now)?.select(header)
        if (found !== undefined && found.length > 0) return found
      }
      return []
    }

    const isDropped = (kid: string) => supplies.some((supply) => supply.isDropped(kid))

    /** Whether a set has this key for something else, or (without `kid`) several that fit: a fetch would not help. */
    const isMisused = ({ algorithm, kid }: KeyHeader, now: number): boolean =>
      supplies.some((supply) =>
        supply.usable(now)?.keys.some((one) => kid === undefined ? one.algorithms.includes(algorithm) : one.kid === kid)
      )

    const isUnavailable = (now: number) =>
      supplies.length === 0 || supplies.some((supply) => supply.isFailing() || supply.usable(now) === undefined)

    const unavailable = (now: number): IssuerUnavailable => {
      const failing = supplies.filter((supply) => supply.isFailing()).map((supply) => describe(supply, now))
      return new IssuerUnavailable({
        issuer: id,
        retryAfter: Math.max(1, ...failing.map(({ nextRefreshSeconds }) => nextRefreshSeconds ?? 30)),
        facts: {
          error: failing[0]?.lastError ?? (supplies.length === 0 ? "no source of keys is configured" : "no keys yet"),
          keyAgeSeconds: failing[0]?.ageSeconds ?? null
        }
      })
    }

    /** What a token with this key is told when nothing more is done for it. */
    const refuse = (header: KeyHeader, now: number): Exit.Exit<never, TokenRefused | IssuerUnavailable> => {
      const dropped = header.kid !== undefined && isDropped(header.kid)
      if (!dropped && isUnavailable(now)) return Exit.fail(unavailable(now))
      unknownKeys += 1
      const known = supplies.flatMap((supply) => supply.usable(now)?.keys ?? []).slice(0, maxNamed)
      return Exit.fail(
        new TokenRefused({
          reason: "unknown_key",
          facts: {
            kid: header.kid?.slice(0, maxKid) ?? null,
            algorithm: header.algorithm,
            dropped,
            known: known.map(({ algorithms, kid }) => `${kid ?? "(no kid)"} ${algorithms.join(" ")}`)
          }
        })
      )
    }

    const answer = (header: KeyHeader, now: number): Found => {
      const found = select(header, now)
      return found.length > 0 ? Exit.succeed(found) : miss(header, now)
    }

    /** Waits for each of the given ends in turn, and for no more once the key is there. */
    const awaitKey = Effect.fnUntraced(function*(header: KeyHeader, ends: ReadonlyArray<Effect.Effect<void>>) {
      for (const end of ends) {
        yield* end
        const found = select(header, yield* ticks)
        if (found.length > 0) return found
      }
      return []
    })

    /** Joins the fetches in flight, then judges as if the token came now. */
    const join = Effect.fnUntraced(function*(header: KeyHeader, flying: ReadonlyArray<KeySupply>) {
      const found = yield* awaitKey(header, flying.map((supply) => supply.settled))
      return found.length > 0 ? found : yield* decide(header, yield* ticks)
    })

    /** The fleet has fetched enough for now: what others fetched is all there is. */
    const adopt = Effect.fnUntraced(function*(header: KeyHeader, asked: ReadonlyArray<KeySupply>) {
      yield* Effect.forEach(asked, (supply) => supply.adopt, { discard: true })
      const now = yield* ticks
      const found = select(header, now)
      budget.settle(found.length > 0)
      if (found.length > 0) return found
      for (const supply of asked) supply.advance(now)
      return yield* refuse(header, now)
    })

    /** The one fetch that this token pays for. All sources start at once, so that a slow one costs its own time only. */
    const fetch = Effect.fnUntraced(function*(header: KeyHeader, key: string, asked: ReadonlyArray<KeySupply>) {
      if (!(yield* fleet.take(id))) return yield* adopt(header, asked)
      const ends = yield* Effect.forEach(asked, (supply) => supply.begin)
      const found = yield* awaitKey(header, ends)
      const now = yield* ticks
      budget.settle(found.length > 0)
      if (found.length > 0) return found
      // A source that could not be asked has proven nothing about the key.
      if (!isUnavailable(now)) unknown.add(key, now)
      return yield* refuse(header, now)
    })

    const decide = (header: KeyHeader, now: number): Found => {
      // An algorithm that the issuer does not allow costs nobody a fetch (threat A02).
      if (!algorithms.has(header.algorithm)) return refuse(header, now)
      const key = `${header.algorithm} ${header.kid === undefined ? "" : `=${header.kid.slice(0, maxKid)}`}`
      if (
        isUnavailable(now) || unknown.has(key, now) || isMisused(header, now) ||
        (header.kid !== undefined && isDropped(header.kid))
      ) {
        return refuse(header, now)
      }
      const askable = supplies.filter((supply) => supply.mayFetch(now))
      const spaced = askable.every((supply) => supply.isSpaced(now))
      if (askable.length > 0 && budget.take(now, key, spaced)) return fetch(header, key, askable)
      for (const supply of supplies) supply.advance(now)
      return refuse(header, now)
    }

    const miss = (header: KeyHeader, now: number): Found => {
      const flying = supplies.filter((supply) => supply.isPending() || (supply.isFetching() && !supply.isFailing()))
      return flying.length > 0 ? join(header, flying) : decide(header, now)
    }

    /** Sets that are due are refreshed by whoever comes first; all others go on with what is in memory. */
    const refreshed = Effect.fnUntraced(function*(header: KeyHeader, due: ReadonlyArray<KeySupply>) {
      yield* Effect.forEach(due, (supply) => supply.fetch, { concurrency: "unbounded", discard: true })
      return yield* answer(header, yield* ticks)
    })

    return {
      find: (header, { ticks: now }) => {
        const due = by === "callers" ? supplies.filter((supply) => supply.isDue(now)) : []
        return due.length === 0 ? answer(header, now) : refreshed(header, due)
      },
      epoch: () => epoch,
      status: (now) => {
        const all = supplies.map((supply) => describe(supply, now))
        const ages = all.flatMap(({ ageSeconds }) => ageSeconds ?? [])
        const refreshes = all.flatMap(({ nextRefreshSeconds }) => nextRefreshSeconds ?? [])
        const keys = all.flatMap((one) => one.keys)
        return {
          issuer: id,
          ready: keys.length > 0 || (supplies.length === 0 && settings.opaque !== undefined),
          keys,
          ageSeconds: ages.length === 0 ? null : Math.max(...ages),
          nextRefreshSeconds: refreshes.length === 0 ? null : Math.min(...refreshes),
          lastError: all.find(({ lastError }) => lastError !== null)?.lastError ?? null,
          stale: all.some(({ stale }) => stale),
          skippedMembers: all.reduce((sum, { skipped }) => sum + skipped, 0),
          unknownKeys
        }
      },
      refresh: Effect.gen(function*() {
        for (const supply of supplies) supply.restore()
        unknown.clear()
        yield* Effect.forEach(supplies, (supply) => supply.fetch, { concurrency: "unbounded", discard: true })
        const now = yield* ticks
        if (isUnavailable(now)) return yield* Effect.fail(unavailable(now))
      }),
      drop: (kid) => Effect.forEach(supplies, (supply) => supply.drop(kid), { discard: true })
    }
  }
)
