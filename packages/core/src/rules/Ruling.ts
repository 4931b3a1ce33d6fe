/** What a rule answers when it denies. */
import type { DecisionCode } from "../Errors.ts"
import type { Fact, StepName } from "../Trace.ts"

/** A denial of a rule: the step, the code, and the facts that name rule and value. */
export interface Ruling {
  readonly step: StepName
  readonly code: DecisionCode
  readonly facts: { readonly [name: string]: Fact }
  /** Every scope that was missing, for the challenge (RFC 6750 §3.1). */
  readonly scope?: ReadonlyArray<string>
}
