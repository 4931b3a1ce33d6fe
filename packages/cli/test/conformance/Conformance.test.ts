/** The recorded decisions of the reference, decided anew: the same, or different by a numbered rule. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { add, emptyTally, scenariosIn, summary } from "./Report.ts"

const corpora = [["1.90", "conformance", 12, 100], ["1.110", "conformance-1.110", 26, 30]] as const

const filesOf = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(import.meta.dirname, "../fixtures", folder)).toSorted()

describe.each(corpora)("recorded decisions of LiteLLM %s", (_, folder, count, least) => {
  it("the corpus is all there", () => {
    assert.strictEqual(filesOf(folder).length, count)
  })

  it.each(filesOf(folder))("%s: every difference has a number", async (file) => {
    const tally = emptyTally()
    await add(tally, scenariosIn(join(import.meta.dirname, "../fixtures", folder, file)).scenarios)
    assert.isAbove(tally.agree, least)
    assert.deepStrictEqual(tally.unexplained, [], summary(tally))
  })
})
