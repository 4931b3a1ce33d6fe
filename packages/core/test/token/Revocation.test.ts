import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { compile } from "../../src/issuer/Issuer.ts"
import type { JsonObject } from "../../src/Json.ts"
import type { Claims } from "../../src/token/Claims.ts"
import { Revocation } from "../../src/token/Revocation.ts"
import { RevocationRepo, RevocationsUnavailable, Revoked } from "../../src/token/RevocationRepo.ts"
import { settings } from "../support/KeyStoreWorld.ts"

const A = "https://a.idp.test"
const profile = compile(settings(A, { id: "a" }))

const claims = (payload: JsonObject = {}, kid: string | null = "k-1"): Claims => ({
  issuer: profile,
  payload: { iss: A, sub: "u-1", jti: "t-1", iat: 1_000, ...payload },
  expiresAt: undefined,
  verifiedBy: { _tag: "Signature", algorithm: "ES256", kid: kid ?? undefined }
})

const isDenied = (it: Claims, time = 2_000_000) =>
  Revocation.use((revocation) => revocation.check(it, time)).pipe(
    Effect.as(false),
    Effect.catchTag("TokenRefused", ({ reason }) => Effect.succeed(reason === "revoked"))
  )

const add = (entry: Revoked) => Revocation.use((revocation) => revocation.add(entry))

describe("Revocation", () => {
  it.effect.each(
    [
      ["a token id", { issuer: "a", jti: "t-1" }, {}, { jti: "t-2" }],
      ["a subject", { issuer: "a", subject: "u-1" }, { jti: "t-9" }, { sub: "u-2" }],
      ["what an issuer issued before", { issuer: "a", issuedBefore: 1_001 }, {}, { iat: 1_001 }],
      ["what a subject got before", { issuer: "a", subject: "u-1", issuedBefore: 1_001 }, {}, { iat: 1_001 }],
      ["the issuer by its name", { issuer: A, jti: "t-1" }, {}, { jti: "t-2" }]
    ] as const
  )("denies by %s, and nothing else", ([, entry, denied, allowed]) =>
    Effect.gen(function*() {
      yield* add(entry)
      assert.isTrue(yield* isDenied(claims(denied)))
      assert.isFalse(yield* isDenied(claims(allowed)))
    }).pipe(Effect.provide(Revocation.layerMemory)))

  it.effect("denies by the key that signed", () =>
    Effect.gen(function*() {
      yield* add({ issuer: "a", kid: "k-1" })
      assert.isTrue(yield* isDenied(claims()))
      assert.isFalse(yield* isDenied(claims({}, "k-2")))
      assert.isFalse(yield* isDenied(claims({}, null)))
    }).pipe(Effect.provide(Revocation.layerMemory)))

  it.effect("threat A15: is by issuer and jti: the same jti of another issuer is another token", () =>
    Effect.gen(function*() {
      yield* add({ issuer: "b", jti: "t-1" })
      assert.isFalse(yield* isDenied(claims()))
    }).pipe(Effect.provide(Revocation.layerMemory)))

  it.effect("a token that does not say when it was issued counts as old", () =>
    Effect.gen(function*() {
      yield* add({ issuer: "a", issuedBefore: 1 })
      const { iat: _iat, ...rest } = claims().payload
      assert.isTrue(yield* isDenied({ ...claims(), payload: rest }))
    }).pipe(Effect.provide(Revocation.layerMemory)))

  it.effect("names of claims are no traps: a jti called __proto__ denies only itself", () =>
    Effect.gen(function*() {
      yield* add({ issuer: "a", jti: "__proto__" })
      assert.isFalse(yield* isDenied(claims()))
      assert.isTrue(yield* isDenied(claims({ jti: "__proto__" })))
      yield* add({ issuer: "constructor", jti: "t-1" })
      assert.isFalse(yield* isDenied(claims()))
    }).pipe(Effect.provide(Revocation.layerMemory)))

  it.effect("the epoch changes with the list, and with nothing else", () =>
    Effect.gen(function*() {
      const revocation = yield* Revocation
      const epochs = [revocation.epoch()]
      yield* revocation.add({ issuer: "a", jti: "t-1" })
      epochs.push(revocation.epoch())
      yield* revocation.add({ issuer: "a", jti: "t-1" })
      yield* TestClock.adjust("5 minutes")
      epochs.push(revocation.epoch())
      yield* revocation.remove({ issuer: "a", jti: "t-1" })
      epochs.push(revocation.epoch())
      const [first, second, third, fourth] = epochs
      assert.notStrictEqual(first, second)
      assert.strictEqual(second, third)
      assert.notStrictEqual(third, fourth)
      assert.isFalse(yield* isDenied(claims()))
    }).pipe(Effect.provide(Revocation.layerMemory)))

  it.effect("an entry ends at its expiresAt and is then forgotten", () =>
    Effect.gen(function*() {
      yield* add({ issuer: "a", jti: "t-1", expiresAt: 60 })
      assert.isTrue(yield* isDenied(claims(), 59_999))
      assert.isFalse(yield* isDenied(claims(), 60_000))
      assert.strictEqual((yield* (yield* Revocation).entries).length, 1)
      yield* TestClock.adjust("61 seconds")
      assert.deepStrictEqual(yield* (yield* Revocation).entries, [])
    }).pipe(Effect.provide(Revocation.layerMemory)))

  it.effect("a change made elsewhere counts once it is told", () =>
    Effect.gen(function*() {
      const repo = yield* RevocationRepo
      assert.isFalse(yield* isDenied(claims()))
      yield* repo.add({ issuer: "a", jti: "t-1" })
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(yield* isDenied(claims()))
    }).pipe(Effect.provide(Layer.provideMerge(Revocation.layer, RevocationRepo.layerMemory))))

  it.effect("until the list was read once it is 503 for everybody; afterwards its last copy counts", () => {
    let fails = true
    const repo = Layer.succeed(RevocationRepo, {
      all: Effect.suspend(() =>
        fails
          ? Effect.fail(new RevocationsUnavailable({ reason: "down" }))
          : Effect.succeed([{ issuer: "a", jti: "t-1" }])
      ),
      add: () => Effect.void,
      remove: () => Effect.void,
      listen: () => Effect.void
    })
    return Effect.gen(function*() {
      const revocation = yield* Revocation
      const refused = yield* Effect.flip(revocation.check(claims({ jti: "other" }), 0))
      assert.strictEqual(refused._tag, "IssuerUnavailable")
      fails = false
      yield* TestClock.adjust("30 seconds")
      assert.isFalse(yield* isDenied(claims({ jti: "other" })))
      fails = true
      yield* TestClock.adjust("1 hour")
      assert.isTrue(yield* isDenied(claims()))
      assert.isFalse(yield* isDenied(claims({ jti: "other" })))
    }).pipe(Effect.provide(Layer.provide(Revocation.layer, repo)))
  })

  it.effect("an entry must name what it denies", () =>
    Effect.gen(function*() {
      const decode = Schema.decodeUnknownEffect(Revoked)
      yield* decode({ issuer: "a", jti: "t" })
      yield* Effect.flip(decode({ issuer: "a" }))
      yield* Effect.flip(decode({ issuer: "a", expiresAt: 1 }))
      yield* Effect.flip(decode({ issuer: "", jti: "t" }))
      yield* Effect.flip(decode({ issuer: "a", issuedBefore: -1 }))
    }))
})
