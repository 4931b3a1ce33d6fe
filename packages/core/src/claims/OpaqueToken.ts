/**
 * Asks an issuer about a token that is no JWT: introspection (RFC 7662) or
 * OIDC UserInfo, only where the issuer enables it.
 */
import { Context, type Effect } from "effect"
import type { Now } from "../Trace.ts"
import type { Claims } from "./Claims.ts"
import type { IssuerUnavailable, TokenRefused } from "./Refusal.ts"

export class OpaqueToken extends Context.Service<OpaqueToken, {
  /** Asks the one issuer that is responsible for this token; answers are cached by SHA-256 of the whole token. */
  readonly verify: (token: string, now: Now) => Effect.Effect<Claims, TokenRefused | IssuerUnavailable>
}>()("@jotgate/core/OpaqueToken") {}
