/**
 * ULIDs: ten characters of time and sixteen of chance, so that they sort by time and cannot be guessed.
 */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/** Pairs of characters, ten random bits at a time: each made when it is first drawn. */
const pairs: Array<string> = []

const pool = new Uint16Array(8 * 512)

const pair = (at: number): string => {
  const drawn = (pool[at] ?? 0) & 1023
  return pairs[drawn] ??= `${alphabet[drawn >> 5] ?? ""}${alphabet[drawn & 31] ?? ""}`
}

let used = pool.length

let lastTime = -1
let lastPrefix = ""

const prefixOf = (time: number): string => {
  let rest = time
  let text = ""
  for (let i = 0; i < 10; i++) {
    text = (alphabet[rest % 32] ?? "0") + text
    rest = Math.floor(rest / 32)
  }
  return text
}

/** A new one; `time` in Unix milliseconds. */
export const make = (time: number): string => {
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  if (time !== lastTime) {
    lastPrefix = prefixOf(time)
    lastTime = time
  }
  const at = used
  used += 8
  // Short pieces are joined where they are; a long text that grows is a chain of its pieces.
  return lastPrefix + ((pair(at) + pair(at + 1)) + (pair(at + 2) + pair(at + 3))) +
    ((pair(at + 4) + pair(at + 5)) + (pair(at + 6) + pair(at + 7)))
}

/** The lowest one of a time in Unix milliseconds, its chance left out: what was made before is below. */
export const floor = (time: number): string => prefixOf(Math.max(0, Math.floor(time)))
