/**
 * The keys in use, one set per issuer.
 *
 * A key is looked up only in its issuer's own set (threats B03, B04). No caller
 * waits for a refresh when a set is in memory; an unknown `kid` costs one
 * budgeted fetch; a bad set never replaces a good one.
 */
import { Context, type Effect } from "effect"
import type { Now } from "../Trace.ts"
import type { IssuerProfile } from "./Issuer.ts"
import type { IssuerUnavailable, TokenRefused } from "./Refusal.ts"
import type { Verify } from "./Signature.ts"

/** A public key that fits one token header. */
export interface VerificationKey {
  readonly kid: string | undefined
  readonly algorithm: string
  readonly verify: Verify
}

/** What is known about the keys of one issuer, for readiness and operators. */
export interface IssuerStatus {
  readonly issuer: string
  readonly ready: boolean
  readonly keys: ReadonlyArray<{ readonly kid: string | null; readonly algorithms: ReadonlyArray<string> }>
  /** Seconds since the set in use was fetched; `null` when there is none. */
  readonly ageSeconds: number | null
  /** Seconds until the next refresh. */
  readonly nextRefreshSeconds: number | null
  readonly lastError: string | null
  /** Whether the set in use is past its life because the issuer cannot be reached. */
  readonly stale: boolean
  readonly skippedMembers: number
}

export class KeyStore extends Context.Service<KeyStore, {
  /**
   * The keys (one to four) that fit a token header, best first; an `Exit` when
   * the set is in memory. Refuses with `unknown_key` when the issuer has no such
   * key and answers; `IssuerUnavailable` while its sources fail.
   */
  readonly find: (
    issuer: IssuerProfile,
    header: { readonly algorithm: string; readonly kid: string | undefined },
    now: Now
  ) => Effect.Effect<ReadonlyArray<VerificationKey>, TokenRefused | IssuerUnavailable>
  /** Changes when the key set of this issuer changes: cached claims of another epoch are a miss. */
  readonly epoch: (issuer: string) => number
  /** One entry per issuer. */
  readonly status: Effect.Effect<ReadonlyArray<IssuerStatus>>
  /** Fetches the set of one issuer now, whatever its age and budget. */
  readonly refresh: (issuer: string) => Effect.Effect<void, IssuerUnavailable>
  /** Drops one key (or all) of an issuer at once, from memory and from the saved set. */
  readonly drop: (issuer: string, kid?: string) => Effect.Effect<void>
}>()("@jotgate/core/KeyStore") {}
