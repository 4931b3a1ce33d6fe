/**
 * Where the keys of an issuer come from: discovery, a key set URL, a file, or
 * the settings themselves, in the order in which they are asked.
 *
 * A source only reads; when it is read and what becomes of a failure is the
 * business of `KeySupply`. Every document is checked with the same strictness,
 * wherever it comes from. There is no default: a source that cannot be read
 * yields no key (threat C09).
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { isDiscoveryUrl, make as makeDiscovery, urlsOf } from "../issuer/Discovery.ts"
import type { IssuerClient } from "../issuer/IssuerClient.ts"
import type { Reach } from "../issuer/Target.ts"
import type { Issuer, KeySourceReference } from "../Settings.ts"
import type { Secrets } from "../settings/Secrets.ts"
import { fromJson, type KeySet, type KeySetRefused, parse } from "./KeySet.ts"

/** One place of keys. */
export type KeySource =
  | { readonly _tag: "Inline"; readonly document: unknown }
  | { readonly _tag: "File"; readonly reference: string }
  | { readonly _tag: "Url"; readonly url: string; readonly authorization?: string }
  | { readonly _tag: "Discovery"; readonly urls: ReadonlyArray<string> }

/**
 * The source has no usable answer; `detail` is for the operator and holds nothing that was received.
 * `keyless`: it did answer, with a key set that has no key for us.
 */
export class KeySourceFailed extends Data.TaggedClass("KeySourceFailed")<{
  readonly detail: string
  readonly keyless?: boolean
}> {}

/** A set as it was read. */
export interface KeyDocument {
  readonly set: KeySet
  /** The text it was read from; what is saved and read again after a restart. */
  readonly text: string
  /** `Cache-Control` of the answer. */
  readonly cacheControl: string | undefined
}

const sourceOf = (entry: KeySourceReference): KeySource =>
  typeof entry !== "string"
    ? "url" in entry
      ? { _tag: "Url", url: entry.url, authorization: entry.authorization }
      : { _tag: "Inline", document: entry }
    : entry.startsWith("file:")
    ? { _tag: "File", reference: entry }
    : isDiscoveryUrl(entry)
    ? { _tag: "Discovery", urls: [entry] }
    : { _tag: "Url", url: entry }

const isList = (jwks: NonNullable<Issuer["jwks"]>): jwks is ReadonlyArray<KeySourceReference> => Array.isArray(jwks)

/** The sources of an issuer in their order; without `jwks` its discovery document, which `issuer: any` does not have. */
export const sourcesOf = ({ issuer, jwks }: Issuer): ReadonlyArray<KeySource> => {
  if (jwks !== undefined) return (isList(jwks) ? jwks : [jwks]).map(sourceOf)
  const urls = urlsOf(issuer)
  return urls.length === 0 ? [] : [{ _tag: "Discovery", urls }]
}

/** Names a source for operators and for the saved set: equal exactly when the same place is asked. */
export const nameOf = (source: KeySource): string =>
  source._tag === "Inline"
    ? "inline"
    : source._tag === "File"
    ? source.reference
    : source._tag === "Url"
    ? source.url
    : source.urls[0] ?? ""

const checked = (
  text: string,
  set: Result.Result<KeySet, KeySetRefused>,
  cacheControl?: string
): Effect.Effect<KeyDocument, KeySourceFailed> =>
  Result.isFailure(set)
    ? Effect.fail(
      new KeySourceFailed({ detail: `not a usable key set: ${set.failure}`, keyless: set.failure === "empty" })
    )
    : set.success.keys.length === 0
    ? Effect.fail(new KeySourceFailed({ detail: "every key of the set was skipped", keyless: true }))
    : Effect.succeed({ set: set.success, text, cacheControl })

/** Checks a text as a fetched one is checked; a saved set goes through here too. */
export const readText = (text: string, cacheControl?: string) => checked(text, parse(text), cacheControl)

/** Reads one source; `failing`: the last reading failed. */
export type Reader = (failing: boolean) => Effect.Effect<KeyDocument, KeySourceFailed>

/** The reader of one source of the client's issuer. */
export const reader = (source: KeySource, client: IssuerClient, secrets: Secrets["Service"]): Reader => {
  /** The token before which a set stands, read at each fetch: it may be renewed. */
  const tokenOf = Effect.fnUntraced(function*(reference: string) {
    const secret = yield* Effect.mapError(
      secrets.read(reference),
      ({ reason }) => new KeySourceFailed({ detail: `the token for the key set: ${reason}` })
    )
    return { authorization: Redacted.make(`Bearer ${Redacted.value(secret).trim()}`) }
  })

  const fetch = Effect.fnUntraced(function*(url: string, reach: Reach, authorization?: string) {
    const guard = authorization === undefined ? {} : yield* tokenOf(authorization)
    const answer = yield* Effect.mapError(
      client.ask({ url, reach, accept: "application/jwk-set+json, application/json", ...guard }),
      (failed) => new KeySourceFailed({ detail: `${failed.reason}: ${failed.detail}` })
    )
    if (answer.status !== 200) return yield* Effect.fail(new KeySourceFailed({ detail: `status ${answer.status}` }))
    return yield* readText(answer.text, answer.header("cache-control"))
  })

  switch (source._tag) {
    case "Inline":
      return () => checked("", fromJson(source.document))
    case "File":
      return () =>
        secrets.read(source.reference).pipe(
          Effect.mapError((unavailable) => new KeySourceFailed({ detail: unavailable.reason })),
          Effect.flatMap((text) => readText(Redacted.value(text)))
        )
    case "Url":
      return () => fetch(source.url, { _tag: "Configured" }, source.authorization)
    case "Discovery": {
      const discovery = makeDiscovery(client, source.urls)
      return (failing) =>
        discovery.get(failing).pipe(
          Effect.mapError(({ detail }) => new KeySourceFailed({ detail })),
          Effect.flatMap(({ host, keySet }) => fetch(keySet, { _tag: "Discovered", issuer: host }))
        )
    }
  }
}
