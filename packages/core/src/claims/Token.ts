/**
 * Turns the text of a token into verified claims.
 *
 * Strict compact form before anything is parsed, then issuer, type, algorithm, key, signature, and claims, in that
 * order (RULES D8). The issuer chooses the keys and the algorithms; the token only says which of them. A token that is
 * no JWT goes to `OpaqueToken` and never the other way round (RULES D9, threat D09).
 */
import { Context, Effect, Exit, Layer, Result } from "effect"
import type { Now } from "../Trace.ts"
import type { Claims } from "./Claims.ts"
import type { CompactToken } from "./CompactToken.ts"
import * as Compact from "./CompactToken.ts"
import { type IssuerProfile, Issuers } from "./Issuer.ts"
import { KeyStore } from "./KeyStore.ts"
import { OpaqueToken } from "./OpaqueToken.ts"
import { type IssuerUnavailable, type RefusalReason, shown, TokenRefused } from "./Refusal.ts"
import * as TokenClaims from "./TokenClaims.ts"

/** A bearer credential of any kind (RFC 6750 section 2.1). */
const b64token = /^[A-Za-z0-9._~+/-]+=*$/

/** Most dots of a token of any known form (an encrypted one has four). */
const maxDots = 4

const refuse = (reason: RefusalReason, facts: TokenRefused["facts"]): Exit.Exit<never, TokenRefused> =>
  Exit.fail(new TokenRefused({ reason, facts }))

/** Who issued the token: the exact `iss`, an absent one only for `issuer: any` (RULES D1). */
const issuerOf = (issuers: Issuers["Service"], { payload: { iss } }: CompactToken): IssuerProfile | undefined =>
  iss === undefined || typeof iss === "string" ? issuers.forIss(iss) : undefined

const isTyped = ({ types }: IssuerProfile, typ: string | undefined): boolean =>
  typ === undefined || types.has(typ.toLowerCase())

/** Checks JWTs against their issuer; needs no more than its issuers and their keys. */
const makeVerifyCompact = (issuers: Issuers["Service"], keys: KeyStore["Service"]) => {
  const headers = new Compact.KnownHeaders()
  return Effect.fnUntracedEager(
    function*(text: string, now: Now): Effect.fn.Return<Claims, TokenRefused | IssuerUnavailable> {
      const read = Compact.read(text, headers)
      if (Result.isFailure(read)) return yield* Exit.fail(read.failure)
      const token = read.success
      const { algorithm, kid, typ } = token.header
      const issuer = issuerOf(issuers, token)
      if (issuer === undefined) return yield* refuse("issuer", { found: shown(token.payload.iss, 256) })
      if (!isTyped(issuer, typ)) {
        return yield* refuse("type", { expected: [...issuer.types], found: shown(typ) })
      }
      const found = keys.find(issuer, token.header, now)
      if (!issuer.algorithms.has(algorithm)) {
        // An issuer without keys is 503 whatever its token says, so that is found out first.
        yield* Effect.catchTag(found, "TokenRefused", () => Exit.void)
        return yield* refuse("algorithm", { expected: [...issuer.algorithms], found: shown(algorithm) })
      }
      const fitting = yield* found
      for (const key of fitting) {
        if (yield* key.verify(token.signingInput, token.parts.signature)) {
          headers.add(token)
          const checked = TokenClaims.check(issuer, token.payload, now.time)
          if (Result.isFailure(checked)) return yield* Exit.fail(checked.failure)
          return {
            issuer,
            payload: token.payload,
            expiresAt: checked.success,
            verifiedBy: { _tag: "Signature", algorithm, kid: key.kid ?? kid }
          }
        }
      }
      return yield* refuse("signature", { issuer: issuer.id, algorithm, kid: shown(kid), keysTried: fitting.length })
    }
  )
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
        const verifyCompact = makeVerifyCompact(issuers, keys)
        const verify = (token: string, now: Now): Effect.Effect<Claims, TokenRefused | IssuerUnavailable> => {
          if (token.length > options.maxLength) {
            return refuse("too_long", { length: token.length, limit: options.maxLength })
          }
          if (Compact.isCompact(token)) return verifyCompact(token, now)
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
