/** What the owner fetches for all. */
import { assert, describe, it } from "@effect/vitest"
import { OutboundFailed } from "@jotgate/core/Outbound"
import { Effect, Fiber, Scheduler } from "effect"
import type { Fetching } from "../../src/workers/Message.ts"
import * as SharedFetch from "../../src/workers/SharedFetch.ts"

const fetching = (url: string): Fetching => ({
  url,
  reach: { _tag: "Configured" },
  allowInsecure: false,
  accept: "application/json",
  authorization: null,
  ca: null
})

describe("what the owner fetches for all", () => {
  it.effect("is so much at a time, and what is over that fails", () =>
    Effect.gen(function*() {
      const { share } = SharedFetch.make({ ask: () => Effect.never })
      const running = yield* Effect.forEach(
        Array.from({ length: 1_000 }, (_, at) => at),
        (at) => Effect.forkChild(share(fetching(`https://idp.test/${at}`), 0), { startImmediately: true })
      )
      const { fetched } = yield* share(fetching("https://idp.test/more"), 0)
      assert.deepInclude(fetched, { _tag: "Failure", reason: "connect" })
      yield* Fiber.interruptAll(running)
    }))

  it.effect("ends whatever happens to it, and is asked for anew", () =>
    Effect.gen(function*() {
      let asked = 0
      const { share } = SharedFetch.make({
        ask: () => {
          if (++asked === 1) throw new TypeError("a defect")
          return Effect.fail(new OutboundFailed({ reason: "timeout", detail: "later" }))
        }
      })
      const first = yield* share(fetching("https://idp.test/keys"), 0)
      assert.deepInclude(first.fetched, { _tag: "Failure", reason: "connect" })
      const second = yield* share(fetching("https://idp.test/keys"), first.at)
      assert.deepInclude(second.fetched, { _tag: "Failure", reason: "timeout" })
    }))

  it.effect("goes on without whoever asked first, wherever that one is cut off", () =>
    Effect.gen(function*() {
      const { share } = SharedFetch.make({
        ask: () => Effect.fail(new OutboundFailed({ reason: "timeout", detail: "later" }))
      })
      // A fiber gives way after every few steps; it is cut off at one of these places after the other.
      for (let place = 0; place < 30; place++) {
        const one = share(fetching(`https://idp.test/${place}`), 0)
        const first = yield* Effect.forkChild(Effect.provideService(one, Scheduler.MaxOpsBeforeYield, 3 + place % 3), {
          startImmediately: true
        })
        for (let left = place / 3; left >= 1; left--) yield* Effect.yieldNow
        yield* Fiber.interrupt(first)
        const second = yield* Effect.forkChild(one, { startImmediately: true })
        for (let turns = 0; turns < 100 && second.pollUnsafe() === undefined; turns++) yield* Effect.yieldNow
        assert.isDefined(second.pollUnsafe(), `place ${place}`)
      }
    }))
})
