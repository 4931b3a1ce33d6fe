/**
 * The fields of a query or of an `application/x-www-form-urlencoded` body, read strictly and written in one spelling.
 *
 * Libraries differ in `;` as a separator, in escapes that are none, in octets that are not UTF-8, and in characters
 * that were not encoded; all of these are refused in a body (RULES D55).
 */

/** Name and value of one field. */
export type Field = readonly [name: string, value: string]

const maxFields = 1000

const unencoded = /^[!$'()*+,./0-9:?@A-Z[\]_a-z{|}~"<>\\^` -]*$/
/** What ends a name for some libraries. */
const control = /\p{Cc}/u
const badEscape = /%(?![0-9A-Fa-f]{2})/

const decode = (text: string): string | undefined => {
  const plain = text.replaceAll("+", " ")
  if (!plain.includes("%")) return plain
  try {
    return decodeURIComponent(plain)
  } catch {
    return undefined
  }
}

/** The fields of a body; `undefined` when it can be read in more than one way, or has more than a thousand. */
export const parse = (text: string): ReadonlyArray<Field> | undefined => {
  if (text === "") return []
  const fields: Array<Field> = []
  for (const pair of text.split("&")) {
    const equals = pair.indexOf("=")
    if (equals <= 0 || fields.length >= maxFields || badEscape.test(pair)) return undefined
    if (!unencoded.test(pair.replaceAll(/[=%-]/g, ""))) return undefined
    const name = decode(pair.slice(0, equals))
    const value = decode(pair.slice(equals + 1))
    if (name === undefined || value === undefined || control.test(name)) return undefined
    fields.push([name, value])
  }
  return fields
}

/** The fields as they are sent. */
export const render = (fields: ReadonlyArray<Field>): string =>
  new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString()
