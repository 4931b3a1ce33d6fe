/** The recorded decisions of the reference, decided anew: the same, or different by a numbered rule. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { add, emptyTally, scenariosIn, summary } from "./Report.ts"

const corpus = join(import.meta.dirname, "../fixtures/conformance")
const files = readdirSync(corpus).toSorted()

describe("recorded decisions of the reference", () => {
  it("the corpus is all there", () => {
    assert.strictEqual(files.length, 12)
  })

  it.each(files)("%s: every difference has a number", async (file) => {
    const tally = emptyTally()
    await add(tally, scenariosIn(join(corpus, file)).scenarios)
    assert.isAbove(tally.agree, 100)
    assert.deepStrictEqual(tally.unexplained, [], summary(tally))
  }, 60_000)
})
