import { assert, describe, it } from "@effect/vitest"
import { Cache } from "@jotgate/core/Cache"
import { Issuers } from "@jotgate/core/Issuer"
import { KeyStore } from "@jotgate/core/KeyStore"
import * as NodeSignature from "@jotgate/core/NodeSignature"
import { OpaqueToken } from "@jotgate/core/OpaqueToken"
import { SavedKeys } from "@jotgate/core/SavedKeys"
import { Secrets } from "@jotgate/core/Secrets"
import { Issuer } from "@jotgate/core/Settings"
import { fromClock } from "@jotgate/core/Ticks"
import { Token } from "@jotgate/core/Token"
import { type Clock, Effect, Layer, Schema } from "effect"
import * as NodeOutbound from "../src/platform/NodeOutbound.ts"
import { clientPem, type Resource, start } from "./support/OpenIdProvider.ts"

const secrets = Secrets.layerTest({
  "env:BASIC": "gate-basic: s3cret+%&=",
  "env:POST": "gate-post: s3cret+%&=",
  "env:WRONG": "wrong",
  "file:client.pem": clientPem
})

/** The whole way of a token against one issuer, over real sockets. */
const live = (issuer: string, more: object = {}) =>
  Token.layer.pipe(
    Layer.provide(OpaqueToken.layer),
    Layer.provideMerge(KeyStore.layer),
    Layer.provideMerge(
      Issuers.layer([Schema.decodeUnknownSync(Issuer)({ id: "op", issuer, audience: "llm-gateway", ...more })])
    ),
    Layer.provide([Cache.layer, NodeOutbound.layer, NodeSignature.layer, SavedKeys.layerMemory, secrets])
  )

const introspecting = (origin: string, more: object) => ({
  opaque: {
    introspection: {
      url: `${origin}/token/introspection`,
      clientId: "gate-basic",
      clientSecret: "env:BASIC",
      accept: { clients: ["llm-cli"], audiences: [] },
      ...more
    }
  }
})

/** Verifies a token; the subject (or the client), or how it was refused. */
const verify = Effect.fnUntraced(function*(token: string) {
  const tokens = yield* Token
  const now = yield* Effect.clockWith((clock: Clock.Clock) =>
    Effect.succeed({ time: clock.currentTimeMillisUnsafe(), ticks: fromClock(clock), note: undefined })
  )
  return yield* tokens.verify(token, now).pipe(
    Effect.map((claims) =>
      `${String(claims.payload["sub"] ?? claims.payload["client_id"])} by ${claims.verifiedBy._tag}`
    ),
    Effect.catchTag("TokenRefused", ({ reason }) => Effect.succeed(reason)),
    Effect.catchTag("IssuerUnavailable", () => Effect.succeed("503"))
  )
})

describe("an independent OpenID provider", () => {
  it.live.each(["urn:rs256", "urn:es256", "urn:ed25519", "urn:eddsa"] as const satisfies ReadonlyArray<Resource>)(
    "a JWT access token (RFC 9068) for %s is believed",
    (resource) =>
      Effect.gen(function*() {
        const provider = yield* start
        const token = yield* provider.machineToken(resource)
        assert.strictEqual(yield* verify(token).pipe(Effect.provide(live(provider.origin))), "llm-cli by Signature")
      })
  )

  it.live("a JWT for another audience is refused, and is asked for nowhere (RULES D9)", () =>
    Effect.gen(function*() {
      const provider = yield* start
      const token = yield* provider.machineToken("urn:other")
      const layer = live(provider.origin, introspecting(provider.origin, {}))
      assert.strictEqual(yield* verify(token).pipe(Effect.provide(layer)), "audience")
    }))

  it.live("a key is believed on first use after a rotation, and an old one until it leaves the set", () =>
    Effect.gen(function*() {
      const provider = yield* start
      yield* Effect.gen(function*() {
        const before = yield* provider.machineToken("urn:es256")
        assert.strictEqual(yield* verify(before), "llm-cli by Signature")
        yield* provider.rotate(true)
        const between = yield* provider.machineToken("urn:es256")
        assert.strictEqual(yield* verify(between), "llm-cli by Signature")
        assert.strictEqual(yield* verify(before), "llm-cli by Signature")
        yield* provider.rotate(false)
        const after = yield* provider.machineToken("urn:es256")
        assert.strictEqual(yield* verify(after), "llm-cli by Signature")
        assert.strictEqual(yield* verify(before), "unknown_key")
        yield* Effect.sync(() => provider.serve((_, response) => void response.destroy()))
        assert.strictEqual(yield* verify(after), "llm-cli by Signature")
      }).pipe(Effect.provide(live(provider.origin)))
    }))

  it.live.each(
    [
      ["client_secret_basic", { clientId: "gate-basic", clientSecret: "env:BASIC" }],
      ["client_secret_post", { clientId: "gate-post", clientSecret: "env:POST" }],
      ["private_key_jwt", { clientId: "gate-jwt", clientSecret: "file:client.pem" }]
    ] as const
  )(
    "introspection with %s: an opaque token of an accepted client is believed",
    ([method, more]) =>
      Effect.gen(function*() {
        const provider = yield* start
        const token = yield* provider.machineToken("urn:opaque")
        const layer = live(provider.origin, introspecting(provider.origin, { method, ...more }))
        assert.strictEqual(yield* verify(token).pipe(Effect.provide(layer)), "llm-cli by Introspection")
      })
  )

  it.live("introspection: unknown tokens and tokens for another audience are refused, our own wrong secret is 503", () =>
    Effect.gen(function*() {
      const provider = yield* start
      const byAudience = { accept: { clients: [], audiences: ["llm-gateway"] } }
      const layer = live(provider.origin, introspecting(provider.origin, byAudience))
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* verify(yield* provider.machineToken("urn:opaque")), "llm-cli by Introspection")
        assert.strictEqual(yield* verify(yield* provider.machineToken("urn:opaque-other")), "opaque_client")
        assert.strictEqual(yield* verify("a".repeat(43)), "inactive")
      }).pipe(Effect.provide(layer))
      const wrong = live(provider.origin, introspecting(provider.origin, { clientSecret: "env:WRONG" }))
      assert.strictEqual(yield* verify("a".repeat(43)).pipe(Effect.provide(wrong)), "503")
    }))

  it.live("UserInfo: the endpoint that discovery names says whose token it is", () =>
    Effect.gen(function*() {
      const provider = yield* start
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* verify(yield* provider.personToken("alice")), "alice by UserInfo")
        assert.strictEqual(yield* verify(yield* provider.machineToken("urn:opaque")), "opaque_refused")
        assert.strictEqual(yield* verify("a".repeat(43)), "opaque_refused")
      }).pipe(Effect.provide(live(provider.origin, { opaque: { userinfo: true } })))
    }))

  it.live("UserInfo: a signed answer is believed by the issuer's own keys", () =>
    Effect.gen(function*() {
      const provider = yield* start
      const token = yield* provider.personToken("alice", "signed-info")
      const layer = live(provider.origin, { opaque: { userinfo: { url: `${provider.origin}/me` } } })
      assert.strictEqual(yield* verify(token).pipe(Effect.provide(layer)), "alice by UserInfo")
    }))
})
