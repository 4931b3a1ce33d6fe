/**
 * Base64url without padding, in its one canonical spelling (RFC 4648 section 5, RFC 7515 section 2).
 *
 * Decoders of the platforms accept other alphabets, padding, white space and stray low bits; a text that decodes in two
 * spellings would give one token two names (threat A15). So the text is judged here, before anything decodes it.
 */

/** Value of each character code, 255 for what is not in the alphabet. */
const values = new Uint8Array(128).fill(255)
for (let i = 0; i < 64; i++) {
  values["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".charCodeAt(i)] = i
}

/** The six bits of one character code; 255 when it is not in the alphabet. */
export const valueOf = (code: number): number => code < 128 ? values[code] ?? 255 : 255

/** Whether `length` characters of which the last has code `last` end without stray bits. */
export const endsCanonically = (length: number, last: number): boolean => {
  const rest = length & 3
  return rest === 0 || (rest === 2 && (valueOf(last) & 0x0f) === 0) || (rest === 3 && (valueOf(last) & 0x03) === 0)
}

/** Number of octets that a canonical text stands for; -1 when it is not canonical. */
export const canonicalLength = (text: string): number => {
  for (let i = 0; i < text.length; i++) {
    if (valueOf(text.charCodeAt(i)) === 255) return -1
  }
  return text.length === 0
    ? 0
    : endsCanonically(text.length, text.charCodeAt(text.length - 1))
    ? (text.length * 3) >> 2
    : -1
}
