/**
 * Turns the text of a token into verified claims.
 *
 * Strict compact form before anything is parsed, then issuer, type, algorithm, key, signature, and claims, in that
 * order (RULES D8). The issuer chooses the keys and the algorithms; the token only says which of them. A token that is
 * no JWT goes to `OpaqueToken` and never the other way round (RULES D9, threat D09).
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { type IssuerProfile, Issuers } from "./issuer/Issuer.ts"
import { KeyStore, type VerificationKey } from "./keys/KeyStore.ts"
import { Enrichment } from "./opaque/Enrichment.ts"
import { OpaqueToken } from "./opaque/OpaqueToken.ts"
import type { Claims } from "./token/Claims.ts"
import type { CompactToken } from "./token/CompactToken.ts"
import * as Compact from "./token/CompactToken.ts"
import { type IssuerUnavailable, type RefusalReason, shown, TokenRefused } from "./token/Refusal.ts"
import * as TokenClaims from "./token/TokenClaims.ts"
import type { Now } from "./Trace.ts"

/** A bearer credential of any kind (RFC 6750 section 2.1). */
const b64token = /^[A-Za-z0-9._~+/-]+=*$/

/** Most dots of a token of any known form (an encrypted one has four). */
const maxDots = 4

const refuse = (reason: RefusalReason, facts: TokenRefused["facts"]): Exit.Exit<never, TokenRefused> =>
  Exit.fail(new TokenRefused({ reason, facts }))

/** Who issued the token: the exact `iss`, an absent one only for `issuer: any` (RULES D1). */
const issuerOf = (issuers: Issuers["Service"], { payload: { iss, tid } }: CompactToken): IssuerProfile | undefined =>
  iss === undefined || typeof iss === "string" ? issuers.forIss(iss, tid) : undefined

/** A grant that somebody redeems for a token, and none itself, whatever an issuer says of types (RULES D70). */
const grant = "oauth-id-jag+jwt"

const isTyped = ({ types }: IssuerProfile, typ: string | undefined): boolean =>
  typ === undefined || (types.has(typ.toLowerCase()) && typ.toLowerCase() !== grant)

type Verified = Effect.Effect<Claims, TokenRefused | IssuerUnavailable>

/** Checks JWTs against their issuer; needs no more than its issuers and their keys. Eager, so that memory answers with an `Exit`. */
const makeVerifyCompact = (issuers: Issuers["Service"], keys: KeyStore["Service"]) => {
  const headers = new Compact.KnownHeaders()
  const listed = shown(issuers.all.map(({ settings }) => settings.issuer), 256)

  /** What is left to judge when `key` has proven the signature. */
  const judge = (token: CompactToken, issuer: IssuerProfile, key: VerificationKey, now: Now): Verified => {
    headers.add(token)
    const checked = TokenClaims.check(issuer, token.payload, now.time)
    if (Result.isFailure(checked)) return Exit.fail(checked.failure)
    const { algorithm, kid } = token.header
    return Exit.succeed({
      issuer,
      payload: token.payload,
      expiresAt: checked.success,
      verifiedBy: { _tag: "Signature", algorithm, kid: key.kid ?? kid }
    })
  }

  /** Tries the keys in turn, beginning with the one at `index`. */
  const tryKeys = (
    token: CompactToken,
    issuer: IssuerProfile,
    fitting: ReadonlyArray<VerificationKey>,
    index: number,
    now: Now
  ): Verified => {
    const key = fitting[index]
    if (key === undefined) {
      const { algorithm, kid } = token.header
      return refuse("signature", { issuer: issuer.id, algorithm, kid: shown(kid), keysTried: fitting.length })
    }
    return Effect.flatMapEager(
      key.verify(token.signingInput, token.parts.signature),
      (genuine) => genuine ? judge(token, issuer, key, now) : tryKeys(token, issuer, fitting, index + 1, now)
    )
  }

  return (text: string, now: Now): Verified => {
    const read = Compact.read(text, headers)
    if (Result.isFailure(read)) return Exit.fail(read.failure)
    const token = read.success
    const { algorithm, typ } = token.header
    const issuer = issuerOf(issuers, token)
    if (issuer === undefined) return refuse("issuer", { expected: listed, found: shown(token.payload.iss, 256) })
    if (!isTyped(issuer, typ)) return refuse("type", { expected: [...issuer.types], found: shown(typ) })
    const found = keys.find(issuer, token.header, now)
    if (issuer.algorithms.has(algorithm)) {
      return Effect.flatMapEager(found, (fitting) => tryKeys(token, issuer, fitting, 0, now))
    }
    // An issuer without keys is 503 whatever its token says, so that is found out first.
    const refused = refuse("algorithm", { expected: [...issuer.algorithms], found: shown(algorithm) })
    const reached = Effect.catchEager(
      found,
      (error): Exit.Exit<void, IssuerUnavailable> => error._tag === "IssuerUnavailable" ? Exit.fail(error) : Exit.void
    )
    return Effect.flatMapEager(reached, () => refused)
  }
}

export class Token extends Context.Service<Token, {
  /** Verifies one token; an `Exit` when the key is in memory and the signature check is synchronous. */
  readonly verify: (token: string, now: Now) => Effect.Effect<Claims, TokenRefused | IssuerUnavailable>
}>()("@jotgate/core/Token") {
  /** Tokens of at most `maxLength` characters (CONFIG.md `limits.token`). */
  static readonly layerWith = (options: { readonly maxLength: number }) =>
    Layer.effect(
      Token,
      Effect.gen(function*() {
        const issuers = yield* Issuers
        const keys = yield* KeyStore
        const opaque = yield* OpaqueToken
        const { complete } = yield* Enrichment
        const verifyCompact = makeVerifyCompact(issuers, keys)
        const verify = (token: string, now: Now): Effect.Effect<Claims, TokenRefused | IssuerUnavailable> => {
          if (token.length > options.maxLength) {
            return refuse("too_long", { length: token.length, limit: options.maxLength })
          }
          if (Compact.isCompact(token)) {
            return Effect.flatMapEager(
              verifyCompact(token, now),
              (claims): Verified =>
                claims.issuer.settings.enrich === null ? Exit.succeed(claims) : complete(claims, token, now)
            )
          }
          return !b64token.test(token) || token.split(".").length - 1 > maxDots
            ? refuse("malformed", { cause: "no token" })
            : opaque.verify(token, now)
        }
        return { verify }
      })
    )

  /** Tokens of at most 16 kB. */
  static readonly layer = Token.layerWith({ maxLength: Compact.defaultMaxLength })
}
