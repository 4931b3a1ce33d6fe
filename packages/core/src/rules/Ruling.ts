/** What a rule answers when it denies. */
import type { DecisionCode } from "../Errors.ts"
import type { FactsOf, StepName } from "../Step.ts"

/** A denial of a rule: the step, the code, and the facts that name rule and value. */
export type Ruling<Name extends StepName = StepName> = {
  readonly [N in Name]: {
    readonly step: N
    readonly code: DecisionCode
    readonly facts: FactsOf<N>
    /** Every scope that was missing, for the challenge (RFC 6750 §3.1). */
    readonly scope?: ReadonlyArray<string>
    /** What the token holds of the scopes that are asked for, for the same challenge. */
    readonly held?: ReadonlyArray<string>
  }
}[Name]
