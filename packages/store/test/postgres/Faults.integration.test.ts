import { assert, it } from "@effect/vitest"
import { makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Provisioner } from "@jotgate/core/Provisioner"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import type { UserRepo } from "@jotgate/core/UserRepo"
import { describeWith, Postgres, Redis } from "@jotgate/servers"
import { Effect, Exit, Fiber, Layer, Option, Scope } from "effect"
import { DirectoryAdmin } from "../../src/manage/DirectoryAdmin.ts"
import type { Forgetting } from "../../src/remember/Forgetting.ts"
import { known } from "../../src/sql/Migrations.ts"
import { StoreHealth } from "../../src/StoreHealth.ts"
import {
  ANSWER,
  answers,
  find,
  hears,
  load,
  median,
  now,
  put,
  RECOVERY,
  SEEN,
  stranger,
  until
} from "../support/Outage.ts"
import * as SlowWire from "../support/SlowWire.ts"
import { storeOf } from "../support/StoreOf.ts"

/** A server, and the way to it that can be made long. */
const farServer = Effect.gen(function*() {
  const server = yield* Postgres.make()
  const wire = yield* SlowWire.make(server.port)
  return { server, wire, url: server.url.replace(`:${server.port}/`, `:${wire.port}/`) }
})

/** Whether alice is found; a busy machine may be late with a first look-up. */
const seen = Effect.match(find("alice"), { onSuccess: () => true, onFailure: () => false })

/** Known people go on, everybody else is unavailable in time, nobody is let in; and all is well again soon after. */
const outage = (server: Postgres.Postgres, begin: () => void | Promise<void>, end: () => void | Promise<void>) =>
  Effect.gen(function*() {
    yield* until(seen)
    yield* Effect.promise(async () => begin())
    yield* Effect.addFinalizer(() => Effect.promise(async () => end()))
    yield* Effect.sleep("400 millis")
    const waits: Array<number> = []
    for (let i = 0; i < 10; i++) {
      const { tag, took } = yield* stranger
      assert.strictEqual(tag, "DirectoryUnavailable", server.url)
      waits.push(took)
      assert.strictEqual((yield* find("alice")).id, "alice", "who was seen goes on")
    }
    assert.isBelow(median(waits), ANSWER)
    assert.strictEqual((yield* Effect.flip(StoreHealth.use((it) => it.check)))._tag, "DirectoryUnavailable")
    yield* Effect.promise(async () => end())
    assert.isBelow(yield* until(answers), RECOVERY)
    yield* StoreHealth.use((it) => it.check)
  }).pipe(Effect.scoped)

/** Rows are fresh for 300 ms and serve for a minute more. */
const withStore = <E>(
  body: (server: Postgres.Postgres) => Effect.Effect<void, E, UserRepo | StoreHealth>
) =>
  Effect.gen(function*() {
    const server = yield* Postgres.make()
    yield* Effect.gen(function*() {
      yield* put("users", { id: "alice" })
      yield* until(hears)
      yield* body(server)
    }).pipe(Effect.provide(storeOf({ url: server.url, connection: { pool: 4 } }, { rows: "300ms" })))
  })

