/**
 * Ids of decisions: `d_` and a ULID, so that they sort by time and cannot be guessed.
 */
import { randomFillSync } from "node:crypto"

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const pool = new Uint8Array(16 * 256)
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

/** A new id; `time` in Unix milliseconds. */
export const make = (time: number): string => {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  if (time !== lastTime) {
    lastPrefix = `d_${prefixOf(time)}`
    lastTime = time
  }
  let id = lastPrefix
  for (let i = 0; i < 16; i++) id += alphabet[(pool[used + i] ?? 0) & 31] ?? "0"
  used += 16
  return id
}
