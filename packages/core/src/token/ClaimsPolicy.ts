/**
 * The custom hook: what a deployment demands of verified claims beyond its
 * settings.
 *
 * It runs right after the token was verified and before any rule. A refusal is
 * 403 `custom_denied`, a failure of the hook itself 503 `custom_unavailable`:
 * it can only take rights away.
 */
import { Context, type Effect, Schema } from "effect"
import type { Claims } from "./Claims.ts"

/** The hook says no; `reason` is for the operator. */
export class CustomDenied extends Schema.TaggedClass<CustomDenied>()("CustomDenied", { reason: Schema.String }) {}

/** The hook itself failed; `reason` is for the operator. */
export class CustomUnavailable
  extends Schema.TaggedClass<CustomUnavailable>()("CustomUnavailable", { reason: Schema.String })
{}

/** Looks at the verified claims of every request. */
export interface ClaimsPolicy {
  readonly validate: (claims: Claims) => Effect.Effect<void, CustomDenied | CustomUnavailable>
}

/** The hook of this deployment; none by default. */
export const ClaimsPolicy = Context.Reference<ClaimsPolicy | undefined>("@jotgate/core/ClaimsPolicy", {
  defaultValue: () => undefined
})
