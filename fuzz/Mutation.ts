/**
 * Small damages to a text, drawn from a seeded generator so that a finding can be repeated.
 */

/** Draws whole numbers below `limit`. */
export type Draw = (limit: number) => number

/** A generator of 32 bits (mulberry32): the same seed, the same run. */
export const generator = (seed: number): Draw => {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

export const pick = <A>(draw: Draw, from: ReadonlyArray<A>): A => {
  const found = from[draw(from.length)]
  if (found === undefined) throw new RangeError("nothing to pick from")
  return found
}

const strange = [
  "\u0000",
  "\n",
  " ",
  "\t",
  "\"",
  "\\",
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  ".",
  "..",
  "=",
  "==",
  "+",
  "/",
  "-",
  "_",
  "0",
  "-0",
  "1e999",
  "1e-999",
  "null",
  "true",
  "\\u0000",
  "\\ud800",
  "\ud800",
  "\ufeff",
  "é",
  "日本",
  "😀",
  "__proto__",
  "constructor",
  "A",
  "AA",
  "%00",
  "{}",
  "[]"
]

/** One damage: a character turned, lost, doubled or replaced, a slice lost, doubled or moved, something strange put in. */
export const damaged = (draw: Draw, text: string): string => {
  const at = draw(text.length + 1)
  const to = Math.min(text.length, at + 1 + draw(12))
  switch (draw(7)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(text.charCodeAt(Math.min(at, text.length - 1)) ^ (1 << draw(8))) +
        text.slice(at + 1)
    case 1:
      return text.slice(0, at) + text.slice(to)
    case 2:
      return text.slice(0, to) + text.slice(at)
    case 3:
      return text.slice(0, at) + pick(draw, strange) + text.slice(to)
    case 4:
      return text.slice(0, at) + pick(draw, strange) + text.slice(at)
    case 5:
      return text.slice(at, to) + text.slice(0, at) + text.slice(to)
    default:
      return text.slice(0, at) + text.slice(at, to).repeat(1 + draw(4)) + text.slice(to)
  }
}

const values: ReadonlyArray<unknown> = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  1e308,
  "",
  "x",
  "none",
  "HS256",
  "ES256",
  "RS256",
  "PS256",
  "EdDSA",
  "Ed25519",
  "JWT",
  "at+jwt",
  "sig",
  "enc",
  [],
  {},
  ["x"],
  [null],
  { x: 1 },
  ["verify"],
  ["b64"],
  "AQAB",
  "AQ",
  "AA",
  "RSA",
  "EC",
  "OKP",
  "oct",
  "P-256",
  "Ed25519"
]

/** The same object with one member changed, added, lost or written twice; as a text. */
export const changed = (
  draw: Draw,
  object: Readonly<Record<string, unknown>>,
  names: ReadonlyArray<string>
): string => {
  const name = draw(2) === 0 ? pick(draw, names) : pick(draw, Object.keys(object))
  const value = draw(3) === 0 ? pick(draw, Object.values(object)) : pick(draw, values)
  const { [name]: _, ...others } = object
  switch (draw(4)) {
    case 0:
      return JSON.stringify(others)
    case 1:
      return JSON.stringify(object).replace(/\}$/, `,${JSON.stringify(name)}:${JSON.stringify(value)}}`)
    case 2:
      return JSON.stringify({ [name]: value, ...others }, null, draw(3))
    default:
      return JSON.stringify({ ...object, [name]: value })
  }
}
