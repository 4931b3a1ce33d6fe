import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as KilledRecords from "../support/KilledRecords.ts"

describe("kill -9 while records are written", () => {
  it.live(
    "tears nothing, and loses only the newest records, five times",
    () =>
      Effect.gen(function*() {
        const { asked, lost } = yield* KilledRecords.run(5, 10)
        assert.isAbove(asked, 50)
        assert.isBelow(lost, asked)
      }),
    120_000
  )
})
