/**
 * Remembers verified tokens: the claims and the identity read from them.
 *
 * Keyed by SHA-256 of the whole token (threats D01, D03). An entry carries the
 * epochs of its issuer's key set and of the revocation list and is a miss when
 * one of them changed; it is never older than the token's `exp` or 60 s, counted
 * on the monotonic clock as well, and counts no earlier than it was made, should
 * the wall clock be set back. Refusals are not kept here, except that bad
 * signatures are remembered for 5 s with the same key set, so that a flood of one
 * costs a look-up.
 * Answers about opaque tokens are remembered by `OpaqueToken` alone.
 *
 * The memory is bounded in entries and in bytes, reckoned from the length of the
 * tokens, which callers choose; what has ended is swept out while others are
 * remembered, so that nothing waits for its token to come again.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Oldest } from "../cache/Oldest.ts"
import { makeTally, type Tally } from "../cache/Tally.ts"
import type { Identity } from "../Identity.ts"
import type { ClaimExtractor } from "../identity/ClaimExtractor.ts"
import type { KeyStore } from "../keys/KeyStore.ts"
import type { Policy } from "../rules/Policy.ts"
import type { Authority } from "../rules/TokenRules.ts"
import type { Token } from "../Token.ts"
import type { Claims } from "../token/Claims.ts"
import type { IssuerUnavailable, TokenRefused } from "../token/Refusal.ts"
import type { Revocation } from "../token/Revocation.ts"
import type { Signature } from "../token/Signature.ts"
import type { Now } from "../Trace.ts"
import { Decisions } from "./Decisions.ts"

/** A verified token with the identity read from it, and what that stands for under the rules. */
export interface VerifiedToken {
  readonly claims: Claims
  readonly identity: Identity
  readonly standing: Authority
  /** What was decided about this token; gone with the entry. */
  readonly decisions: Decisions
}

interface Entry {
  readonly answer: Exit.Exit<VerifiedToken>
  readonly issuer: string
  readonly keyEpoch: number
  readonly revocationEpoch: number
  /** Monotonic milliseconds until which the entry counts. */
  readonly until: number
  /** Unix milliseconds between which the token counts: since it was verified until it ends, skew included. */
  readonly since: number
  readonly expires: number
  /** What it is reckoned to hold, in bytes. */
  readonly size: number
}

interface Refusal {
  readonly answer: Exit.Exit<never, TokenRefused>
  readonly issuer: string | undefined
  readonly keyEpoch: number
  readonly until: number
}

const LIFE = 60_000
const REFUSAL_LIFE = 5_000
const MOST_REFUSALS = 1_000
/** All entries together, in bytes as they are reckoned. */
const LARGEST = 128 * 1024 * 1024
/** What an entry holds besides its claims, and how much more than in its token a claim takes as a value. */
const ENTRY = 2_048
const SPREAD = 4
/** How often what has ended is forgotten while nobody asks, in milliseconds. */
const SWEEP = 10_000
/** Entries that are looked at when one is added: two, so that the ended ones go at least as fast as others come. */
const SWEPT = 2

/** What it asks when it does not remember. */
export interface Sources {
  readonly signature: Signature["Service"]
  readonly token: Token["Service"]
  readonly extractor: ClaimExtractor["Service"]
  readonly keys: Pick<KeyStore["Service"], "epoch">
  readonly revocation: Revocation["Service"]
  readonly policy: Policy
}

/** Verifies a token, or remembers that it did; an `Exit` when it remembers. */
export type Verify = (token: string, now: Now) => Effect.Effect<VerifiedToken, TokenRefused | IssuerUnavailable>

const issuerOf = ({ facts: { issuer } }: TokenRefused): string | undefined =>
  typeof issuer === "string" ? issuer : undefined

