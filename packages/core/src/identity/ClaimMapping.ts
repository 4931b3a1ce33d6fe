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
import type { ClaimPath } from "../claims/ClaimPath.ts"
import * as Path from "../claims/ClaimPath.ts"
import type { Json, JsonObject } from "../claims/Claims.ts"
import * as LinearRegExp from "../rules/LinearRegExp.ts"
import type * as Settings from "../Settings.ts"

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

  const rawEntries = (found: Found, notes: Array<string>): ReadonlyArray<string> => {
    const { path, value } = found
    if (typeof value === "string") {
      return split === undefined
        ? [value]
        : value.split(split).map((it) => it.trim()).filter((it) => it !== "")
    }
    if (!Array.isArray(value)) {
      notes.push(`${path} is no text or list`)
      return []
    }
    if (value.length > MOST_ENTRIES) notes.push(`${path} has ${value.length} entries, ${MOST_ENTRIES} were read`)
    const texts = value.slice(0, MOST_ENTRIES).filter((it) => typeof it === "string" && it !== "")
    if (texts.length < Math.min(value.length, MOST_ENTRIES)) notes.push(`${path} has entries that are no text`)
    return texts
  }

  const entries = (payload: JsonObject): Entries => {
    const notes: Array<string> = []
    const values = new Set<string>()
    let path: string | undefined
    let present = false
    for (const [name, names] of paths) {
      const value = Path.read(names, payload)
      if (value === undefined || isAbsent(value)) continue
      const raw = rawEntries({ path: name, value }, notes)
      if (raw.length === 0) continue
      path = path === undefined ? name : `${path}, ${name}`
      present = true
      for (const entry of raw) {
        const translated = translate(entry)
        if (translated !== undefined && translated !== "") values.add(translated)
      }
      if (mapping.mode === "first") break
    }
    return { path, present, values: [...values], notes }
  }

  return { paths: mapping.from, orEmail: mapping.orEmail, find, entries, translate }
}
