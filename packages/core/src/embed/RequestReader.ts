/**
 * Which models a request asks for, where no other reader is given: path, query,
 * headers, and JSON bodies (RULES D19, D53, D54).
 *
 * It runs anywhere, and reads less than the reader of the server package: a form
 * or another type that may name models is not read, so that what it names is not
 * known, which is a denial for a caller who may not call everything.
 */
import * as Result from "effect/Result"
import { asksForWebSocket, canonical } from "../HeaderNames.ts"
import * as Json from "../Json.ts"
import {
  conflictingModels,
  knownModel,
  maxModels,
  namesOf,
  type RequestedModel,
  severalModels,
  unnamedModel
} from "../Request.ts"
import { isModelName } from "../rules/ModelName.ts"
import * as BodyPlaces from "../rules/routes/BodyPlaces.ts"
import type { BodyPlace } from "../rules/routes/BodyPlaces.ts"
import { ledTo } from "../rules/routes/ManagedId.ts"
import {
  find,
  found as foundOn,
  type ModelRoute,
  type Place,
  textOf,
  unfound,
  unseen,
  websocket
} from "../rules/routes/ModelRoutes.ts"
import { namedIn } from "../rules/routes/NamedPath.ts"
import { namedAt } from "../rules/routes/Runner.ts"

/** A request whose models are wanted. */
export interface Readable {
  /** Upper case. */
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** Name, value, name, value … as they came. */
  readonly rawHeaders: ReadonlyArray<string>
  /** The body; `undefined` when it cannot be seen. */
  readonly body: Uint8Array | undefined
  /** The same as text, where it was given so. */
  readonly text?: string
}

const encoder = new TextEncoder()

/** A request whose body was given as text, which becomes bytes for who wants some. */
export class ReadableText implements Readable {
  readonly method: string
  readonly target: string
  readonly rawHeaders: ReadonlyArray<string>
  /** Without lone surrogates. */
  readonly text: string

  constructor({ method, rawHeaders, target }: Omit<Readable, "body" | "text">, text: string) {
    this.method = method
    this.target = target
    this.rawHeaders = rawHeaders
    this.text = text
  }

  get body(): Uint8Array {
    return encoder.encode(this.text)
  }
}

/** Reads the models of a request; a code when it cannot be judged at all. */
export type RequestReader = (request: Readable) => RequestedModel | "body_invalid"

/** What was found so far: the one model that is meant, and others that are named on purpose. */
interface Found {
  one: string | undefined
  readonly others: Set<string>
  readonly at: Array<string>
  /** Whether something says for itself which model runs. */
  isUnnamed: boolean
  state: "fine" | "conflict" | "invalid"
}

const put = (found: Found, at: string, name: string, isOne: boolean): void => {
  if (!isModelName(name)) {
    if (found.state === "fine") found.state = name.includes(",") ? "conflict" : "invalid"
    return
  }
  if (!found.at.includes(at)) found.at.push(at)
  if (!isOne) {
    found.others.add(name)
    if (found.others.size > maxModels && found.state === "fine") found.state = "invalid"
  } else if (found.one === undefined || found.one === name || name === `models/${found.one}`) found.one ??= name
  else found.state = "conflict"
}

/** A query and a header mean the one model of the request. */
const add = (found: Found, place: Place, name: string): void =>
  put(found, textOf(place), name, place._tag === "Query" || place._tag === "Header")

/** The places of a route, by where they are looked for. */
interface Places {
  readonly members: BodyPlace
  readonly headers: ReadonlyMap<string, Place>
  /** The first letters of those headers: most others need no second look. */
  readonly initials: ReadonlySet<string>
  readonly query: ReadonlyArray<Place & { readonly _tag: "Query" }>
}

const sorted = (places: ReadonlyArray<Place>): Places => {
  const headers = new Map(places.flatMap((it) => it._tag === "Header" ? [[it.name, it] as const] : []))
  return {
    members: BodyPlaces.placesOf(places.flatMap((it) => it._tag === "Member" ? [it] : [])),
    headers,
    initials: new Set([...headers.keys()].map((it) => it.charAt(0))),
    query: places.flatMap((it) => it._tag === "Query" ? [it] : [])
  }
}

const known = new WeakMap<ReadonlyArray<Place>, Places>()

const placesOf = (places: ReadonlyArray<Place>): Places => {
  const before = known.get(places)
  if (before !== undefined) return before
  const made = sorted(places)
  known.set(places, made)
  return made
}

/** Takes what leads to models without being the name of one. */
const lead = (found: Found, reads: BodyPlaces.Reads, at: string, text: string): void => {
  const models = reads === "runner" ? undefined : ledTo(reads, text)
  if (models === undefined) return
  if (models.length === 0 || !models.every(isModelName)) found.isUnnamed = true
  else for (const name of models) put(found, at, name, false)
}

const isArray = (value: object): value is ReadonlyArray<Json.Json> => Array.isArray(value)

