/**
 * What the claims of a token must say before anyone believes them (RFC 7519 section 4.1, RFC 8725, RFC 9068).
 *
 * Pure checks of one payload against one issuer, run after the signature (threats B06 to B13). The end of life comes
 * last, so `expired` means: everything else about this token was good. Times are numbers of seconds; text that looks
 * like one is refused, as is what no clock can show.
 */
import * as Result from "effect/Result"
import type { IssuerProfile } from "../issuer/Issuer.ts"
import type { Json, JsonObject } from "../Json.ts"
import * as Path from "../settings/ClaimPath.ts"
import { type RefusalReason, shown, TokenRefused } from "./Refusal.ts"

type Facts = TokenRefused["facts"]

/** The last second of the year 9999: a larger number is no time in seconds. */
const latest = 253_402_300_799

const refusal = (reason: RefusalReason, facts: Facts): TokenRefused => new TokenRefused({ reason, facts })

const isTime = (value: Json | undefined): value is number | undefined =>
  value === undefined || (typeof value === "number" && value >= 0 && value <= latest)

/** `null` counts as absent (RULES D11). */
const isAbsent = (value: Json | undefined): value is undefined | null => value === undefined || value === null

const checkAudience = ({ audiences, resources }: IssuerProfile, { aud }: JsonObject): TokenRefused | undefined => {
  if (audiences === undefined) return undefined
  const found = typeof aud === "string" ? [aud] : Array.isArray(aud) ? aud as ReadonlyArray<Json> : []
  return found.every((it) => typeof it === "string") && found.some((it) => audiences.has(it) || resources.has(it))
    ? undefined
    : refusal("audience", { expected: [...audiences].map((it) => shown(it)), found: shown(aud) })
}

/** Keycloak says `typ: ID`; others show an ID token by what only an ID token carries (OpenID Connect Core 2). */
const checkKind = (
  { accessOnly }: IssuerProfile,
  { at_hash, nonce, scope, typ }: JsonObject
): TokenRefused | undefined =>
  accessOnly && (typ === "ID" || ((!isAbsent(nonce) || !isAbsent(at_hash)) && isAbsent(scope)))
    ? refusal("token_kind", {
      expected: "access token",
      found: typ === "ID" ? "typ: ID" : "nonce or at_hash without scope"
    })
    : undefined

const checkConfirmation = ({ refusesConfirmation }: IssuerProfile, { cnf }: JsonObject): TokenRefused | undefined =>
  refusesConfirmation && !isAbsent(cnf)
    ? refusal("confirmation", {
      found: typeof cnf === "object" && !Array.isArray(cnf) ? shown(Object.keys(cnf)) : shown(cnf)
    })
    : undefined

const checkRequired = ({ required }: IssuerProfile, payload: JsonObject): TokenRefused | undefined => {
  for (const { name, path, proves, values } of required) {
    const found = proves === undefined || proves(payload) ? Path.read(path, payload) : undefined
    const holds = (it: Json | undefined): boolean =>
      (typeof it === "string" || typeof it === "number" || typeof it === "boolean") && values.has(it)
    if (!(Array.isArray(found) ? found.some(holds) : holds(found))) {
      return refusal("required_claim", {
        claim: shown(name),
        expected: [...values].map((it) => shown(it, 256)),
        found: shown(found, 256)
      })
    }
  }
  return undefined
}

/** When the token ends, in Unix seconds; `undefined`: never. */
const endOf = (profile: IssuerProfile, exp: number | undefined, iat: number | undefined): number | undefined =>
  exp ?? (iat === undefined || profile.maxLifetime === undefined ? undefined : iat + profile.maxLifetime / 1000)

const checkTimes = (profile: IssuerProfile, { exp, iat, nbf }: JsonObject, now: number): TokenRefused | undefined => {
  if (!isTime(exp) || !isTime(iat) || !isTime(nbf)) {
    return refusal("time_claim", { exp: shown(exp), iat: shown(iat), nbf: shown(nbf) })
  }
  const skew = profile.skew / 1000
  if (nbf !== undefined && nbf > now + skew) {
    return refusal("not_yet_valid", { nbf, now, difference: nbf - now, skew })
  }
  if (iat !== undefined && iat > now + skew) {
    return refusal("issued_in_future", { iat, now, difference: iat - now, skew })
  }
  if (exp === undefined) {
    return profile.expiryRequired
      ? refusal("expiry", { expected: "exp", found: shown(exp) })
      : undefined
  }
  if (iat !== undefined && iat > exp) return refusal("time_claim", { exp, iat, cause: "issued after its end" })
  if (profile.maxLifetime !== undefined) {
    // Without `iat` the life is counted from now, and the clocks may differ by the skew.
    const lifetime = iat === undefined ? exp - now - skew : exp - iat
    if (lifetime * 1000 > profile.maxLifetime) {
      return refusal("expiry", { exp, iat: shown(iat), now, lifetime, maxLifetime: profile.maxLifetime / 1000 })
    }
  }
  return undefined
}

/** `sub` and `jti` are texts whenever they are there; whether `sub` may be empty is for whom it is read by (RULES D8). */
const checkNames = ({ jti, sub }: JsonObject): TokenRefused | undefined =>
  sub !== undefined && typeof sub !== "string"
    ? refusal("subject", { found: shown(sub) })
    : jti !== undefined && typeof jti !== "string"
    ? refusal("token_id", { found: shown(jti) })
    : undefined

/**
 * Checks a payload whose signature was verified with a key of `profile`. `time` in Unix milliseconds. Answers when the
 * token ends, in Unix milliseconds (`undefined`: never), or why it is refused.
 */
export const check = (
  profile: IssuerProfile,
  payload: JsonObject,
  time: number
): Result.Result<number | undefined, TokenRefused> => {
  const now = time / 1000
  const refused = checkNames(payload) ?? checkAudience(profile, payload) ?? checkKind(profile, payload) ??
    checkConfirmation(profile, payload) ?? checkTimes(profile, payload, now) ?? checkRequired(profile, payload)
  if (refused !== undefined) return Result.fail(refused)
  const { exp, iat } = payload
  const end = endOf(profile, typeof exp === "number" ? exp : undefined, typeof iat === "number" ? iat : undefined)
  if (end === undefined) return Result.succeed(undefined)
  if (now >= end + profile.skew / 1000) {
    return Result.fail(refusal("expired", { exp: end, now, difference: end - now, skew: profile.skew / 1000 }))
  }
  return Result.succeed(end * 1000)
}
