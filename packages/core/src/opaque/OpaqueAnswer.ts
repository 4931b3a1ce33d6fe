/**
 * What an issuer said about an opaque token, and the checks that every such
 * answer must pass.
 *
 * A clear no is a refusal (401); an issuer that did not answer, or not as the
 * protocol says, is unavailable (503). Neither is ever an identity (RULES D43,
 * threat D06).
 */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { IssuerProfile } from "../issuer/Issuer.ts"
import type { OutboundFailed } from "../issuer/Outbound.ts"
import type { JsonObject } from "../Json.ts"
import type { Claims } from "../token/Claims.ts"
import { IssuerUnavailable, type RefusalReason, TokenRefused } from "../token/Refusal.ts"
import * as TokenClaims from "../token/TokenClaims.ts"

/** How an answer about a token ends. */
export type Verdict<A> = Effect.Effect<A, TokenRefused | IssuerUnavailable>

/** The token is not believed. */
export const refuse = (reason: RefusalReason, facts: TokenRefused["facts"]): Exit.Exit<never, TokenRefused> =>
  Exit.fail(new TokenRefused({ reason, facts }))

/** The issuer did not answer, or not as it must; `retryAfter` in seconds. */
export const unavailable = (
  { id }: IssuerProfile,
  error: string,
  retryAfter = 1
): Exit.Exit<never, IssuerUnavailable> => Exit.fail(new IssuerUnavailable({ issuer: id, retryAfter, facts: { error } }))

/** An exchange that failed. */
export const noAnswer = (profile: IssuerProfile, endpoint: string) => (failed: OutboundFailed) =>
  new IssuerUnavailable({
    issuer: profile.id,
    retryAfter: 1,
    facts: { error: `${endpoint} ${failed.reason}: ${failed.detail}` }
  })

/** Seconds in a `Retry-After` header, 1 to 60. */
export const retryAfterOf = (header: string | undefined): number =>
  header !== undefined && /^\d{1,4}$/.test(header) ? Math.min(Math.max(Number(header), 1), 60) : 1

/**
 * Believes an answer as claims. The issuer has judged the life of the token, so
 * an end is not needed; one that is named ends it without skew (threat D04).
 * Bound tokens and required claims are judged as in a signed token (RULES D36, D51).
 */
export const believe = (
  profile: IssuerProfile,
  payload: JsonObject,
  time: number,
  verifiedBy: Extract<Claims["verifiedBy"], { readonly _tag: "Introspection" | "UserInfo" }>
): Result.Result<Claims, TokenRefused> => {
  const { exp, iss } = payload
  if (iss !== undefined && profile.iss !== undefined && iss !== profile.iss) {
    return Result.fail(new TokenRefused({ reason: "issuer", facts: { expected: profile.iss } }))
  }
  const judged = { ...profile, audiences: undefined, accessOnly: false, expiryRequired: false, maxLifetime: undefined }
  return Result.flatMap(TokenClaims.check(judged, payload, time), () => {
    const expiresAt = typeof exp === "number" ? exp * 1000 : undefined
    return expiresAt !== undefined && expiresAt <= time
      ? Result.fail(new TokenRefused({ reason: "inactive", facts: { exp: expiresAt / 1000, now: time / 1000 } }))
      : Result.succeed({ issuer: profile, payload, expiresAt, verifiedBy })
  })
}
