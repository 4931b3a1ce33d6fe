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
const valueOf = (code: number): number => code < 128 ? values[code] ?? 255 : 255

/** Whether all characters from `start` up to `end` are of the alphabet. */
export const isAlphabet = (text: string, start: number, end: number): boolean => {
  let stray = 0
  let wide = 0
  // Without a branch per character: this runs over every character of every token.
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    wide |= code
    stray |= values[code & 0x7f] ?? 255
  }
  return wide < 128 && stray < 64
}

/** Whether `length` characters of which the last has code `last` end without stray bits. */
export const endsCanonically = (length: number, last: number): boolean => {
  const rest = length & 3
  return rest === 0 || (rest === 2 && (valueOf(last) & 0x0f) === 0) || (rest === 3 && (valueOf(last) & 0x03) === 0)
}

/** Number of octets that a canonical text stands for; -1 when it is not canonical. */
export const canonicalLength = (text: string): number =>
  text.length === 0
    ? 0
    : isAlphabet(text, 0, text.length) && endsCanonically(text.length, text.charCodeAt(text.length - 1))
    ? (text.length * 3) >> 2
    : -1
