/**
 * Turns the text of a token into verified claims.
 *
 * Strict compact form before anything is parsed, then issuer, key, signature,
 * and claims, in that order (RULES D8). A token that is no JWT goes to
 * `OpaqueToken` and never the other way round (RULES D9).
 */
import { Context, type Effect } from "effect"
import type { Now } from "../Trace.ts"
import type { Claims } from "./Claims.ts"
import type { IssuerUnavailable, TokenRefused } from "./Refusal.ts"

export class Token extends Context.Service<Token, {
  /** Verifies one token; an `Exit` when the key is in memory and the signature check is synchronous. */
  readonly verify: (token: string, now: Now) => Effect.Effect<Claims, TokenRefused | IssuerUnavailable>
}>()("@jotgate/core/Token") {}
