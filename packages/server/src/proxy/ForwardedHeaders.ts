/**
 * The headers of a request and of its answer as they cross the gate.
 *
 * Dropped first: hop-by-hop headers, those that `Connection` names (threat E03),
 * the caller's credentials, wherever else the token stands (a proxy that signs people in sends it in a cookie as well),
 * and whatever bears our names. Set afterwards: the
 * upstream's credential, the identity, the address of the caller.
 */
import { isSubprotocolCredential, read, subprotocolHeader } from "@jotgate/core/Credential"
import type { Allowed } from "@jotgate/core/Decision"
import { canonical } from "@jotgate/core/HeaderNames"
import { appendIdentity, type FurtherHeader } from "@jotgate/core/IdentityHeaders"
import { modelHeaders } from "@jotgate/core/ModelPlace"
import { isCorsHeader } from "./Cors.ts"
import { indispensable, isHeldBack } from "./HeaderName.ts"
import type { RequestHead } from "./RequestHead.ts"

/** The credential that the gate adds. */
export interface UpstreamCredential {
  /** The name of the header. */
  readonly name: string
  /** Its whole value. */
  readonly value: string
  /** The key in it, which no answer may repeat. */
  readonly secret: string
}

/** What the headers say of the body that is sent. */
export interface SentBody {
  readonly content: unknown
  /** Its media type in one spelling; "" for none. */
  readonly type: string
  /** In bytes; `undefined` when it is sent in chunks. */
  readonly length: number | undefined
}

/** Headers of the caller's body, which is not the one that is sent. */
const described = new Set(["content-type", "content-encoding"])

/** Everything about one request that its forwarded headers depend on. */
export interface Forwarding {
  readonly rawHeaders: ReadonlyArray<string>
  readonly head: RequestHead
  readonly drops: (name: string) => boolean
  /** The headers that carry the caller's token, in lower case. */
  readonly carriers: ReadonlySet<string>
  /** Lower-case names that pass although they are credentials, as `passedCredentials` says. */
  readonly passes: ReadonlySet<string>
  /** Further headers that tell who is calling. */
  readonly further: ReadonlyArray<FurtherHeader>
  readonly credential: UpstreamCredential | undefined
  readonly id: string
  readonly requestId: string
  readonly allowed: Allowed
  readonly peer: string
  readonly trustedPeer: boolean
  readonly secure: boolean
  readonly upstreamHost: string
  /** The body that is sent instead of the caller's, with its type and length; `undefined` when there is none. */
  readonly body: SentBody | undefined
  /** Whether the answer is read here and must therefore not be compressed. */
  readonly readsAnswer: boolean
}

const valueOf = (raw: ReadonlyArray<string>, name: string): string | undefined => {
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === name) return raw[i + 1]
  return undefined
}

/** Headers by which a caller could get a part of an answer that is read here, or "not modified" instead of it. */
const partial = new Set([
  "accept-encoding",
  "range",
  "if-range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since"
])

const none: ReadonlySet<string> = new Set()
const authorization: ReadonlySet<string> = new Set(["authorization"])

/**
 * Which credential headers of the caller reach an upstream with `authorization: passthrough`: its token; or its own
 * `Authorization`, where that is no carrier of ours: then it is the upstream's, and the token stays here.
 */
export const passedCredentials = (
  isPassthrough: boolean,
  carriers: ReadonlySet<string>,
  rawHeaders: ReadonlyArray<string>
): ReadonlySet<string> => {
  if (!isPassthrough) return none
  return carriers.has("authorization") || valueOf(rawHeaders, "authorization") === undefined ? carriers : authorization
}

/** Shorter ones stand in many a header by chance, and a token that somebody could guess is none. */
const shortestToken = 16

/** The token of the request, where it is to be looked for in other headers. */
const tokenOf = ({ carriers, rawHeaders }: Forwarding): string | undefined => {
  const credential = read({ rawHeaders }, [...carriers])
  return credential._tag === "Token" && credential.token.length >= shortestToken ? credential.token : undefined
}

/** A header that repeats the token without it: of cookies the others, of another header nothing. */
const withoutToken = (name: string, value: string, token: string): string | undefined => {
  if (name.toLowerCase() !== "cookie") return undefined
  const left = value.split(";").filter((it) => !it.includes(token))
  return left.length === 0 ? undefined : left.join(";").trim()
}

