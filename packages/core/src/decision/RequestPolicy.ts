/**
 * The custom rule: what a deployment demands of a known caller and what is asked, beyond its settings.
 *
 * It is asked last, when every other rule has let the request pass, and at each request, whatever is remembered. A
 * refusal is 403 `custom_denied`, a failure of the rule itself 503 `custom_unavailable`: it can only take rights away.
 * What lists of models tell does not know of it.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Identity } from "../Identity.ts"
import type { Principal } from "../principal/Principal.ts"
import type { RequestedModel, RequestedTool } from "../Request.ts"
import type { CustomDenied, CustomUnavailable } from "../token/ClaimsPolicy.ts"
import { type Given, Offers } from "../token/Given.ts"

/** One request that everything else allows. */
export interface RequestFacts {
  /** What the token says. */
  readonly identity: Identity
  /** Who is calling, with the rows. */
  readonly principal: Principal
  /** Upper case. */
  readonly method: string
  /** The path without query. */
  readonly path: string
  /**
   * The model that is asked for. An alias (`policy.modelAliases`, those of the team) is resolved: `name` is the model that
   * is meant, and `namesOf` has the name that the caller says as well. Never one that is not known: that is denied before
   * (`model_unnamed`, `model_unseen`).
   */
  readonly model: RequestedModel
  /** What is called or read of an MCP server. */
  readonly tool: RequestedTool
}

/** Looks at a request that everything else allows; succeeds when it has no objection. */
export type RequestCheck = (facts: RequestFacts) => Effect.Effect<void, CustomDenied | CustomUnavailable>

/** The host's own rule about a request: it can only deny. `layerNone` where there is none. */
export class RequestPolicy
  extends Context.Service<RequestPolicy, Given<RequestCheck>>()("@jotgate/core/RequestPolicy")
{
  /** The rules that were given, whoever was to take them. */
  static readonly offers = new Offers<RequestCheck>()

  /** No rule. */
  static readonly layerNone: Layer.Layer<RequestPolicy> = Layer.succeed(RequestPolicy, RequestPolicy.offers.none)

  /** This rule. Wherever it stands in a graph of layers it is asked: by the gate below which it is, else by all of them. */
  static readonly layer = (check: RequestCheck): Layer.Layer<RequestPolicy> =>
    Layer.effect(RequestPolicy, RequestPolicy.offers.give(check))
}
