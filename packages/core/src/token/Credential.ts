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
  | { readonly _tag: "Conflicting" }

/** The headers that may carry a token, in lower case, unless `gateway.credentials` says otherwise. */
export const defaultHeaders: ReadonlyArray<string> = ["authorization"]

const absent: Credential = { _tag: "Absent" }
const bad: Credential = { _tag: "Bad" }
const conflicting: Credential = { _tag: "Conflicting" }

const found = (token: string): Credential =>
  token === "" ? absent : token.includes(" ") || token.includes("\t") ? bad : { _tag: "Token", token }

/** A second set of credentials behind a comma, as an intermediary joins two lines (RFC 9110 5.3). */
const joined = /,\s*bearer(?:\s|$)/i

const scheme = /^bearer(?: |$)/i
const SPACE = 0x20

/** The token of an `Authorization` value; another scheme is no credential of ours. */
const fromAuthorization = (value: string): Credential => {
  if (!scheme.test(value)) return joined.test(value) ? conflicting : absent
  if (value.includes(",")) return conflicting
  let start = "bearer".length
  while (value.charCodeAt(start) === SPACE) start++
  return found(value.slice(start))
}

/** The value of another header is the token itself. */
const fromHeader = (value: string): Credential => value.includes(",") ? conflicting : found(value)

/** The carrier that a header is, in any case. */
const carrierOf = (name: string, headers: ReadonlyArray<string>): string | undefined => {
  for (const header of headers) if (header.length === name.length && header === name.toLowerCase()) return header
  return undefined
}

/**
 * The credential of a request. `headers`: the names that may carry one, in lower case. `Conflicting` when a carrier
 * comes twice, when two carry something, or when a value was joined from several.
 */
export const read = (asked: Pick<Asked, "rawHeaders">, headers: ReadonlyArray<string> = defaultHeaders): Credential => {
  const { rawHeaders } = asked
  let credential: Credential = absent
  let seen: Array<string> | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ""
    const carrier = carrierOf(name, headers)
    if (carrier === undefined) continue
    if (seen === undefined) seen = [carrier]
    else if (seen.includes(carrier)) return conflicting
    else seen.push(carrier)
    const value = rawHeaders[i + 1] ?? ""
    const next = carrier === "authorization" ? fromAuthorization(value) : fromHeader(value)
    if (next._tag === "Absent") continue
    if (credential._tag !== "Absent") return conflicting
    credential = next
  }
  return credential
}
