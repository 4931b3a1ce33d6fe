/**
 * What becomes of a refusal of the host's own code: the hook on claims, the rule on requests.
 */
import type * as Exit from "effect/Exit"
import { type Denial, unavailable } from "../Errors.ts"
import { raise } from "../principal/Ruled.ts"
import type { CustomDenied, CustomUnavailable } from "../token/ClaimsPolicy.ts"
import type { Now } from "../Trace.ts"

/** Notes the refusal under its step, and raises it. */
export const refusedBy = (
  { _tag, reason }: CustomDenied | CustomUnavailable,
  step: "custom" | "rule",
  now: Now
): Exit.Exit<never, Denial> => {
  if (_tag === "CustomDenied") return raise({ step, code: "custom_denied", facts: { reason } }, now)
  now.note?.({ step, outcome: "unavailable", facts: { reason } })
  return unavailable("custom_unavailable")
}
