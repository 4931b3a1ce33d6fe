/**
 * Texts and times of a record's line, written member by member: a line is made
 * for every answer, and `JSON.stringify` of the whole costs three times as much.
 */

/** Texts that stand in JSON as they are: ids, routes and models nearly always. */
const plain = /^[\w .:/@|*-]*$/

/** A text as JSON. */
export const textOf = (it: string | null): string =>
  it === null ? "null" : plain.test(it) ? `"${it}"` : JSON.stringify(it)

let second = Number.NaN
let secondText = ""

/** A time in Unix milliseconds as RFC 3339 text; nearly every answer is given in the second of the one before. */
export const timeOf = (millis: number): string => {
  const whole = Math.floor(millis / 1000)
  if (whole !== second) {
    second = whole
    secondText = new Date(whole * 1000).toISOString().slice(0, -4)
  }
  return `${secondText}${String(Math.floor(millis) - whole * 1000).padStart(3, "0")}Z`
}
