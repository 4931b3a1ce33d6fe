/** Counts a test run from the runner's own JSON report. */

export interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly success: boolean
}

export interface Tally {
  readonly line: string
  readonly ok: boolean
}

/** The closing line, and whether the run counts as passed: a run without a single passed test does not. */
export const tally = (report: Report | undefined): Tally => {
  const { numFailedTests = 0, numPassedTests = 0, numPendingTests = 0, numTodoTests = 0, success = false } = report ??
    {}
  return {
    line: `tests: ${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests + numTodoTests} skipped`,
    ok: success && numPassedTests > 0 && numFailedTests === 0
  }
}
