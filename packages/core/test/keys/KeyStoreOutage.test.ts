import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import { SavedKeys } from "../../src/keys/SavedKeys.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { look, publicKey, settings, store, storeWithoutSaved } from "../support/KeyStoreWorld.ts"

const A = "https://a.idp.test"
const B = "https://b.idp.test"
const key = publicKey("a-es")

const outages = [
  ["answers 500", Hostile.status(500)],
  ["refuses connections", Hostile.refused],
  ["is silent", Hostile.silent]
] as const

describe("KeyStore in an outage", () => {
  it.effect("serves the last good set for 24 h, then 503 and not 401", () => {
    const issuer = Hostile.HostileIssuer.make(A, [key])
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
      issuer.all(Hostile.refused)
      // The whole day at one token a second runs in `npm run soak`.
      for (let minute = 0; minute < 24 * 60; minute++) {
        assert.strictEqual(yield* look(A, "a-es"), "a-es")
        yield* TestClock.adjust(minute === 24 * 60 - 1 ? "59 seconds" : "1 minute")
      }
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
      const before = (yield* KeyStore).epoch(A)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* look(A, "a-es"), "503")
      assert.notStrictEqual((yield* KeyStore).epoch(A), before)
      issuer.all(Hostile.json({ keys: [key] })).on(
        "/.well-known/openid-configuration",
        Hostile.json({ issuer: A, jwks_uri: `${A}/keys` })
      )
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
    }).pipe(Effect.provide(store([settings(A)], [issuer])))
  })

  it.effect("with keys.stale 0s the set ends with its life", () => {
    const issuer = Hostile.HostileIssuer.make(A, [key])
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      issuer.all(Hostile.refused)
      yield* TestClock.adjust("299 seconds")
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* look(A, "a-es"), "503")
    }).pipe(Effect.provide(store([settings(A, { keys: { stale: "0s" } })], [issuer])))
  })

  it.effect.each(outages)(
    "threat C02: an issuer that %s at start is asked 10 times in the first minute at most, then 3",
    ([, how]) => {
      const issuer = Hostile.HostileIssuer.make(A, [key]).all(how)
      return Effect.gen(function*() {
        for (let second = 0; second < 600; second++) {
          const looking = yield* Effect.forkChild(look(A, `kid-${second}`))
          yield* TestClock.adjust("1 second")
          if (second > 3) assert.strictEqual(yield* Fiber.join(looking), "503")
        }
        assert.isAtMost(issuer.hits.filter(({ at }) => at < 60_000).length, 10)
        const later = issuer.hits.filter(({ at }) => at >= 60_000).map(({ at }) => at)
        for (const start of later) assert.isAtMost(later.filter((at) => at >= start && at < start + 60_000).length, 3)
      }).pipe(Effect.provide(store([settings(A)], [issuer])))
    }
  )

  it.effect.each(outages)(
    "threat C02: a flood of unknown kids while an issuer %s causes no fetches of its own, known kids go on",
    ([, how]) => {
      const issuer = Hostile.HostileIssuer.make(A, [key])
      return Effect.gen(function*() {
        yield* look(A, "a-es")
        issuer.all(how)
        yield* TestClock.adjust("5 minutes")
        const since = yield* Clock.currentTimeMillis
        for (let token = 0; token < 1_000; token++) {
          assert.strictEqual(yield* look(A, `kid-${token}`), "503")
          if (token % 10 === 0) assert.strictEqual(yield* look(A, "a-es"), "a-es")
          yield* TestClock.adjust("60 millis")
        }
        assert.isAtMost(issuer.count(undefined, since), 3)
      }).pipe(Effect.provide(store([settings(A)], [issuer])))
    }
  )

  it.effect("comes back within 30 s of the return of an issuer that was down at start", () => {
    const issuer = Hostile.HostileIssuer.make(A, []).all(Hostile.refused)
    return Effect.gen(function*() {
      yield* TestClock.adjust("20 minutes")
      assert.strictEqual(yield* look(A, "a-es"), "503")
      issuer.on("/.well-known/openid-configuration", Hostile.json({ issuer: A, jwks_uri: `${A}/keys` }))
      issuer.on("/keys", Hostile.json({ keys: [key] }))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
    }).pipe(Effect.provide(store([settings(A)], [issuer])))
  })

  it.effect("one issuer's outage changes nothing for another", () => {
    const down = Hostile.HostileIssuer.make(A, [key]).all(Hostile.silent)
    const up = Hostile.HostileIssuer.make(B, [publicKey("b-es")])
    return Effect.gen(function*() {
      yield* TestClock.adjust("3 seconds")
      for (let token = 0; token < 300; token++) {
        assert.strictEqual(yield* look(A, `kid-${token}`), "503")
        assert.strictEqual(yield* look(B, "b-es"), "b-es")
        yield* TestClock.adjust("1 second")
      }
      assert.isAtMost(up.count("/keys"), 2)
    }).pipe(Effect.provide(store([settings(A), settings(B)], [down, up])))
  })

  it.effect("a flapping issuer never loses its keys", () => {
    const issuer = Hostile.HostileIssuer.make(A, [key])
      .on("/keys", Hostile.flapping(Hostile.json({ keys: [key] }), Hostile.status(503), Hostile.html, Hostile.silent))
    return Effect.gen(function*() {
      for (let minute = 0; minute < 120; minute++) {
        assert.strictEqual(yield* look(A, "a-es"), "a-es")
        yield* TestClock.adjust("1 minute")
      }
      assert.isAtMost(issuer.densest("/keys", 60_000), 10)
    }).pipe(Effect.provide(store([settings(A)], [issuer])))
  })

  it.effect("a defect while fetching is a failed fetch: the set stays, and the next fetch comes", () => {
    const issuer = Hostile.HostileIssuer.make(A, [key])
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      issuer.on(
        "/keys",
        Hostile.chosen(() => {
          throw new TypeError("a defect")
        })
      )
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(yield* look(A, "a-es"), "a-es")
      assert.strictEqual(yield* look(A, "new"), "503")
      issuer.on("/keys", Hostile.json({ keys: [publicKey("new")] }))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* look(A, "new"), "new")
    }).pipe(Effect.provide(store([settings(A)], [issuer])))
  })

  describe("with a saved set", () => {
    const restart = (
      saved: { readonly age: number; readonly text?: string; readonly dropped?: ReadonlyArray<string> }
    ) => {
      const issuer = Hostile.HostileIssuer.make(A, [key]).all(Hostile.refused)
      const place = Layer.tap(SavedKeys.layerMemory, (context) =>
        Effect.gen(function*() {
          yield* TestClock.setTime(100 * 86_400_000)
          const places = yield* Effect.provideContext(SavedKeys, context)
          yield* places.save({
            issuer: A,
            source: `${A}/.well-known/openid-configuration`,
            text: saved.text ?? JSON.stringify({ keys: [key] }),
            fetchedAt: (yield* Clock.currentTimeMillis) - saved.age,
            life: 300_000,
            dropped: saved.dropped ?? []
          }, true)
        }))
      return { issuer, live: storeWithoutSaved([settings(A)], [issuer]).pipe(Layer.provide(place)) }
    }

    it.effect("a restart in an outage allows good tokens at once", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* look(A, "a-es"), "a-es")
      }).pipe(Effect.provide(restart({ age: 3_600_000 }).live)))

    it.effect("its age counts: 24 h after the last good fetch it is 503", () =>
      Effect.gen(function*() {
        yield* TestClock.adjust("59 minutes")
        assert.strictEqual(yield* look(A, "a-es"), "a-es")
        yield* TestClock.adjust("61 seconds")
        assert.strictEqual(yield* look(A, "a-es"), "503")
      }).pipe(Effect.provide(restart({ age: 23 * 3_600_000 }).live)))

    it.effect.each(
      [
        ["older than the stale limit", { age: 86_400_001 }],
        ["from the future", { age: -301_000 }],
        ["cut off", { age: 0, text: JSON.stringify({ keys: [key] }).slice(0, 40) }],
        ["without usable keys", { age: 0, text: "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}" }]
      ] as const
    )("a set %s is no set", ([, saved]) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* look(A, "a-es"), "503")
      }).pipe(Effect.provide(restart(saved).live)))

    it.effect("a key that was dropped before the restart stays dropped", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* look(A, "a-es"), "unknown_key")
      }).pipe(Effect.provide(restart({ age: 0, dropped: ["a-es"] }).live)))

    it.effect("it stays dropped when the saved set is too old to be used and the issuer still publishes the key", () => {
      const { issuer, live } = restart({ age: 8 * 86_400_000, dropped: ["a-es"] })
      issuer.on("/keys", Hostile.json({ keys: [key, publicKey("other")] }))
        .on("/.well-known/openid-configuration", Hostile.json({ issuer: A, jwks_uri: `${A}/keys` }))
      return Effect.gen(function*() {
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* look(A, "other"), "other")
        assert.strictEqual(yield* look(A, "a-es"), "unknown_key")
      }).pipe(Effect.provide(live))
    })
  })
})
