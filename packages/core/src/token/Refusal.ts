/**
 * Why a token is not believed: a closed union of reasons with the facts an
 * operator needs.
 *
 * The caller sees one constant 401 body for all of them, except `expired` once
 * the signature is proven (threat E12). The facts go to the trace, the log and
 * the metric; they never hold the token or its signature.
 */
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"
import type { Code } from "../Errors.ts"
import type { Fact, FactsOf } from "../Step.ts"

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
  "claim_unreadable",
  "opaque_refused",
  "opaque_client",
  "inactive",
  "userinfo"
])
export type RefusalReason = typeof RefusalReason.Type

/** The token is not believed; `facts` are for the operator. */
export class TokenRefused extends Data.TaggedClass("TokenRefused")<{
  /** Why. */
  readonly reason: RefusalReason
  /** The values that were compared, for the operator. */
  readonly facts: FactsOf<"token">
}> {}

/** The issuer (keys, introspection or UserInfo) could not be asked; `retryAfter` in seconds. */
export class IssuerUnavailable extends Data.TaggedClass("IssuerUnavailable")<{
  /** The `id` of the issuer. */
  readonly issuer: string
  /** Seconds after which it may be tried again. */
  readonly retryAfter: number
  /** What went wrong, for the operator. */
  readonly facts: FactsOf<"token">
}> {}

/** What needs no escaping, as most texts of tokens. */
const plain = /^[ -~]*$/

/** Escapes characters that would break a line, hide text or are no text: controls, format characters, separators, lone surrogates. */
const escaped = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (it) => `\\u{${it.codePointAt(0)?.toString(16)}}`)

/** A text of a token as an operator may see it: escaped, and cut at `limit` characters. */
export const shownText = (text: string, limit = 64): string => {
  const cut = text.length > limit ? text.slice(0, limit) : text
  const shown = plain.test(cut) ? cut : escaped(cut)
  return cut === text ? shown : `${shown}…`
}

/**
 * A value of a token as an operator may see it: escaped, and cut at `limit` characters (names 64, values 256; threats
 * A08, B12). What is no text is shown by its type alone.
 */
export const shown = (value: unknown, limit = 64): Fact => {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value
  if (value === undefined) return "(absent)"
  if (Array.isArray(value)) {
    return value.length > 8
      ? [...value.slice(0, 8).map((it) => shown(it, limit)), "…"]
      : value.map((it) => shown(it, limit))
  }
  return typeof value === "string" ? shownText(value, limit) : `(${typeof value})`
}

/** What the caller sees of a refusal. */
export const codeOf = ({ reason }: TokenRefused): Code<401> => reason === "expired" ? "token_expired" : "invalid_token"
