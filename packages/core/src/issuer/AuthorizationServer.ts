/**
 * What the one issuer says about itself, for clients that look for it at the gate (MCP clients of older revisions ask
 * the resource's own host for `/.well-known/oauth-authorization-server`).
 *
 * The document is passed on as it is, once it is known to name the configured issuer: the gate vouches for no address
 * in it, and fetches none. With several issuers there is no such document, and never a guess.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { ticks } from "../cache/Ticks.ts"
import { parse } from "../Json.ts"
import type { Issuer } from "../Settings.ts"
import type { Secrets } from "../settings/Secrets.ts"
import { urlsOf } from "./Discovery.ts"
import { make as makeClient } from "./IssuerClient.ts"
import type { Outbound } from "./Outbound.ts"

/** Where clients look: RFC 8414 and OIDC Discovery, for the whole gate, and below each for one path. */
const places = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]

/** Whether this path is one of them. */
export const isAuthorizationServerPath = (path: string): boolean =>
  places.some((it) => path === it || path.startsWith(`${it}/`))

/** The issuer's document cannot be had now. */
export class DocumentUnavailable extends Schema.TaggedClass<DocumentUnavailable>()("DocumentUnavailable", {
  /** Why, for the operator. */
  detail: Schema.String
}) {}

/** The document as JSON; fails while it cannot be had. */
export type Document = Effect.Effect<string, DocumentUnavailable>

/** How long a document is given again, and for how long nobody is asked after a failure, in milliseconds. */
const life = 300_000
const pause = 10_000

const Named = Schema.Struct({ issuer: Schema.String })
const decodeNamed = Schema.decodeUnknownResult(Named)

const unavailable = (detail: string) => new DocumentUnavailable({ detail })

/** The document of the only issuer, or `undefined` when there are several, or one that has none. */
export const make = (
  outbound: Outbound["Service"],
  secrets: Secrets["Service"],
  issuers: ReadonlyArray<Issuer>
): Document | undefined => {
  const [settings] = issuers
  if (settings === undefined || issuers.length > 1) return undefined
  const urls = urlsOf(settings.issuer)
  if (urls.length === 0) return undefined
  const { ask } = makeClient(outbound, secrets, settings)
  const read = Effect.fnUntraced(function*(url: string) {
    const answer = yield* Effect.mapError(
      ask({ url, reach: { _tag: "Configured" }, accept: "application/json" }),
      ({ detail, reason }) => unavailable(`${reason}: ${detail}`)
    )
    if (answer.status !== 200) return yield* Effect.fail(unavailable(`status ${answer.status}`))
    const document = parse(answer.text)
    const named = Result.flatMap(document, decodeNamed)
    if (Result.isFailure(named) || named.success.issuer !== settings.issuer) {
      return yield* Effect.fail(unavailable("the document names another issuer"))
    }
    return answer.text
  })
  const anywhere = urls.slice(1).reduce((first, url) => Effect.catch(first, () => read(url)), read(urls[0] ?? ""))
  let known: { readonly at: number; readonly text: Option.Option<string> } | undefined
  return Effect.gen(function*() {
    const now = yield* ticks
    const left = known === undefined ? 0 : (Option.isSome(known.text) ? life : pause) - (now - known.at)
    if (known === undefined || left <= 0) {
      known = { at: now, text: yield* Effect.option(anywhere) }
    }
    return yield* Option.match(known.text, {
      onNone: () => Effect.fail(unavailable("the issuer does not answer")),
      onSome: (text) => Effect.succeed(text)
    })
  })
}
