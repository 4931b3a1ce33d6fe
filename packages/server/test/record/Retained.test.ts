/**
 * What callers choose (paths, tokens, headers) is held within bounds in bytes: measured on the heap, a tenth of what
 * `npm run soak -- retained` asks.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Retained from "../support/Retained.ts"

const MIB = 1024 * 1024

describe("what a gate holds on to", () => {
  it.live("740 denied requests with paths of 60 kB leave a tenth of them at most", () =>
    Effect.gen(function*() {
      const { bytes, code } = yield* Retained.deniedPaths(740)
      assert.strictEqual(code, "token_missing")
      assert.isBelow(bytes, 4.5 * MIB, `${bytes} bytes of ${740 * Retained.PATH}`)
    }))

  it.live(
    "a thousand tokens of 16 kB hold no more than they are reckoned to, four times their length",
    () =>
      Effect.gen(function*() {
        const { bytes, length } = yield* Retained.longTokens(1_050)
        assert.isAbove(length, 15_000)
        assert.isBelow(bytes, 1_050 * (2_048 + 4 * length), `${bytes} bytes`)
      })
  )

  it.live("a thousand tokens of 16 kB that are refused leave next to nothing", () =>
    Effect.gen(function*() {
      const bytes = yield* Retained.refusedTokens(1_000)
      assert.isBelow(bytes, 4.5 * MIB, `${bytes} bytes`)
    }))

  it.live(
    "a thousand denials of team headers of 30 kB leave the 16 KiB that the steps of a record may have",
    () =>
      Effect.gen(function*() {
        const bytes = yield* Retained.hints(1_000)
        assert.isBelow(bytes, 18 * MIB, `${bytes} bytes of ${1_000 * 30_000}`)
      })
  )
})
