/**
 * How one claim is read: where it may stand, which shapes it may have, and what
 * is done with the text found there.
 *
 * Null, empty text and empty lists count as absent (RULES D11); a string is one
 * entry, or split where the mapping says so, never its characters (RULES D10);
 * an object gives the names of its members where the mapping reads them (RULES
 * D56). Any other shape is unreadable, which is never the same as absent (RULES
 * D12). Entries go through `map` (by the raw entry), `match`/`as`, `map` again,
 * `lower`.
 */
import * as Result from "effect/Result"
import type { Json, JsonObject } from "../Json.ts"
import * as LinearRegExp from "../rules/patterns/LinearRegExp.ts"
import type * as Settings from "../Settings.ts"
import type { Proof } from "../settings/AddressProof.ts"
import type { ClaimPath } from "../settings/ClaimPath.ts"
import * as Path from "../settings/ClaimPath.ts"

/** The most entries that are read of one claim; what is beyond is noted. */
const MOST_ENTRIES = 10_000

/** A claim that is there in a shape that its mapping does not read. */
export interface Unreadable {
  readonly path: string
  /** The shapes that would have been read. */
  readonly expected: string
}

/** The entries of one claim. */
export interface Entries {
  readonly path: string | undefined
  /** Whether the token carries the claim at all, even when no entry is left of it. */
  readonly present: boolean
  readonly values: ReadonlyArray<string>
  /** Whether an address was left out because nothing proves it. */
  readonly unproven: boolean
  readonly unreadable: Unreadable | undefined
  /** What was odd, for the trace. */
  readonly notes: ReadonlyArray<string>
}

/** A claim that is not there. */
export const noEntries: Entries = {
  path: undefined,
  present: false,
  values: [],
  unproven: false,
  unreadable: undefined,
  notes: []
}

/** The shapes that a claim may have besides a text. */
export interface Shapes {
  readonly list: boolean
  /** The names of the members of an object are its entries, even if the mapping does not say `keys`. */
  readonly object: boolean
  /** What separates the entries of a text: nothing, what the mapping says, or this alone. */
  readonly splits: "never" | "as mapped" | " "
}

/** A claim that is one text. */
export const oneText: Shapes = { list: false, object: false, splits: "never" }
/** A claim of one text that may come in a list. */
export const enlisted: Shapes = { list: true, object: false, splits: "never" }
/** A claim of one text that may come in a list or as the name of a member. */
export const named: Shapes = { list: true, object: true, splits: "never" }
/** A claim of several entries. */
export const listed: Shapes = { list: true, object: false, splits: "as mapped" }
/** Scopes: a text splits on U+0020 only (RULES D38). */
export const spaced: Shapes = { list: true, object: false, splits: " " }

/** Up to how many texts are compared with each other, which is cheaper than a set. */
const FEW = 16

/** Each text once, in the order of the claim. */
export const distinct = (texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.length <= FEW && texts.every((text, index) => texts.indexOf(text) === index) ? texts : [...new Set(texts)]

/** A compiled mapping. */
export interface ClaimReader {
  readonly paths: ReadonlyArray<string>
  readonly orEmail: boolean
  readonly by: Settings.ClaimMapping["by"]
  /** All entries: of the first path that is there, or of every path. An address without a proof is not there. */
  readonly entries: (payload: JsonObject) => Entries
}

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

/** Whether an entry of a list is nothing. */
const isNothing = (entry: Json | undefined): boolean => entry === undefined || entry === null || entry === ""

/** Compiles one mapping; the settings were checked before, so a broken expression matches nothing. */
export const compile = (
  mapping: Settings.ClaimMapping,
  shapes: Shapes = listed,
  proofOf: (path: string) => Proof | undefined = () => undefined
): ClaimReader => {
  const paths: ReadonlyArray<readonly [string, ClaimPath, Proof | undefined]> = mapping.from.filter((it) => it !== "")
    .map((it) => [it, Path.parse(it), proofOf(it)])
  const translate = translator(mapping)
  const trims = shapes.splits === "as mapped"
  const separator = shapes.splits === "never" ? undefined : trims ? mapping.split : shapes.splits
  const object = shapes.object || mapping.keys
  const expected = ["text", ...(shapes.list ? ["list"] : []), ...(object ? ["object"] : [])].join(" or ")

  /** Adds what one claim holds. Answers whether it holds any text, and `undefined` when it holds anything else. */
  const addTo = (texts: Array<string>, path: string, value: Json, notes: Array<string>): boolean | undefined => {
    let held = 0
    const add = (entry: string): void => {
      held++
      const translated = translate(entry)
      if (translated !== undefined && translated !== "") texts.push(translated)
    }
    if (typeof value === "string") {
      if (separator === undefined) add(value)
      else {
        for (const entry of value.split(separator)) {
          const text = trims ? entry.trim() : entry
          if (text !== "") add(text)
        }
      }
      return held > 0
    }
    if (typeof value !== "object" || value === null || !(Array.isArray(value) ? shapes.list : object)) return undefined
    const all: ReadonlyArray<Json> = Array.isArray(value) ? value : Object.keys(value)
    if (all.length > MOST_ENTRIES) notes.push(`${path} has ${all.length} entries, ${MOST_ENTRIES} were read`)
    let odd = false
    for (let i = 0; i < Math.min(all.length, MOST_ENTRIES); i++) {
      const entry = all[i]
      if (typeof entry === "string" && entry !== "") add(entry)
      else if (!isNothing(entry)) odd = true
    }
    if (odd) notes.push(`${path} has entries that are no text`)
    return odd ? undefined : held > 0
  }

  const entries = (payload: JsonObject): Entries => {
    const notes: Array<string> = []
    const texts: Array<string> = []
    let path: string | undefined
    let unreadable: string | undefined
    let unproven = false
    for (const [name, names, proves] of paths) {
      const value = Path.read(names, payload)
      if (value === undefined || Path.isAbsent(value)) {
        if (Path.isElsewhere(names, payload)) unreadable ??= name
        continue
      }
      if (proves !== undefined && !proves(payload)) {
        const held = addTo([], name, value, notes)
        if (held === true) unproven = true
        if (held === undefined) unreadable ??= name
        else notes.push(`${name} is no proven address: as if it were not there`)
        continue
      }
      const before = texts.length
      const held = addTo(texts, name, value, notes)
      if (held === undefined) unreadable ??= name
      if (held === true || texts.length > before) {
        path = path === undefined ? name : `${path}, ${name}`
        if (mapping.mode === "first") break
      }
    }
    if (path === undefined && unreadable === undefined && notes.length === 0) return noEntries
    return {
      path,
      present: path !== undefined,
      values: distinct(texts),
      unproven,
      unreadable: unreadable === undefined ? undefined : { path: unreadable, expected },
      notes
    }
  }

  return { paths: mapping.from, orEmail: mapping.orEmail, by: mapping.by, entries }
}
