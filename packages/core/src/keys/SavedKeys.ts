/**
 * Key sets that outlive the process or a reload of the settings.
 *
 * What is saved is the text that was fetched; it goes through the same checks
 * when it is read again, and its age counts, so a saved set can do nothing that
 * a fetched one cannot. A saved set that cannot be read is no set (a half-written
 * file is a miss), and one that cannot be written is a log line, never a refusal.
 * A reload that forgot them would refuse everybody while the issuer is down, and
 * let a key back in that the operator dropped: one place serves all deployments.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** One set as it was fetched. */
export const SavedSet = Schema.Struct({
  /** `id` of the issuer. */
  issuer: Schema.String,
  /** Name of the source. */
  source: Schema.String,
  /** The key set as it was fetched, JSON. */
  text: Schema.String,
  /** Unix milliseconds. */
  fetchedAt: Schema.Finite,
  /** Milliseconds. */
  life: Schema.Finite,
  /** Keys that the operator dropped. */
  dropped: Schema.Array(Schema.String)
})
export type SavedSet = typeof SavedSet.Type

/** Longest text of a saved set, in characters and in bytes: the largest key set, escaped, with room. */
export const maxSaved = 1024 * 1024

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(SavedSet))

/** The saved set of this very source that a text holds; anything else is none. */
export const readSaved = (text: string, issuer: string, source: string): SavedSet | undefined => {
  const found = text.length > maxSaved ? undefined : Option.getOrUndefined(decode(text))
  return found?.issuer === issuer && found.source === source ? found : undefined
}

/** The place of saved sets failed; `reason` is for the operator. */
export class SavedKeysFailed extends Schema.TaggedError<SavedKeysFailed>()("SavedKeysFailed", {
  /** Why, for the operator. */
  reason: Schema.String
}) {}

/** Most sets that memory holds: those of sources that no settings name any more are not held for ever. */
const maxHeld = 1_000

/** Where key sets are kept beyond the process, or a reload of the settings. */
export class SavedKeys extends Context.Service<SavedKeys, {
  /** The set of one source; `undefined` when there is none that can be read. */
  readonly load: (issuer: string, source: string) => Effect.Effect<SavedSet | undefined, SavedKeysFailed>
  /** Replaces the set of one source as a whole; `durable`: it is to outlive the process. */
  readonly save: (set: SavedSet, durable: boolean) => Effect.Effect<void, SavedKeysFailed>
  /** Forgets the set of one source. */
  readonly remove: (issuer: string, source: string) => Effect.Effect<void, SavedKeysFailed>
}>()("@jotgate/core/SavedKeys") {
  /** A memory of its own, the service value: outlives a reload of the settings when the caller keeps it, but not the process. */
  static readonly makeMemory = (): SavedKeys["Service"] => {
    const sets = new Map<string, SavedSet>()
    const keyOf = (issuer: string, source: string) => JSON.stringify([issuer, source])
    return {
      load: (issuer, source) => Effect.sync(() => sets.get(keyOf(issuer, source))),
      save: (set) =>
        Effect.sync(() => {
          const key = keyOf(set.issuer, set.source)
          sets.delete(key)
          const [oldest] = sets.keys()
          if (sets.size >= maxHeld && oldest !== undefined) sets.delete(oldest)
          sets.set(key, set)
        }),
      remove: (issuer, source) => Effect.sync(() => void sets.delete(keyOf(issuer, source)))
    }
  }

  /** A memory that lives as long as the layer. */
  static readonly layerMemory = Layer.sync(SavedKeys, SavedKeys.makeMemory)
}
