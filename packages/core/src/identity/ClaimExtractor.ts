/**
 * Reads the identity out of verified claims, by the mapping of their issuer.
 */
import { Context, type Effect } from "effect"
import type { Claims } from "../claims/Claims.ts"
import type { TokenRefused } from "../claims/Refusal.ts"
import type { Identity } from "./Identity.ts"

export class ClaimExtractor extends Context.Service<ClaimExtractor, {
  /** Pure, so always an `Exit`; refuses with `claim_type` when `user`, `scope` or `roles` is of the wrong type (RULES D12). */
  readonly extract: (claims: Claims) => Effect.Effect<Identity, TokenRefused>
}>()("@jotgate/core/ClaimExtractor") {}
