import { assert, it } from "@effect/vitest"
import { tally } from "../lib/Tally.ts"

const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1, success: true }

it("counts what the runner reported", () => {
  assert.deepStrictEqual(tally(report), { line: "tests: 3 passed, 0 failed, 2 skipped", ok: true })
})

it("a failed test, a failed run, no test and no report are failures", () => {
  assert.isFalse(tally({ ...report, numFailedTests: 1 }).ok)
  assert.isFalse(tally({ ...report, success: false }).ok)
  assert.isFalse(tally({ ...report, numPassedTests: 0 }).ok)
  assert.deepStrictEqual(tally(undefined), { line: "tests: 0 passed, 0 failed, 0 skipped", ok: false })
})
