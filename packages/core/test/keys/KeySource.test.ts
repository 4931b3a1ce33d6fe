import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { generateKeyPairSync } from "node:crypto"
import { Issuers } from "../../src/issuer/Issuer.ts"
import { nameOf, sourcesOf } from "../../src/keys/KeySource.ts"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { look, now, publicKey, settings, store } from "../support/KeyStoreWorld.ts"

const A = "https://a.idp.test"
const first = "https://first.idp.test"
const second = "https://second.idp.test"

describe("KeySource", () => {
  it("reads the sources of an issuer in their order; issuer any has no discovery of its own", () => {
    const inline = { keys: [publicKey("inline")] }
    const jwks = [`${A}/keys`, `${A}/.well-known/openid-configuration`, "file:keys.json", inline]
    assert.deepStrictEqual(sourcesOf(settings(A, { jwks })).map(({ _tag }) => _tag), [
      "Url",
      "Discovery",
      "File",
      "Inline"
    ])
    assert.deepStrictEqual(sourcesOf(settings(A)).map(nameOf), [`${A}/.well-known/openid-configuration`])
    assert.deepStrictEqual(sourcesOf(settings("any")), [])
    assert.deepStrictEqual(sourcesOf(settings("any", { jwks: `${A}/keys` })).map(nameOf), [`${A}/keys`])
  })

  it.effect("of several key URLs the first that has the kid wins", () => {
    const [one, two, three] = [publicKey("one"), publicKey("two"), publicKey("two")]
    const a = Hostile.HostileIssuer.make(first, [one, two])
    const b = Hostile.HostileIssuer.make(second, [three, publicKey("three")])
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "three"), "three")
      assert.strictEqual(yield* look(A, "two"), "two")
      assert.strictEqual(yield* look(A, "four"), "unknown_key")
      assert.strictEqual(a.count("/keys"), 2)
      assert.strictEqual(b.count("/keys"), 2)
    }).pipe(Effect.provide(store([settings(A, { jwks: [`${first}/keys`, `${second}/keys`] })], [a, b])))
  })

  it.effect("a key URL that cannot be reached does not stop the walk; an unknown kid is 503 while it fails", () => {
    const a = Hostile.HostileIssuer.make(first, []).all(Hostile.silent)
    const b = Hostile.HostileIssuer.make(second, [publicKey("b")])
    return Effect.gen(function*() {
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* look(A, "b"), "b")
      assert.strictEqual(yield* look(A, "other"), "503")
      a.on("/keys", Hostile.json({ keys: [publicKey("a")] }))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* look(A, "a"), "a")
      assert.strictEqual(yield* look(A, "other"), "unknown_key")
    }).pipe(Effect.provide(store([settings(A, { jwks: [`${first}/keys`, `${second}/keys`] })], [a, b])))
  })

  it.effect("a discovery document given as a key URL is read as one, also for issuer any", () => {
    const document = Hostile.HostileIssuer.make(first, [publicKey("a")])
    return Effect.gen(function*() {
      assert.strictEqual(yield* look("any", "a"), "a")
    }).pipe(Effect.provide(store([settings("any", { jwks: `${first}/.well-known/openid-configuration` })], [document])))
  })

  it.effect("keys in the settings answer at once and are never fetched", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "inline"), "inline")
      assert.strictEqual(yield* look(A, "other"), "unknown_key")
      yield* TestClock.adjust("7 days")
      const [profile] = (yield* Issuers).all
      if (profile === undefined) return assert.fail("no issuer")
      assert.isTrue(Exit.isExit((yield* KeyStore).find(profile, { algorithm: "ES256", kid: "inline" }, yield* now)))
      const [status] = yield* (yield* KeyStore).status
      assert.deepStrictEqual([status?.ready, status?.stale, status?.nextRefreshSeconds], [true, false, null])
    }).pipe(Effect.provide(store([settings(A, { jwks: { keys: [publicKey("inline")] } })], []))))

  it.effect("a file of keys is read again when it changes, and a broken one changes nothing", () => {
    const files: Record<string, string> = { "file:keys.json": JSON.stringify({ keys: [publicKey("one")] }) }
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "one"), "one")
      files["file:keys.json"] = JSON.stringify({ keys: [publicKey("one"), publicKey("two")] })
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* look(A, "two"), "two")
      files["file:keys.json"] = "{"
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* look(A, "two"), "two")
    }).pipe(Effect.provide(store([settings(A, { jwks: "file:keys.json" })], [], files)))
  })

  it.effect("a set behind a token is asked with it, read anew each time; nobody else is told it", () => {
    const files: Record<string, string> = { "file:token": "one\n" }
    const told = ({ hits }: Hostile.HostileIssuer) =>
      hits.map(({ request }) => request?.authorization === undefined ? "" : Redacted.value(request.authorization))
    const guarded = Hostile.HostileIssuer.make(first, []).on(
      "/keys",
      Hostile.chosen((_, request) =>
        request?.authorization === undefined ||
          Redacted.value(request.authorization) !== `Bearer ${files["file:token"]?.trim()}`
          ? Hostile.status(401)
          : Hostile.json({ keys: [publicKey("guarded")] })
      )
    )
    const open = Hostile.HostileIssuer.make(second, [publicKey("open")])
    const jwks = [{ url: `${first}/keys`, authorization: "file:token" }, `${second}/keys`]
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "guarded"), "guarded")
      assert.strictEqual(yield* look(A, "open"), "open")
      files["file:token"] = "two"
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* look(A, "guarded"), "guarded")
      assert.deepStrictEqual(new Set(told(guarded)), new Set(["Bearer one", "Bearer two"]))
      assert.deepStrictEqual(new Set(told(open)), new Set([""]))
    }).pipe(Effect.provide(store([settings(A, { jwks })], [guarded, open], files)))
  })

  it.effect("a set behind a token that cannot be read, or that is no longer taken, is 503", () => {
    const guarded = Hostile.HostileIssuer.make(first, []).on("/keys", Hostile.status(401))
    const jwks = (authorization: string) => ({ jwks: { url: `${first}/keys`, authorization } })
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a"), "503")
      assert.strictEqual(guarded.count("/keys"), 0)
      assert.strictEqual(yield* look("https://b.idp.test", "a"), "503")
      assert.isAbove(guarded.count("/keys"), 0)
    }).pipe(Effect.provide(store(
      [settings(A, jwks("file:missing")), settings("https://b.idp.test", jwks("file:token"))],
      [guarded],
      { "file:token": "old" }
    )))
  })

  it.effect("a public key in PEM stands for any kid", () => {
    const pem = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "pem" })
    return Effect.gen(function*() {
      const found = yield* look(A, "whatever")
      assert.strictEqual(found, "")
    }).pipe(Effect.provide(store([settings(A, { jwks: "file:key.pem" })], [], { "file:key.pem": String(pem) })))
  })

  it.effect("an issuer without any source of keys is 503", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* look("any", "a"), "503")
    }).pipe(Effect.provide(store([settings("any")], []))))

  it.effect("a certificate authority that cannot be read is a failed fetch", () => {
    const issuer = Hostile.HostileIssuer.make(A, [publicKey("a")])
    const trusting = settings(A, { tls: { ca: "file:ca.pem" } })
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a").pipe(Effect.provide(store([trusting], [issuer]))), "503")
      assert.strictEqual(issuer.count(), 0)
      const live = store([trusting], [issuer], { "file:ca.pem": "PEM" })
      assert.strictEqual(yield* look(A, "a").pipe(Effect.provide(live)), "a")
      assert.strictEqual(issuer.hits[0]?.request?.ca, "PEM")
    })
  })
})
