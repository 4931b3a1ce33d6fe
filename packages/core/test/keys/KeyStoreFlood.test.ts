import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { look, publicKey, settings, store } from "../support/KeyStoreWorld.ts"

const A = "https://a.idp.test"
const key = publicKey("a-es")

describe("KeyStore under floods", () => {
  it.effect("threat C01: 1 000 unknown kids in a minute cause at most 2 fetches and are all refused", () => {
    const issuer = Hostile.HostileIssuer.make(A, [key])
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      for (let token = 0; token < 1_000; token++) {
        assert.strictEqual(yield* look(A, `kid-${token}`), "unknown_key")
        if (token % 10 === 0) assert.strictEqual(yield* look(A, "a-es"), "a-es")
        yield* TestClock.adjust("60 millis")
      }
      assert.isAtMost(issuer.count("/keys"), 3)
      const [status] = yield* (yield* KeyStore).status
      assert.strictEqual(status?.unknownKeys, 1_000)
    }).pipe(Effect.provide(store([settings(A)], [issuer])))
  })

  it.effect("threat C01: no minute of a long flood has more than 3 fetches", () => {
    const issuer = Hostile.HostileIssuer.make(A, [key])
    return Effect.gen(function*() {
      for (let token = 0; token < 3_600; token++) {
        yield* look(A, `kid-${token}`)
        yield* TestClock.adjust("250 millis")
      }
      assert.isAtMost(issuer.densest("/keys", 60_000), 3)
      assert.isAtLeast(issuer.count("/keys"), 20)
    }).pipe(Effect.provide(store([settings(A)], [issuer])))
  })

  it.effect("during a flood a new key is known 30 s after its publication at the latest", () => {
    const issuer = Hostile.HostileIssuer.make(A, [key])
    return Effect.gen(function*() {
      let token = 0
      const flood = (seconds: number) =>
        Effect.gen(function*() {
          for (let i = 0; i < seconds * 10; i++) {
            yield* look(A, `kid-${token++}`)
            yield* TestClock.adjust("100 millis")
          }
        })
      yield* flood(47)
      issuer.on("/keys", Hostile.json({ keys: [key, publicKey("new")] }))
      yield* flood(30)
      assert.strictEqual(yield* look(A, "new"), "new")
    }).pipe(Effect.provide(store([settings(A)], [issuer])))
  })

  it.effect("one kid that nobody knows does not cost a fetch each time", () => {
    const issuer = Hostile.HostileIssuer.make(A, [key])
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      for (let second = 0; second < 29; second++) {
        assert.strictEqual(yield* look(A, "nobody"), "unknown_key")
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(issuer.count("/keys"), 2)
    }).pipe(Effect.provide(store([settings(A)], [issuer])))
  })

  it.effect("threat C01: a known kid with another algorithm, or no kid where several keys fit, causes no fetch", () => {
    const issuer = Hostile.HostileIssuer.make(A, [key, publicKey("a-es-2")])
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      for (let token = 0; token < 100; token++) {
        assert.strictEqual(yield* look(A, "a-es", "RS256"), "unknown_key")
        assert.strictEqual(yield* look(A, undefined), "unknown_key")
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(issuer.count("/keys"), 1)
    }).pipe(Effect.provide(store([settings(A)], [issuer])))
  })

  it.effect("two rotations within a minute are both known on first use", () => {
    const issuer = Hostile.HostileIssuer.make(A, [key])
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      for (const kid of ["first", "second"]) {
        issuer.on("/keys", Hostile.json({ keys: [publicKey(kid)] }))
        assert.strictEqual(yield* look(A, kid), kid)
      }
    }).pipe(Effect.provide(store([settings(A)], [issuer])))
  })

  it.effect("a stray unknown kid does not delay the key that comes a second later", () => {
    const issuer = Hostile.HostileIssuer.make(A, [key])
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      assert.strictEqual(yield* look(A, "stray"), "unknown_key")
      yield* TestClock.adjust("1 second")
      issuer.on("/keys", Hostile.json({ keys: [key, publicKey("new")] }))
      assert.strictEqual(yield* look(A, "new"), "new")
    }).pipe(Effect.provide(store([settings(A)], [issuer])))
  })

  it.effect("rotation every 10 s: a key is refused for 30 s at most, then allowed until it is removed", () => {
    const keys = Array.from({ length: 60 }, (_, index) => publicKey(`k-${index}`))
    const issuer = Hostile.HostileIssuer.make(A, [])
    return Effect.gen(function*() {
      for (let second = 0; second < 600; second += 1) {
        const index = Math.floor(second / 10)
        // Old keys stay for a minute, as providers do.
        issuer.on("/keys", Hostile.json({ keys: keys.slice(Math.max(0, index - 6), index + 1) }))
        const aged = index - 3
        if (aged >= 0 && second % 10 > 0) {
          assert.strictEqual(yield* look(A, `k-${aged}`), `k-${aged}`, `second ${second}`)
        }
        yield* look(A, `k-${index}`)
        yield* TestClock.adjust("1 second")
      }
      assert.isAtMost(issuer.densest("/keys", 60_000), 3)
    }).pipe(Effect.provide(store([settings(A)], [issuer])))
  })
})
