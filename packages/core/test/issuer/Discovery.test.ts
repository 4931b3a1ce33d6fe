import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { urlsOf } from "../../src/issuer/Discovery.ts"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { look, publicKey, settings, store } from "../support/KeyStoreWorld.ts"

const A = "https://a.idp.test"
const B = "https://b.idp.test"
const openId = "/.well-known/openid-configuration"
const oauth = "/.well-known/oauth-authorization-server"
const key = publicKey("a-es")

/** Issuer A with a document of one's own, beside a sound issuer B and a listener that must see nobody. */
const world = (document: object, more: object = {}, canaryAt = "http://127.0.0.2:9") => {
  const a = Hostile.HostileIssuer.make(A, [key]).on(
    openId,
    Hostile.json({ issuer: A, jwks_uri: `${A}/keys`, ...document })
  )
  const b = Hostile.HostileIssuer.make(B, [publicKey("b-es")])
  const canary = Hostile.HostileIssuer.make(canaryAt, [key])
  return { a, canary, live: store([settings(A, more), settings(B)], [a, b, canary]) }
}

describe("Discovery", () => {
  it("asks below the issuer (OIDC Discovery 4.1), then in front of its path (RFC 8414 3.1)", () => {
    assert.deepStrictEqual(urlsOf("https://idp.test/realms/acme/"), [
      `https://idp.test/realms/acme${openId}`,
      `https://idp.test${oauth}/realms/acme`
    ])
    assert.deepStrictEqual(urlsOf("not a url"), [])
  })

  it.effect("reads RFC 8414 metadata when there is no OpenID document, in the same fetch", () => {
    const { a, live } = world({})
    a.on(openId, Hostile.status(404)).on(oauth, Hostile.json({ issuer: A, jwks_uri: `${A}/keys` }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
    }).pipe(Effect.provide(live))
  })

  it.effect.each(
    [
      ["another issuer", { issuer: B }],
      ["the issuer with a slash", { issuer: `${A}/` }],
      ["no issuer", { issuer: undefined }],
      ["keys over http", { jwks_uri: "http://a.idp.test/keys" }],
      ["keys on another host", { jwks_uri: "https://keys.idp.test/keys" }],
      ["keys on another port", { jwks_uri: "https://a.idp.test:8443/keys" }],
      ["keys inside the network", { jwks_uri: "http://127.0.0.2:9/keys" }],
      ["keys at a link-local address", { jwks_uri: "https://169.254.169.254/keys" }],
      ["keys behind user information", { jwks_uri: "https://a.idp.test@127.0.0.2:9/keys" }],
      ["no keys", { jwks_uri: undefined }],
      ["keys in a file", { jwks_uri: "file:///etc/keys" }],
      ["a link-local userinfo_endpoint", { userinfo_endpoint: "https://169.254.169.254/" }],
      ["a userinfo_endpoint that is no text", { userinfo_endpoint: 1 }]
    ] as const
  )("threat C08: a document with %s makes the issuer 503 and touches nobody else", ([, document]) => {
    const { canary, live } = world(document)
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a-es"), "503")
      assert.strictEqual(yield* look(B, "b-es"), "b-es")
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* look(A, "a-es"), "503")
      assert.strictEqual(canary.count(), 0)
      const [status] = yield* (yield* KeyStore).status
      assert.isFalse(status?.ready)
    }).pipe(Effect.provide(live))
  })

  it.effect("threat C08: what completes tokens gets them, so it must be on the issuer's own host", () => {
    const foreign = { userinfo_endpoint: "https://elsewhere.test/me" }
    const { canary, live } = world(foreign, { enrich: "userinfo" })
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a-es"), "503")
      assert.strictEqual(canary.count(), 0)
    }).pipe(Effect.provide(live))
  })

  it.effect("threat C08: a host in keys.hosts may hold the keys, with or without its port", () => {
    const other = "https://keys.idp.test:8443"
    const { a, live } = world({ jwks_uri: `${other}/keys` }, { keys: { hosts: ["keys.idp.test"] } }, other)
    assert.strictEqual(a.count(), 0)
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
    }).pipe(Effect.provide(live))
  })

  it.effect("threat C08: a listed host inside the network is refused for an issuer outside it", () => {
    const { canary, live } = world(
      { jwks_uri: "https://10.0.0.1/keys" },
      { keys: { hosts: ["10.0.0.1"] } },
      "https://10.0.0.1"
    )
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a-es"), "503")
      assert.strictEqual(canary.count(), 0)
    }).pipe(Effect.provide(live))
  })

  it.effect("an issuer on a loopback address may name keys on the same host over http", () => {
    const local = "http://127.0.0.1:8080"
    const issuer = Hostile.HostileIssuer.make(local, [key])
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(local, "a-es"), "a-es")
    }).pipe(Effect.provide(store([settings(local)], [issuer])))
  })

  it.effect("http: elsewhere than on loopback needs allowInsecure", () => {
    const plain = "http://idp.test"
    const issuer = Hostile.HostileIssuer.make(plain, [key])
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(plain, "a-es").pipe(Effect.provide(store([settings(plain)], [issuer]))), "503")
      assert.strictEqual(issuer.count(), 0)
      const lax = store([settings(plain, { allowInsecure: true })], [issuer])
      assert.strictEqual(yield* look(plain, "a-es").pipe(Effect.provide(lax)), "a-es")
    })
  })

  it.effect("threat C04: a redirect of the document or of the keys is not followed and is a failed fetch", () => {
    const canaryAt = "https://canary.test"
    const canary = Hostile.HostileIssuer.make(canaryAt, [key])
    const a = Hostile.HostileIssuer.make(A, [key]).on("/keys", Hostile.redirect(`${canaryAt}/keys`))
    const b = Hostile.HostileIssuer.make(B, [key]).on(openId, Hostile.redirect(`${canaryAt}${openId}`))
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a-es"), "503")
      assert.strictEqual(yield* look(B, "a-es"), "503")
      assert.strictEqual(canary.count(), 0)
    }).pipe(Effect.provide(store([settings(A), settings(B)], [a, b, canary])))
  })

  it.effect("the document is believed for an hour, and asked for again when its keys are gone", () => {
    const { a, live } = world({})
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      yield* TestClock.adjust("50 minutes")
      assert.strictEqual(a.count(openId), 1)
      a.on("/keys", Hostile.status(404)).on("/new", Hostile.json({ keys: [publicKey("moved")] }))
      a.on(openId, Hostile.json({ issuer: A, jwks_uri: `${A}/new` }))
      yield* TestClock.adjust("6 minutes")
      assert.strictEqual(yield* look(A, "moved"), "moved")
    }).pipe(Effect.provide(live))
  })
})
