/**
 * Which routes a list of entries covers.
 *
 * An entry is the name of a route group, an exact path, a path with `{x}` (one
 * segment) or `{x:path}` (anything), or a path that ends in `*` (everything
 * below, at a segment boundary; RULES D35). Paths are compared byte for byte
 * with case; a trailing slash counts.
 */
import { RouteGroups } from "./RouteGroups.ts"

/** Whether a path is covered. */
export type RouteMatcher = (path: string) => boolean

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

/** Whether an entry names a route group. */
export const isGroup = (entry: string): boolean => Object.hasOwn(RouteGroups, entry)

/** The templates of an entry: those of the group it names, else the entry itself. */
export const templatesOf = (entry: string): ReadonlyArray<string> => isGroup(entry) ? RouteGroups[entry] ?? [] : [entry]

/** Additions to route groups: an authenticated pass-through path joins `openai_routes`. */
export type GroupAdditions = Readonly<Record<string, ReadonlyArray<string>>>

/** Compiles entries into "covers at least one"; an empty list covers nothing. */
export const compile = (entries: ReadonlyArray<string>, additions: GroupAdditions = {}): RouteMatcher => {
  const exact = new Set<string>()
  const prefixes = new Set<string>()
  const templates: Array<RegExp> = []
  for (const entry of entries) {
    const added = Object.hasOwn(additions, entry) ? additions[entry] ?? [] : []
    for (const template of [...templatesOf(entry), ...added]) {
      const prefix = prefixOf(template)
      if (template.includes("{")) templates.push(templateOf(template))
      else if (prefix !== undefined) prefixes.add(prefix)
      else exact.add(template)
    }
  }
  const below_ = [...prefixes]
  const covers = (path: string): boolean =>
    below_.some((prefix) => below(path, prefix)) || templates.some((template) => template.test(path))
  const remembered = new Map<string, boolean>()
  return (path) => {
    if (exact.has(path)) return true
    if (below_.length === 0 && templates.length === 0) return false
    const known = remembered.get(path)
    if (known !== undefined) return known
    const verdict = covers(path)
    if (path.length <= REMEMBERED_LENGTH) {
      if (remembered.size >= REMEMBERED) remembered.clear()
      remembered.set(path, verdict)
    }
    return verdict
  }
}

/** Info routes: exempt from budgets (RULES D23). */
export const isInfoRoute: RouteMatcher = compile(["info_routes"])

/** LLM API routes, in which a mapped provider prefix covers everything below it: where a team header counts for an admin. */
export const isLlmRoute: RouteMatcher = compile(["llm_api_routes"])

/** Whether a team's list grants a pass-through path: an entry equal to it, or a prefix of it at a segment boundary. */
export const grantsPassThrough = (granted: ReadonlyArray<string>, path: string): boolean =>
  granted.some((entry) => path === entry || path.startsWith(entry.endsWith("/") ? entry : `${entry}/`))
