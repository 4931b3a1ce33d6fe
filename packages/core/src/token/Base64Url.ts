/**
 * Base64url without padding, in its one canonical spelling (RFC 4648 section 5, RFC 7515 section 2).
 *
 * Decoders of the platforms accept other alphabets, padding, white space and stray low bits; a text that decodes in two
 * spellings would give one token two names (threat A15). So nothing is decoded but what is spelled in the one way.
 */

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const others = /[^\w-]/

/** The characters after which a text may end, by how many are left over of the last group of four. */
const endings = [alphabet, "", "AQgw", "AEIMQUYcgkosw048"]

/** Whether a text of the alphabet ends without stray bits. */
const endsCanonically = (text: string): boolean =>
  endings[text.length & 3]?.includes(text.charAt(text.length - 1)) === true

/** Whether a text is spelled in the one way, as the empty one is. */
export const isCanonical = (text: string): boolean => endsCanonically(text) && !others.test(text)

/** Number of octets that a canonical text stands for; -1 when it is not canonical. */
export const canonicalLength = (text: string): number => isCanonical(text) ? (text.length * 3) >> 2 : -1

/** What `atob` reads, or `undefined`: the one place that catches what it throws. */
const read = (text: string): string | undefined => {
  try {
    return atob(text)
  } catch {
    return undefined
  }
}

/**
 * The octets of a text, one per character; `undefined` unless it is canonical. Of what is not, `atob` refuses most and
 * takes the other alphabet, which is looked for, and padding and white space, which leave too few octets.
 */
export const decode = (text: string): string | undefined => {
  if (!endsCanonically(text) || text.includes("+") || text.includes("/")) return undefined
  const octets = read(text.replaceAll("-", "+").replaceAll("_", "/"))
  return octets?.length === (text.length * 3) >> 2 ? octets : undefined
}
