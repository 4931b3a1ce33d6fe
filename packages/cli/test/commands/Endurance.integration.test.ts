/** What happens to a gate under load: a short form of `npm run soak -- endurance`. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Endurance from "../support/Endurance.ts"

describe("jotgate serve under load", () => {
  it.live(
    "starts again after kill -9, and answers nobody wrong",
    () =>
      Effect.gen(function*() {
        const { refused, wrong } = yield* Endurance.kills(1)
        assert.deepStrictEqual([refused, wrong], [0, []])
      }).pipe(Effect.scoped),
    180_000
  )
})
