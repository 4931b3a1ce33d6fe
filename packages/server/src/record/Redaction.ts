/**
 * Addresses of people in records as pseudonyms (`decisions.redact: [email]`).
 *
 * The part before the `@` is an HMAC with a key of the deployment: the same
 * person is the same pseudonym everywhere, so records are still searched by
 * address by whoever runs the gate, and nobody without the key finds out whose
 * they are by hashing all the addresses there are. The domain stays: rules speak
 * of it. Whatever looks like an address is meant, wherever it stands in a record:
 * a user's id, a step, a path.
 */
import { createHmac } from "node:crypto"

/** Makes pseudonyms of the addresses in a text; of a pseudonym, itself. */
export type Redaction = (text: string) => string

/** An address as it may stand in JSON, in words or in a path. */
const address =
  /([^\s"'\\,;:<>()[\]{}=?&/@%|]+)(@|%40)([^\s"'\\,;:<>()[\]{}=?&/@%|]+\.[^\s"'\\,;:<>()[\]{}=?&/@%|.]+)/gi

/** `h_` and 96 bits. */
const pseudonym = /^h_[\w-]{16}$/

/** Where one may stand in a text. */
const pseudonyms = /\bh_[\w-]{16}(?=@|%40)/g

/** Whether a text holds a pseudonym. */
export const isRedacted = (text: string): boolean => text.search(pseudonyms) !== -1

/** The pseudonyms in a text, each once. */
export const pseudonymsIn = (text: string): Set<string> => new Set(text.match(pseudonyms))

/** What stands before the `@` of an address. */
const personIn = (address: string): string => address.slice(0, address.lastIndexOf("@"))

/** The pseudonym of the person of an address. */
export const pseudonymOf = (redact: Redaction, address: string): string => personIn(redact(address))

/** Takes the pseudonyms of these addresses back, for a question that is asked again; those of others stay. */
export const undo = (redact: Redaction, addresses: Iterable<string>): Redaction => {
  const people = new Map<string, string>()
  for (const it of addresses) {
    const told = redact(it)
    if (told !== it) people.set(personIn(told), personIn(it))
  }
  return (text) => text.replace(pseudonyms, (it) => people.get(it) ?? it)
}

/** Remembered pseudonyms: the same few people ask again and again. */
const most = 4_096

/** Pseudonyms with this key. */
export const make = (key: string): Redaction => {
  const known = new Map<string, string>()
  const of = (person: string, domain: string): string => {
    const whole = `${person}@${domain}`.toLowerCase()
    const found = known.get(whole)
    if (found !== undefined) return found
    const made = `h_${createHmac("sha256", key).update(whole).digest("base64url").slice(0, 16)}`
    if (known.size >= most) known.clear()
    known.set(whole, made)
    return made
  }
  return (text) =>
    text.includes("@") || text.includes("%40")
      ? text.replace(
        address,
        (whole, person: string, at: string, domain: string) =>
          pseudonym.test(person) ? whole : `${of(person, domain)}${at}${domain}`
      )
      : text
}
