/** Floods of tokens through a served gate (threats C01, C02): a tenth of `npm run soak -- floods`. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { floods } from "../support/Flood.ts"

describe("jotgate serve in a flood", () => {
  it.live(
    "threats C01, C02: floods of unknown kids and bad signatures cost the issuer nothing, and good tokens go on",
    () =>
      Effect.gen(function*() {
        const { blind, first, seen } = yield* floods(1_000)
        assert.strictEqual(first, 200)
        for (const { fetches, name, refused, statuses } of seen) {
          assert.deepStrictEqual(statuses, { 401: 1_000 }, name)
          assert.deepStrictEqual(refused, [], `good tokens among ${name}`)
          assert.isAtMost(fetches, 3, `key fetches after the flood of ${name}`)
        }
        assert.deepStrictEqual(blind.statuses, { 503: 200 })
        assert.isAtMost(blind.fetches, 10)
      }).pipe(Effect.scoped),
    120_000
  )
})
