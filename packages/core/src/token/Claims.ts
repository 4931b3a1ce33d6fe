/**
 * The payload of a verified token, plus the issuer it belongs to.
 *
 * Claims exist only after signature, issuer, audience and times were checked
 * (or after the issuer itself vouched for an opaque token), so whoever holds a
 * `Claims` need not ask again. The payload has no prototype: `__proto__` and
 * `constructor` are ordinary names in it.
 */
import type { IssuerProfile } from "../issuer/Issuer.ts"
import type { JsonObject } from "../Json.ts"

/** What a verified token says, and whose it is. */
export interface Claims {
  /** The issuer that the token belongs to. */
  readonly issuer: IssuerProfile
  /** What the token says. */
  readonly payload: JsonObject
  /** Unix milliseconds after which the token counts no more (without skew); `undefined` when it names no end. */
  readonly expiresAt: number | undefined
  /** How the token was verified, for trace and metric. */
  readonly verifiedBy:
    | {
      readonly _tag: "Signature"
      /** The algorithm of the signature. */
      readonly algorithm: string
      /** The id of the key; `undefined` when the token names none. */
      readonly kid: string | undefined
    }
    | { readonly _tag: "Introspection" }
    | { readonly _tag: "UserInfo" }
    /** Nobody proved it: a question about somebody. */
    | { readonly _tag: "Supposed" }
}
