/** Whatever is sent on any listener: an answer of ours or a closed connection, never a 500, never an exit. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ServedChaos from "./support/ServedChaos.ts"

const seed = Number(process.env["CHAOS_SEED"] ?? 1)

describe("jotgate serve", () => {
  it.live(
    "is well after thirty seconds of random, cut, pipelined, malformed and reset connections",
    () =>
      Effect.scoped(Effect.gen(function*() {
        // With pauses, so that other tests have a share of the processor; `npm run soak -- chaos` makes none.
        const after = yield* ServedChaos.run(seed, 30_000, 100)
        const { connections, answers, ...rest } = after
        assert.deepStrictEqual(rest, { wrong: [], exitCode: null, defects: [], inFlight: 0, held: 0, status: 200 })
        assert.isAbove(connections, 100)
        assert.isAbove(answers, 100)
      })),
    120_000
  )
})
