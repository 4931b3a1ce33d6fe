import { assert, describe, it } from "@effect/vitest"
import { type DirectoryWrite, UserId } from "@jotgate/core/Directory"
import { Deferred, Effect, Exit, Fiber, Metric, Scheduler, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as WriteQueue from "../../src/remember/WriteQueue.ts"

const role = (id: string): ReadonlyArray<DirectoryWrite> => [
  { _tag: "SetRole", user: UserId.make(id), role: "internal_user", origin: "token" }
]

const options = (run: WriteQueue.Options<string>["run"]): WriteQueue.Options<string> => ({
  run,
  reasonOf: (error) => error,
  isTransient: (error) => error === "away"
})

const fresh = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.provideService(self, Metric.MetricRegistry, new Map())

const total = (metric: typeof WriteQueue.dropped) => Effect.map(Metric.value(metric), (it) => it.count)

const settle = Effect.repeat(Effect.yieldNow, { times: 50 })

describe("WriteQueue", () => {
  it.effect("RULES D33: a write that fails for a moment is tried again, and then done", () =>
    fresh(Effect.gen(function*() {
      let calls = 0
      const queue = yield* WriteQueue.make(
        options(() => Effect.suspend(() => ++calls < 4 ? Effect.fail("away") : Effect.void))
      )
      yield* queue.offer(role("a"))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(calls, 4)
      assert.strictEqual(yield* total(WriteQueue.done), 1)
      assert.strictEqual(yield* total(WriteQueue.dropped), 0)
    })))

  it.effect("a write that cannot succeed is given up at once and counted", () =>
    fresh(Effect.gen(function*() {
      let calls = 0
      const queue = yield* WriteQueue.make(options(() => {
        calls++
        return Effect.fail("never")
      }))
      yield* queue.offer(role("a"))
      yield* settle
      assert.strictEqual(calls, 1)
      assert.strictEqual(yield* total(WriteQueue.dropped), 1)
    })))

  it.effect("who offers a write and is cut off, wherever, leaves it to be done now or by the next", () =>
    fresh(Effect.gen(function*() {
      const done = new Set<string>()
      const queue = yield* WriteQueue.make(
        options((writes) => Effect.sync(() => void done.add(JSON.stringify(writes))))
      )
      // A fiber gives way after every few steps; it is cut off at one of these places after the other.
      for (let place = 0; place < 30; place++) {
        const offer = queue.offer(role(`u-${place}`))
        const fiber = yield* Effect.forkChild(
          Effect.provideService(offer, Scheduler.MaxOpsBeforeYield, 3 + place % 3),
          { startImmediately: true }
        )
        for (let left = place / 3; left >= 1; left--) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        yield* offer
        yield* settle
        assert.strictEqual(done.size, place + 1, `place ${place}`)
      }
    })))

  it.effect("attempts are bounded", () =>
    fresh(Effect.gen(function*() {
      let calls = 0
      const queue = yield* WriteQueue.make(options(() =>
        Effect.suspend(() => {
          calls++
          return Effect.fail("away")
        })
      ))
      yield* queue.offer(role("a"))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(calls, 6)
      assert.strictEqual(yield* total(WriteQueue.dropped), 1)
    })))

  it.effect("a batch that waits or was done is not done again, until rows changed or a minute passed", () =>
    fresh(Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      let calls = 0
      const queue = yield* WriteQueue.make(options(() => {
        calls++
        return Deferred.await(gate)
      }))
      yield* queue.offer(role("a"))
      yield* queue.offer(role("a"))
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      yield* queue.offer(role("a"))
      yield* settle
      assert.strictEqual(calls, 1)
      queue.reset()
      yield* queue.offer(role("a"))
      yield* settle
      assert.strictEqual(calls, 2)
      yield* TestClock.adjust("61 seconds")
      yield* queue.offer(role("a"))
      yield* settle
      assert.strictEqual(calls, 3)
    })))

  it.effect("is bounded: what does not fit is dropped and counted, and so is what a stop leaves", () =>
    fresh(Effect.gen(function*() {
      const scope = yield* Scope.make()
      const queue = yield* Scope.provide(WriteQueue.make(options(() => Effect.never)), scope)
      for (let i = 0; i < 1_100; i++) yield* queue.offer(role(`u-${i}`))
      const full = yield* total(WriteQueue.dropped)
      assert.isAtLeast(full, 90)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("6 seconds")
      yield* Fiber.join(closing)
      assert.strictEqual(yield* total(WriteQueue.dropped), 1_100)
    })))

  it.live("a graceful stop does what is queued", () =>
    fresh(Effect.gen(function*() {
      const done: Array<number> = []
      yield* Effect.scoped(Effect.gen(function*() {
        const queue = yield* WriteQueue.make(
          options((writes) => Effect.andThen(Effect.sleep("2 millis"), Effect.sync(() => done.push(writes.length))))
        )
        for (let i = 0; i < 20; i++) yield* queue.offer(role(`u-${i}`))
      }))
      assert.strictEqual(done.length, 20)
    })))
})
