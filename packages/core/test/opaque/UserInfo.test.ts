import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { OpaqueToken } from "../../src/opaque/OpaqueToken.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { makeKey, signAnything } from "../../src/testing/Issuer.ts"
import { now, settings } from "../support/KeyStoreWorld.ts"
import { A, outcome, over, tokenOf, world } from "../support/OpaqueWorld.ts"

const configured = { opaque: { userinfo: { url: `${A}/userinfo` } } }
const discovered = { opaque: { userinfo: true } }
const openId = "/.well-known/openid-configuration"

/** Issuer A with these members in its discovery document, and a UserInfo endpoint that behaves. */
const discovering = (members: object, behaviour: Hostile.Behaviour) => {
  const issuer = Hostile.HostileIssuer.make(A, []).on("/userinfo", behaviour)
    .on(openId, Hostile.json({ issuer: A, jwks_uri: `${A}/keys`, ...members }))
  return { issuer, live: over([settings(A, discovered)], [issuer]) }
}

describe("OpaqueToken with UserInfo (OpenID Connect Core 5.3)", () => {
  it.effect("takes the token of a person, with the claims of the answer, and sends it as a bearer token", () => {
    const { issuer, live } = world(configured, Hostile.json({ sub: "u-1", groups: ["red"] }))
    return Effect.gen(function*() {
      const claims = yield* (yield* OpaqueToken).verify("t-1", yield* now)
      assert.deepStrictEqual(claims.payload["groups"], ["red"])
      assert.deepStrictEqual(claims.verifiedBy, { _tag: "UserInfo" })
      assert.deepStrictEqual(
        issuer.hits.filter(({ path }) => path === "/userinfo").map(({ request }) => tokenOf(request)),
        ["t-1"]
      )
    }).pipe(Effect.provide(live))
  })

  it.effect.each(
    [
      ["{}", Hostile.json({}), "userinfo"],
      ["sub 1", Hostile.json({ sub: 1 }), "userinfo"],
      ["an empty sub", Hostile.json({ sub: "" }), "userinfo"],
      ["a list as sub", Hostile.json({ sub: ["u-1"] }), "userinfo"],
      ["sub null", Hostile.json({ sub: null }), "userinfo"],
      ["HTML", Hostile.html, "userinfo"],
      ["an empty body", Hostile.empty, "userinfo"],
      ["an error with status 200", Hostile.json({ error: "invalid_token" }), "userinfo"],
      ["sub twice", Hostile.text("{\"sub\":\"u-1\",\"sub\":\"u-2\"}"), "userinfo"],
      ["the name of another issuer", Hostile.json({ sub: "u-1", iss: "https://b.idp.test" }), "issuer"],
      ["a JWT that is none", Hostile.text("x.y.z", "application/jwt"), "userinfo"],
      ["status 401", Hostile.status(401), "opaque_refused"],
      ["status 403", Hostile.status(403), "opaque_refused"],
      ["status 404", Hostile.status(404), "503"],
      ["status 500", Hostile.status(500), "503"],
      ["a redirect", Hostile.redirect("https://169.254.169.254/"), "503"],
      ["5 MB", Hostile.bomb(5_000_000), "503"],
      ["a connection that breaks", Hostile.refused, "503"]
    ] as const
  )("threat D06: %s is no identity", ([, behaviour, expected]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* outcome("t"), expected)
    }).pipe(Effect.provide(world(configured, behaviour).live)))

  it.effect("threat D06: silence for 30 s is 503 after 3 s", () =>
    Effect.gen(function*() {
      const waiting = yield* Effect.forkChild(outcome("t"))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(waiting), "503")
    }).pipe(Effect.provide(world(configured, Hostile.slow(30_000, Hostile.json({ sub: "u-1" }))).live)))

  it.effect("threat D06: a signed answer counts when a key of the issuer signed it, and not when another did", () =>
    Effect.gen(function*() {
      const good = yield* makeKey("ES256", "a-es")
      const evil = yield* makeKey("ES256", "a-es")
      const payload = { iss: A, sub: "u-1", aud: "gate" }
      const signed = yield* signAnything(good, { alg: "ES256", kid: "a-es" }, payload)
      const forged = yield* signAnything(evil, { alg: "ES256", kid: "a-es" }, payload)
      const unsigned = `${signed.split(".").slice(0, 2).join(".")}.`
      for (const [text, expected] of [[signed, "allowed"], [forged, "userinfo"], [unsigned, "userinfo"]] as const) {
        const issuer = Hostile.HostileIssuer.make(A, [good.publicJwk])
          .on("/userinfo", Hostile.text(text, "application/jwt; charset=utf-8"))
        assert.strictEqual(
          yield* outcome("t").pipe(Effect.provide(over([settings(A, configured)], [issuer]))),
          expected
        )
      }
    }))

  it.effect("asks the endpoint that discovery names, and reads the document once", () => {
    const { issuer, live } = discovering({ userinfo_endpoint: `${A}/userinfo` }, Hostile.json({ sub: "u-1" }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* outcome("t-1"), "allowed")
      const documents = issuer.count(openId)
      assert.strictEqual(yield* outcome("t-2"), "allowed")
      assert.strictEqual(issuer.count(openId), documents)
    }).pipe(Effect.provide(live))
  })

  it.effect.each(
    [
      ["none", {}],
      ["one on another host", { userinfo_endpoint: "https://other.test/userinfo" }],
      ["threat C08: a link-local one", { userinfo_endpoint: "https://169.254.169.254/userinfo" }],
      ["threat C08: one over http", { userinfo_endpoint: "http://a.idp.test/userinfo" }]
    ] as const
  )("is 503 when discovery names %s", ([, members]) => {
    const { issuer, live } = discovering(members, Hostile.json({ sub: "u-1" }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* outcome("t"), "503")
      assert.strictEqual(issuer.count("/userinfo"), 0)
    }).pipe(Effect.provide(live))
  })

  it.effect("is off unless enabled: `userinfo: false` asks nobody", () => {
    const { issuer, live } = world({ opaque: { userinfo: false } }, Hostile.json({ sub: "u-1" }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* outcome("t"), "opaque_refused")
      assert.strictEqual(issuer.count("/userinfo"), 0)
    }).pipe(Effect.provide(live))
  })

  it.effect("remembers an answer for `ttl`, 300 s unless said", () => {
    const { issuer, live } = world(configured, Hostile.json({ sub: "u-1" }))
    return Effect.gen(function*() {
      yield* outcome("t")
      yield* TestClock.adjust("299 seconds")
      yield* outcome("t")
      assert.strictEqual(issuer.count("/userinfo"), 1)
      yield* TestClock.adjust("2 seconds")
      yield* outcome("t")
      assert.strictEqual(issuer.count("/userinfo"), 2)
    }).pipe(Effect.provide(live))
  })

  it.effect("RULES D51: a required claim is required of an answer too", () => {
    const { live } = world({ ...configured, require: { tid: "ours" } }, Hostile.json({ sub: "u-1", tid: "theirs" }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* outcome("t"), "required_claim")
    }).pipe(Effect.provide(live))
  })
})
