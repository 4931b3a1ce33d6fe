/**
 * Whether every parser reads a path alike (threats E06, E07), and what it says
 * when it is decoded.
 */

import type { Ambiguity } from "./Ambiguity.ts"

const SLASH = 0x2f
const DOT = 0x2e
const PERCENT = 0x25
const COLON = 0x3a

/** Characters that some parser treats specially inside a path: `"`, `#`, `;`, `<`, `>`, `?`, `\`, `^`, `` ` ``, `{`, `|`, `}`. */
const refused = new Set([..."\"#;<>?\\^`{|}"].map((it) => it.charCodeAt(0)))

const hex = (code: number): number =>
  code >= 0x30 && code <= 0x39
    ? code - 0x30
    : code >= 0x41 && code <= 0x46
    ? code - 0x37
    : code >= 0x61 && code <= 0x66
    ? code - 0x57
    : -1

/** Percent-encoded octets that stay themselves in every parser: space, some delimiters, and UTF-8 beyond ASCII. */
const mayBeEncoded = (octet: number): boolean =>
  octet >= 0x80 || octet === 0x20 || octet === 0x22 || octet === 0x3c || octet === 0x3e || octet === 0x5b ||
  octet === 0x5d || octet === 0x5e || octet === 0x60 || octet === 0x7b || octet === 0x7c || octet === 0x7d

/** Segments behind which the name of a model stands: there a separator may be encoded (RULES D64). */
const modelMounts: ReadonlySet<string> = new Set(["models", "model", "deployments"])

const separators = /%(?:2f|3a)/gi

/**
 * Whether encoded separators in `segment` are no ambiguity: it is the name of a model, behind a segment that says so,
 * and what it says when it is decoded has no dot segment, no empty segment and no second encoding. Both readings are
 * judged wherever models are read out of paths.
 */
const namesModel = (path: string, start: number, end: number): boolean => {
  const before = path.lastIndexOf("/", start - 2)
  if (!modelMounts.has(path.slice(before + 1, start - 1))) return false
  const text = path.slice(start, end)
  if (text.replace(separators, "").includes("%")) return false
  return text.replace(separators, (it) => it.toLowerCase() === "%2f" ? "/" : ":").split("/")
    .every((it) => it !== "" && it !== "." && it !== "..")
}

/**
 * What two parsers would read differently in `path`; `undefined` when every one reads it alike: it starts with one
 * `/`, and holds no dot segment, empty segment, path parameter, backslash, fragment, control or non-ASCII byte, and no
 * percent sign that is malformed or encodes a character that has a meaning in a path or needs no encoding.
 */
export const ambiguityOf = (path: string): Ambiguity | undefined => {
  const length = path.length
  if (length === 0 || path.charCodeAt(0) !== SLASH) return { _tag: "NoPath" }
  const isBedrock = path.startsWith("/bedrock/")
  let start = 1
  let segment = 1
  let beyondAscii = false
  for (let i = 1; i <= length; i++) {
    const code = i === length ? SLASH : path.charCodeAt(i)
    if (code === SLASH) {
      const size = i - start
      if (size === 0 && i !== length) return { _tag: "EmptySegment", segment }
      if (size > 0 && size < 3 && path.charCodeAt(start) === DOT && path.charCodeAt(i - 1) === DOT) {
        return { _tag: "DotSegment", segment }
      }
      start = i + 1
      segment++
    } else if (code === PERCENT) {
      const high = hex(path.charCodeAt(i + 1))
      const low = hex(path.charCodeAt(i + 2))
      if (i + 2 >= length || high < 0 || low < 0) return { _tag: "Character", text: "%", segment }
      const octet = high * 16 + low
      // AWS clients encode the colon of a Bedrock model's version; no route below that prefix has a verb behind a colon.
      if (!mayBeEncoded(octet) && !(octet === COLON && isBedrock)) {
        const end = path.indexOf("/", i)
        const isSeparator = octet === SLASH || octet === COLON
        if (!isSeparator || !namesModel(path, start, end === -1 ? length : end)) {
          return { _tag: "Character", text: path.slice(i, i + 3), segment }
        }
      }
      if (high >= 8) beyondAscii = true
      i += 2
    } else if (code <= 0x20 || code >= 0x7f || refused.has(code)) {
      return { _tag: "Character", text: path.charAt(i), segment }
    }
  }
  return beyondAscii && decoded(path) === undefined ? { _tag: "NotUtf8" } : undefined
}

/** Whether every parser reads `path` alike. */
export const isUnambiguousPath = (path: string): boolean => ambiguityOf(path) === undefined

/** The percent-decoded form of a path, or `undefined` when the octets are not UTF-8. */
export const decoded = (path: string): string | undefined => {
  if (!path.includes("%")) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
