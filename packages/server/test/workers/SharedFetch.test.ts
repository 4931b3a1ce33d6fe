/** What the owner fetches for all. */
import { assert, describe, it } from "@effect/vitest"
import { OutboundFailed } from "@jotgate/core/Outbound"
import { Effect, Fiber } from "effect"
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
})