describeWith(["postgres", "redis"], "threat E14: faults of PostgreSQL", () => {
  it.live(
    "stopped and started",
    () => withStore((server) => outage(server, () => server.kill(), () => server.restart()))
  )

  it.live("hanging", () => withStore((server) => outage(server, () => server.pause(), () => server.resume())))

  it.live("frozen: the end of the process waits for nothing that it may be asked for", () =>
    Effect.gen(function*() {
      const server = yield* Postgres.make()
      const scope = yield* Scope.make()
      yield* Effect.gen(function*() {
        yield* until(hears)
        server.pause()
      }).pipe(Effect.provide(yield* Layer.buildWithScope(storeOf({ url: server.url }), scope)))
      yield* Effect.addFinalizer(() => Effect.sync(() => server.resume()))
      const closed = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      // Two seconds; the room is twenty-fold.
      assert.isTrue(Option.isSome(yield* Effect.timeoutOption(Fiber.join(closed), "40 seconds")))
    }))

  it.live("a database that is away at the start is waited for in the background", () =>
    Effect.gen(function*() {
      const server = yield* Postgres.make()
      yield* Effect.promise(() => server.kill())
      yield* Effect.gen(function*() {
        const { tag, took } = yield* stranger
        assert.strictEqual(tag, "DirectoryUnavailable")
        assert.isBelow(took, ANSWER)
        yield* Effect.promise(() => server.restart())
        assert.isBelow(yield* until(answers), RECOVERY)
      }).pipe(Effect.provide(storeOf({ url: server.url })))
    }))

  it.live(
    "one that cannot be migrated yet when it comes back is tried again until it can",
    () =>
      Effect.gen(function*() {
        const server = yield* Postgres.make()
        yield* Effect.promise(() => server.kill())
        yield* Effect.gen(function*() {
          assert.strictEqual((yield* stranger).tag, "DirectoryUnavailable")
          yield* Effect.promise(() => server.restart())
          // The server is there, the database of this name is not: no failure of a connection.
          yield* Effect.sleep("1500 millis")
          yield* Effect.promise(() => server.createDatabase("later"))
          assert.isBelow(yield* until(answers), RECOVERY)
        }).pipe(Effect.provide(storeOf({ url: server.url.replace(/jotgate$/, "later") })))
      })
  )

  it.live("150 people who are made at once wait for each other, and not at the cost of their own time", () =>
    Effect.gen(function*() {
      const { url, wire } = yield* farServer
      yield* Effect.gen(function*() {
        yield* until(hears)
        wire.delay(5)
        const provisioner = yield* Provisioner
        const made = yield* Effect.forEach(Array.from({ length: 150 }, (_, at) => `person ${at}`), (id) =>
          Effect.exit(
            provisioner.run([{ _tag: "CreateUser", user: makeUser({ id: UserId.make(id) }) }])
          ), { concurrency: "unbounded" })
        assert.deepStrictEqual(new Set(made.map((it) => it._tag)), new Set(["Success"]))
      }).pipe(Effect.provide(storeOf({ url, connection: { pool: 4 } })))
    }))

  it.live("people who are made while every connection is cut are made on others", () =>
    Effect.gen(function*() {
      const { server, url, wire } = yield* farServer
      const make = (id: string) =>
        Provisioner.use((it) => it.run([{ _tag: "CreateUser", user: makeUser({ id: UserId.make(id) }) }]))
      const people = Array.from({ length: 40 }, (_, at) => `person ${at}`)
      yield* Effect.gen(function*() {
        yield* until(hears)
        wire.delay(20)
        const making = yield* Effect.forkChild(
          Effect.forEach(people, (id) => Effect.exit(make(id)), { concurrency: "unbounded" })
        )
        // Every transaction is eight ways there and back: some are in the middle of theirs.
        yield* Effect.sleep("250 millis")
        yield* Effect.promise(() =>
          server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'jotgate'")
        )
        const made = yield* Fiber.join(making)
        assert.deepStrictEqual(new Set(made.map((it) => it._tag)), new Set(["Success"]))
        const count = yield* Effect.promise(() => server.query("SELECT count(*) FROM jotgate.users"))
        assert.strictEqual(count, String(people.length))
      }).pipe(Effect.provide(storeOf({ url, connection: { pool: 4 } })))
    }))

  it.live("a database that is far away refuses nobody; farther than a statement may take, the key that helps is named", () =>
    Effect.gen(function*() {
      const { server, url, wire } = yield* farServer
      // The schema is made over a short way.
      yield* Effect.provide(until(hears), storeOf({ url: server.url }))
      wire.delay(450)
      yield* Effect.gen(function*() {
        // Longer than new connections have more time.
        for (let i = 0; i < 8; i++) assert.strictEqual((yield* stranger).tag, "RowNotFound")
        wire.delay(1_500)
        yield* until(Effect.map(stranger, (it) => it.tag === "DirectoryUnavailable"))
        const trouble = StoreHealth.use((it) => Effect.map(it.report, (report) => report.trouble ?? ""))
        yield* until(Effect.map(trouble, (it) => it.startsWith("answers in")))
        assert.match(
          yield* trouble,
          /^answers in \d{4} ms, and a look-up has \d+ ms: raise directory.connection.timeout, which is 1000 ms$/
        )
        // It comes nearer, but is not what it was: whoever shows that it is back shows how long it takes.
        wire.delay(400)
        assert.isBelow(yield* until(answers), RECOVERY)
        for (let i = 0; i < 3; i++) assert.strictEqual((yield* stranger).tag, "RowNotFound")
      }).pipe(Effect.provide(storeOf({ url, connection: { pool: 3 } })))
    }))
}, { concurrent: true })

