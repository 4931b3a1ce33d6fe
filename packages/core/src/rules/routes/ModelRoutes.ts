/**
 * Whether a request is to a route that runs a model, and where that model would
 * stand (RULES D53, D54, D64).
 *
 * The one look-up behind every door, list, question and explanation. It is
 * pure, and remembers what callers ask again and again within a bound in bytes.
 */
import { noModel, type RequestedModel } from "../RequestedModel.ts"
import { modelsOf } from "./ManagedId.ts"
import {
  type BodyType,
  commonPlaces,
  type Family,
  type KindPlace,
  type Place,
  type UpstreamKind
} from "./ModelPlace.ts"
import { families, groupPrefixes, mounts, otherPrefixes, providerPrefixes, wholeProviders } from "./ModelRouteTable.ts"
import { decoded } from "./Path.ts"

export { type BodyType, type Place, type UpstreamKind, upstreamKinds } from "./ModelPlace.ts"

/** A route that can run a model, for one path. */
export interface ModelRoute {
  /** The family it belongs to, for a reader. */
  readonly family: string
  /** Whether it runs a model even when none is named. */
  readonly runs: Family["runs"]
  /** The types that its body may have. */
  readonly body: ReadonlyArray<BodyType>
  /** Every place in which an upstream of this kind looks for models. */
  readonly places: ReadonlyArray<Place>
  /** The models that the path itself names, decoded, in every reading (RULES D64); `undefined` where the text is no UTF-8. */
  readonly names: ReadonlyArray<string> | undefined
}

/** The method under which a request to upgrade to WebSocket is looked up. */
export const websocket = "WEBSOCKET"

const readers: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "CONNECT", websocket])

const takes = ({ methods }: Family, method: string): boolean =>
  methods === "write" ? !readers.has(method) : methods.includes(method)

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")

const parameter = /\{([^{}/:]+)(:path)?\}/g

/** Parameters that matter, which the groups of a pattern are named after. */
const told: ReadonlySet<string> = new Set(["model", "id"])

/** The part of a template that a pattern is made of. */
const sourceOf = (template: string): string => {
  let source = ""
  let at = 0
  for (const found of template.matchAll(parameter)) {
    const [whole, name, path] = found
    const verb = template[found.index - 1] === ":"
    const text = path === undefined ? (verb ? "[^/:]+" : "[^/]+?") : ".+?"
    source += escaped(template.slice(at, found.index)) + (told.has(name ?? "") ? `(?<${name}>${text})` : text)
    at = found.index + whole.length
  }
  return source + escaped(template.slice(at))
}

const anywhere = "**"

const behind = `^(?:\\/(?:${
  [...providerPrefixes].map(escaped).join("|")
}))?(?:\\/(?:openai|api|ml|compatibility|serverless))?(?:\\/v\\d+(?:(?:alpha|beta)\\d*)?)?`

/** `head` is what stands before the operation; some servers take it in any case. */
const patternOf = (template: string): RegExp =>
  template.startsWith(anywhere)
    ? new RegExp(`^(?<head>.*?)${sourceOf(template.slice(anywhere.length))}$`, "is")
    : new RegExp(`(?<head>${behind})${sourceOf(template)}$`, "is")

/** What the groups of a template's pattern hold of a path; `undefined` when the path does not fit. */
type Matcher = (path: string, lower: string) => RegExpExecArray["groups"]

/**
 * A pattern is made when a path first has the longest text that the template spells out: most are never needed, and
 * compiling all of them is most of what a first look-up costs.
 */
const matcherOf = (template: string): Matcher => {
  const texts = template.replace(anywhere, "").toLowerCase().replace(parameter, "\0").split("\0")
  const text = texts.reduce((longest, it) => it.length > longest.length ? it : longest)
  let pattern: RegExp | undefined
  return (path, lower) => lower.includes(text) ? (pattern ??= patternOf(template)).exec(path)?.groups : undefined
}

const placesFor = (kind: UpstreamKind, places: ReadonlyArray<KindPlace>): ReadonlyArray<Place> =>
  places.filter(({ kinds }) => kind === "any" || kinds === undefined || kinds.includes(kind))

const compiled = new Map<Family, ReadonlyArray<Matcher>>()

/** The matchers of a family, made when a path is first compared with it. */
const matchersOf = (family: Family): ReadonlyArray<Matcher> => {
  const known = compiled.get(family)
  if (known !== undefined) return known
  const made = family.templates.map(matcherOf)
  compiled.set(family, made)
  return made
}

