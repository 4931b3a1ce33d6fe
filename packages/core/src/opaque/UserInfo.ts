/**
 * OIDC UserInfo (OpenID Connect Core 5.3): the issuer says whose token it is.
 *
 * It does not say for whom the token is meant, so it accepts tokens of any
 * client and is off unless an issuer enables it (threat D05). An answer counts
 * only with a `sub`; a signed one only when a key of the issuer signed it
 * (threat D06).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { now } from "../cache/Ticks.ts"
import { type Discovery, make as makeDiscovery, urlsOf } from "../issuer/Discovery.ts"
import type { IssuerProfile } from "../issuer/Issuer.ts"
import type { IssuerClient } from "../issuer/IssuerClient.ts"
import type { OutboundAnswer } from "../issuer/Outbound.ts"
import type { Reach } from "../issuer/Target.ts"
import type { JsonObject } from "../Json.ts"
import * as Json from "../Json.ts"
import { sourcesOf } from "../keys/KeySource.ts"
import type { KeyStore } from "../keys/KeyStore.ts"
import type { Claims } from "../token/Claims.ts"
import * as Compact from "../token/CompactToken.ts"
import { IssuerUnavailable, shown } from "../token/Refusal.ts"
import { believe, noAnswer, refuse, retryAfterOf, unavailable, type Verdict } from "./OpaqueAnswer.ts"

interface Endpoint {
  readonly url: string
  readonly reach: Reach
}

/** The discovery of an issuer: the one that names its keys, else the one below its name. */
const discoveryOf = (profile: IssuerProfile, client: IssuerClient): Discovery => {
  const source = sourcesOf(profile.settings).find(({ _tag }) => _tag === "Discovery")
  return makeDiscovery(client, source?._tag === "Discovery" ? source.urls : urlsOf(profile.settings.issuer))
}

/** Asks the UserInfo endpoint about one token; `url`: the configured endpoint, else the one that discovery names. */
export const make = (
  url: string | undefined,
  profile: IssuerProfile,
  client: IssuerClient,
  keys: KeyStore["Service"]
): (token: string) => Verdict<Claims> => {
  const discovery = discoveryOf(profile, client)

  const endpoint: Effect.Effect<Endpoint, IssuerUnavailable> = url !== undefined
    ? Effect.succeed({ url, reach: { _tag: "Configured" } })
    : discovery.get(false).pipe(
      Effect.mapError(({ detail }) =>
        new IssuerUnavailable({ issuer: profile.id, retryAfter: 1, facts: { error: detail } })
      ),
      Effect.flatMap(({ host, userInfo }) =>
        userInfo === undefined
          ? unavailable(profile, "discovery names no userinfo_endpoint", 30)
          : Effect.succeed({ url: userInfo, reach: { _tag: "Discovered", issuer: host } as const })
      )
    )

  /** The payload of a signed answer whose signature a key of the issuer made. */
  const readSigned = Effect.fnUntraced(function*(text: string) {
    const read = Compact.read(text)
    if (Result.isFailure(read)) return yield* refuse("userinfo", { cause: "not a signed answer" })
    const { header, parts, payload, signingInput } = read.success
    if (!profile.algorithms.has(header.algorithm)) {
      return yield* refuse("userinfo", { algorithm: shown(header.algorithm) })
    }
    for (const key of yield* keys.find(profile, header, yield* now)) {
      if (yield* key.verify(signingInput, parts.signature)) return payload
    }
    return yield* refuse("userinfo", { cause: "nobody known signed the answer" })
  })

  const readPayload = (answer: OutboundAnswer): Verdict<JsonObject> => {
    if (answer.type === "application/jwt") return readSigned(answer.text)
    const json = Json.parse(answer.text)
    return Result.isSuccess(json) && Json.isObject(json.success)
      ? Effect.succeed(json.success)
      : refuse("userinfo", { cause: "the answer is no JSON object" })
  }

  /** What is no 200: 400, 401 and 403 are about the token (RFC 6750 §3.1). */
  const unusual = (answer: OutboundAnswer): Verdict<never> =>
    answer.status === 400 || answer.status === 401 || answer.status === 403
      ? refuse("opaque_refused", { status: answer.status })
      : unavailable(profile, `userinfo status ${answer.status}`, retryAfterOf(answer.header("retry-after")))

  return Effect.fnUntraced(function*(token) {
    const place = yield* endpoint
    const answer = yield* Effect.mapError(
      client.ask({
        ...place,
        accept: "application/json, application/jwt",
        authorization: Redacted.make(`Bearer ${token}`)
      }),
      noAnswer(profile, "userinfo")
    )
    if (answer.status !== 200) return yield* unusual(answer)
    const payload = yield* readPayload(answer)
    const { sub } = payload
    if (typeof sub !== "string" || sub === "") return yield* refuse("userinfo", { sub: shown(sub) })
    return yield* Effect.fromResult(believe(profile, payload, yield* Clock.currentTimeMillis, { _tag: "UserInfo" }))
  })
}
