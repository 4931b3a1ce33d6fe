import { assert, describe, it } from "@effect/vitest"
import { knownModel } from "@jotgate/core/Request"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { Enquiry } from "../src/Judge.ts"
import * as World from "./support/World.ts"

describe("Judge", () => {
  it.effect("works out what would have allowed a denial for fifty logged ones a second, and whenever it is asked for", () =>
    Effect.gen(function*() {
      const { auth, judge, token } = yield* World.make()
      const denied: Enquiry = {
        auth,
        asked: {
          method: "POST",
          path: "/v1/chat/completions",
          rawHeaders: ["authorization", `Bearer ${yield* token("bob", { groups: ["blue"] })}`],
          model: knownModel("gpt-4o")
        },
        door: "proxy",
        requestId: null
      }
      /** The steps of a denial, and whether they end with a hint. */
      const hinted = (question: Enquiry) =>
        Effect.map(judge.asking(question), ({ result, steps }) => {
          assert.strictEqual(result._tag, "Forbidden")
          assert.isTrue(steps.some((it) => it.outcome === "denied"))
          return steps.some((it) => it.step === "hint" && it.facts["changes"] !== undefined)
        })
      yield* hinted(denied)
      yield* TestClock.adjust("1 second")
      const flood = yield* Effect.forEach(Array.from({ length: 60 }, () => denied), hinted)
      assert.strictEqual(flood.filter((it) => it).length, 50)
      assert.isTrue(yield* hinted({ ...denied, trace: true }))
      yield* TestClock.adjust("1 second")
      assert.isTrue(yield* hinted(denied))
    }))
})
