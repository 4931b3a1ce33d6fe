import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Issuers } from "../../src/issuer/Issuer.ts"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import { SavedKeys } from "../../src/keys/SavedKeys.ts"
import { Secrets } from "../../src/settings/Secrets.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { look, publicKey, settings, signature } from "../support/KeyStoreWorld.ts"

const A = "https://a.idp.test"
const first = publicKey("first")
const second = publicKey("second")

const world = (more: object = {}) => {
  const issuer = Hostile.HostileIssuer.make(A, [first])
  const live = KeyStore.layerOnDemand.pipe(
    Layer.provideMerge(Issuers.layer([settings(A, more)])),
    Layer.provide([Hostile.layer(issuer), SavedKeys.layerMemory, Secrets.layerTest({}), signature])
  )
  return { issuer, live }
}

/** A look-up whose waits are virtual. */
const looked = Effect.fnUntraced(function*(kid: string) {
  const fiber = yield* Effect.forkChild(look(A, kid))
  yield* TestClock.adjust("5 seconds")
  return yield* Fiber.join(fiber)
})

describe("KeyStore.layerOnDemand", () => {
  it.effect("does nothing before somebody asks, and nothing between requests", () => {
    const { issuer, live } = world()
    return Effect.gen(function*() {
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(issuer.count(), 0)
      assert.strictEqual(yield* looked("first"), "first")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(issuer.count("/keys"), 1)
    }).pipe(Effect.provide(live))
  })

  it.effect("one of any number of first callers fetches, the others look until the set is there", () => {
    const { issuer, live } = world()
    issuer.on("/keys", Hostile.slow(200, Hostile.json({ keys: [first] })))
    return Effect.gen(function*() {
      const fibers = yield* Effect.forEach(Array.from({ length: 50 }), () => Effect.forkChild(look(A, "first")))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(new Set(yield* Fiber.joinAll(fibers)), new Set(["first"]))
      assert.strictEqual(issuer.count("/keys"), 1)
    }).pipe(Effect.provide(live))
  })

  it.effect("a request that finds the set due refreshes it, and one that fails goes on with the set", () => {
    const { issuer, live } = world()
    return Effect.gen(function*() {
      yield* looked("first")
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* looked("first"), "first")
      assert.strictEqual(issuer.count("/keys"), 2)
      issuer.all(Hostile.refused)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* looked("first"), "first")
      assert.strictEqual(issuer.count("/keys"), 3)
    }).pipe(Effect.provide(live))
  })

  it.effect("an unknown key costs one budgeted fetch, also for callers who come together", () => {
    const { issuer, live } = world()
    return Effect.gen(function*() {
      yield* looked("first")
      issuer.on("/keys", Hostile.slow(100, Hostile.json({ keys: [first, second] })))
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.forkChild(look(A, "second")))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(new Set(yield* Fiber.joinAll(fibers)), new Set(["second"]))
      assert.strictEqual(issuer.count("/keys"), 2)
      assert.strictEqual(yield* looked("never"), "unknown_key")
    }).pipe(Effect.provide(live))
  })

  it.effect("a fetch whose request was cut off keeps nobody waiting", () => {
    const { issuer, live } = world()
    issuer.on("/keys", Hostile.silent)
    return Effect.gen(function*() {
      const cut = yield* Effect.forkChild(look(A, "first"))
      yield* TestClock.adjust("100 millis")
      const waiting = yield* Effect.forkChild(look(A, "first"))
      yield* TestClock.adjust("100 millis")
      issuer.on("/keys", Hostile.json({ keys: [first] }))
      yield* Fiber.interrupt(cut)
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(yield* Fiber.join(waiting), "first")
    }).pipe(Effect.provide(live))
  })

  it.effect("an issuer that cannot be asked is 503 until it answers", () => {
    const { issuer, live } = world()
    issuer.all(Hostile.refused)
    return Effect.gen(function*() {
      assert.strictEqual(yield* looked("first"), "503")
      issuer.on("/.well-known/openid-configuration", Hostile.json({ issuer: A, jwks_uri: `${A}/keys` }))
        .on("/keys", Hostile.json({ keys: [first] }))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* looked("first"), "first")
    }).pipe(Effect.provide(live))
  })
})
