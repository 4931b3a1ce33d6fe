/**
 * Base64url without padding, in its one canonical spelling (RFC 4648 section 5, RFC 7515 section 2).
 *
 * Decoders of the platforms accept other alphabets, padding, white space and stray low bits; a text that decodes in two
 * spellings would give one token two names (threat A15). So the text is judged here, before anything decodes it.
 */

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const others = /[^\w-]/

/** The characters after which a text may end, by how many are left over of the last group of four. */
const endings = [
  alphabet,
  "",
  [...alphabet].filter((_, value) => (value & 0x0f) === 0).join(""),
  [...alphabet].filter((_, value) => (value & 0x03) === 0).join("")
]

/** Whether `length` characters of the alphabet, of which the last is `last`, end without stray bits. */
export const endsCanonically = (length: number, last: string): boolean => endings[length & 3]?.includes(last) === true

/** Number of octets that a canonical text stands for; -1 when it is not canonical. */
export const canonicalLength = (text: string): number =>
  text === "" ? 0 : others.test(text) || !endsCanonically(text.length, text.slice(-1)) ? -1 : (text.length * 3) >> 2

/** The octets of a canonical text, one per character. */
export const decode = (text: string): string => atob(text.replaceAll("-", "+").replaceAll("_", "/"))
