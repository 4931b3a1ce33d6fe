/**
 * What an issuer says about itself: OIDC Discovery and RFC 8414.
 *
 * A document counts only when it names exactly the configured issuer, and the
 * addresses in it only when they stay on the issuer's own host or on one that
 * the operator listed (`keys.hosts`), use `https:`, and do not lead inside the
 * network (threat C08). One bad member makes the whole document unusable: the
 * issuer is then not ready, which is 503 and never a fallback (threat C09).
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { ticks } from "../cache/Ticks.ts"
import { parse } from "../Json.ts"
import type { Issuer } from "../Settings.ts"
import type { IssuerClient } from "./IssuerClient.ts"
import type { OutboundAnswer } from "./Outbound.ts"
import { check } from "./Target.ts"

/** The addresses that a checked document names. */
export interface DiscoveryDocument {
  readonly keySet: string
  readonly userInfo: string | undefined
  /** Host name that later requests to these addresses are judged against. */
  readonly host: string
}

/** The document cannot be had or says something else; `detail` is for the operator. */
export class DiscoveryFailed extends Data.TaggedClass("DiscoveryFailed")<{ readonly detail: string }> {}

/** How long a document is believed while the key set it names can be had, in milliseconds. */
const life = 3_600_000

/** How long it is believed while that key set fails, in milliseconds: the issuer may have moved it. */
const lifeInOutage = 300_000

const openId = "/.well-known/openid-configuration"
const oauth = "/.well-known/oauth-authorization-server"

/** Whether a configured key URL is in truth a discovery document. */
export const isDiscoveryUrl = (url: string): boolean => url.includes(openId) || url.includes(oauth)

/** Where the document of an issuer may be: OIDC Discovery §4.1 first, then RFC 8414 §3.1. Empty when the issuer is no URL. */
export const urlsOf = (issuer: string): ReadonlyArray<string> => {
  if (!URL.canParse(issuer)) return []
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, "")
  return [`${origin}${path}${openId}`, `${origin}${oauth}${path}`]
}

const Members = Schema.Struct({
  issuer: Schema.String,
  jwks_uri: Schema.String,
  userinfo_endpoint: Schema.optionalKey(Schema.String)
})

const decodeMembers = Schema.decodeUnknownResult(Members)

const isListed = (url: URL, hosts: ReadonlyArray<string>): boolean =>
  hosts.some((host) => host.toLowerCase() === url.host || host.toLowerCase() === url.hostname)

/** Judges the members of a document that was read at `from` (a configured URL). */
const judge = (
  members: typeof Members.Type,
  from: URL,
  settings: Issuer,
  usesUserInfo: boolean
): Result.Result<DiscoveryDocument, string> => {
  if (settings.issuer !== "any" && members.issuer !== settings.issuer) {
    return Result.fail("the document names another issuer")
  }
  const own = [from.host, ...(URL.canParse(settings.issuer) ? [new URL(settings.issuer).host] : [])]
  const rules = { reach: { _tag: "Discovered", issuer: from.hostname }, allowInsecure: settings.allowInsecure } as const
  const judgeOne = (name: string, text: string, used: boolean): string | undefined => {
    const url = check(text, rules)
    if (Result.isFailure(url)) return `${name}: ${url.failure}`
    return !used || own.includes(url.success.host) || isListed(url.success, settings.keys.hosts)
      ? undefined
      : `${name} is on ${url.success.host}, which is not the issuer's own host and not in keys.hosts`
  }
  const fault = judgeOne("jwks_uri", members.jwks_uri, true) ??
    (members.userinfo_endpoint === undefined
      ? undefined
      : judgeOne("userinfo_endpoint", members.userinfo_endpoint, usesUserInfo))
  return fault === undefined
    ? Result.succeed({ keySet: members.jwks_uri, userInfo: members.userinfo_endpoint, host: from.hostname })
    : Result.fail(fault)
}

const usesDiscoveredUserInfo = (settings: Issuer): boolean => {
  const userinfo = settings.opaque?.userinfo
  const named = typeof userinfo === "object" ? userinfo.url : undefined
  // What completes a token gets the token: wherever it goes must be the issuer's own.
  return named === undefined && (settings.enrich === "userinfo" || userinfo === true || typeof userinfo === "object")
}

/** Remembers the document of one issuer. */
export interface Discovery {
  /** The document, read when there is none or it is too old; `failing`: what it names could not be had last time. */
  readonly get: (failing: boolean) => Effect.Effect<DiscoveryDocument, DiscoveryFailed>
}

/** Whether the other place may have the document: this one says that it has none. */
const hasNone = ({ status }: OutboundAnswer): boolean => status >= 400 && status < 500 && status !== 429

/** The document found at one of `urls` (configured ones), checked against the settings of the client's issuer. */
export const make = ({ ask, settings }: IssuerClient, urls: ReadonlyArray<string>): Discovery => {
  let known: { readonly document: DiscoveryDocument; readonly readAt: number } | undefined
  // The place to ask. Only the first search asks both at once, so that later each attempt is one hit.
  let place = 0
  let searched = false
  const usesUserInfo = usesDiscoveredUserInfo(settings)

  const askPlace = Effect.fnUntraced(function*() {
    const url = urls[place]
    if (url === undefined) return yield* Effect.fail(new DiscoveryFailed({ detail: "no address to discover keys at" }))
    const answer = yield* Effect.mapError(
      ask({ url, reach: { _tag: "Configured" }, accept: "application/json" }),
      (failed) => new DiscoveryFailed({ detail: `discovery ${failed.reason}: ${failed.detail}` })
    )
    if (hasNone(answer)) place = (place + 1) % urls.length
    return { url, answer }
  })

  const read = Effect.gen(function*() {
    const first = yield* askPlace()
    const { answer, url } = hasNone(first.answer) && !searched && urls.length > 1 ? yield* askPlace() : first
    searched = true
    if (answer.status !== 200) {
      return yield* Effect.fail(new DiscoveryFailed({ detail: `discovery status ${answer.status}` }))
    }
    const members = Result.flatMap(parse(answer.text), decodeMembers)
    if (Result.isFailure(members)) {
      return yield* Effect.fail(new DiscoveryFailed({ detail: "the discovery document is not usable JSON" }))
    }
    const document = judge(members.success, new URL(url), settings, usesUserInfo)
    if (Result.isFailure(document)) return yield* Effect.fail(new DiscoveryFailed({ detail: document.failure }))
    return document.success
  })

  return {
    get: Effect.fnUntraced(function*(failing) {
      const now = yield* ticks
      if (known !== undefined && now - known.readAt < (failing ? lifeInOutage : life)) return known.document
      const document = yield* read
      known = { document, readAt: now }
      return document
    })
  }
}
