/**
 * Which routes a list of entries covers.
 *
 * An entry is the name of a route group, an exact path, a path with `{x}` (one
 * segment) or `{x:path}` (anything), or a path that ends in `*` (everything
 * below, at a segment boundary; RULES D35). Paths are compared byte for byte
 * with case; a trailing slash counts.
 */
import type { RouteGroups } from "./RouteGroups.ts"

/** Whether a path is covered. */
export type RouteMatcher = (path: string) => boolean

/** Compiles entries with the groups of one deployment. */
export type RouteCompiler = (entries: ReadonlyArray<string>) => RouteMatcher

/** How many paths' verdicts are remembered, and how long such a path may be: the caller chooses it, so the memory is bounded. */
const REMEMBERED = 512
const REMEMBERED_LENGTH = 256

const parameter = /\{[^{}/:]+(:path)?\}/g

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")

/** A template as a regular expression: a `*` at its end is everything below, any other `*` and a `?` are literal. */
const templateOf = (template: string): RegExp => {
  const prefix = prefixOf(template)
  const text = prefix ?? template
  const end = prefix === undefined ? "$" : prefix.endsWith("/") ? "" : "(?:/|$)"
  let source = ""
  let at = 0
  for (const found of text.matchAll(parameter)) {
    source += escaped(text.slice(at, found.index)) + (found[1] === undefined ? "[^/]+" : ".*")
    at = found.index + found[0].length
  }
  return new RegExp(`^${source}${escaped(text.slice(at))}${end}`, "s")
}

/** The part of an entry before its final `*`, or `undefined` when it has none. */
const prefixOf = (entry: string): string | undefined => entry.endsWith("*") ? entry.slice(0, -1) : undefined

/** Whether `path` lies below `prefix` at a segment boundary: `/a/` covers `/a/b`, `/a` covers `/a` and `/a/b`. */
const below = (path: string, prefix: string): boolean =>
  path.startsWith(prefix) &&
  (prefix === "" || prefix.endsWith("/") || path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f)

/** The path up to its second slash: what most templates share with the few paths that they cover. */
const beginningOf = (path: string): string => {
  const end = path.indexOf("/", 1)
  return end === -1 ? path : path.slice(0, end)
}

type Cover = (path: string) => boolean

/** What entries cover besides exact paths, by the beginning of the path, so that a request meets few templates of many. */
class Covers {
  readonly #byBeginning = new Map<string, Array<Cover>>()
  readonly #anywhere: Array<Cover> = []

  /** Adds what `template` covers. */
  add(template: string, cover: Cover): void {
    const beginning = beginningOf(template.endsWith("*") ? template.slice(0, -1) : template)
    if (beginning.length < 2 || beginning.includes("{")) this.#anywhere.push(cover)
    else if (!this.#byBeginning.get(beginning)?.push(cover)) this.#byBeginning.set(beginning, [cover])
  }

  get isEmpty(): boolean {
    return this.#byBeginning.size === 0 && this.#anywhere.length === 0
  }

  covers(path: string): boolean {
    return (this.#byBeginning.get(beginningOf(path)) ?? []).some((cover) => cover(path)) ||
      this.#anywhere.some((cover) => cover(path))
  }
}

/** Compiles entries into "covers at least one"; an empty list covers nothing. A name that `groups` lacks is a path. */
export const compile = (entries: ReadonlyArray<string>, groups: RouteGroups): RouteMatcher => {
  const exact = new Set<string>()
  const others = new Covers()
  for (const template of entries.flatMap((entry) => groups.get(entry) ?? [entry])) {
    const prefix = prefixOf(template)
    if (template.includes("{")) {
      const expression = templateOf(template)
      others.add(template, (path) => expression.test(path))
    } else if (prefix !== undefined) others.add(template, (path) => below(path, prefix))
    else exact.add(template)
  }
  const remembered = new Map<string, boolean>()
  return (path) => {
    if (exact.has(path)) return true
    if (others.isEmpty) return false
    const known = remembered.get(path)
    if (known !== undefined) return known
    const verdict = others.covers(path)
    if (path.length <= REMEMBERED_LENGTH) {
      if (remembered.size >= REMEMBERED) remembered.clear()
      remembered.set(path, verdict)
    }
    return verdict
  }
}

/** Compiles with these groups. */
export const compiler = (groups: RouteGroups): RouteCompiler => (entries) => compile(entries, groups)

/** Whether a team's list grants a pass-through path: an entry equal to it, or a prefix of it at a segment boundary. */
export const grantsPassThrough = (granted: ReadonlyArray<string>, path: string): boolean =>
  granted.some((entry) => path === entry || path.startsWith(entry.endsWith("/") ? entry : `${entry}/`))
