/**
 * How large the texts of a record may be.
 *
 * A caller chooses the path, the model and part of the claims, and records of
 * them are held and written by the thousand: every text is cut at a number of
 * bytes, and what was cut ends in `…`, within the bound.
 */
import type { Fact } from "@jotgate/core/Step"
import type { Noted } from "@jotgate/core/Trace"

const MARK = "…"
const markBytes = Buffer.byteLength(MARK)

/** Shorter texts are never slices of another one in memory. */
const shortest = 13

/** The same text, free of the one that it was sliced out of: a short path must not keep its long query in memory. */
const apart = (text: string): string => text.length < shortest ? text.toWellFormed() : Buffer.from(text).toString()

/** `text` in at most `limit` bytes of UTF-8, free of whatever it was sliced out of. */
export const cut = (text: string, limit: number): string => {
  if (text.length * 3 <= limit || Buffer.byteLength(text) <= limit) return apart(text)
  const bytes = Buffer.from(text.slice(0, limit))
  let end = limit - markBytes
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end).toString() + MARK
}

/** How many texts of one kind are known to be free of what they were sliced out of. */
const mostKnown = 512

/** Cuts texts of which nearly every one has come before. */
const remembering = (limit: number): (text: string) => string => {
  const known = new Map<string, string>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    const bounded = cut(text, limit)
    if (text.length > limit) return bounded
    if (known.size >= mostKnown) known.clear()
    known.set(bounded, bounded)
    return bounded
  }
}

/** A path as a record holds it: at most 512 bytes. */
export const routeOf = remembering(512)

/** What of an MCP server a record names: at most 512 bytes of `SERVER/NAME`. */
export const toolOf = remembering(512)

/** A fact with no text longer than `bytes` and no list longer than `entries`. */
const shortened = (fact: Fact, bytes: number, entries: number): Fact => {
  if (typeof fact === "string") return cut(fact, bytes)
  if (Array.isArray(fact)) {
    const kept = fact.slice(0, entries).map((it) => shortened(it, bytes, entries))
    return kept.length < fact.length ? [...kept, MARK] : kept
  }
  if (typeof fact !== "object" || fact === null) return fact
  const members = Object.entries(fact)
  const kept = members.slice(0, entries).map(([name, it]) => [cut(name, bytes), shortened(it, bytes, entries)] as const)
  return Object.fromEntries(kept.length < members.length ? [...kept, [MARK, MARK] as const] : kept)
}

/** Largest text of the steps of one record, in bytes. */
export const largestSteps = 16 * 1024

/** Ever shorter forms of the facts, until all steps have room. */
const sizes = [[4096, 256], [512, 64], [128, 16], [48, 4], [24, 1]] as const

interface Told {
  readonly step: string
  readonly outcome: string
  readonly facts: unknown
}

const wide = /[^\u0000-\u00ff]/g

/**
 * JSON in which every character beyond the first 256 is escaped: one of them would make V8 hold all of the text in two
 * bytes a character, twice what it is bounded to. Nothing else tells V8 that the rest has room in one.
 */
const slim = (steps: ReadonlyArray<Told>): string => {
  const text = JSON.stringify(steps)
  if (text.search(wide) === -1) return text
  const narrow = text.replace(wide, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, "0")}`)
  return Buffer.from(narrow, "latin1").toString("latin1")
}

const printed = (steps: ReadonlyArray<Noted>, bytes: number, entries: number): string =>
  slim(steps.map(({ facts, outcome, step }) => ({ step, outcome, facts: shortened(facts, bytes, entries) })))

const fits = (text: string): boolean => text.length * 3 <= largestSteps || Buffer.byteLength(text) <= largestSteps

/** The steps as JSON in at most 16 KiB. Their facts are shortened; a step is never left out for another's sake. */
export const stepsText = (steps: ReadonlyArray<Noted>): string => {
  const whole = slim(steps.map(({ facts, outcome, step }) => ({ step, outcome, facts })))
  if (fits(whole)) return whole
  for (const [bytes, entries] of sizes) {
    const text = printed(steps, bytes, entries)
    if (fits(text)) return text
  }
  return printed(steps.slice(-48), 24, 1)
}
