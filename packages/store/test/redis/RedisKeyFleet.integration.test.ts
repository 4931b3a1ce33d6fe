import { assert, it } from "@effect/vitest"
import { fleetBudget, KeyFleet } from "@jotgate/core/KeyFleet"
import type { SavedSet } from "@jotgate/core/SavedKeys"
import { describeWith, Redis } from "@jotgate/servers"
import { Context, Duration, Effect, Layer, Redacted } from "effect"
import { RedisClient } from "../../src/redis/RedisClient.ts"
import * as RedisKeyFleet from "../../src/redis/RedisKeyFleet.ts"

/** What one process has of the fleet. It waits for a busy machine, but for what is about waiting. */
const member = Effect.fnUntraced(function*(url: string, patience?: Duration.Duration) {
  const client = RedisClient.layer(Redacted.make(url), patience ?? Duration.seconds(30))
  return Context.get(yield* Layer.build(RedisKeyFleet.layer.pipe(Layer.provide(client))), KeyFleet)
})

/** A Redis in which one process has saved a set; `key` is where. */
const saved = Effect.gen(function*() {
  const server = yield* Redis.make()
  const one = yield* member(server.url)
  yield* one.load("idp", "keys")
  yield* one.save(set)
  const [key = ""] = (yield* Effect.promise(() => server.query("KEYS", "jotgate:keys:*"))).split("\n")
  return { server, one, key }
})

const set: SavedSet = { issuer: "idp", source: "keys", text: "{}", fetchedAt: 1, life: 300_000, dropped: ["k"] }

describeWith("redis", "the keys of a fleet in Redis", () => {
  it.live("what one process saves another loads at its start, until it is removed", () =>
    Effect.gen(function*() {
      const server = yield* Redis.make()
      const one = yield* member(server.url)
      assert.isUndefined(yield* one.load("idp", "keys"))
      yield* one.save(set)
      const two = yield* member(server.url)
      assert.deepStrictEqual(yield* two.load("idp", "keys"), set)
      assert.isUndefined(yield* two.load("idp", "other"))
      assert.isUndefined(yield* two.load("other", "keys"))
      yield* two.remove("idp", "keys")
      assert.isUndefined(yield* one.load("idp", "keys"))
    }))

  it.live(
    "a set has an end, so that sources nobody names any more are not held for ever",
    () =>
      Effect.gen(function*() {
        const { key, server } = yield* saved
        const left = Number(yield* Effect.promise(() => server.query("PTTL", key)))
        assert.isAbove(left, 6 * 86_400_000)
        assert.isAtMost(left, 7 * 86_400_000)
      })
  )

  it.live("threat D10: what is no saved set of this very source is not there", () =>
    Effect.gen(function*() {
      const { key, one, server } = yield* saved
      const poison: Readonly<Record<string, string>> = {
        "nothing": "",
        "junk": "{",
        "another issuer's": JSON.stringify({ ...set, issuer: "mallory" }),
        "another source's": JSON.stringify({ ...set, source: "mallory" }),
        "half of one": JSON.stringify({ issuer: "idp", source: "keys" }),
        "another type": JSON.stringify({ ...set, fetchedAt: "1" })
      }
      for (const [what, text] of Object.entries(poison)) {
        yield* Effect.promise(() => server.query("SET", key, text))
        assert.isUndefined(yield* one.load("idp", "keys"), what)
      }
      yield* Effect.promise(() =>
        server.query("EVAL", `redis.call("SET", KEYS[1], string.rep(" ", 2000000))`, "1", key)
      )
      assert.isUndefined(yield* one.load("idp", "keys"))
    }))

  it.live(
    "threat C01: tokens of one issuer cause four fetches a minute, all processes together",
    () =>
      Effect.gen(function*() {
        const server = yield* Redis.make()
        const members = yield* Effect.all(Array.from({ length: 5 }, () => member(server.url)))
        yield* Effect.forEach(members, (it) => it.load("idp", "keys"))
        const taken = yield* Effect.forEach(members, (it) => Effect.all([it.take("idp"), it.take("idp")]), {
          concurrency: "unbounded"
        })
        assert.strictEqual(taken.flat().filter((it) => it).length, fleetBudget)
        assert.isTrue(yield* members[0]?.take("another") ?? Effect.succeed(false))
      })
  )

  it.live(
    "without an answer nobody has shared anything, and each process goes by its own budget",
    () =>
      Effect.gen(function*() {
        const server = yield* Redis.make()
        const usual = Duration.millis(50)
        const one = yield* member(server.url, usual)
        yield* one.save(set)
        yield* Effect.promise(() => server.stop())
        assert.isUndefined(yield* one.load("idp", "keys"))
        yield* one.save(set)
        yield* one.remove("idp", "keys")
        assert.deepStrictEqual(yield* Effect.all(Array.from({ length: 9 }, () => one.take("idp"))), Array(9).fill(true))
        const started = performance.now()
        const late = yield* member(server.url, usual)
        assert.isUndefined(yield* late.load("idp", "keys"))
        // Half a second is waited for a first connection; twenty-fold room.
        assert.isBelow(performance.now() - started, 10_000)
      })
  )
})
