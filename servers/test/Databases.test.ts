import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { describeWith, Ports, Postgres, Process, Redis } from "../src/index.ts"

const within = <A>(promise: Promise<A>, milliseconds: number): Promise<A | "late"> => {
  const { promise: late, resolve } = Promise.withResolvers<"late">()
  setTimeout(() => resolve("late"), milliseconds).unref()
  return Promise.race([promise, late])
}

describeWith("postgres", "PostgreSQL", () => {
  it("answers, survives a crash with its data, and leaves nothing behind", async () => {
    const server = await Postgres.start({ settings: { max_connections: "20" } })
    try {
      assert.strictEqual(await server.query("SELECT 6 * 7"), "42")
      assert.strictEqual(await server.query("SHOW max_connections"), "20")
      await server.query("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")

      const before = Process.family(server.pid())
      assert.isAbove(before.length, 1)
      await server.kill()
      assert.deepStrictEqual(before.filter(Process.isRunning), [])
      assert.isFalse(await Ports.answers(server.port))

      await server.restart()
      assert.strictEqual(await server.query("SELECT n FROM kept"), "1")
      assert.match(await server.createDatabase("another"), /\/another$/)
    } finally {
      const last = Process.family(server.pid())
      await server.stop()
      assert.deepStrictEqual(last.filter(Process.isRunning), [])
    }
  })

  it("a wrong password is refused", async () => {
    const server = await Postgres.start()
    try {
      const url = server.url.replace(server.password, "wrong")
      const refused = await server.query("SELECT 1", url).then(() => "let in", String)
      assert.match(refused, /password authentication failed/)
    } finally {
      await server.stop()
    }
  })

  it.effect("lives as long as its scope, under the test clock too", () =>
    Effect.gen(function*() {
      const pid = yield* Effect.scoped(Effect.gen(function*() {
        const server = yield* Postgres.make()
        assert.strictEqual(yield* Effect.promise(() => server.query("SELECT 1")), "1")
        return server.pid()
      }))
      assert.isFalse(Process.isRunning(pid))
    }))

  it("paused, it keeps its callers waiting; resumed, it answers them", async () => {
    const server = await Postgres.start()
    try {
      server.pause()
      const asked = server.query("SELECT 1")
      assert.strictEqual(await within(asked, 300), "late")
      server.resume()
      assert.strictEqual(await asked, "1")
    } finally {
      await server.stop()
    }
  })
}, { concurrent: true })

describeWith("redis", "Redis", () => {
  it.effect("answers, pauses, forgets in a restart, and stops", () =>
    Effect.gen(function*() {
      const pid = yield* Effect.scoped(Effect.gen(function*() {
        const server = yield* Redis.make({ settings: { maxmemory: "20mb" } })
        yield* Effect.promise(async () => {
          assert.strictEqual(await server.query("SET", "a", "b"), "OK")
          server.pause()
          const asked = server.query("GET", "a")
          assert.strictEqual(await within(asked, 200), "late")
          server.resume()
          assert.strictEqual(await asked, "b")
          await server.restart()
          assert.strictEqual(await server.query("GET", "a"), "")
        })
        return server.pid()
      }))
      assert.isFalse(Process.isRunning(pid))
    }))

  it("two at a time do not meet", async () => {
    const [one, two] = await Promise.all([Redis.start(), Redis.start()])
    try {
      await one.query("SET", "a", "1")
      assert.strictEqual(await two.query("GET", "a"), "")
      assert.notStrictEqual(one.port, two.port)
    } finally {
      await Promise.all([one.stop(), two.stop()])
    }
  })

  it("a server that cannot start says why", async () => {
    const failed = await Redis.start({ settings: { "no-such-setting": "1" } }).then(
      () => undefined,
      (error: unknown) => error
    )
    assert.instanceOf(failed, Process.ServerFailed)
    assert.match(failed.message, /no-such-setting/)
  })
}, { concurrent: true })
