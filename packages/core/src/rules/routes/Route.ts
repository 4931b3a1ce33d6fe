/**
 * Which routes a list of entries covers.
 *
 * An entry is the name of a route group, an exact path, a path with `{x}` (one
 * segment) or `{x:path}` (anything), or a path that ends in `*` (everything
 * below, at a segment boundary; RULES D35). Paths are compared byte for byte
 * with case; a trailing slash counts. Info routes are read-only (RULES D58).
 */
import { googleVerbs } from "./GoogleRoutes.ts"
import type { RouteGroups } from "./RouteGroups.ts"

/** Whether a path is covered, asked for with this method (upper case). */
export type RouteMatcher = (path: string, method: string) => boolean

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

type Cover = (path: string, method: string) => boolean

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

  covers(path: string, method: string): boolean {
    return (this.#byBeginning.get(beginningOf(path)) ?? []).some((cover) => cover(path, method)) ||
      this.#anywhere.some((cover) => cover(path, method))
  }
}

/** A template that is in a group for some methods alone (RULES D59). */
export interface Limited {
  readonly group: string
  readonly template: string
  readonly methods: ReadonlySet<string>
}

const unlimited: ReadonlyArray<Limited> = []

/** The group whose routes only tell: read-only, and none that lists what others own (RULES D58). */
const info = "info_routes"
const isManagement = (template: string): boolean => /\/(?:list|available|filter\/ui)$/.test(template)
const runsModel = new RegExp(`:(?:${googleVerbs.join("|")})$`)
const isRead = (path: string, method: string): boolean =>
  (method === "GET" || method === "HEAD") && !runsModel.test(path)

const coverOf = (template: string): Cover => {
  const prefix = prefixOf(template)
  if (template.includes("{")) {
    // Of hundreds of templates a deployment is asked for a few: the others are never compiled.
    let expression: RegExp | undefined
    return (path) => (expression ??= templateOf(template)).test(path)
  }
  return prefix === undefined ? (path) => path === template : (path) => below(path, prefix)
}

const compiled = (
  entries: ReadonlyArray<string>,
  groups: RouteGroups,
  limited: ReadonlyArray<Limited>
): RouteMatcher => {
  const exact = new Set<string>()
  const others = new Covers()
  const add = (template: string, applies?: Cover) => {
    if (applies === undefined && !template.includes("{") && !template.endsWith("*")) exact.add(template)
    else {
      const cover = coverOf(template)
      others.add(
        template,
        applies === undefined ? cover : (path, method) => applies(path, method) && cover(path, method)
      )
    }
  }
  for (const entry of entries) {
    const templates = groups.get(entry) ?? [entry]
    if (entry === info && groups.has(info)) templates.filter((it) => !isManagement(it)).forEach((it) => add(it, isRead))
    else templates.forEach((it) => add(it))
    for (const it of limited) if (it.group === entry) add(it.template, (_, method) => it.methods.has(method))
  }
  const remembered = new Map<string, Map<string, boolean>>()
  let size = 0
  const remember = (path: string, method: string, verdict: boolean) => {
    if (path.length > REMEMBERED_LENGTH) return
    if (++size > REMEMBERED) {
      remembered.clear()
      size = 1
    }
    const paths = remembered.get(method)
    if (paths === undefined) remembered.set(method, new Map([[path, verdict]]))
    else paths.set(path, verdict)
  }
  return (path, method) => {
    if (exact.has(path)) return true
    const known = remembered.get(method)?.get(path)
    if (known !== undefined) return known
    const verdict = others.covers(path, method)
    remember(path, method, verdict)
    return verdict
  }
}

/**
 * Compiles entries into "covers at least one"; an empty list covers nothing. A name that `groups` lacks is a path. The
 * work is done when a path is first compared: of the lists of a deployment a caller meets a few.
 */
export const compile = (
  entries: ReadonlyArray<string>,
  groups: RouteGroups,
  limited: ReadonlyArray<Limited> = unlimited
): RouteMatcher => {
  let matcher: RouteMatcher | undefined
  return (path, method) => (matcher ??= compiled(entries, groups, limited))(path, method)
}

/** Compiles with these groups. */
export const compiler =
  (groups: RouteGroups, limited: ReadonlyArray<Limited> = unlimited): RouteCompiler => (entries) =>
    compile(entries, groups, limited)

/** The same routes, with and without a slash at the end: for what must not be reached by adding one (RULES D55). */
export const eitherSpelling = (covers: RouteMatcher): RouteMatcher => (path, method) =>
  covers(path, method) || covers(path.endsWith("/") ? path.slice(0, -1) : `${path}/`, method)

/** Whether a team's list grants a pass-through path: an entry equal to it, or a prefix of it at a segment boundary. */
export const grantsPassThrough = (granted: ReadonlyArray<string>, path: string): boolean => {
  const text = path.endsWith("/") ? path : `${path}/`
  return granted.some((entry) => text.startsWith(entry.endsWith("/") ? entry : `${entry}/`))
}

/** Whether a team's list refuses a pass-through path: an entry, everything below it, or its prefix before a `*` (RULES D67). */
export const deniesPassThrough = (denied: ReadonlyArray<string>, path: string): boolean => {
  const text = path.endsWith("/") ? path : `${path}/`
  return denied.some((entry) =>
    entry.endsWith("*")
      ? text.startsWith(entry.slice(0, -1))
      : text.startsWith(entry.endsWith("/") ? entry : `${entry}/`)
  )
}
