import { assert, it } from "@effect/vitest"
import { Cache } from "@jotgate/core/Cache"
import { makeUser, User, UserId } from "@jotgate/core/Directory"
import { describeWith, Redis } from "@jotgate/servers"
import { Clock, Duration, Effect, Layer, Redacted } from "effect"
import { RedisClient } from "../../src/redis/RedisClient.ts"
import * as RedisTier from "../../src/redis/RedisTier.ts"
import * as SharedRecord from "../../src/remember/SharedRecord.ts"

const now = Effect.map(Clock.Clock, (clock) => ({
  time: 0,
  ticks: Number(clock.monotonicTimeNanosUnsafe()) / 1e6,
  note: undefined
}))

const shared = (url: string, patience?: Duration.Duration) => {
  const client = RedisClient.layer(Redacted.make(url), patience)
  return Cache.layer.pipe(Layer.provide(RedisTier.layer), Layer.provideMerge(client))
}

const regionOf = (calls: Array<string>) =>
  Cache.use((cache) =>
    cache.region<string, User, never>({
      name: "user",
      capacity: 100,
      key: (id) => id,
      lookup: (id) =>
        Effect.sync(() => {
          calls.push(id)
          return makeUser({ id: UserId.make(id) })
        }),
      timeToLive: () => 5_000,
      shared: SharedRecord.of(User, (id: string) => id)
    })
  )

/** How long a call may take where waiting is not what is looked at: a machine may be busy. */
const patient = Duration.seconds(30)

/** A process with a cache of users; `calls` are its look-ups in the directory. */
const member = Effect.fnUntraced(function*(url: string, patience?: Duration.Duration) {
  const context = yield* Layer.build(shared(url, patience))
  const calls: Array<string> = []
  const region = yield* Effect.provide(regionOf(calls), context)
  const redis = yield* Effect.provide(RedisClient, context)
  const get = (id: string) => Effect.flatMap(now, (it) => region.get(id, it))
  const connected = Effect.gen(function*() {
    while (!redis.isConnected()) yield* Effect.sleep("5 millis")
  })
  return { calls, region, get, connected }
})

/** The key under which a user is kept. */
const keyOf = (id: string) => `jotgate:row:user:${id}`

const milliseconds = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = performance.now()
    yield* self
    return performance.now() - before
  })

describeWith("redis", "the second tier in Redis", () => {
  it.live(
    "what one process looked up another finds, and what one forgets the other does not find",
    () =>
      Effect.gen(function*() {
        const server = yield* Redis.make()
        const [one, two] = yield* Effect.all([member(server.url, patient), member(server.url, patient)])
        yield* Effect.all([one.connected, two.connected])
        yield* one.get("alice")
        while ((yield* Effect.promise(() => server.query("EXISTS", keyOf("alice")))) === "0") {
          yield* Effect.sleep("5 millis")
        }
        assert.strictEqual((yield* two.get("alice")).id, "alice")
        assert.deepStrictEqual([one.calls, two.calls], [["alice"], []])
        one.region.invalidate("alice")
        while ((yield* Effect.promise(() => server.query("EXISTS", keyOf("alice")))) === "1") {
          yield* Effect.sleep("5 millis")
        }
      })
  )

  it.live(
    "threat D10: what is no record for this key, of this version, with an end, is not there",
    () =>
      Effect.gen(function*() {
        const server = yield* Redis.make()
        const query = (...command: ReadonlyArray<string>) => Effect.promise(() => server.query(...command))
        const { calls, connected, get } = yield* member(server.url)
        yield* connected
        const row = makeUser({ id: UserId.make("mallory"), role: "proxy_admin" })
        const record = (value: unknown, key: string, v = 1) => JSON.stringify({ v, key, value })
        const poison: Readonly<Record<string, string>> = {
          junk: "5000 {",
          "no header": record(row, "no header"),
          "another person's": `5000 ${record(row, "mallory")}`,
          "another version": `5000 ${record({ ...row, id: "another version" }, "another version", 2)}`,
          "no noun": `5000 ${record({ id: "no noun" }, "no noun")}`,
          "a member too many": `5000 ${record({ ...row, admin: true }, "a member too many")}`,
          "a prototype":
            `5000 {"v":1,"key":"a prototype","value":{"__proto__":{"role":"proxy_admin"},"id":"a prototype"}}`,
          "too long a life": `10 ${record(row, "too long a life")}`
        }
        for (const [id, text] of Object.entries(poison)) {
          yield* query("SET", keyOf(id), text, "PX", "4000")
          assert.strictEqual((yield* get(id)).role, null, id)
        }
        yield* query("SET", keyOf("no end"), `5000 ${record({ ...row, id: "no end" }, "no end")}`)
        assert.strictEqual((yield* get("no end")).role, null)
        assert.strictEqual(calls.length, Object.keys(poison).length + 1)
      })
  )

  it.live(
    "a Redis that hangs costs 50 ms a call, five times, and then nothing for a while",
    () =>
      Effect.gen(function*() {
        const server = yield* Redis.make()
        const { connected, get } = yield* member(server.url)
        yield* connected
        server.pause()
        const first: Array<number> = []
        for (let i = 0; i < 5; i++) first.push(yield* milliseconds(get(`hang ${i}`)))
        assert.isBelow(Math.max(...first), 1_000)
        const later: Array<number> = []
        for (let i = 0; i < 20; i++) later.push(yield* milliseconds(get(`open ${i}`)))
        assert.isBelow(later.toSorted((a, b) => a - b)[10] ?? 0, 40)
        server.resume()
      })
  )

  it.live("a Redis that goes, comes back empty or is flushed refuses nobody", () =>
    Effect.gen(function*() {
      const server = yield* Redis.make()
      const { connected, get } = yield* member(server.url)
      yield* connected
      yield* get("before")
      yield* Effect.promise(() => server.query("FLUSHALL"))
      assert.strictEqual((yield* get("flushed")).id, "flushed")
      yield* Effect.promise(() => server.kill())
      assert.isBelow(yield* milliseconds(get("gone")), 10_000)
      yield* Effect.promise(() => server.restart())
      assert.isBelow(yield* milliseconds(connected), 30_000)
      assert.strictEqual((yield* get("back")).id, "back")
    }))

  it.live("a Redis that was never there is no reason to wait", () =>
    Effect.gen(function*() {
      const { get } = yield* member("redis://127.0.0.1:1")
      assert.isBelow(yield* milliseconds(get("alice")), 10_000)
    }))
})
