/**
 * What becomes of a refusal of the host's own code: the hook on claims, the rule on requests.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Denial, unavailable } from "../Errors.ts"
import { asking } from "../Once.ts"
import { raise } from "../principal/Ruled.ts"
import type { CustomDenied, CustomUnavailable } from "../token/ClaimsPolicy.ts"
import type { Now } from "../Trace.ts"

/** Notes the refusal under its step, and raises it. */
const refusedBy = (
  { _tag, reason }: CustomDenied | CustomUnavailable,
  step: "custom" | "rule",
  now: Now
): Exit.Exit<never, Denial> => {
  if (_tag === "CustomDenied") return raise({ step, code: "custom_denied", facts: { reason } }, now)
  now.note?.({ step, outcome: "unavailable", facts: { reason } })
  return unavailable("custom_unavailable")
}

/** A check of the host's own. */
type Check<About> = (about: About) => Effect.Effect<void, CustomDenied | CustomUnavailable>

/** What a check says. */
type Said = Effect.Effect<void, CustomDenied | CustomUnavailable>

const isSaid = (it: unknown): it is Said => Effect.isEffect(it)

/** What a check says; one that has said it is not asked again about the same request, whatever is found out besides. */
const sayingOf = <About>(check: Check<About>, about: About, { once }: Now): Said =>
  asking(once, check, isSaid, () => check(about))

/** Asks each check until one objects. */
export const objections = <About>(
  checks: ReadonlyArray<Check<About>>,
  about: About,
  step: "custom" | "rule",
  now: Now
): Effect.Effect<void, Denial> => {
  const [first, ...others] = checks
  if (first === undefined) return Exit.void
  const asked = Effect.catchEager(sayingOf(first, about, now), (error) => refusedBy(error, step, now))
  return others.length === 0 ? asked : Effect.flatMapEager(asked, () => objections(others, about, step, now))
}
