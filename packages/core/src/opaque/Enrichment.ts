/**
 * Completes a verified JWT with the claims that it lacks, from the issuer's
 * UserInfo (RULES D63): never instead of verification, and only for the same
 * `sub`.
 *
 * What says for whom, by whom and until when a token is stays the token's own.
 * An address and the flag that proves it come from one document: a flag of
 * UserInfo never speaks of another address than its own (RULES D57). Without an
 * answer nobody knows what the token lacks, so that is 503.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Cache, type CacheRegion } from "../cache/Cache.ts"
import { Issuers } from "../issuer/Issuer.ts"
import { make as makeClient } from "../issuer/IssuerClient.ts"
import { Outbound } from "../issuer/Outbound.ts"
import type { Json, JsonObject } from "../Json.ts"
import { KeyStore } from "../keys/KeyStore.ts"
import { normalizeMapping } from "../Settings.ts"
import * as Path from "../settings/ClaimPath.ts"
import { Secrets } from "../settings/Secrets.ts"
import type { Claims } from "../token/Claims.ts"
import { IssuerUnavailable, shown, TokenRefused } from "../token/Refusal.ts"
import { Signature } from "../token/Signature.ts"
import type { Now } from "../Trace.ts"
import { make as makeUserInfo } from "./UserInfo.ts"

type Failure = TokenRefused | IssuerUnavailable

/** How long an answer counts at most, in milliseconds, and how many of one issuer are remembered. */
const LIFE = 300_000
const CAPACITY = 10_000

/** Claims that only the token itself can say. */
const own: ReadonlySet<string> = new Set([
  "iss",
  "sub",
  "aud",
  "exp",
  "nbf",
  "iat",
  "jti",
  "azp",
  "client_id",
  "cnf",
  "act",
  "typ",
  "scope",
  "scp"
])

/** The claims of a token with what it lacks of an answer about the same person. */
export const completed = ({ issuer, payload }: Claims, answer: JsonObject): JsonObject => {
  const { email, emailVerified } = issuer.settings.claims
  const addresses = ["email", ...normalizeMapping(email)?.from ?? []].map((it) => Path.parse(it)[0] ?? "")
  const flags = new Set((emailVerified ?? []).map((it) => Path.parse(it)[0] ?? ""))
  // One of the token's own addresses is not the answer's: its flags are no words about it.
  const isAnother = addresses.some((it) => Object.hasOwn(payload, it) && payload[it] !== answer[it])
  const whole: Record<string, Json> = Object.assign(Object.create(null), payload)
  for (const [name, value] of Object.entries(answer)) {
    if (own.has(name) || (Object.hasOwn(payload, name) && !flags.has(name)) || (isAnother && flags.has(name))) continue
    whole[name] = value
  }
  // An address that came with the answer has no proof but the answer's.
  if (!isAnother && addresses.some((it) => Object.hasOwn(answer, it) && !Object.hasOwn(payload, it))) {
    for (const flag of flags) if (!Object.hasOwn(answer, flag)) delete whole[flag]
  }
  return whole
}

interface Asked {
  readonly digest: string
  readonly token: string
  readonly claims: Claims
}

interface Completion {
  /** The claims, completed where their issuer says so; an `Exit` where nothing is asked. */
  readonly complete: (claims: Claims, token: string, now: Now) => Effect.Effect<Claims, Failure>
}

const unavailable = (issuer: string, error: string, more: TokenRefused["facts"] = {}) =>
  new IssuerUnavailable({ issuer, retryAfter: 5, facts: { error: `userinfo: ${error}`, ...more } })

/** Without `layer` an issuer whose tokens are to be completed is out: nobody can be asked. */
export const Enrichment = Context.Reference<Completion>("@jotgate/core/Enrichment", {
  defaultValue: () => ({
    complete: (claims) =>
      claims.issuer.settings.enrich === null
        ? Effect.succeed(claims)
        : Effect.fail(unavailable(claims.issuer.id, "cannot be asked here"))
  })
})

/** Asks the UserInfo endpoint that discovery names, or the one of `opaque.userinfo`. */
export const layer = Layer.effect(
  Enrichment,
  Effect.gen(function*() {
    const cache = yield* Cache
    const { all } = yield* Issuers
    const keys = yield* KeyStore
    const outbound = yield* Outbound
    const secrets = yield* Secrets
    const signature = yield* Signature
    const answers = new Map<string, CacheRegion<Asked, Claims, Failure>>()
    for (const profile of all) {
      const { settings } = profile
      if (settings.enrich === null) continue
      const userinfo = settings.opaque?.userinfo
      const url = typeof userinfo === "object" ? userinfo.url : undefined
      const ask = makeUserInfo(url, profile, makeClient(outbound, secrets, settings), keys)
      const lookup = Effect.fnUntraced(function*({ claims, token }: Asked) {
        // A refused question is an answer about UserInfo, not about a token that was verified.
        const answer = yield* Effect.catchTag(
          ask(token),
          "TokenRefused",
          ({ facts, reason }) => Effect.fail(unavailable(profile.id, reason, facts))
        )
        const { sub } = answer.payload
        if (sub !== claims.payload["sub"]) {
          return yield* Effect.fail(new TokenRefused({ reason: "userinfo", facts: { sub: shown(sub) } }))
        }
        return { ...claims, payload: completed(claims, answer.payload) }
      })
      const region = yield* cache.region<Asked, Claims, Failure>({
        name: `enrich:${profile.id}`,
        capacity: CAPACITY,
        lookup: (asked) => lookup(asked),
        key: ({ digest }) => digest,
        timeToLive: (answer) => answer._tag === "Success" ? LIFE : 0
      })
      answers.set(profile.id, region)
    }
    return {
      complete: (claims, token, now) => {
        const region = answers.get(claims.issuer.id)
        return region === undefined || claims.verifiedBy._tag !== "Signature"
          ? Effect.succeed(claims)
          : Effect.flatMapEager(signature.digest(token), (digest) =>
            Effect.mapEager(
              region.get({ digest, token, claims }, now),
              ({ payload }) => ({ ...claims, payload })
            ))
      }
    }
  })
)
