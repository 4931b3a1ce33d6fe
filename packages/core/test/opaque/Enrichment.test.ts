/** What a verified token lacks comes from UserInfo, about the same person alone (RULES D63). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result, Schema } from "effect"
import { Cache } from "../../src/cache/Cache.ts"
import { Issuers } from "../../src/issuer/Issuer.ts"
import type { JsonObject } from "../../src/Json.ts"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import * as Enrichment from "../../src/opaque/Enrichment.ts"
import { OpaqueToken } from "../../src/opaque/OpaqueToken.ts"
import { Issuer } from "../../src/Settings.ts"
import { Secrets } from "../../src/settings/Secrets.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { claimsOf, headerOf, makeKey, signAnything } from "../../src/testing/Issuer.ts"
import { Token } from "../../src/Token.ts"
import * as NodeSignature from "../../src/token/NodeSignature.ts"
import { now } from "../support/KeyStoreWorld.ts"

const A = "https://a.idp.test"

/** What a token comes out as when UserInfo behaves so: its claims, the reason of a refusal, or 503. */
const complete = Effect.fnUntraced(function*(
  claims: Readonly<Record<string, unknown>>,
  behaviour: Hostile.Behaviour,
  wired: "live" | "alone" = "live"
) {
  const key = yield* makeKey("ES256")
  const settings = Schema.decodeUnknownSync(Issuer)({
    id: "a",
    issuer: A,
    audience: "https://api.test",
    jwks: { keys: [key.publicJwk] },
    enrich: "userinfo",
    opaque: { userinfo: { url: `${A}/userinfo` } }
  })
  const issuer = Hostile.HostileIssuer.make(A, []).on("/userinfo", behaviour)
  const parts = Layer.mergeAll(OpaqueToken.layer, wired === "live" ? Enrichment.layer : Layer.empty).pipe(
    Layer.provideMerge(KeyStore.layerMemory({ a: { keys: [key.publicJwk] } })),
    Layer.provideMerge(Issuers.layer([settings])),
    Layer.provideMerge(Layer.mergeAll(
      Cache.layer,
      Hostile.layer(issuer),
      NodeSignature.layer,
      Secrets.layerTest({})
    ))
  )
  const at = yield* now
  const token = yield* signAnything(key, headerOf(key), claimsOf(A, at.time / 1000, claims))
  const answer = yield* Token.use((it) => Effect.andThen(Effect.result(it.verify(token, at)), it.verify(token, at)))
    .pipe(
      Effect.result,
      Effect.provide(Token.layer.pipe(Layer.provide(parts)))
    )
  const hits = issuer.hits.filter(({ path }) => path === "/userinfo").length
  const outcome: unknown = Result.isSuccess(answer)
    ? { ...answer.success.payload, hits }
    : answer.failure._tag === "TokenRefused"
    ? answer.failure.reason
    : "503"
  return outcome
})

const info = (answer: JsonObject) => Hostile.json({ sub: "u-1", ...answer })

describe("Enrichment", () => {
  it.effect("adds what is lacking, once for a token, and changes nothing that is there", () =>
    Effect.gen(function*() {
      const answer = {
        groups: ["red"],
        email: "ada@acme.test",
        email_verified: true,
        aud: "evil",
        scp: "admin",
        name: "B"
      }
      const found = yield* complete({ name: "A" }, info(answer))
      assert.deepInclude(found, {
        groups: ["red"],
        email: "ada@acme.test",
        email_verified: true,
        aud: "https://api.test",
        name: "A",
        hits: 1
      })
      assert.notProperty(found, "scp")
    }))

  it.effect("takes no proof for another address (RULES D57)", () =>
    Effect.gen(function*() {
      const proven = { email: "own@evil.test", email_verified: true }
      assert.notProperty(yield* complete({ email: "victim@acme.test" }, info(proven)), "email_verified")
      assert.deepInclude(yield* complete({ email: "own@evil.test" }, info(proven)), { email_verified: true })
      assert.deepInclude(
        yield* complete({ email_verified: true }, info({ email: "x@acme.test", email_verified: false })),
        {
          email: "x@acme.test",
          email_verified: false
        }
      )
      assert.notProperty(yield* complete({ email_verified: true }, info({ email: "x@acme.test" })), "email_verified")
    }))

  it.effect.each(
    [
      ["another person", Hostile.json({ sub: "u-2", groups: ["red"] }), "userinfo"],
      ["status 401", Hostile.status(401), "503"],
      ["status 403", Hostile.status(403), "503"],
      ["status 500", Hostile.status(500), "503"],
      ["no JSON", Hostile.html, "503"],
      ["a connection that breaks", Hostile.refused, "503"]
    ] as const
  )("%s completes nothing", ([, behaviour, expected]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* complete({}, behaviour), expected)
    }))

  it.effect("is out where nobody can be asked", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* complete({}, info({}), "alone"), "503")
    }))

  it.effect("asks nobody about a token that is not verified", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* complete({ aud: "other" }, info({})), "audience")
    }))
})
