/**
 * Where the deny list is kept: in memory, or in the directory's database.
 *
 * Entries are found by what they deny, so adding one twice is one entry with
 * the later end. A store that several processes share tells each of them of a
 * change within two seconds.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

const Seconds = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 253_402_300_799 }))

/**
 * One entry of the deny list; `issuer` is the `id` of the settings or the `iss`
 * text. What is named must all hold: `subject` with `issuedBefore` denies the
 * older tokens of one subject. Times are Unix seconds; without `expiresAt` the
 * entry stays.
 */
export const Revoked = Schema.Struct({
  /** The `id` of the issuer in the settings, or the `iss` text. */
  issuer: Schema.NonEmptyString,
  /** The id of one token. */
  jti: Schema.optionalKey(Schema.NonEmptyString),
  /** The subject whose tokens are meant. */
  subject: Schema.optionalKey(Schema.NonEmptyString),
  /** Tokens that were issued before this, in Unix seconds. */
  issuedBefore: Schema.optionalKey(Seconds),
  /** The id of the key whose tokens are meant. */
  kid: Schema.optionalKey(Schema.NonEmptyString),
  /** When the entry ends, in Unix seconds; left out, it stays. */
  expiresAt: Schema.optionalKey(Seconds)
}).check(
  Schema.makeFilter((it) =>
    it.jti !== undefined || it.subject !== undefined || it.issuedBefore !== undefined || it.kid !== undefined ||
    "must name at least one of jti, subject, issuedBefore, kid"
  )
)
export type Revoked = typeof Revoked.Type

/** What an entry denies, as a text: entries with one text are one entry. */
export const identityOf = ({ issuedBefore, issuer, jti, kid, subject }: Revoked): string =>
  JSON.stringify([issuer, jti ?? null, subject ?? null, issuedBefore ?? null, kid ?? null])

/** The deny list cannot be read or written; `reason` is for the operator. */
export class RevocationsUnavailable extends Schema.TaggedError<RevocationsUnavailable>()("RevocationsUnavailable", {
  /** Why, for the operator. */
  reason: Schema.String
}) {}

/** Those who are told of a change in this process. */
export const makeListeners = () => {
  const all = new Set<() => void>()
  return {
    /** Tells everybody. */
    tell: Effect.sync(() => {
      for (const changed of all) changed()
    }),
    /** Is told until the scope ends. */
    listen: (changed: () => void): Effect.Effect<void, never, Scope.Scope> => {
      // Of one's own, so that a function that listens twice is told until both have gone.
      const one = () => changed()
      return Effect.asVoid(
        Effect.acquireRelease(Effect.sync(() => all.add(one)), () => Effect.sync(() => all.delete(one)))
      )
    }
  }
}

/** The tokens that were taken back before their time. */
export class RevocationRepo extends Context.Service<RevocationRepo, {
  /** Every entry, expired ones may be among them. */
  readonly all: Effect.Effect<ReadonlyArray<Revoked>, RevocationsUnavailable>
  /** Adds an entry, or replaces the one that denies the same. */
  readonly add: (entry: Revoked) => Effect.Effect<void, RevocationsUnavailable>
  /** Removes the entry that denies the same; nothing when there is none. */
  readonly remove: (entry: Revoked) => Effect.Effect<void, RevocationsUnavailable>
  /** Calls `changed` within 2 s of any change, whoever made it, until the scope closes. */
  readonly listen: (changed: () => void) => Effect.Effect<void, never, Scope.Scope>
}>()("@jotgate/core/RevocationRepo") {
  /** A list in memory, empty at first. */
  static readonly layerMemory = Layer.sync(RevocationRepo, () => {
    const entries = new Map<string, Revoked>()
    const { listen, tell } = makeListeners()
    return {
      all: Effect.sync(() => [...entries.values()]),
      add: (entry) => Effect.andThen(Effect.sync(() => entries.set(identityOf(entry), entry)), tell),
      remove: (entry) => Effect.andThen(Effect.sync(() => entries.delete(identityOf(entry))), tell),
      listen
    }
  })
}
