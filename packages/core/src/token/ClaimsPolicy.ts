/**
 * The custom hook: what a deployment demands of verified claims beyond its
 * settings.
 *
 * It runs right after the token was verified and before any rule. A refusal is
 * 403 `custom_denied`, a failure of the hook itself 503 `custom_unavailable`:
 * it can only take rights away. Whoever composes the pipeline says which hook
 * it has, or that it has none; a hook that stands elsewhere in the graph is
 * asked all the same.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Claims } from "./Claims.ts"
import { type Given, Offers } from "./Given.ts"

/** The hook says no; `reason` is for the operator. */
export class CustomDenied extends Schema.TaggedError<CustomDenied>()("CustomDenied", {
  /** Why, for the operator. */
  reason: Schema.String
}) {}

/** The hook itself failed; `reason` is for the operator. */
export class CustomUnavailable extends Schema.TaggedError<CustomUnavailable>()("CustomUnavailable", {
  /** Why, for the operator. */
  reason: Schema.String
}) {}

/** Looks at verified claims; succeeds when it has no objection. */
export type ClaimsCheck = (claims: Claims) => Effect.Effect<void, CustomDenied | CustomUnavailable>

/**
 * The host's own check of verified claims: it can take rights away and give none. `layerNone` where there is none.
 */
export class ClaimsPolicy extends Context.Service<ClaimsPolicy, Given<ClaimsCheck>>()("@jotgate/core/ClaimsPolicy") {
  /** The hooks that were given, whoever was to take them. */
  static readonly offers = new Offers<ClaimsCheck>()

  /** No hook. */
  static readonly layerNone: Layer.Layer<ClaimsPolicy> = Layer.succeed(ClaimsPolicy, ClaimsPolicy.offers.none)

  /** This hook. Wherever it stands in a graph of layers it is asked: by the gate below which it is, else by all of them. */
  static readonly layer = (validate: ClaimsCheck): Layer.Layer<ClaimsPolicy> =>
    Layer.effect(ClaimsPolicy, ClaimsPolicy.offers.give(validate))
}
