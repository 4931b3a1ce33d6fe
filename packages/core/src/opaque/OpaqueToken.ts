/**
 * Asks an issuer about a token that is no JWT: introspection (RFC 7662) or
 * OIDC UserInfo, only where the issuer enables it.
 *
 * One issuer is responsible for a token, by its prefix, and nobody else sees
 * it. Answers are remembered by SHA-256 of the whole token, apart for each
 * issuer (threats D01, D02), never longer than the token lives (D04). Calls are
 * limited for each issuer; what is above the limit is 503, while answers that
 * are remembered go on (D07).
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { Cache, type CacheRegion } from "../cache/Cache.ts"
import { ticks } from "../cache/Ticks.ts"
import { type IssuerProfile, Issuers } from "../issuer/Issuer.ts"
import { type IssuerClient, make as makeClient } from "../issuer/IssuerClient.ts"
import { Outbound } from "../issuer/Outbound.ts"
import type { JsonObject } from "../Json.ts"
import { KeyStore } from "../keys/KeyStore.ts"
import type { Opaque } from "../Settings.ts"
import { Secrets } from "../settings/Secrets.ts"
import type { Claims } from "../token/Claims.ts"
import { type IssuerUnavailable, TokenRefused } from "../token/Refusal.ts"
import { Signature } from "../token/Signature.ts"
import type { Now } from "../Trace.ts"
import { make as makeIntrospection } from "./Introspection.ts"
import { refuse, unavailable, type Verdict } from "./OpaqueAnswer.ts"
import { make as makeUserInfo } from "./UserInfo.ts"

/** How long answers are remembered, in milliseconds, and how many of one issuer. */
const introspectionLife = 60_000
const refusalLife = 5_000
const capacity = 10_000

/** A token with the digest that stands for it in the cache. */
interface Asked {
  readonly digest: string
  readonly token: string
}

/** An answer, and until when it may be remembered (milliseconds from when it was asked for). */
interface Answer {
  readonly claims: Claims
  readonly life: number
}

/** One issuer that takes opaque tokens. */
interface Asker {
  readonly prefix: string
  readonly answers: CacheRegion<Asked, Answer, TokenRefused | IssuerUnavailable>
}

/** How an issuer is asked, and how long its answers count; introspection first, as it says for whom a token is. */
const methodOf = (
  { introspection, userinfo }: Opaque,
  profile: IssuerProfile,
  client: IssuerClient,
  secrets: Secrets["Service"],
  keys: KeyStore["Service"]
): { readonly ask: (token: string) => Verdict<Claims>; readonly life: number } | undefined =>
  introspection !== undefined
    ? { ask: makeIntrospection(introspection, profile, client, secrets), life: introspectionLife }
    : userinfo === undefined || userinfo === false
    ? undefined
    : userinfo === true
    ? { ask: makeUserInfo(undefined, profile, client, keys), life: 300_000 }
    : { ask: makeUserInfo(userinfo.url, profile, client, keys), life: userinfo.ttl }

/** Lets at most `rate` calls a second pass; a rate below one is one call in so many seconds. */
const makeRate = (rate: number) => {
  const calls = Math.max(1, Math.floor(rate))
  const span = (calls / rate) * 1000
  let recent: ReadonlyArray<number> = []
  return (now: number): boolean => {
    recent = recent.filter((at) => now - at < span)
    if (recent.length >= calls) return false
    recent = [...recent, now]
    return true
  }
}

const makeAsker = Effect.fnUntraced(function*(
  profile: IssuerProfile,
  opaque: Opaque,
  method: NonNullable<ReturnType<typeof methodOf>>,
  cache: Cache["Service"]
) {
  const mayAsk = makeRate(opaque.rate)
  const lookup = Effect.fnUntraced(function*({ token }: Asked) {
    const now = yield* ticks
    if (!mayAsk(now)) return yield* unavailable(profile, `more than ${opaque.rate} calls a second`)
    const claims = yield* method.ask(token)
    const elapsed = (yield* ticks) - now
    const left = claims.expiresAt === undefined ? Infinity : claims.expiresAt - (yield* Clock.currentTimeMillis)
    return { claims, life: Math.min(method.life, left + elapsed) }
  })
  const answers = yield* cache.region<Asked, Answer, TokenRefused | IssuerUnavailable>({
    name: `opaque:${profile.id}`,
    capacity,
    lookup,
    key: ({ digest }) => digest,
    timeToLive: (answer) =>
      answer._tag === "Success" ? answer.value.life : answer.error._tag === "TokenRefused" ? refusalLife : 0
  })
  return { prefix: opaque.prefix, answers }
})

/** The issuer responsible for a token: the longest prefix that fits; two that fit alike are nobody. */
const choose = (askers: ReadonlyArray<Asker>, token: string): Asker | undefined => {
  const fitting = askers.filter(({ prefix }) => token.startsWith(prefix))
  const longest = Math.max(...fitting.map(({ prefix }) => prefix.length))
  const chosen = fitting.filter(({ prefix }) => prefix.length === longest)
  return chosen.length === 1 ? chosen[0] : undefined
}

const nobody = refuse("opaque_refused", { cause: "no issuer takes this kind of token" })

/** Verifies tokens that are no JWT: their issuer is asked (RFC 7662, OpenID Connect's UserInfo). */
export class OpaqueToken extends Context.Service<OpaqueToken, {
  /** Asks the one issuer that is responsible for this token; answers are cached by SHA-256 of the whole token. */
  readonly verify: (token: string, now: Now) => Effect.Effect<Claims, TokenRefused | IssuerUnavailable>
}>()("@jotgate/core/OpaqueToken") {
  /** Asks the issuers whose settings enable it. */
  static readonly layer = Layer.effect(
    OpaqueToken,
    Effect.gen(function*() {
      const cache = yield* Cache
      const { all } = yield* Issuers
      const keys = yield* KeyStore
      const outbound = yield* Outbound
      const secrets = yield* Secrets
      const signature = yield* Signature
      const askers: Array<Asker> = []
      for (const profile of all) {
        const { opaque } = profile.settings
        if (opaque === undefined) continue
        const method = methodOf(opaque, profile, makeClient(outbound, secrets, profile.settings), secrets, keys)
        if (method !== undefined) askers.push(yield* makeAsker(profile, opaque, method, cache))
      }
      const verify = Effect.fnUntracedEager(function*(token: string, now: Now) {
        const asker = choose(askers, token)
        if (asker === undefined) return yield* nobody
        const digest = yield* signature.digest(token)
        return (yield* asker.answers.get({ digest, token }, now)).claims
      })
      return { verify }
    })
  )

  /** Refuses every token: for compositions without opaque tokens. */
  static readonly layerNone = Layer.succeed(OpaqueToken, { verify: () => nobody })

  /** Knows exactly these tokens, each with its payload, as the answers of one issuer. */
  static readonly layerTest = (issuer: IssuerProfile, tokens: Readonly<Record<string, JsonObject>>) =>
    Layer.succeed(OpaqueToken, {
      verify: (token) => {
        const payload = Object.hasOwn(tokens, token) ? tokens[token] : undefined
        return payload === undefined
          ? Exit.fail(new TokenRefused({ reason: "inactive", facts: {} }))
          : Exit.succeed({ issuer, payload, expiresAt: undefined, verifiedBy: { _tag: "Introspection" } })
      }
    })
}