/** `capacity`: entries kept; the oldest is dropped first. 0 remembers nothing. */
export const make = (
  { extractor, keys, policy, revocation, signature, token: tokens }: Sources,
  capacity: number,
  tally: Tally = makeTally()
): Verify => {
  const entries = new Map<string, Entry>()
  const oldest = new Oldest(entries)
  let size = 0
  /** Where the sweep has come to. */
  const sweep = new Oldest(entries)

  const forget = (digest: string, entry: Entry): void => {
    entries.delete(digest)
    size -= entry.size
  }

  /** Whether something has to go before so many bytes are added. */
  const isFull = (bytes: number): boolean => entries.size >= capacity || size + bytes > LARGEST

  /** Forgets some of what has ended, one round after the other. */
  const tidy = ({ ticks, time }: Now): void => {
    for (let i = 0; i < SWEPT; i++) {
      const next = sweep.next()
      if (next === undefined) return
      const [digest, entry] = next
      if (ticks >= entry.until || time >= entry.expires) forget(digest, entry)
    }
  }
  const refusals = new Map<string, Refusal>()

  let waits = false

  /** Sees to it that what has ended goes even when nobody asks any more. Keeps no process alive. */
  const sweepLater = (now: Now): void => {
    if (waits) return
    waits = true
    const timer: unknown = setTimeout(() => {
      waits = false
      // At least so much has passed; what is used meanwhile is looked at anyway.
      const then = { ticks: now.ticks + SWEEP, time: now.time + SWEEP, note: undefined }
      for (const [digest, entry] of entries) {
        if (then.ticks >= entry.until || then.time >= entry.expires) forget(digest, entry)
      }
      if (entries.size > 0) sweepLater(then)
    }, SWEEP)
    if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") {
      timer.unref()
    }
  }

  const remember = (
    token: string,
    digest: string,
    verified: VerifiedToken,
    epochs: readonly [number, number],
    now: Now
  ): void => {
    const { claims } = verified
    if (capacity === 0 || claims.verifiedBy._tag !== "Signature") return
    const expires = claims.expiresAt === undefined ? Infinity : claims.expiresAt + claims.issuer.skew
    tidy(now)
    const known = entries.get(digest)
    if (known !== undefined) forget(digest, known)
    const held = ENTRY + SPREAD * token.length
    if (!isFull(held)) oldest.rest()
    while (isFull(held)) {
      const next = oldest.next()
      if (next === undefined) break
      forget(...next)
    }
    size += held
    sweepLater(now)
    entries.set(digest, {
      size: held,
      answer: Exit.succeed(verified),
      issuer: claims.issuer.id,
      keyEpoch: epochs[0],
      revocationEpoch: epochs[1],
      until: now.ticks + Math.min(LIFE, expires - now.time),
      since: now.time,
      expires
    })
  }

  /** The epoch of an issuer's keys; of no issuer there are none that could change. */
  const epochOf = (issuer: string | undefined): number => issuer === undefined ? 0 : keys.epoch(issuer)

  const refuse = (digest: string, refused: TokenRefused, now: Now): Exit.Exit<never, TokenRefused> => {
    const answer = Exit.fail(refused)
    if (capacity > 0 && refused.reason === "signature") {
      if (refusals.size >= MOST_REFUSALS) refusals.clear()
      const issuer = issuerOf(refused)
      refusals.set(digest, { answer, issuer, keyEpoch: epochOf(issuer), until: now.ticks + REFUSAL_LIFE })
    }
    return answer
  }

  const recall = (digest: string, now: Now): Exit.Exit<VerifiedToken, TokenRefused> | undefined => {
    const entry = entries.get(digest)
    if (entry !== undefined) {
      if (
        now.ticks < entry.until && now.time >= entry.since && now.time < entry.expires &&
        keys.epoch(entry.issuer) === entry.keyEpoch &&
        revocation.epoch() === entry.revocationEpoch
      ) return entry.answer
      forget(digest, entry)
      return undefined
    }
    if (refusals.size === 0) return undefined
    const refusal = refusals.get(digest)
    if (refusal === undefined) return undefined
    if (now.ticks < refusal.until && epochOf(refusal.issuer) === refusal.keyEpoch) return refusal.answer
    refusals.delete(digest)
    return undefined
  }

  const claimsOf = (token: string, digest: string, now: Now): Effect.Effect<Claims, TokenRefused | IssuerUnavailable> =>
    Effect.catchEager(
      tokens.verify(token, now),
      (error): Exit.Exit<never, TokenRefused | IssuerUnavailable> =>
        error._tag === "TokenRefused" ? refuse(digest, error, now) : Exit.fail(error)
    )

  /** Who verified claims speak of and what that stands for, unless they are revoked. */
  const understood = (claims: Claims, isKnown: boolean, now: Now): ReturnType<Verify> =>
    Effect.flatMapEager(
      revocation.check(claims, now.time),
      () =>
        Effect.mapEager(
          extractor.extract(claims),
          (identity) => ({
            claims,
            identity,
            standing: policy.token.standing(identity),
            decisions: new Decisions(isKnown)
          })
        )
    )

  const verify = (token: string, digest: string, isKnown: boolean, now: Now): ReturnType<Verify> => {
    const revocationEpoch = revocation.epoch()
    return Effect.flatMapEager(claimsOf(token, digest, now), (claims) => {
      const keyEpoch = keys.epoch(claims.issuer.id)
      return Effect.mapEager(understood(claims, isKnown, now), (verified) => {
        remember(token, digest, verified, [keyEpoch, revocationEpoch], now)
        return verified
      })
    })
  }

  const byDigest = (token: string, digest: string, now: Now): ReturnType<Verify> => {
    const isKnown = entries.has(digest)
    const known = recall(digest, now)
    if (known !== undefined) {
      tally.hits++
      return known
    }
    tally.misses++
    return verify(token, digest, isKnown, now)
  }

  return (token, now) => Effect.flatMapEager(signature.digest(token), (digest) => byDigest(token, digest, now))
}