/** What every path of one family has in common, for one kind. */
const shapes = new Map<string, Omit<ModelRoute, "names">>()

const shapeOf = (kind: UpstreamKind, { body, name, places, runs }: Family): Omit<ModelRoute, "names"> => {
  const key = `${kind} ${name}`
  const known = shapes.get(key)
  if (known !== undefined) return known
  const all = placesFor(kind, [...commonPlaces(), ...places?.() ?? []])
  const shape = {
    family: name,
    runs,
    body,
    places: [...new Map(all.map((it) => [JSON.stringify(it), it])).values()]
  }
  shapes.set(key, shape)
  return shape
}

/** What is not known below a provider's prefix, or behind a deployment (RULES D53). */
const unknownTail: Family = {
  name: "a provider's own route",
  methods: "write",
  runs: "unknown",
  body: ["json", "multipart", "urlencoded", "bytes"],
  templates: []
}

const segmentsOf = (path: string): ReadonlyArray<string> => path.split("/").filter((it) => it !== "")

const version = /^(?:v\d+(?:(?:alpha|beta)\d*)?|openai|api|ml)$/i

const isIn = (names: ReadonlySet<string>, segment: string): boolean => names.has(segment.toLowerCase())

/** Models that stand in front of an operation: a deployment, or the name of a group behind a prefix. */
const namesInFront = (head: string): ReadonlyArray<string> => {
  const segments = segmentsOf(head)
  const at = segments.findIndex((it) => isIn(mounts, it))
  const mounted = at === -1 || at === segments.length - 1 ? [] : [segments.slice(at + 1).join("/")]
  const [prefix, ...rest] = at === -1 ? segments : segments.slice(0, at)
  if (prefix === undefined || !isIn(groupPrefixes, prefix)) return mounted
  const group = rest.filter((it) => !version.test(it)).join("/")
  return group === "" ? mounted : [...mounted, group]
}

/** The first segment behind a deployment or engine, for operations that are not known. */
const deploymentOf = (path: string): ReadonlyArray<string> => {
  const segments = segmentsOf(path)
  const at = segments.findIndex((it) => isIn(mounts, it))
  const name = at === -1 ? undefined : segments[at + 1]
  return name === undefined || at + 2 >= segments.length ? [] : [name]
}

interface Reading {
  readonly family: Family
  readonly names: ReadonlyArray<string>
  /** Ids in which models may be written. */
  readonly ids: ReadonlyArray<string>
}

/** Whether other protocols than those of models are spoken there: agents, tools, and tools by the name of their server. */
const isOther = (path: string): boolean => {
  const [first = "", second] = segmentsOf(path)
  return otherPrefixes.has(first) || (second === "mcp" && !isIn(providerPrefixes, first) && !version.test(first))
}

/** What one spelling of a path says. */
const read = (method: string, path: string, kind: UpstreamKind): Reading | undefined => {
  if (isOther(path)) return undefined
  const lower = path.toLowerCase()
  for (const family of families) {
    if (!takes(family, method) || (kind !== "any" && family.kinds !== undefined && !family.kinds.includes(kind))) {
      continue
    }
    const names: Array<string> = []
    const ids: Array<string> = []
    let fits = false
    for (const match of matchersOf(family)) {
      const groups = match(path, lower)
      if (groups === undefined) continue
      fits = true
      const { head = "", id, model } = groups
      if (model !== undefined) names.push(model)
      if (id !== undefined) ids.push(id)
      names.push(...namesInFront(head))
    }
    if (fits) return { family, names, ids }
  }
  if (!takes(unknownTail, method) && method !== websocket) return undefined
  const deployment = deploymentOf(path)
  const [prefix = ""] = segmentsOf(path)
  return deployment.length > 0 || isIn(providerPrefixes, prefix) || (wholeProviders.has(kind) && method !== websocket)
    ? { family: unknownTail, names: deployment, ids: [] }
    : undefined
}

const separators = /%(?:2f|3a)/i

/** A slash at the end of a path changes no verdict (RULES D55). */
const withoutSlash = (path: string): string => path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path

