import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Issuers } from "../../src/issuer/Issuer.ts"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import { SavedKeys } from "../../src/keys/SavedKeys.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { look, now, publicKey, settings, store, storeWithoutSaved } from "../support/KeyStoreWorld.ts"

const A = "https://a.idp.test"
const B = "https://b.idp.test"
const key = publicKey("a-es")
const other = publicKey("a-es-2")

/** An issuer whose key set can be changed while it runs. */
const world = (more: object = {}) => {
  const issuer = Hostile.HostileIssuer.make(A, [key])
  return { issuer, live: store([settings(A, more)], [issuer]) }
}

describe("KeyStore", () => {
  it.effect("answers at once, as an Exit, when the set is in memory", () => {
    const { live } = world()
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
      const keys = yield* KeyStore
      const [profile] = (yield* Issuers).all
      if (profile === undefined) return assert.fail("no issuer")
      const found = keys.find(profile, { algorithm: "ES256", kid: "a-es" }, yield* now)
      assert.isTrue(Exit.isExit(found))
    }).pipe(Effect.provide(live))
  })

  it.effect("fetches once for any number of first callers, and not again while the set is fresh", () => {
    const { issuer, live } = world()
    return Effect.gen(function*() {
      const found = yield* Effect.all(Array.from({ length: 50 }, () => look(A, "a-es")), { concurrency: "unbounded" })
      assert.deepStrictEqual(new Set(found), new Set(["a-es"]))
      yield* TestClock.adjust("3 minutes")
      assert.strictEqual(issuer.count("/keys"), 1)
    }).pipe(Effect.provide(live))
  })

  it.effect("refreshes in the background: 12 to 20 fetches in an hour, and nobody waits", () => {
    const { issuer, live } = world()
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      issuer.on("/keys", Hostile.slow(2_000, Hostile.json({ keys: [key] })))
      for (let second = 0; second < 3_600; second += 10) {
        yield* TestClock.adjust("10 seconds")
        const keys = yield* KeyStore
        const [profile] = (yield* Issuers).all
        if (profile === undefined) return assert.fail("no issuer")
        assert.isTrue(Exit.isExit(keys.find(profile, { algorithm: "ES256", kid: "a-es" }, yield* now)))
      }
      assert.isAtLeast(issuer.count("/keys"), 12)
      assert.isAtMost(issuer.count("/keys"), 20)
    }).pipe(Effect.provide(live))
  })

  it.effect.each(
    [
      ["max-age=10", 60],
      ["max-age=120, must-revalidate", 120],
      ["public, max-age=21594", 900],
      ["no-cache", 300],
      ["no-store, max-age=0", 300],
      ["private", 300]
    ] as const
  )("lets Cache-Control %s move the life to %d s", ([header, life]) => {
    const { issuer, live } = world()
    issuer.on("/keys", Hostile.json({ keys: [key] }, { "cache-control": header }))
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      const [status] = yield* (yield* KeyStore).status
      const refresh = status?.nextRefreshSeconds ?? 0
      assert.isAtLeast(refresh, Math.floor(life * 0.72))
      assert.isAtMost(refresh, Math.ceil(life * 0.88))
    }).pipe(Effect.provide(live))
  })

  it.effect("takes a key that was published a moment ago on its first use", () => {
    const { issuer, live } = world()
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      issuer.on("/keys", Hostile.json({ keys: [key, other] }))
      assert.strictEqual(yield* look(A, "a-es-2"), "a-es-2")
      assert.strictEqual(issuer.count("/keys"), 2)
      assert.strictEqual(issuer.count("/.well-known/openid-configuration"), 1)
    }).pipe(Effect.provide(live))
  })

  it.effect("threat C07: a key that the issuer removed is refused within 5 minutes, the set being replaced as a whole", () => {
    const { issuer, live } = world()
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      issuer.on("/keys", Hostile.json({ keys: [other] }))
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* look(A, "a-es"), "unknown_key")
      assert.strictEqual(yield* look(A, "a-es-2"), "a-es-2")
    }).pipe(Effect.provide(live))
  })

  it.effect.each(
    [
      ["an empty set", Hostile.json({ keys: [] })],
      ["an object without keys", Hostile.json({})],
      ["a list", Hostile.json([])],
      ["HTML", Hostile.html],
      ["an empty body", Hostile.empty],
      ["204", Hostile.status(204)],
      ["private keys only", Hostile.json({ keys: [{ ...key, d: "AAAA" }] })],
      ["101 members", Hostile.json({ keys: Array.from({ length: 101 }, () => key) })]
    ] as const
  )("threat C05: %s does not replace a good set", ([, behaviour]) => {
    const { issuer, live } = world()
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      const before = (yield* KeyStore).epoch(A)
      issuer.on("/keys", behaviour)
      yield* TestClock.adjust("2 hours")
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
      const [status] = yield* (yield* KeyStore).status
      assert.isTrue(status?.stale)
      assert.isNotNull(status?.lastError)
      assert.strictEqual((yield* KeyStore).epoch(A), before)
    }).pipe(Effect.provide(live))
  })

  it.effect.each(
    [
      ["10 MB", Hostile.bomb(10_000_000)],
      ["a body without end", Hostile.endless],
      ["a drip without end", Hostile.dripping(1_000)],
      ["silence", Hostile.silent],
      ["a body that stalls", Hostile.stalling],
      ["an answer after 30 s", Hostile.slow(30_000, Hostile.json({ keys: [key] }))]
    ] as const
  )("threat C03: %s is given up within 3 s and is a failed fetch", ([, behaviour]) => {
    const { issuer, live } = world()
    issuer.on("/keys", behaviour)
    return Effect.gen(function*() {
      const waiting = yield* Effect.forkChild(look(A, "a-es"))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(waiting), "503")
    }).pipe(Effect.provide(live))
  })

  it.effect("threat C06: secret and private members are skipped one by one and counted, the others work", () => {
    const { issuer, live } = world()
    issuer.on(
      "/keys",
      Hostile.json({ keys: [{ kty: "oct", kid: "a-es", k: "c2VjcmV0" }, { ...other, d: "AAAA" }, key] })
    )
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
      assert.strictEqual(yield* look(A, "a-es", "HS256"), "unknown_key")
      const [status] = yield* (yield* KeyStore).status
      assert.strictEqual(status?.skippedMembers, 2)
    }).pipe(Effect.provide(live))
  })

  it.effect("threat C09: without a first fetch every token is 503, never allowed, and other issuers work", () => {
    const down = Hostile.HostileIssuer.make(A, [key]).all(Hostile.refused)
    const up = Hostile.HostileIssuer.make(B, [publicKey("b-es")])
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a-es"), "503")
      assert.strictEqual(yield* look(A, undefined), "503")
      assert.strictEqual(yield* look(B, "b-es"), "b-es")
      const status = yield* (yield* KeyStore).status
      assert.deepStrictEqual(status.map(({ issuer, ready }) => [issuer, ready]), [[A, false], [B, true]])
    }).pipe(Effect.provide(store([settings(A), settings(B)], [down, up])))
  })

  it.effect.each(
    [
      ["an empty set", Hostile.json({ keys: [] })],
      ["a set of shared secrets", Hostile.json({ keys: [{ kty: "oct", kid: "a-es", k: "c2VjcmV0" }] })]
    ] as const
  )("%s at the first fetch has no key: 401, not an outage, and keys that come later are taken", ([, behaviour]) => {
    const { issuer, live } = world()
    issuer.on("/keys", behaviour)
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a-es"), "unknown_key")
      assert.strictEqual(yield* look(A, undefined), "unknown_key")
      const [status] = yield* (yield* KeyStore).status
      assert.isFalse(status?.ready)
      assert.isNotNull(status?.lastError)
      issuer.on("/keys", Hostile.json({ keys: [key] }))
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
    }).pipe(Effect.provide(live))
  })

  it.effect("threat C10: two keys with one kid are both handed out, at most four; no kid and two fitting keys are none", () => {
    const { issuer, live } = world()
    const same = Array.from({ length: 60 }, () => publicKey("a-es"))
    issuer.on("/keys", Hostile.json({ keys: [...same, other] }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a-es"), "a-es,a-es,a-es,a-es")
      assert.strictEqual(yield* look(A, undefined), "unknown_key")
    }).pipe(Effect.provide(live))
  })

  it.effect("the first caller hanging up does not cancel the fetch of the others", () => {
    const { issuer, live } = world()
    issuer.on("/keys", Hostile.slow(1_000, Hostile.json({ keys: [key] })))
    return Effect.gen(function*() {
      const first = yield* Effect.forkChild(look(A, "a-es"))
      const second = yield* Effect.forkChild(look(A, "a-es"))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* Fiber.join(second), "a-es")
      assert.strictEqual(issuer.count("/keys"), 1)
    }).pipe(Effect.provide(live))
  })

  it.effect("a key dropped by the operator is refused at once and stays dropped until a refresh", () => {
    const { live } = world()
    return Effect.gen(function*() {
      const keys = yield* KeyStore
      yield* look(A, "a-es")
      const before = keys.epoch(A)
      yield* keys.drop(A, "a-es")
      assert.notStrictEqual(keys.epoch(A), before)
      assert.strictEqual(yield* look(A, "a-es"), "unknown_key")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* look(A, "a-es"), "unknown_key")
      yield* keys.refresh(A)
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
    }).pipe(Effect.provide(live))
  })

  it.effect("a set dropped by the operator is fetched anew, or is 503 when it cannot be", () => {
    const { issuer, live } = world()
    return Effect.gen(function*() {
      const keys = yield* KeyStore
      yield* look(A, "a-es")
      yield* keys.drop(A)
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
      issuer.all(Hostile.refused)
      yield* keys.drop(A)
      assert.strictEqual(yield* look(A, "a-es"), "503")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(keys.refresh(A))))
    }).pipe(Effect.provide(live))
  })

  it.effect("a rebuilt store begins with the sets of the one before, without asking anybody", () => {
    const issuer = Hostile.HostileIssuer.make(A, [key])
    const build = storeWithoutSaved([settings(A)], [issuer])
    return Effect.gen(function*() {
      const first = Effect.tap(look(A, "a-es"), () => TestClock.adjust("1 minute"))
      assert.strictEqual(yield* first.pipe(Effect.provide(Layer.fresh(build))), "a-es")
      assert.strictEqual(yield* look(A, "a-es").pipe(Effect.provide(Layer.fresh(build))), "a-es")
      assert.strictEqual(issuer.count(), 2)
    }).pipe(Effect.provide(SavedKeys.layerMemory))
  })

  it.effect("an issuer that is not in the configuration has no keys", () =>
    Effect.gen(function*() {
      const stranger = Issuers.make([settings(B)]).all[0]
      if (stranger === undefined) return assert.fail("no issuer")
      const found = yield* Effect.flip(
        (yield* KeyStore).find(stranger, { algorithm: "ES256", kid: "a-es" }, yield* now)
      )
      assert.strictEqual(found._tag, "IssuerUnavailable")
    }).pipe(Effect.provide(world().live)))
})
