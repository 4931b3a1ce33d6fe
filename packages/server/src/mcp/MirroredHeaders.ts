/**
 * The headers in which a client repeats what its body says: version, method and name (MCP 2026-07-28, Streamable HTTP).
 *
 * A name that is no plain header text comes in base64 between two marks. Each header counts only when it is there once
 * and has one reading: what is there twice, or is not what it claims to be, is told apart from what is absent.
 */

/** One header: absent, one value, or none that could be relied upon. */
export type Mirrored =
  | { readonly _tag: "Absent" }
  | { readonly _tag: "Value"; readonly text: string }
  | { readonly _tag: "Unreadable" }

/** What the head of a request says about its message. */
export interface MirroredHeaders {
  readonly version: Mirrored
  readonly method: Mirrored
  /** Decoded. */
  readonly name: Mirrored
  readonly session: Mirrored
}

/** Their names: what a proxy that asks must tell. */
export const mirroredHeaders: ReadonlyArray<string> = [
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
  "mcp-session-id"
]

const absent: Mirrored = { _tag: "Absent" }
const unreadable: Mirrored = { _tag: "Unreadable" }

const opening = "=?base64?"
const closing = "?="

/** Visible ASCII, with spaces inside: what a plain value may consist of. */
const plain = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const utf8 = (bytes: Buffer): string | undefined => {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** The value of a header of names, decoded; `undefined` when it is no name in the one spelling that it has. */
export const decodeName = (value: string): string | undefined => {
  if (!plain.test(value)) return undefined
  if (!value.startsWith(opening) || !value.endsWith(closing)) return value
  if (value.length < opening.length + closing.length) return undefined
  const inside = value.slice(opening.length, -closing.length)
  const bytes = Buffer.from(inside, "base64")
  // What is no base64, or has bits behind the last byte that are not zero, is read by some decoders and refused by others.
  return bytes.toString("base64") === inside ? utf8(bytes) : undefined
}

/** The value of a header of names as a client would send it. */
export const encodeName = (name: string): string =>
  plain.test(name) && !(name.startsWith(opening) && name.endsWith(closing))
    ? name
    : `${opening}${Buffer.from(name).toString("base64")}${closing}`

const isPlain = (value: string): string | undefined => plain.test(value) ? value : undefined

/** Two lines that a proxy has put into one are still two. */
const isOne = (value: string): string | undefined => value.includes(",") ? undefined : isPlain(value)

/** The id of a session is visible ASCII; with a comma it could be two that a proxy has put into one. */
const isSession = (value: string): string | undefined => /^[\x21-\x2b\x2d-\x7e]+$/.test(value) ? value : undefined

const one = (seen: Mirrored, value: string, read: (value: string) => string | undefined): Mirrored => {
  if (seen._tag !== "Absent") return unreadable
  const text = read(value)
  return text === undefined ? unreadable : { _tag: "Value", text }
}

/** Reads them from raw header pairs. An underscore is read as a hyphen by servers that keep headers in their environment. */
export const readMirrored = (rawHeaders: ReadonlyArray<string>): MirroredHeaders => {
  let version: Mirrored = absent
  let method: Mirrored = absent
  let name: Mirrored = absent
  let session: Mirrored = absent
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const header = rawHeaders[i] ?? ""
    if (header.charCodeAt(0) !== 0x6d && header.charCodeAt(0) !== 0x4d) continue
    const value = rawHeaders[i + 1] ?? ""
    const lower = header.toLowerCase()
    switch (lower.replaceAll("_", "-")) {
      case "mcp-protocol-version":
        version = lower.includes("_") ? unreadable : one(version, value, isOne)
        break
      case "mcp-method":
        method = lower.includes("_") ? unreadable : one(method, value, isOne)
        break
      case "mcp-name":
        name = lower.includes("_") ? unreadable : one(name, value, decodeName)
        break
      case "mcp-session-id":
        session = lower.includes("_") ? unreadable : one(session, value, isSession)
        break
      default:
    }
  }
  return { version, method, name, session }
}
