/**
 * Why a token is not believed: a closed union of reasons with the facts an
 * operator needs.
 *
 * The caller sees one constant 401 body for all of them, except `expired` once
 * the signature is proven (threat E12). The facts go to the trace, the log and
 * the metric; they never hold the token or its signature.
 */
import { Schema } from "effect"
import { Unauthenticated } from "../Errors.ts"
import type { Fact } from "../Trace.ts"

/** The causes of a 401. */
export const RefusalReason = Schema.Literals([
  "malformed",
  "too_long",
  "duplicate_member",
  "header",
  "critical_header",
  "type",
  "algorithm",
  "issuer",
  "unknown_key",
  "signature",
  "expired",
  "expiry",
  "not_yet_valid",
  "issued_in_future",
  "time_claim",
  "audience",
  "subject",
  "token_id",
  "token_kind",
  "confirmation",
  "required_claim",
  "revoked",
  "claim_type",
  "opaque_refused",
  "opaque_client",
  "inactive",
  "userinfo"
])
export type RefusalReason = typeof RefusalReason.Type

/** Facts for the operator, by name. */
const Facts = Schema.declare((it): it is { readonly [name: string]: Fact } => typeof it === "object" && it !== null)

/** The token is not believed; `facts` are for the operator. */
export class TokenRefused extends Schema.TaggedClass<TokenRefused>()("TokenRefused", {
  reason: RefusalReason,
  facts: Facts
}) {}

/** The issuer (keys, introspection or UserInfo) could not be asked; `retryAfter` in seconds. */
export class IssuerUnavailable extends Schema.TaggedClass<IssuerUnavailable>()("IssuerUnavailable", {
  issuer: Schema.String,
  retryAfter: Schema.Number,
  facts: Facts
}) {}

const expired = new Unauthenticated({ code: "token_expired" })
const invalid = new Unauthenticated({ code: "invalid_token" })

/** What the caller sees of a refusal. */
export const toDenial = (refused: TokenRefused): Unauthenticated => refused.reason === "expired" ? expired : invalid
