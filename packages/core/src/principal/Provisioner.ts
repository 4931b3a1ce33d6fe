/**
 * Executes the writes that an allowed decision wants, after Allow.
 *
 * Writes that the decision rests on (`isRequired`) are done before the answer
 * and their failure is 503; the others run after it, bounded and retried, and
 * never turn into a denial (RULES D29, D33).
 */
import { Context, Effect, Layer } from "effect"
import type { DirectoryUnavailable, DirectoryWrite } from "./Directory.ts"

export class Provisioner extends Context.Service<Provisioner, {
  /** Runs the writes of one allowed decision, in order; idempotent. */
  readonly run: (writes: ReadonlyArray<DirectoryWrite>) => Effect.Effect<void, DirectoryUnavailable>
}>()("@jotgate/core/Provisioner") {
  /** Writes nothing: explain, policy tests, read-only embedders. */
  static readonly layerNone = Layer.succeed(Provisioner, { run: () => Effect.void })
}