const lookUp = (method: string, path: string, kind: UpstreamKind): ModelRoute | undefined => {
  const text = withoutSlash(path)
  const whole = read(method, text, kind)
  const names: Array<string> = []
  let readable = true
  const add = (name: string | undefined) => {
    if (name === undefined) readable = false
    else if (!names.includes(name)) names.push(name)
  }
  let unclear = false
  const lead = (id: string | undefined) => {
    if (id === undefined) return add(undefined)
    const models = modelsOf(id)
    if (models?.length === 0) unclear = true
    models?.forEach(add)
  }
  for (const name of whole?.names ?? []) add(decoded(name))
  for (const id of whole?.ids ?? []) lead(decoded(id))
  // A parser that decodes first sees other segments: what it reads there is judged too.
  const first = separators.test(text) ? decoded(text) : undefined
  const other = first === undefined ? undefined : read(method, withoutSlash(first), kind)
  for (const name of other?.names ?? []) add(name)
  for (const id of other?.ids ?? []) lead(id)
  // An id that does not say clearly which models it is for leads to some that nobody knows.
  if (unclear) return { ...shapeOf(kind, unknownTail), names: [] }
  const family = whole?.family ?? other?.family
  return family === undefined ? undefined : { ...shapeOf(kind, family), names: readable ? names : undefined }
}

/** How many bytes of paths are remembered, and how long one may be: callers choose them. */
const REMEMBERED = 256 * 1024
const REMEMBERED_LENGTH = 1024
/** What an entry costs besides its text. */
const ENTRY = 256

const remembered = new Map<string, ModelRoute | null>()
let size = 0

/**
 * The model route of a request, or `undefined` when nothing there runs a model.
 * `path` is without query, byte for byte as sent; `method` in upper case.
 */
export const find = (method: string, path: string, kind: UpstreamKind = "any"): ModelRoute | undefined => {
  const key = `${kind} ${method} ${path}`
  const known = remembered.get(key)
  if (known !== undefined) return known ?? undefined
  const route = lookUp(method, path, kind)
  if (key.length <= REMEMBERED_LENGTH) {
    const cost = 2 * key.length + ENTRY
    if (size + cost > REMEMBERED) {
      remembered.clear()
      size = 0
    }
    remembered.set(key, route ?? null)
    size += cost
  }
  return route
}

/** What a request asks for in which no model was found, every place having been looked at. */
export const unfound = (route: ModelRoute | undefined): RequestedModel =>
  route?.runs === "always" || route?.runs === "unknown" ? { _tag: "Unnamed", looked: textsOf(route.places) } : noModel

/**
 * What a request asks for in which these models were found. Where it is not known what an upstream reads, a name that
 * is there says nothing of the model that is run, unless the path has it (RULES D53).
 */
export const found = (route: ModelRoute | undefined, model: RequestedModel): RequestedModel =>
  route?.runs === "unknown" && route.names?.length === 0 && (model._tag === "Known" || model._tag === "Several")
    ? unfound(route)
    : model

/** What a request asks for whose body cannot be seen; `names` are the models that the rest of it names. */
export const unseen = (
  route: ModelRoute | undefined,
  names: ReadonlyArray<string>,
  enforced: boolean
): RequestedModel => route === undefined ? noModel : { _tag: "Unseen", names, enforced }

/** A place as a reader knows it. */
export const textOf = (place: Place): string => {
  switch (place._tag) {
    case "Path":
      return "path"
    case "Query":
      return `query ${place.name}`
    case "Header":
      return `header ${place.name}`
    case "Member":
      return `body ${place.path}`
    case "Lines":
      return `lines of ${place.part}: ${place.path}`
    case "Frame":
      return `frame ${place.type}: ${place.path}`
  }
}

/** What a member's path begins with: enough for a reader. */
const rootOf = (place: Place): Place =>
  place._tag === "Member"
    ? { ...place, path: place.path.replace(/[.[].*$/s, "") }
    : place._tag === "Lines"
    ? { ...place, path: place.path.replace(/^([^.[]*\.[^.[]*).*$/s, "$1") }
    : place

const texts = new WeakMap<ReadonlyArray<Place>, ReadonlyArray<string>>()

/** Places as a reader knows them, members by their outermost name; made once for each list. */
export const textsOf = (places: ReadonlyArray<Place>): ReadonlyArray<string> => {
  const known = texts.get(places)
  if (known !== undefined) return known
  const all = [...new Set(places.map((it) => textOf(rootOf(it))))]
  texts.set(places, all)
  return all
}
