/**
 * The keys in use, one set per issuer.
 *
 * A key is looked up only in its issuer's own set (threats B03, B04). No caller
 * waits for a refresh when a set is in memory; an unknown `kid` costs one
 * budgeted fetch; a bad set never replaces a good one. Each issuer has its own
 * fibers, budget and memory, so one issuer's trouble never touches another's
 * tokens (reference figures: `KeyBudget`, `KeySupply`).
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { ticks } from "../cache/Ticks.ts"
import { type IssuerProfile, Issuers } from "../issuer/Issuer.ts"
import { make as makeClient } from "../issuer/IssuerClient.ts"
import { Outbound } from "../issuer/Outbound.ts"
import { Secrets } from "../settings/Secrets.ts"
import { IssuerUnavailable, TokenRefused } from "../token/Refusal.ts"
import { Signature } from "../token/Signature.ts"
import type { Now } from "../Trace.ts"
import { type IssuerKeys, type IssuerStatus, type KeyHeader, make as makeIssuerKeys } from "./IssuerKeys.ts"
import { KeyFleet } from "./KeyFleet.ts"
import { fromJson, type KeySet, prepare, type UsableKeys, type VerificationKey } from "./KeySet.ts"
import type { FetchedBy } from "./KeySupply.ts"
import { SavedKeys } from "./SavedKeys.ts"

export { Issuers } from "../issuer/Issuer.ts"
export { IssuerUnavailable, TokenRefused } from "../token/Refusal.ts"
export { SavedKeys } from "./SavedKeys.ts"

export type { IssuerStatus, KeyHeader, VerificationKey }

/** Verifies signatures with the keys of the trusted issuers, and keeps these fresh. */
export class KeyStore extends Context.Service<KeyStore, {
  /**
   * The keys (one to four) that fit a token header, best first; an `Exit` when
   * the set is in memory. Refuses with `unknown_key` when the issuer has no such
   * key and answers; `IssuerUnavailable` while its sources fail. `now.ticks` must
   * count as `Ticks` does.
   */
  readonly find: (
    issuer: IssuerProfile,
    header: KeyHeader,
    now: Now
  ) => Effect.Effect<ReadonlyArray<VerificationKey>, TokenRefused | IssuerUnavailable>
  /** Changes when the key set of this issuer changes: cached claims of another epoch are a miss. */
  readonly epoch: (issuer: string) => number
  /** One entry per issuer. */
  readonly status: Effect.Effect<ReadonlyArray<IssuerStatus>>
  /** Fetches the set of one issuer now, whatever its age and budget; keys dropped by hand may come back. */
  readonly refresh: (issuer: string) => Effect.Effect<void, IssuerUnavailable>
  /** Drops one key (or all) of an issuer at once, from memory and from the saved set. One key stays dropped until `refresh`. */
  readonly drop: (issuer: string, kid?: string) => Effect.Effect<void>
}>()("@jotgate/core/KeyStore") {
  /**
   * Keeps the keys of all `Issuers`. Building it waits for nobody: saved sets are in memory when it is built, everything
   * else is fetched in the background. Sets survive a rebuild through `SavedKeys`.
   */
  static readonly layer = Layer.effect(KeyStore, Effect.suspend(() => make("fiber")))

  /**
   * Keeps the keys of all `Issuers` without any work between requests: the first request that needs a set fetches it, and
   * one that finds it due refreshes it. For runtimes in which nothing may go on when a request is over.
   */
  static readonly layerOnDemand = Layer.effect(KeyStore, Effect.suspend(() => make("callers")))

  /** Knows the key sets (JWK Set documents by issuer `id`) that it is given, and no other; `refresh` brings dropped keys back. */
  static readonly layerMemory = (sets: Readonly<Record<string, unknown>>) =>
    Layer.effect(
      KeyStore,
      Effect.gen(function*() {
        const signature = yield* Signature
        const { all } = yield* Issuers
        const held = new Map<string, { readonly set: KeySet; usable: UsableKeys; epoch: number }>()
        for (const { id, settings } of all) {
          const set = fromJson(sets[id])
          if (Result.isFailure(set)) continue
          const usable = yield* prepare(set.success, signature, settings.algorithms)
          held.set(id, { set: set.success, usable, epoch: 0 })
        }
        const unavailable = (issuer: string) =>
          new IssuerUnavailable({ issuer, retryAfter: 30, facts: { error: "no keys" } })
        /** From now on these keys of its set are in use. */
        const use = Effect.fnUntraced(function*(issuer: string, isKept: (kid: string | undefined) => boolean) {
          const one = held.get(issuer)
          const { algorithms = [] } = all.find((it) => it.id === issuer)?.settings ?? {}
          if (one === undefined) return
          const keys = one.set.keys.filter((it) => isKept(it.kid))
          one.usable = yield* prepare({ ...one.set, keys }, signature, algorithms)
          one.epoch += 1
        })
        return {
          find: ({ id }, header) => {
            const keys = held.get(id)?.usable
            if (keys === undefined || keys.keys.length === 0) return Exit.fail(unavailable(id))
            const found = keys.select(header)
            return found.length > 0
              ? Exit.succeed(found)
              : Exit.fail(new TokenRefused({ reason: "unknown_key", facts: { kid: header.kid ?? null } }))
          },
          epoch: (issuer) => held.get(issuer)?.epoch ?? 0,
          status: Effect.sync(() =>
            all.map(({ id }) => {
              const usable = held.get(id)?.usable
              const keys = usable?.keys ?? []
              return {
                issuer: id,
                ready: keys.length > 0,
                keys,
                ageSeconds: null,
                nextRefreshSeconds: null,
                lastError: keys.length === 0 ? "no keys" : null,
                stale: false,
                skippedMembers: usable?.skipped.length ?? 0,
                unknownKeys: 0
              }
            })
          ),
          refresh: (issuer) => held.has(issuer) ? use(issuer, () => true) : Effect.fail(unavailable(issuer)),
          drop: (issuer, kid) => {
            const still = new Set(held.get(issuer)?.usable.keys.map((it) => it.kid ?? undefined))
            return use(issuer, (it) => kid !== undefined && it !== kid && still.has(it))
          }
        }
      })
    )
}

