import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Scheduler } from "effect"
import { TestClock } from "effect/testing"
import * as Breaker from "../../src/sql/Breaker.ts"

const refused = () => Effect.fail("refused")
const silent: Breaker.Listener = { opened: () => Effect.void, closed: Effect.void }

it.effect("whoever is cut off on probation, wherever, leaves it to the next", () =>
  Effect.gen(function*() {
    // A fiber gives way after so many steps; there it is cut off.
    for (let steps = 3; steps <= 16; steps++) {
      const breaker = Breaker.make(silent)
      for (let failed = 0; failed < 3; failed++) yield* Effect.exit(breaker(() => Effect.fail("away"), refused))
      assert.strictEqual(yield* Effect.flip(breaker(() => Effect.succeed("asked"), refused)), "refused")
      yield* TestClock.adjust(1_000)
      const probe = breaker(() => Effect.never, refused)
      const fiber = yield* Effect.forkChild(Effect.provideService(probe, Scheduler.MaxOpsBeforeYield, steps), {
        startImmediately: true
      })
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* breaker(() => Effect.succeed("asked"), refused), "asked", `${steps} steps`)
    }
  }))

it.effect("one at a time shows whether it is back", () =>
  Effect.gen(function*() {
    const breaker = Breaker.make(silent)
    for (let failed = 0; failed < 3; failed++) yield* Effect.exit(breaker(() => Effect.fail("away"), refused))
    yield* TestClock.adjust(1_000)
    const probe = yield* Effect.forkChild(breaker(() => Effect.sleep(10), refused), { startImmediately: true })
    assert.strictEqual(yield* Effect.flip(breaker(() => Effect.succeed("asked"), refused)), "refused")
    yield* TestClock.adjust(10)
    yield* Fiber.join(probe)
    assert.strictEqual(yield* breaker(() => Effect.succeed("asked"), refused), "asked")
  }))
