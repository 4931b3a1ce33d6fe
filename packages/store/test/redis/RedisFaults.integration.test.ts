import { assert, it } from "@effect/vitest"
import { describeWith, Ports, Postgres, Redis } from "@jotgate/servers"
import { Effect, Layer, Logger, Redacted } from "effect"
import { readFileSync } from "node:fs"
import { getCACertificates, setDefaultCACertificates } from "node:tls"
import { fileURLToPath } from "node:url"
import { RedisClient } from "../../src/redis/RedisClient.ts"
import { answers, find, load, median, put, until } from "../support/Outage.ts"
import { patient } from "../support/PostgresDatabase.ts"
import * as SlowWire from "../support/SlowWire.ts"
import { storeOf } from "../support/StoreOf.ts"

const clientOf = (url: string) => Layer.build(RedisClient.layer(Redacted.make(url)))

/** What Redis answers to a call through our client; `undefined` when there is no answer in time. */
const ping = RedisClient.use((redis) => redis.use((client) => client.ping()))

describeWith(["postgres", "redis"], "threat E14: faults of Redis refuse nobody", () => {
  /** A directory in PostgreSQL behind a Redis at this port. */
  const behind = (url: string, port: number) =>
    storeOf({ url, connection: { pool: 4 } }, { redis: "env:REDIS", rows: "100ms" }, {
      "env:REDIS": `redis://${Ports.host}:${port}`
    }).pipe(Layer.provide(patient))

  it.live("slowed: a call waits 50 ms at most, and after five of them nobody waits", () =>
    Effect.gen(function*() {
      const postgres = yield* Postgres.make()
      const redis = yield* Redis.make()
      const wire = yield* SlowWire.make(redis.port)
      const lines: Array<string> = []
      const log = Logger.make(({ message }) => void lines.push(String(message)))
      yield* Effect.gen(function*() {
        yield* put("users", { id: "alice" })
        yield* find("alice")
        wire.delay(400)
        const { tags, waits } = yield* load("alice", Effect.sleep("2 seconds"))
        assert.deepStrictEqual(tags, new Set(["RowNotFound"]), "strangers are looked up in the database")
        assert.isBelow(median(waits), 350)
        wire.delay(0)
        assert.isTrue(yield* answers)
        // Nothing else shows that nothing is shared: it is said, once.
        const isSaid = Effect.andThen(answers, Effect.sync(() => lines.some((it) => it.includes("in time again"))))
        yield* until(isSaid)
        assert.lengthOf(lines.filter((it) => it.includes("Redis does not answer in time")), 1)
      }).pipe(
        Effect.provide(behind(postgres.url, wire.port).pipe(Layer.provide(Logger.layer([log]))))
      )
    }))

  it.live("stopped, emptied and poisoned under load", () =>
    Effect.gen(function*() {
      const postgres = yield* Postgres.make()
      const redis = yield* Redis.make()
      yield* Effect.gen(function*() {
        yield* put("users", { id: "alice" })
        yield* find("alice")
        const faults = Effect.promise(async () => {
          await redis.query("FLUSHALL")
          const keys = Array.from({ length: 200 }, (_, index) => [`jotgate:row:user:stranger-${index}`, "5000 {}"])
            .flat()
          await redis.query("MSET", ...keys, "jotgate:row:user:alice", "9999999 null")
          await redis.kill()
          await redis.restart()
          await redis.query("FLUSHALL")
        })
        const { tags } = yield* load("alice", Effect.andThen(faults, Effect.sleep("500 millis")))
        assert.deepStrictEqual(tags, new Set(["RowNotFound"]))
      }).pipe(Effect.provide(behind(postgres.url, redis.port)))
    }))
})

describeWith("redis", "a Redis that lets in only whom it knows", () => {
  it.live("takes the password of the URL; a wrong one is the same as no Redis", () =>
    Effect.gen(function*() {
      const server = yield* Redis.make()
      yield* Effect.promise(() => server.query("CONFIG", "SET", "requirepass", "the secret"))
      const url = (password: string) => server.url.replace("redis://", `redis://:${encodeURIComponent(password)}@`)
      const right = yield* clientOf(url("the secret"))
      yield* until(Effect.map(Effect.provide(ping, right), (it) => it === "PONG"))
      for (const password of ["wrong", ""]) {
        const wrong = yield* clientOf(password === "" ? server.url : url(password))
        yield* Effect.sleep("300 millis")
        assert.isUndefined(yield* Effect.provide(ping, wrong))
      }
    }))

  it.live(
    "answers encrypted to whom trusts its authority; a certificate of another authority is no Redis",
    () =>
      Effect.gen(function*() {
        const file = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url))
        const port = yield* Effect.promise(() => Ports.free())
        yield* Redis.make({
          settings: {
            "tls-port": String(port),
            "tls-cert-file": file("server.pem"),
            "tls-key-file": file("server-key.pem"),
            "tls-ca-cert-file": file("ca.pem"),
            "tls-auth-clients": "no"
          }
        })
        const url = `rediss://${Ports.host}:${port}`
        const stranger = yield* clientOf(url)
        yield* Effect.sleep("500 millis")
        assert.isUndefined(yield* Effect.provide(ping, stranger), "nobody knows this authority")

        const before = getCACertificates("default")
        yield* Effect.acquireRelease(
          Effect.sync(() => setDefaultCACertificates([...before, readFileSync(file("ca.pem"), "utf8")])),
          () => Effect.sync(() => setDefaultCACertificates(before))
        )
        const trusting = yield* clientOf(url)
        // A call on a busy machine may take more than the 50 ms that it is given.
        yield* until(Effect.map(Effect.provide(ping, trusting), (it) => it === "PONG"))
      })
  )
})