/** Looks for models in a value and in what it holds; what is neither a model nor holds one where one is meant is refused. */
const readValue = (found: Found, place: BodyPlace, at: string, value: Json.Json): void => {
  const isOne = place.names === "one" && !at.includes("[]")
  if (typeof value === "string") {
    if (place.reads !== undefined) lead(found, place.reads, `body ${at}`, value)
    else if (place.names !== undefined) {
      const names = place.separator === undefined ? [value] : value.split(place.separator).map((it) => it.trim())
      for (const name of names) put(found, `body ${at}`, name, isOne)
    } else if (place.strict) found.state = "invalid"
  } else if (typeof value !== "object" || value === null) {
    if (place.names === "one" || (place.strict && value !== null)) found.state = "invalid"
    else if (place.reads === "reference" && value !== null && value !== false) found.isUnnamed = true
  } else if (isArray(value)) {
    const { elements } = place
    if (elements !== undefined) { for (const it of value) readValue(found, elements, `${at}[]`, it) }
    else if (place.strict) found.state = "invalid"
    else if (place.reads === "reference") found.isUnnamed = true
  } else readMembers(found, place, at, value)
}

/** What a path leads to inside an object. */
const inside = (value: Json.JsonObject, path: string): Json.Json | undefined => {
  let inner: Json.Json | undefined = value
  for (const name of path.split(".")) {
    inner = typeof inner === "object" && inner !== null && !isArray(inner) ? inner[name] : undefined
  }
  return inner
}

/** Whether there is a text, or a list of some. */
const saysSomething = (value: Json.Json | undefined): boolean =>
  typeof value === "string" || (typeof value === "object" && value !== null && isArray(value) && value.length > 0)

const runnersOf = ({ members }: BodyPlace): ReadonlyArray<string> =>
  [...members].flatMap(([name, { reads }]) => reads === "runner" ? [name] : [])

const runners = new WeakMap<BodyPlace, ReadonlyArray<string>>()

/** Whether an object that runs a model of its own says which. */
const namesItsModel = (place: BodyPlace, value: Json.JsonObject): boolean => {
  const names = runners.get(place) ?? runnersOf(place)
  runners.set(place, names)
  for (const name of names) {
    const type = value[name]
    const at = typeof type === "string" ? namedAt(type) : undefined
    if (at !== undefined && !saysSomething(inside(value, at.replace("[]", "")))) return false
  }
  return true
}

const readMembers = (found: Found, place: BodyPlace, at: string, value: Json.JsonObject): void => {
  const names = Object.keys(value)
  const isOpen = BodyPlaces.isOpen(place)
  if (place.members.size === 0 && !isOpen) {
    if (place.strict) found.state = "invalid"
    else if (place.reads === "reference") found.isUnnamed = true
    return
  }
  if (!namesItsModel(place, value)) found.isUnnamed = true
  // Where every member matters two names that a parser may take for one are two values of it.
  const seen = isOpen ? new Set<string>() : undefined
  for (const name of names) {
    if (BodyPlaces.isDisguised(place, name)) found.state = "conflict"
    if (place.keys) put(found, `body ${at}`, name, false)
    const next = BodyPlaces.memberOf(place, name)
    const inside = value[name]
    if (next === undefined || inside === undefined) continue
    if (seen !== undefined) {
      const key = BodyPlaces.fold(name)
      if (seen.has(key)) found.state = "conflict"
      seen.add(key)
    }
    readValue(found, next, BodyPlaces.below(at, place, name), inside)
  }
}

/** Elsewhere than on model routes: what some upstream could obey all the same. */
const elsewhere: ReadonlyArray<Place> = [{ _tag: "Query", name: "model" }, { _tag: "Member", path: "model" }]

/** The model that the path of another route names; `undefined` when its name is no text. */
const elsewhereNamed = (target: string): ReadonlyArray<string> | undefined => {
  const name = namedIn(target.split("?", 1)[0] ?? "/")
  return name === undefined ? [] : name === null ? undefined : [name]
}

const contentTypesOf = (raw: ReadonlyArray<string>): ReadonlyArray<string> =>
  raw.flatMap((name, i) => i % 2 === 0 && name.toLowerCase() === "content-type" ? [raw[i + 1] ?? ""] : [])

/** The first of them: what every request is asked. */
const contentTypeOf = (raw: ReadonlyArray<string>): string => {
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === "content-type") return raw[i + 1] ?? ""
  return ""
}

const isJson = (contentType: string): boolean => {
  if (contentType === "application/json") return true
  const type = (contentType.split(";", 1)[0] ?? "").trim().toLowerCase()
  return type === "" || type === "application/json" || /^application\/[\w.+-]+\+json$/.test(type)
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The text of bytes that are UTF-8. */
const textOfBytes = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

const addAll = (found: Found, place: Place, text: string, separator: "," | undefined): void => {
  if (separator === undefined) add(found, place, text)
  else for (const one of text.split(separator)) add(found, { _tag: "Path" }, one.trim())
}

const readQuery = (found: Found, query: string, { query: places }: Places): void => {
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys()) {
    const base = BodyPlaces.baseOf(name)
    if (name !== base && places.some((it) => it.name === base)) found.state = "conflict"
  }
  for (const place of places) {
    const values = parameters.getAll(place.name)
    if (values.length > 1) found.state = "conflict"
    const [value] = values
    if (value !== undefined) addAll(found, place, value, place.separator)
  }
}