describeWith(["postgres", "redis"], "threat E14: faults of PostgreSQL under load", () => {
  it.live("the pool exhausted by slow statements", () =>
    withStore((server) =>
      Effect.gen(function*() {
        const lock = server.query("BEGIN; LOCK TABLE jotgate.users; SELECT pg_sleep(600); COMMIT")
        lock.catch(() => {})
        yield* Effect.sleep("200 millis")
        const asked = yield* Effect.forEach(Array.from({ length: 20 }), () => stranger, { concurrency: "unbounded" })
        assert.deepStrictEqual(new Set(asked.map((it) => it.tag)), new Set(["DirectoryUnavailable"]))
        assert.isBelow(median(asked.map((it) => it.took)), ANSWER)
        const connections = yield* Effect.promise(() =>
          server.query("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'jotgate'")
        )
        assert.isAtMost(Number(connections), 4)
        yield* Effect.promise(() =>
          server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        )
        assert.isBelow(yield* until(answers), RECOVERY)
      })
    ))

  /** 150 people who were never here, all at once, right after a start; what their look-ups come to. */
  const burst = (server: Postgres.Postgres, fault: (wire: SlowWire.SlowWire) => void) =>
    Effect.gen(function*() {
      const people = Array.from({ length: 150 }, (_, at) => `person ${at}`)
      yield* Effect.gen(function*() {
        const admin = yield* DirectoryAdmin
        yield* admin.apply({ users: people.map((id) => ({ id })) }, { actor: "test", prune: "none", origin: "api" })
      }).pipe(Effect.provide(storeOf({ url: server.url, connection: { pool: 4 } })))
      const wire = yield* SlowWire.make(server.port)
      fault(wire)
      const url = server.url.replace(`:${server.port}/`, `:${wire.port}/`)
      return yield* Effect.gen(function*() {
        const found = yield* Effect.forEach(people, (id) => Effect.exit(find(id)), { concurrency: "unbounded" })
        return new Set(found.map((it) => it._tag))
      }).pipe(Effect.provide(storeOf({ url, connection: { pool: 4 } })))
    })

  it.live("none at all: 150 new people at once, right after a start, are all found", () =>
    Effect.gen(function*() {
      const server = yield* Postgres.make()
      assert.deepStrictEqual(yield* burst(server, () => {}), new Set(["Success"]))
    }))

  it.live("one of many connections is there, and the others take their time: 150 at once are all found", () =>
    Effect.gen(function*() {
      const server = yield* Postgres.make()
      const found = yield* burst(server, (wire) => {
        wire.delay(20)
        wire.connect((nth) => nth === 0 ? 0 : 800)
      })
      assert.deepStrictEqual(found, new Set(["Success"]))
    }))

  it.live("every connection killed", () =>
    withStore((server) =>
      Effect.gen(function*() {
        for (let i = 0; i < 5; i++) {
          yield* Effect.promise(() =>
            server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'jotgate'")
          )
          assert.strictEqual((yield* find("alice")).id, "alice")
        }
        assert.isBelow(yield* until(answers), RECOVERY)
      })
    ))

  it.live(
    "under load: whoever was seen goes on, everybody else is told in time, and all is well again soon",
    () =>
      withStore((server) =>
        Effect.gen(function*() {
          yield* until(seen)
          yield* Effect.promise(() => server.kill())
          yield* Effect.sleep("400 millis")
          const { tags, waits } = yield* load("alice", Effect.sleep("2 seconds"))
          assert.deepStrictEqual(tags, new Set(["DirectoryUnavailable"]))
          assert.isBelow(median(waits), ANSWER)
          yield* Effect.promise(() => server.restart())
          assert.isBelow(yield* until(answers), RECOVERY)
        })
      )
  )

  it.live("slowed: nobody waits for it, and what comes too late is nobody's answer", () =>
    Effect.gen(function*() {
      const { url, wire } = yield* farServer
      yield* Effect.gen(function*() {
        yield* put("users", { id: "alice" })
        yield* until(hears)
        yield* until(seen)
        wire.delay(1_500)
        yield* Effect.sleep("400 millis")
        const { tags, waits } = yield* load("alice", Effect.sleep("3 seconds"))
        assert.deepStrictEqual(tags, new Set(["DirectoryUnavailable"]))
        assert.isBelow(median(waits), 600, "the time of a look-up, not of the server")
        wire.delay(0)
        assert.isBelow(yield* until(answers), RECOVERY)
        const { tag } = yield* stranger
        assert.strictEqual(tag, "RowNotFound")
      }).pipe(Effect.provide(storeOf({ url, connection: { pool: 4 } }, { rows: "300ms" })))
    }))
})