/** The offered subprotocols without those that are credentials; `undefined` when none is left. */
const offered = (value: string): string | undefined => {
  const left = value.split(",").map((it) => it.trim()).filter((it) => it !== "" && !isSubprotocolCredential(it))
  return left.length === 0 ? undefined : left.join(", ")
}

/** The raw header list for the upstream. */
export const forwardedHeaders = (it: Forwarding): Array<string> => {
  const { head, rawHeaders } = it
  const result: Array<string> = ["host", it.upstreamHost]
  const named = head.connection
  const token = tokenOf(it)
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ""
    const isPassed = it.passes.size > 0 && it.passes.has(name.toLowerCase())
    if (!isPassed && it.drops(name)) continue
    if (named.length > 0) {
      const lower = name.toLowerCase()
      if (named.includes(lower) && !indispensable.has(lower) && !modelHeaders.has(canonical(lower))) continue
    }
    if (it.body !== undefined && described.has(name.toLowerCase())) continue
    if (it.readsAnswer && partial.has(name.toLowerCase())) continue
    const value = rawHeaders[i + 1] ?? ""
    if (name.length === subprotocolHeader.length && name.toLowerCase() === subprotocolHeader) {
      const left = offered(value)
      if (left !== undefined) result.push(name, left)
    } else if (token !== undefined && !isPassed && value.length >= token.length && value.includes(token)) {
      const left = withoutToken(name, value, token)
      if (left !== undefined) result.push(name, left)
    } else result.push(name, value)
  }
  if (it.body !== undefined) {
    if (it.body.type !== "") result.push("content-type", it.body.type)
    if (it.body.length !== undefined) result.push("content-length", String(it.body.length))
  }
  if (it.readsAnswer) result.push("accept-encoding", "identity")
  if (head.trailers) result.push("te", "trailers")
  const before = it.trustedPeer ? valueOf(rawHeaders, "x-forwarded-for") : undefined
  const proto = it.trustedPeer ? valueOf(rawHeaders, "x-forwarded-proto") : undefined
  const host = it.trustedPeer ? valueOf(rawHeaders, "x-forwarded-host") : undefined
  result.push(
    "x-forwarded-for",
    before === undefined ? it.peer : `${before}, ${it.peer}`,
    "x-forwarded-proto",
    proto ?? (it.secure ? "https" : "http"),
    "x-forwarded-host",
    host ?? head.host,
    "x-request-id",
    it.requestId
  )
  if (it.credential !== undefined) result.push(it.credential.name, it.credential.value)
  appendIdentity(result, it.id, it.allowed, it.further)
  return result
}

type Values = Readonly<Record<string, string | ReadonlyArray<string> | number | undefined>>

const gives = (name: string, extra: ReadonlyArray<string>): boolean => {
  // Nearly always the only header of ours.
  if (name === "x-request-id") return true
  if (extra.length <= 2) return false
  return isCorsHeader(name)
}

/**
 * The raw header list for the caller, from the headers of the upstream's answer
 * (lower-case names). `secret` is the credential that the gate added: a header
 * that repeats it is dropped, and with it the upstream's own challenge, which
 * is meant for the gate (threat E11). `extra` are raw headers of ours.
 */
export const answeredHeaders = (
  headers: Values,
  secret: string | undefined,
  extra: ReadonlyArray<string>
): Array<string> => {
  const result: Array<string> = []
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || isHeldBack(name) || gives(name, extra)) continue
    if (secret !== undefined && name === "www-authenticate") continue
    for (const one of typeof value === "object" ? value : [String(value)]) {
      if (secret === undefined || !one.includes(secret)) result.push(name, one)
    }
  }
  for (const it of extra) result.push(it)
  return result
}

/** The trailers of an upstream's answer that the caller gets. */
export const answeredTrailers = (trailers: Values): Record<string, string> => {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(trailers)) {
    if (value !== undefined && !isHeldBack(name) && !forbiddenTrailers.has(canonical(name))) {
      result[name] = typeof value === "object" ? value.join(", ") : String(value)
    }
  }
  return result
}

/** Fields that must not come as trailers (RFC 9110 §6.5.1). */
const forbiddenTrailers = new Set([
  "content-length",
  "host",
  "content-encoding",
  "content-type",
  "content-range",
  "set-cookie",
  "authorization",
  "cache-control"
])