const readHeaders = (found: Found, raw: ReadonlyArray<string>, { headers, initials }: Places): void => {
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ""
    const place = initials.has(name.charAt(0).toLowerCase()) ? headers.get(canonical(name)) : undefined
    if (place !== undefined) add(found, place, raw[i + 1] ?? "")
  }
}

/** Whether a type of body that is not read may hold models on this route. */
const hidesModels = (route: ModelRoute): boolean => route.body.some((it) => it !== "bytes")

const settle = (found: Found, route: ModelRoute | undefined): RequestedModel | "body_invalid" => {
  if (found.state === "conflict") return conflictingModels
  if (found.state === "invalid") return "body_invalid"
  if (found.isUnnamed) return unnamedModel
  const { at, one, others } = found
  if (one === undefined && others.size === 0) return unfound(route)
  const names = [...(one === undefined ? [] : [one]), ...others]
  return foundOn(route, one !== undefined && others.size === 0 ? knownModel(one, at[0]) : severalModels(names, at))
}

/** Types in which a file comes: on routes that run no model they are the host's to take, however large. Two in one line are none. */
const isFile = (contentType: string): boolean =>
  !contentType.includes(",") &&
  /^(?:multipart\/|image\/|audio\/|video\/|application\/octet-stream\s*(?:;|$))/i.test(contentType.trim())

const isForm = (contentType: string): boolean =>
  /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType.trim())

/** Whether headers tell of a body (RFC 9112 §6.3). */
export const announcesBody = (raw: ReadonlyArray<string>): boolean => {
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]?.toLowerCase()
    if (name === "transfer-encoding" || (name === "content-length" && raw[i + 1] !== "0")) return true
  }
  return false
}

/**
 * Whether the body of this request is worth reading: where a model stands in it, and everywhere else but in files, because
 * some upstream could obey a `model` on a route that nobody here knows.
 */
export const needsBody = (method: string, target: string, raw: ReadonlyArray<string>): boolean => {
  const route = find(method, target.split("?", 1)[0] ?? "/")
  if (route !== undefined) return route.body.length > 0
  const types = contentTypesOf(raw)
  return (types.length === 0 || !types.every(isFile)) &&
    ((method !== "GET" && method !== "HEAD") || announcesBody(raw))
}

/** The reader that runs anywhere. */
export const read: RequestReader = (request) => {
  const { method, rawHeaders, target } = request
  const body = request.text ?? request.body
  const query = target.indexOf("?")
  const path = query === -1 ? target : target.slice(0, query)
  // Over HTTP/2 and 3 a WebSocket is asked for with CONNECT (RFC 8441, 9220).
  const messages = method === "CONNECT" || (method === "GET" && asksForWebSocket(rawHeaders))
    ? find(websocket, path)
    : undefined
  const route = messages ?? find(method, path)
  const places = placesOf(route?.places ?? elsewhere)
  const found: Found = { one: undefined, others: new Set(), at: [], isUnnamed: false, state: "fine" }
  const names = route === undefined ? elsewhereNamed(target) : route.names
  const [first, ...more] = names ?? []
  if (names === undefined) found.state = "conflict"
  if (first !== undefined && more.length === 0) {
    found.one = first
    found.at.push("path")
  } else for (const name of [first, ...more]) if (name !== undefined) add(found, { _tag: "Path" }, name)
  if (query !== -1) readQuery(found, target.slice(query + 1), places)
  readHeaders(found, rawHeaders, places)
  // Whoever joins a WebSocket passes on messages that nobody here sees.
  if (body === undefined || messages !== undefined) {
    const seen = settle(found, undefined)
    return typeof seen === "string" || seen._tag === "Conflict" ? seen : unseen(route, namesOf(seen), false)
  }
  if (body.length === 0) return settle(found, route)
  const isTyped = isJson(contentTypeOf(rawHeaders))
  if (!isTyped && route !== undefined) {
    if (!hidesModels(route)) return settle(found, route)
    const seen = settle(found, undefined)
    return typeof seen === "string" || seen._tag === "Conflict" ? seen : unseen(route, namesOf(seen), false)
  }
  const text = typeof body === "string" ? body : textOfBytes(body)
  if (!isTyped && isForm(contentTypeOf(rawHeaders))) readQuery(found, text ?? "", places)
  // Servers that do not look at the type read an object all the same; of what is none nobody takes a model.
  if (!isTyped && text?.trimStart().startsWith("{") !== true) return settle(found, route)
  const json = text === undefined ? undefined : Json.parse(text)
  if (json === undefined || Result.isFailure(json)) {
    if (json !== undefined && json.failure === "duplicate_member") return conflictingModels
    return isTyped ? "body_invalid" : unnamedModel
  }
  const value = json.success
  if (typeof value === "object" && value !== null && !isArray(value)) readMembers(found, places.members, "", value)
  return settle(found, route)
}
