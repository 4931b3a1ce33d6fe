import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer } from "effect"
import { Cache, CacheTier } from "../../src/cache/Cache.ts"
import type { Unchanged } from "../../src/cache/Reads.ts"
import * as CacheSuite from "../../src/testing/CacheSuite.ts"
import { type Failure, scripted } from "../../src/testing/ScriptedRegion.ts"
import type { Now } from "../../src/Trace.ts"

const at = (ticks: number): Now => ({ time: 0, ticks, note: undefined })

const run = <A, E>(effect: Effect.Effect<A, E, Cache>) => effect.pipe(Effect.provide(Cache.layer))

describe("the memory keeps the contract of a cache", () => {
  for (
    const { run, title } of [CacheSuite.answers, CacheSuite.remembers, CacheSuite.outages].flatMap((it) =>
      it(Cache.layer)
    )
  ) {
    it.effect(title, () => run)
  }
  for (const { run, title } of CacheSuite.answers(Cache.layerNoop)) {
    it.effect(`remembering nothing: ${title}`, () => run)
  }
})

describe("Cache", () => {
  it.effect("an answer that a look-up has at once is given at once", () =>
    run(Effect.gen(function*() {
      const { region } = yield* scripted(() => Effect.succeed("x"), { lookup: (key) => Exit.succeed(key) })
      assert.isTrue(Exit.isExit(region.get("a", at(0))))
    })))

  it.effect("RULES D27, threat E14: an outage is served from the last answer for the stated window and then fails", () =>
    run(Effect.gen(function*() {
      const { calls, region } = yield* scripted((_, call) => call === 1 ? Effect.succeed("known") : Effect.fail("down"))
      yield* region.get("a", at(0))
      assert.strictEqual(yield* region.get("a", at(31_000)), "known")
      assert.isTrue(Exit.isExit(region.get("a", at(31_500))), "the next second asks nobody")
      assert.strictEqual(yield* region.get("a", at(89_999)), "known")
      assert.strictEqual(yield* Effect.flip(region.get("a", at(90_000))), "down")
      assert.deepStrictEqual(calls.length, 4)
      assert.strictEqual(region.stats().stale, 2)
    })))

  it.effect("a forgotten key is looked up again, and not served in an outage", () =>
    run(Effect.gen(function*() {
      const { region } = yield* scripted((_, call) => call === 1 ? Effect.succeed("known") : Effect.fail("down"))
      yield* region.get("a", at(0))
      region.invalidate("a")
      assert.strictEqual(yield* Effect.flip(region.get("a", at(1))), "down")
      region.clear()
      assert.strictEqual(region.size(), 0)
    })))

  it.effect("threat E14: what expired is asked again, and still serves in an outage for its time", () =>
    run(Effect.gen(function*() {
      const { calls, region } = yield* scripted((key, call) => call === 2 ? Effect.fail("down") : Effect.succeed(key))
      yield* region.get("a", at(0))
      region.expire()
      assert.strictEqual(yield* region.get("a", at(1)), "a")
      assert.strictEqual(calls.length, 2)
      assert.strictEqual(region.stats().stale, 1)
      region.expire()
      assert.strictEqual(yield* region.get("a", at(2)), "a")
      assert.strictEqual(calls.length, 3)
    })))

  it.effect("threat E14: a look-up that was under way when everything expired fails, and the known answer goes on", () =>
    run(Effect.gen(function*() {
      const gate = yield* Deferred.make<string, Failure>()
      const { region } = yield* scripted((key, call) => call === 2 ? Deferred.await(gate) : Effect.succeed(key))
      yield* region.get("a", at(0))
      const second = yield* Effect.forkChild(region.get("a", at(31_000)), { startImmediately: true })
      region.expire()
      yield* Deferred.fail(gate, "down")
      assert.strictEqual(yield* Fiber.join(second), "a")
    })))

  it.effect("an answer counts from the last moment at which nothing had changed since it was looked up", () =>
    run(Effect.gen(function*() {
      let span: Unchanged = { since: 100, until: 100 }
      const { calls, region } = yield* scripted(
        (key, call) => key === "none" ? Effect.fail("absent") : Effect.succeed(`${key}${call}`),
        { unchanged: () => span }
      )
      for (const key of ["early", "a", "none"]) yield* Effect.exit(region.get(key, at(key === "early" ? 99 : 100)))
      span = { since: 100, until: 3_600_000 }
      assert.strictEqual(yield* region.get("early", at(30_099)), "early4", "looked up before the span: asked again")
      assert.strictEqual(yield* region.get("a", at(3_629_999)), "a2")
      assert.strictEqual(yield* Effect.flip(region.get("none", at(3_601_999))), "absent")
      assert.strictEqual(calls.length, 4)
      const many = yield* region.getMany(["a", "early"], at(3_629_999))
      assert.deepStrictEqual(many, [Exit.succeed("a2"), Exit.succeed("early4")])
      assert.strictEqual(calls.length, 4)
      yield* Effect.exit(region.get("none", at(3_602_000)))
      assert.strictEqual(calls.length, 5, "an absence for its own time after it")
      assert.strictEqual(yield* region.get("a", at(3_630_000)), "a6", "and a row for its own")
    })))

  it.effect("something changed: what was looked up before keeps the time that it was known to be true for, and no more", () =>
    run(Effect.gen(function*() {
      let span: Unchanged = { since: 0, until: 0 }
      const { region } = yield* scripted((key, call) => Effect.succeed(`${key}${call}`), { unchanged: () => span })
      yield* region.get("a", at(0))
      span = { since: 0, until: 40_000 }
      yield* region.get("a", at(40_000))
      span = { since: 40_500, until: 60_000 }
      assert.strictEqual(yield* region.get("a", at(69_999)), "a1")
      assert.strictEqual(yield* region.get("a", at(70_000)), "a2")
    })))

  it.effect("threat E14: what was last known to be true serves in an outage for its time from then, and no stale answer is made fresh", () =>
    run(Effect.gen(function*() {
      let span: Unchanged = { since: 0, until: 0 }
      const { calls, region } = yield* scripted(
        (_, call) => call === 1 ? Effect.succeed("known") : Effect.fail("down"),
        { unchanged: () => span }
      )
      yield* region.get("a", at(0))
      span = { since: 0, until: 600_000 }
      yield* region.get("a", at(600_000))
      span = { since: 600_500, until: 600_500 }
      assert.strictEqual(yield* region.get("a", at(689_999)), "known", "30 s fresh, 60 s in the outage")
      assert.strictEqual(calls.length, 2)
      span = { since: 600_500, until: 700_000 }
      assert.strictEqual(yield* Effect.flip(region.get("a", at(690_999))), "down")
    })))

  it.effect("threat E14: doubt is not answered by a span without changes", () =>
    run(Effect.gen(function*() {
      const { region } = yield* scripted((key, call) => Effect.succeed(`${key}${call}`), {
        unchanged: () => ({ since: 0, until: 1_000 })
      })
      yield* region.get("a", at(0))
      region.expire()
      assert.strictEqual(yield* region.get("a", at(1_000)), "a2")
    })))

  it.effect("how old a text of the second tier is, is told roughly: it is as old as that, whatever has not changed", () =>
    Effect.gen(function*() {
      let asked = 0
      const tier = {
        get: () => Effect.sync(() => ({ text: String(++asked), age: 0 })),
        set: () => Effect.void,
        remove: () => Effect.void
      }
      yield* Effect.gen(function*() {
        const { region } = yield* scripted(() => Effect.fail("down"), {
          unchanged: () => ({ since: 0, until: 60_000 }),
          shared: { encode: (value) => value, decode: (text) => text }
        })
        assert.strictEqual(yield* region.get("a", at(0)), "1")
        assert.strictEqual(yield* region.get("a", at(29_999)), "1")
        assert.strictEqual(yield* region.get("a", at(30_000)), "2")
      }).pipe(Effect.provide(Cache.layer.pipe(Layer.provide(Layer.succeed(CacheTier, tier)))))
    }))

  it.effect("is bounded, and spares what was used", () =>
    run(Effect.gen(function*() {
      const { calls, region } = yield* scripted((key) => Effect.succeed(key), { capacity: 10 })
      for (let i = 0; i < 10; i++) yield* region.get(`k${i}`, at(0))
      yield* region.get("k0", at(1))
      for (let i = 10; i < 19; i++) yield* region.get(`k${i}`, at(1))
      assert.strictEqual(region.size(), 10)
      yield* region.get("k0", at(2))
      assert.strictEqual(calls.filter((it) => it === "k0").length, 1)
      assert.strictEqual(region.stats().evictions, 9)
    })))

  it.effect("a look-up that the end of the cache cuts off leaves nobody waiting", () =>
    Effect.gen(function*() {
      const escaped = yield* scripted(() => Effect.never).pipe(Effect.provide(Cache.layer))
      const exit = yield* Effect.exit(escaped.region.get("a", at(0)))
      assert.isTrue(Exit.hasInterrupts(exit))
    }))

  it.live("a look-up can be cut off by its own deadline", () =>
    run(Effect.gen(function*() {
      const { region } = yield* scripted(() =>
        Effect.never.pipe(Effect.timeoutOrElse({ duration: "5 millis", orElse: () => Effect.fail("down" as const) }))
      )
      assert.strictEqual(yield* Effect.flip(region.get("a", at(0))), "down")
    })))

  it.effect("getMany looks up what is missing in one question and keeps the order", () =>
    run(Effect.gen(function*() {
      const asked: Array<ReadonlyArray<string>> = []
      const { calls, region } = yield* scripted((key) => Effect.succeed(key), {
        lookupMany: (keys) =>
          Effect.sync(() => {
            asked.push(keys)
            return keys.map((key) => key === "none" ? Exit.fail("absent" as const) : Exit.succeed(key))
          })
      })
      yield* region.get("b", at(0))
      const first = yield* region.getMany(["a", "b", "none", "a"], at(0))
      const expected: ReadonlyArray<Exit.Exit<string, Failure>> = [
        Exit.succeed("a"),
        Exit.succeed("b"),
        Exit.fail("absent"),
        Exit.succeed("a")
      ]
      assert.deepStrictEqual(first, expected)
      assert.deepStrictEqual(asked, [["a", "none"]])
      assert.isTrue(Exit.isExit(region.getMany(["a", "b", "none"], at(1))))
      assert.deepStrictEqual(calls, ["b"])
    })))

  it.effect("getMany gives answers that a look-up has at once at once, and remembers each", () =>
    run(Effect.gen(function*() {
      const asked: Array<ReadonlyArray<string>> = []
      const { region } = yield* scripted((key) => Effect.succeed(key), {
        lookupMany: (keys) => {
          asked.push(keys)
          return Exit.succeed(keys.map((key) => Exit.succeed(`many-${key}`)))
        }
      })
      const first = region.getMany(["a", "b", "a"], at(0))
      assert.isTrue(Exit.isExit(first))
      assert.deepStrictEqual((yield* first).map((it) => Exit.isSuccess(it) ? it.value : "failed"), [
        "many-a",
        "many-b",
        "many-a"
      ])
      assert.isTrue(Exit.isExit(region.getMany(["b", "a"], at(1))))
      yield* region.getMany(["b", "c"], at(2))
      assert.deepStrictEqual(asked, [["a", "b"], ["c"]])
    })))

  it.effect("getMany in an outage: known keys go on, others fail", () =>
    run(Effect.gen(function*() {
      const { region } = yield* scripted((key) => Effect.succeed(key), { lookupMany: () => Effect.fail("down") })
      yield* region.get("a", at(0))
      const answers = yield* region.getMany(["a", "b"], at(31_000))
      const expected: ReadonlyArray<Exit.Exit<string, Failure>> = [Exit.succeed("a"), Exit.fail("down")]
      assert.deepStrictEqual(answers, expected)
    })))

  it.effect("layerNone remembers nothing", () =>
    Effect.gen(function*() {
      const { calls, region } = yield* scripted((key) => Effect.succeed(key))
      yield* region.get("a", at(0))
      yield* region.get("a", at(0))
      assert.deepStrictEqual(calls, ["a", "a"])
    }).pipe(Effect.provide(Layer.fresh(Cache.layerNoop))))
})
