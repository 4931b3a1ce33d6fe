/**
 * How one claim is read: where it may stand, and what is done with the text
 * found there.
 *
 * Null, empty text and empty lists count as absent (RULES D11); a value of
 * another type is absent with a note (RULES D12); a string is one entry, or
 * split where the mapping says so, never its characters (RULES D10). Entries go
 * through `map` (by the raw entry), `match`/`as`, `map` again, `lower`.
 */
import { Result } from "effect"
import type { Json, JsonObject } from "../Json.ts"
import * as LinearRegExp from "../rules/patterns/LinearRegExp.ts"
import type * as Settings from "../Settings.ts"
import type { ClaimPath } from "../settings/ClaimPath.ts"
import * as Path from "../settings/ClaimPath.ts"

/** The most entries that are read of one claim; what is beyond is noted. */
const MOST_ENTRIES = 10_000

/** What was found for one claim. */
export interface Found {
  /** The path that gave it. */
  readonly path: string
  readonly value: Json
}

/** The entries of a list claim. */
export interface Entries {
  readonly path: string | undefined
  /** Whether the token carries the claim at all, even when no entry is left of it. */
  readonly present: boolean
  readonly values: ReadonlyArray<string>
  /** What was odd, for the trace. */
  readonly notes: ReadonlyArray<string>
}

/** A claim that is not there. */
export const noEntries: Entries = { path: undefined, present: false, values: [], notes: [] }

/** Up to how many texts are compared with each other, which is cheaper than a set. */
const FEW = 16

/** Each text once, in the order of the claim. */
export const distinct = (texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.length <= FEW && texts.every((text, index) => texts.indexOf(text) === index) ? texts : [...new Set(texts)]

/** A compiled mapping. */
export interface ClaimReader {
  readonly paths: ReadonlyArray<string>
  readonly orEmail: boolean
  /** The first value that is there. */
  readonly find: (payload: JsonObject) => Found | undefined
  /** All entries: of the first path that is there, or of every path. */
  readonly entries: (payload: JsonObject) => Entries
  /** What becomes of one entry; `undefined` when `match` drops it. */
  readonly translate: (entry: string) => string | undefined
}

/** Whether a value counts as absent (RULES D11). */
export const isAbsent = (value: Json | undefined): boolean =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)

const identity = (entry: string): string | undefined => entry

const translator = (mapping: Settings.ClaimMapping): (entry: string) => string | undefined => {
  const { as, lower, map, match } = mapping
  if (match === undefined && map === undefined && !lower) return identity
  const expression = match === undefined ? undefined : Result.getOrUndefined(LinearRegExp.compile(match))
  const replace = expression === undefined || as === undefined
    ? undefined
    : Result.getOrUndefined(LinearRegExp.replacement(as, expression))
  const mapped = (entry: string): string | undefined =>
    map !== undefined && Object.hasOwn(map, entry) ? map[entry] : undefined
  const matched = (entry: string): string | undefined => {
    if (match === undefined) return entry
    const found = expression?.exec(entry)
    return found === undefined ? undefined : replace === undefined ? entry : replace(found)
  }
  return (entry) => {
    const raw = mapped(entry)
    const out = raw ?? matched(entry)
    if (out === undefined) return undefined
    const final = raw ?? mapped(out) ?? out
    return lower ? final.toLowerCase() : final
  }
}

/** Compiles one mapping; the settings were checked before, so a broken expression matches nothing. */
export const compile = (mapping: Settings.ClaimMapping): ClaimReader => {
  const paths: ReadonlyArray<readonly [string, ClaimPath]> = mapping.from.filter((it) => it !== "")
    .map((it) => [it, Path.parse(it)])
  const translate = translator(mapping)
  const { split } = mapping

  const find = (payload: JsonObject): Found | undefined => {
    for (const [path, names] of paths) {
      const value = Path.read(names, payload)
      if (value !== undefined && !isAbsent(value)) return { path, value }
    }
    return undefined
  }

  /** Adds what one claim holds; answers whether it holds any text at all. */
  const addTo = (texts: Array<string>, path: string, value: Json, notes: Array<string>): boolean => {
    let held = 0
    const add = (entry: string): void => {
      held++
      const translated = translate(entry)
      if (translated !== undefined && translated !== "") texts.push(translated)
    }
    if (typeof value === "string") {
      if (split === undefined) add(value)
      else for (const entry of value.split(split)) if (entry.trim() !== "") add(entry.trim())
    } else if (Array.isArray(value)) {
      const read = Math.min(value.length, MOST_ENTRIES)
      if (read < value.length) notes.push(`${path} has ${value.length} entries, ${read} were read`)
      for (let i = 0; i < read; i++) {
        const entry: Json | undefined = value[i]
        if (typeof entry === "string" && entry !== "") add(entry)
      }
      if (held < read) notes.push(`${path} has entries that are no text`)
    } else {
      notes.push(`${path} is no text or list`)
    }
    return held > 0
  }

  const entries = (payload: JsonObject): Entries => {
    const notes: Array<string> = []
    const texts: Array<string> = []
    let path: string | undefined
    for (const [name, names] of paths) {
      const value = Path.read(names, payload)
      if (value === undefined || isAbsent(value) || !addTo(texts, name, value, notes)) continue
      path = path === undefined ? name : `${path}, ${name}`
      if (mapping.mode === "first") break
    }
    return path === undefined && notes.length === 0
      ? noEntries
      : { path, present: path !== undefined, values: distinct(texts), notes }
  }

  return { paths: mapping.from, orEmail: mapping.orEmail, find, entries, translate }
}
