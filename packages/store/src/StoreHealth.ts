/**
 * Whether the store answers, for readiness and for the operator.
 */
import type { DirectoryUnavailable } from "@jotgate/core/Directory"
import { Context, Effect, Layer } from "effect"
import { Forgetting } from "./remember/Forgetting.ts"
import { Lookups } from "./sql/Lookups.ts"

/** What an operator is told about the store. */
export interface Report {
  /** Such as `sqlite` or `postgres`. */
  readonly store: string
  /** Whether changes of other processes arrive at once; otherwise rows age out. */
  readonly forgetting: boolean
  /** Why the store does not answer, while it does not, and what mends that. */
  readonly trouble: string | undefined
}

/** Whether the store answers. */
export class StoreHealth extends Context.Service<StoreHealth, {
  /** Asks the database; fails when it does not answer. */
  readonly check: Effect.Effect<void, DirectoryUnavailable>
  /** What is told of the store. */
  readonly report: Effect.Effect<Report>
}>()("@jotgate/store/StoreHealth") {
  /** The health of a store that is looked up in `Lookups`. */
  static readonly layer = (store: string) =>
    Layer.effect(
      StoreHealth,
      Effect.gen(function*() {
        const lookups = yield* Lookups
        const forgetting = yield* Forgetting
        return {
          check: lookups.health,
          report: Effect.sync(() => ({ store, forgetting: forgetting.isConnected(), trouble: lookups.trouble() }))
        }
      })
    )

  /** A store in memory answers always. */
  static readonly layerMemory = Layer.succeed(StoreHealth, {
    check: Effect.void,
    report: Effect.succeed({ store: "memory", forgetting: true, trouble: undefined })
  })
}
