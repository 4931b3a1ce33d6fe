import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Queue } from "effect"
import * as Signals from "../src/Signals.ts"

const send = () => Effect.sync(() => process.emit("SIGHUP", "SIGHUP"))
const listeners = () => process.listenerCount("SIGHUP")

describe("Signals", () => {
  it.effect("hangups: one is kept for whoever takes it, however many come, and none is heard when nobody is left", () =>
    Effect.gen(function*() {
      const before = listeners()
      const left = yield* Effect.scoped(Effect.gen(function*() {
        const queue = yield* Signals.hangups
        assert.strictEqual(listeners(), before + 1)
        yield* send()
        yield* send()
        assert.strictEqual(yield* Queue.take(queue), "SIGHUP")
        return yield* Queue.size(queue)
      }))
      assert.strictEqual(left, 0)
      assert.strictEqual(listeners(), before)
    }))

  it.effect("hungUp: ends as an interrupted run does, and listens no longer than it lasts", () =>
    Effect.gen(function*() {
      const before = listeners()
      const fiber = yield* Effect.forkChild(Signals.hungUp, { startImmediately: true })
      assert.strictEqual(listeners(), before + 1)
      yield* send()
      const exit = yield* Fiber.await(fiber)
      assert.strictEqual(exit._tag, "Failure")
      assert.strictEqual(listeners(), before)
    }))
})