describeWith(["postgres", "redis"], "two processes on one PostgreSQL", () => {
  const team = Effect.flatMap(now, (it) => TeamRepo.use((teams) => teams.byId(TeamId.make("red"), it)))
  const block = put("teams", { id: "red", blocked: true })

  /** A change through one is seen by the other, long before rows age out. */
  const changed = <E, E2>(one: Layer.Layer<DirectoryAdmin, E>, two: Layer.Layer<TeamRepo | Forgetting, E2>) =>
    Effect.gen(function*() {
      const first = yield* Layer.build(one)
      yield* Effect.provide(put("teams", { id: "red" }), first)
      const second = yield* Layer.build(two)
      yield* until(Effect.provide(hears, second))
      assert.isFalse((yield* Effect.provide(team, second)).blocked)
      yield* Effect.provide(block, first)
      assert.isBelow(yield* until(Effect.provide(Effect.map(team, (it) => it.blocked), second)), SEEN)
    })

  it.live("a change through one is seen by the other within two seconds: LISTEN", () =>
    Effect.gen(function*() {
      const server = yield* Postgres.make()
      yield* changed(storeOf({ url: server.url }), storeOf({ url: server.url }))
    }))

  it.live(
    "a change through one is seen by the other within two seconds: Redis, where nobody can LISTEN",
    () =>
      Effect.gen(function*() {
        const server = yield* Postgres.make()
        const redis = yield* Redis.make()
        const store = () =>
          storeOf({ url: server.url, connection: { pool: 1 } }, { redis: "env:REDIS" }, { "env:REDIS": redis.url })
        yield* changed(store(), store())
      })
  )

  it.live("a lost LISTEN is noticed: what was changed meanwhile is seen", () =>
    Effect.gen(function*() {
      const server = yield* Postgres.make()
      const context = yield* Layer.build(storeOf({ url: server.url }))
      const connected = Effect.provide(hears, context)
      yield* until(connected)
      yield* Effect.provide(put("teams", { id: "red" }), context)
      assert.isFalse((yield* Effect.provide(team, context)).blocked)
      // Nobody is told of this change: it comes from the outside, while the listener is cut off.
      yield* Effect.promise(() =>
        server.query(`UPDATE jotgate.teams SET blocked = 1;
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'jotgate'`)
      )
      assert.isBelow(yield* until(Effect.provide(Effect.map(team, (it) => it.blocked), context)), SEEN)
      yield* until(connected)
    }))

  it.live("of several that start at once one migrates", () =>
    Effect.gen(function*() {
      const server = yield* Postgres.make()
      const stores = Array.from({ length: 4 }, () => storeOf({ url: server.url, connection: { pool: 2 } }))
      yield* Effect.forEach(stores, (store) => StoreHealth.use((it) => it.check).pipe(Effect.provide(store)), {
        concurrency: "unbounded"
      })
      assert.strictEqual(
        yield* Effect.promise(() => server.query("SELECT count(*) FROM jotgate.migrations")),
        String(known("directory").length)
      )
    }))
}, { concurrent: true })
