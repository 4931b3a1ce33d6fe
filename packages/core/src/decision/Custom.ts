/**
 * What becomes of a refusal of the host's own code: the hook on claims, the rule on requests.
 */
import * as Exit from "effect/Exit"
import { type Denial, Unavailable } from "../Errors.ts"
import { raise } from "../principal/Ruled.ts"
import { stackless } from "../Stackless.ts"
import type { CustomDenied, CustomUnavailable } from "../token/ClaimsPolicy.ts"
import type { Now } from "../Trace.ts"

const unavailable = stackless(() => Exit.fail(new Unavailable({ code: "custom_unavailable", retryAfter: 5 })))

/** Notes the refusal under its step, and raises it. */
export const refusedBy = (
  { _tag, reason }: CustomDenied | CustomUnavailable,
  step: "custom" | "rule",
  now: Now
): Exit.Exit<never, Denial> => {
  if (_tag === "CustomDenied") return raise({ step, code: "custom_denied", facts: { reason } }, now)
  now.note?.({ step, outcome: "unavailable", facts: { reason } })
  return unavailable
}
