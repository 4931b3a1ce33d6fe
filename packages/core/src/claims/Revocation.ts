/**
 * The deny list: by token id, by subject, by "issued before" of an issuer or a
 * subject, by key id.
 *
 * Revocation is by issuer and `jti`, never by token text (threat A15). The list
 * is small and held in memory; its epoch drops cached claims at once.
 */
import { Context, type Effect } from "effect"
import type { Claims } from "./Claims.ts"
import type { TokenRefused } from "./Refusal.ts"

/** One entry of the deny list; `issuer` is the `id` of the settings or the `iss` text. Times are Unix seconds. */
export interface Revoked {
  readonly issuer: string
  readonly jti?: string
  readonly subject?: string
  readonly issuedBefore?: number
  readonly kid?: string
  /** Unix seconds after which the entry is forgotten; `undefined`: never. */
  readonly expiresAt?: number
}

export class Revocation extends Context.Service<Revocation, {
  /** Refuses claims that an entry denies; `kid` is of the key that signed. */
  readonly check: (claims: Claims, timeMillis: number) => Effect.Effect<void, TokenRefused>
  /** Changes when the list changes. */
  readonly epoch: () => number
}>()("@jotgate/core/Revocation") {}
