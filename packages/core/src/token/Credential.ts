/**
 * Where the token was found: absent, one, or conflicting.
 *
 * Read from the raw header list, because a parsed header record silently keeps one of two `Authorization` lines and the
 * upstream may read the other (threats B18, E04). Absent credential is not bad credential: they are different
 * outcomes. Query parameters, bodies and cookies are never looked at (RULES D44). The alphabet of a token is judged by
 * `Token`, which also knows which kinds there are.
 */
import type { Asked } from "../Request.ts"

export type Credential =
  | { readonly _tag: "Absent" }
  | { readonly _tag: "Token"; readonly token: string }
  | { readonly _tag: "Bad" }
  /** `cause` says which carriers do not agree, for the operator. */
  | { readonly _tag: "Conflicting"; readonly cause: string }

/** The headers that may carry a token, in lower case, unless `gateway.credentials` says otherwise. */
export const defaultHeaders: ReadonlyArray<string> = ["authorization"]

/** The name of the carrier that is an entry of `Sec-WebSocket-Protocol`, for browsers, which set no other header. */
export const subprotocol = "websocket-protocol"

/** The header in which that carrier stands, in lower case. */
export const subprotocolHeader = "sec-websocket-protocol"

const subprotocolPrefix = "openai-insecure-api-key."

/** Whether an entry of `Sec-WebSocket-Protocol` is a credential, of ours or of the upstream. */
export const isSubprotocolCredential = (entry: string): boolean =>
  entry.slice(0, subprotocolPrefix.length).toLowerCase() === subprotocolPrefix

const absent: Credential = { _tag: "Absent" }
const bad: Credential = { _tag: "Bad" }
const conflicting = (cause: string): Credential => ({ _tag: "Conflicting", cause })
const twoValues = (name: string): Credential => conflicting(`two values of ${name}`)

const found = (token: string): Credential =>
  token === "" ? absent : token.includes(" ") || token.includes("\t") ? bad : { _tag: "Token", token }

/** A second set of credentials behind a comma, as an intermediary joins two lines (RFC 9110 5.3). */
const joined = /,\s*bearer(?:\s|$)/i

const scheme = /^bearer(?: |$)/i
const SPACE = 0x20

const bearer = (value: string, name: string): Credential => {
  if (value.includes(",")) return twoValues(name)
  let start = "bearer".length
  while (value.charCodeAt(start) === SPACE) start++
  return found(value.slice(start))
}

/** The token of an `Authorization` value; another scheme is no credential of ours. */
const fromAuthorization = (value: string): Credential =>
  scheme.test(value)
    ? bearer(value, "authorization")
    : joined.test(value)
    ? twoValues("authorization")
    : absent

/** The value of another header is the token itself, with or without `Bearer`. */
const fromHeader = (value: string, name: string): Credential =>
  scheme.test(value) ? bearer(value, name) : value.includes(",") ? twoValues(name) : found(value)

/** The token among the subprotocols that are offered. */
const fromSubprotocols = (value: string): Credential => {
  let credential: Credential = absent
  for (const text of value.split(",")) {
    const entry = text.trim()
    if (!isSubprotocolCredential(entry)) continue
    const next = found(entry.slice(subprotocolPrefix.length))
    if (credential._tag !== "Absent" && !isSame(credential, next)) return twoValues(subprotocol)
    credential = next
  }
  return credential
}

const isSame = (one: Credential, other: Credential): boolean =>
  one._tag === "Token" && other._tag === "Token" && one.token === other.token

/** The carrier that a header is, in any case. */
const carrierOf = (name: string, carriers: ReadonlyArray<string>): string | undefined => {
  for (const it of carriers) {
    const header = it === subprotocol ? subprotocolHeader : it
    if (header.length === name.length && header === name.toLowerCase()) return it
  }
  return undefined
}

const readOne = (carrier: string, value: string): Credential =>
  carrier === "authorization"
    ? fromAuthorization(value)
    : carrier === subprotocol
    ? fromSubprotocols(value)
    : fromHeader(value, carrier)

/**
 * The credential of a request. `carriers`: the headers that may carry one, in lower case, and `websocket-protocol`. The
 * same token in two carriers is one credential; `Conflicting` when two carry something else, when a carrier comes
 * twice, or when a value was joined from several.
 */
export const read = (
  asked: Pick<Asked, "rawHeaders">,
  carriers: ReadonlyArray<string> = defaultHeaders
): Credential => {
  const { rawHeaders } = asked
  let credential: Credential = absent
  let from = ""
  let seen: Array<string> | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const carrier = carrierOf(rawHeaders[i] ?? "", carriers)
    if (carrier === undefined) continue
    // Subprotocols may be offered in several lines (RFC 6455 11.3.4).
    if (seen === undefined) seen = [carrier]
    else if (!seen.includes(carrier)) seen.push(carrier)
    else if (carrier !== subprotocol) return twoValues(carrier)
    const next = readOne(carrier, rawHeaders[i + 1] ?? "")
    if (next._tag === "Absent" || isSame(credential, next)) continue
    if (next._tag === "Conflicting") return next
    if (credential._tag !== "Absent") {
      return from === carrier ? twoValues(carrier) : conflicting(`${from} and ${carrier} differ`)
    }
    credential = next
    from = carrier
  }
  return credential
}
