/**
 * Whether every parser reads a path alike (threats E06, E07), and what it says
 * when it is decoded.
 */

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

/**
 * Whether every parser reads `path` alike: it starts with one `/`, and holds no
 * dot segment, empty segment, path parameter, backslash, fragment, control or
 * non-ASCII byte, and no percent sign that is malformed or encodes a character
 * that has a meaning in a path or needs no encoding.
 */
export const isUnambiguousPath = (path: string): boolean => {
  const length = path.length
  if (length === 0 || path.charCodeAt(0) !== SLASH) return false
  const isBedrock = path.startsWith("/bedrock/")
  let segment = 1
  let beyondAscii = false
  for (let i = 1; i <= length; i++) {
    const code = i === length ? SLASH : path.charCodeAt(i)
    if (code === SLASH) {
      const size = i - segment
      if (size === 0 && i !== length) return false
      if (size === 1 && path.charCodeAt(segment) === DOT) return false
      if (size === 2 && path.charCodeAt(segment) === DOT && path.charCodeAt(segment + 1) === DOT) return false
      segment = i + 1
    } else if (code === PERCENT) {
      if (i + 2 >= length) return false
      const high = hex(path.charCodeAt(i + 1))
      const low = hex(path.charCodeAt(i + 2))
      if (high < 0 || low < 0) return false
      const octet = high * 16 + low
      // AWS clients encode the colon of a Bedrock model's version; no route below that prefix has a verb behind a colon.
      if (!mayBeEncoded(octet) && !(octet === COLON && isBedrock)) return false
      if (high >= 8) beyondAscii = true
      i += 2
    } else if (code <= 0x20 || code >= 0x7f || refused.has(code)) {
      return false
    }
  }
  return !beyondAscii || decoded(path) !== undefined
}

/** The percent-decoded form of a path, or `undefined` when the octets are not UTF-8. */
export const decoded = (path: string): string | undefined => {
  if (!path.includes("%")) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
