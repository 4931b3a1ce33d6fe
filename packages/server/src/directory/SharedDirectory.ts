/**
 * One directory for all deployments that name the same one.
 *
 * A reload makes a new deployment; what only memory holds (rows of `memory:`, a
 * deny list that is kept nowhere else) must not be forgotten with the old one:
 * a revoked token would come back to life. The directory closes when the last
 * deployment that uses it does.
 */
import { Effect, Layer, Scope } from "effect"
import type { FileSettings } from "../config/GatewaySettings.ts"

/** What decides which directory it is; everything else is how it is used. */
const nameOf = ({ cache, directory }: FileSettings): string =>
  JSON.stringify([directory.url, directory.write ?? null, directory.connection, cache])

/** Opens each directory once, however many deployments use it at a time. */
export const make = <A, E, R>(
  open: (settings: FileSettings) => Layer.Layer<A, E, R>
): (settings: FileSettings) => Layer.Layer<A, E, R> => {
  // A memory of layers for each: two directories may be made of the same parts.
  const known = new Map<string, { readonly layer: Layer.Layer<A, E, R>; readonly memory: Layer.MemoMap }>()
  return (settings) => {
    const name = nameOf(settings)
    const found = known.get(name) ?? { layer: open(settings), memory: Layer.makeMemoMapUnsafe() }
    known.set(name, found)
    return Layer.effectContext(
      Effect.flatMap(Scope.Scope, (scope) => Layer.buildWithMemoMap(found.layer, found.memory, scope))
    )
  }
}
