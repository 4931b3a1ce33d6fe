/**
 * The compiled rules of this deployment, as a service.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import { Policy, type PolicyOptions } from "../rules/Policy.ts"
import type { Settings } from "../Settings.ts"

export class Rules extends Context.Service<Rules, Policy>()("@jotgate/core/Rules") {
  /** Compiles the settings once. */
  static readonly layer = (settings: Settings, options?: PolicyOptions): Layer.Layer<Rules> =>
    Layer.sync(Rules, () => new Policy(settings, options))
}
