/**
 * Key sets that outlive the process or a reload of the settings.
 *
 * What is saved is the text that was fetched; it goes through the same checks
 * when it is read again, and its age counts, so a saved set can do nothing that
 * a fetched one cannot. A saved set that cannot be read is no set (a half-written
 * file is a miss), and one that cannot be written is a log line, never a refusal.
 */
import { Context, Effect, Layer, Schema } from "effect"

/** One set as it was fetched. */
export const SavedSet = Schema.Struct({
  /** `id` of the issuer. */
  issuer: Schema.String,
  /** Name of the source. */
  source: Schema.String,
  text: Schema.String,
  /** Unix milliseconds. */
  fetchedAt: Schema.Finite,
  /** Milliseconds. */
  life: Schema.Finite,
  /** Keys that the operator dropped. */
  dropped: Schema.Array(Schema.String)
})
export type SavedSet = typeof SavedSet.Type

/** The place of saved sets failed; `reason` is for the operator. */
export class SavedKeysFailed
  extends Schema.TaggedClass<SavedKeysFailed>()("SavedKeysFailed", { reason: Schema.String })
{}

export class SavedKeys extends Context.Service<SavedKeys, {
  /** The set of one source; `undefined` when there is none that can be read. */
  readonly load: (issuer: string, source: string) => Effect.Effect<SavedSet | undefined, SavedKeysFailed>
  /** Replaces the set of one source as a whole; `durable`: it is to outlive the process. */
  readonly save: (set: SavedSet, durable: boolean) => Effect.Effect<void, SavedKeysFailed>
  /** Forgets the set of one source. */
  readonly remove: (issuer: string, source: string) => Effect.Effect<void, SavedKeysFailed>
}>()("@jotgate/core/SavedKeys") {
  /** Outlives a reload of the settings when the layer does, but not the process. */
  static readonly layerMemory = Layer.sync(SavedKeys, () => {
    const sets = new Map<string, SavedSet>()
    const keyOf = (issuer: string, source: string) => JSON.stringify([issuer, source])
    return {
      load: (issuer, source) => Effect.sync(() => sets.get(keyOf(issuer, source))),
      save: (set) => Effect.sync(() => void sets.set(keyOf(set.issuer, set.source), set)),
      remove: (issuer, source) => Effect.sync(() => void sets.delete(keyOf(issuer, source)))
    }
  })
}