/** The keys of all `Issuers`. */
const make = Effect.fnUntraced(function*(by: FetchedBy): Effect.fn.Return<
  KeyStore["Service"],
  never,
  Issuers | Outbound | SavedKeys | Secrets | Signature | Scope.Scope
> {
  const { all } = yield* Issuers
  const outbound = yield* Outbound
  const saved = yield* SavedKeys
  const fleet = yield* KeyFleet
  const secrets = yield* Secrets
  const signature = yield* Signature
  const byId = new Map<string, IssuerKeys>()
  yield* Effect.forEach(
    all,
    (profile) =>
      Effect.map(
        makeIssuerKeys({
          profile,
          client: makeClient(outbound, secrets, profile.settings),
          saved,
          fleet,
          secrets,
          signature,
          by
        }),
        (keys) => byId.set(profile.id, keys)
      ),
    { concurrency: "unbounded", discard: true }
  )
  const unlisted = (issuer: string) =>
    new IssuerUnavailable({ issuer, retryAfter: 30, facts: { error: "not an issuer of this configuration" } })
  return {
    find: (issuer, header, now) => byId.get(issuer.id)?.find(header, now) ?? Exit.fail(unlisted(issuer.id)),
    epoch: (issuer) => byId.get(issuer)?.epoch() ?? 0,
    status: Effect.map(ticks, (now) => all.flatMap(({ id }) => byId.get(id)?.status(now) ?? [])),
    refresh: (issuer) => byId.get(issuer)?.refresh ?? Effect.fail(unlisted(issuer)),
    drop: (issuer, kid) => byId.get(issuer)?.drop(kid) ?? Effect.void
  }
})
