/**
 * Which models a request asks for, where no other reader is given: path, query,
 * headers, and JSON bodies (RULES D19, D53, D54).
 *
 * It runs anywhere, and reads less than the reader of the server package: a form
 * or another type that may name models is not read, so that what it names is not
 * known, which is a denial for a caller who may not call everything.
 */
import { Result } from "effect"
import * as Json from "../Json.ts"
import { conflictingModels, knownModel, namesOf, type RequestedModel, severalModels, unnamedModel } from "../Request.ts"
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

/** A request whose models are wanted. */
export interface Readable {
  /** Upper case. */
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly rawHeaders: ReadonlyArray<string>
  /** The body; `undefined` when it cannot be seen. */
  readonly body: Uint8Array | undefined
}

/** Reads the models of a request; a code when it cannot be judged at all. */
export type RequestReader = (request: Readable) => RequestedModel | "body_invalid"

/** What was found so far: the one model that is meant, and others that are named on purpose. */
interface Found {
  one: string | undefined
  readonly others: Set<string>
  readonly at: Array<string>
  state: "fine" | "conflict" | "invalid"
}

const unprintable = /[\p{Cc},]/u

const isModelName = (name: string): boolean =>
  name.length > 0 && name.length <= 1024 && !unprintable.test(name) && name.isWellFormed()

/** Places that mean one and the same model: two that differ are a contradiction, not a list. */
const meansOne = (place: Place): boolean =>
  place._tag === "Query" || place._tag === "Header" ||
  (place._tag === "Member" && (place.path === "model" || place.path === "model_id"))

const add = (found: Found, place: Place, name: string): void => {
  if (!isModelName(name)) {
    if (found.state === "fine") found.state = name.includes(",") ? "conflict" : "invalid"
    return
  }
  const at = textOf(place)
  if (!found.at.includes(at)) found.at.push(at)
  if (!meansOne(place)) found.others.add(name)
  else if (found.one === undefined || found.one === name || name === `models/${found.one}`) found.one ??= name
  else found.state = "conflict"
}

/** One place in a JSON body: the rest of its path behind the member at the top. */
interface MemberPlace {
  readonly place: Place
  readonly rest: ReadonlyArray<string>
  readonly isList: boolean
  readonly separator: "," | undefined
}

/** The places of a route, by where they are looked for. */
interface Places {
  readonly members: ReadonlyMap<string, ReadonlyArray<MemberPlace>>
  readonly headers: ReadonlyMap<string, Place>
  /** The first letters of those headers: most others need no second look. */
  readonly initials: ReadonlySet<string>
  readonly query: ReadonlyArray<Place & { readonly _tag: "Query" }>
}

const sorted = (places: ReadonlyArray<Place>): Places => {
  const members = new Map<string, Array<MemberPlace>>()
  const headers = new Map<string, Place>()
  const query: Array<Place & { readonly _tag: "Query" }> = []
  for (const place of places) {
    if (place._tag === "Header") headers.set(place.name, place)
    else if (place._tag === "Query") query.push(place)
    else if (place._tag === "Member") {
      const [top = "", ...rest] = place.path.split(".")
      const isList = top.endsWith("[]")
      const name = isList ? top.slice(0, -2) : top
      const known = members.get(name) ?? []
      known.push({ place, rest, isList, separator: place.separator })
      members.set(name, known)
    }
  }
  return { members, headers, initials: new Set([...headers.keys()].map((it) => it.charAt(0))), query }
}

const known = new WeakMap<ReadonlyArray<Place>, Places>()

const placesOf = (places: ReadonlyArray<Place>): Places => {
  const before = known.get(places)
  if (before !== undefined) return before
  const made = sorted(places)
  known.set(places, made)
  return made
}

/** Goes to what stands at a path below a value; `*` is every member, `[]` every element. */
const walk = (value: Json.Json, path: ReadonlyArray<string>, at: number, put: (name: Json.Json) => void): void => {
  const part = path[at]
  if (part === undefined) return put(value)
  if (typeof value !== "object" || value === null || isArray(value)) return
  const isList = part.endsWith("[]")
  const name = isList ? part.slice(0, -2) : part
  const inside = (next: Json.Json): void => {
    if (!isList) walk(next, path, at + 1, put)
    else if (Array.isArray(next)) { for (const one of next) walk(one, path, at + 1, put) }
  }
  if (name === "*") { for (const one of Object.values(value)) inside(one) }
  else if (Object.hasOwn(value, name)) {
    const next = value[name]
    if (next !== undefined) inside(next)
  }
}

const isArray = (value: object): value is ReadonlyArray<Json.Json> => Array.isArray(value)

/** Elsewhere than on model routes: what some upstream could obey all the same. */
const elsewhere: ReadonlyArray<Place> = [{ _tag: "Query", name: "model" }, { _tag: "Member", path: "model" }]

/** The model that the path of another route names; `undefined` when its name is no text. */
const elsewhereNamed = (target: string): ReadonlyArray<string> | undefined => {
  const name = namedIn(target.split("?", 1)[0] ?? "/")
  return name === undefined ? [] : name === null ? undefined : [name]
}

const contentTypeOf = (raw: ReadonlyArray<string>): string => {
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === "content-type") return raw[i + 1] ?? ""
  return ""
}

const isJson = (contentType: string): boolean => {
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
  for (const place of places) {
    const values = parameters.getAll(place.name)
    if (values.length > 1) found.state = "conflict"
    const [value] = values
    if (value !== undefined) addAll(found, place, value, place.separator)
  }
}

/** As servers behind the gate may read a name: in any case, with `_` for `-`. */
const canonical = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, "-")

const readHeaders = (found: Found, raw: ReadonlyArray<string>, { headers, initials }: Places): void => {
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ""
    const place = initials.has(name.charAt(0).toLowerCase()) ? headers.get(canonical(name)) : undefined
    if (place !== undefined) add(found, place, raw[i + 1] ?? "")
  }
}

const readMember = (found: Found, { place, rest, separator }: MemberPlace, value: Json.Json): void =>
  walk(value, rest, 0, (name) => {
    if (typeof name === "string") addAll(found, place, name, separator)
    else if (name !== null && place._tag === "Member" && place.path === "model") found.state = "invalid"
  })

const readMembers = (found: Found, body: Json.Json, { members }: Places): void => {
  if (typeof body !== "object" || body === null || isArray(body)) return
  for (const name of Object.keys(body)) {
    const value = body[name]
    if (value === undefined) continue
    for (const it of members.get(name) ?? []) {
      if (!it.isList) readMember(found, it, value)
      else if (Array.isArray(value)) { for (const one of value) readMember(found, it, one) }
    }
  }
}

/** Whether a type of body that is not read may hold models on this route. */
const hidesModels = (route: ModelRoute): boolean => route.body.some((it) => it !== "bytes")

const settle = (found: Found, route: ModelRoute | undefined): RequestedModel | "body_invalid" => {
  if (found.state === "conflict") return conflictingModels
  if (found.state === "invalid") return "body_invalid"
  const { at, one, others } = found
  if (one === undefined && others.size === 0) return unfound(route)
  const names = [...(one === undefined ? [] : [one]), ...others]
  return foundOn(route, one !== undefined && others.size === 0 ? knownModel(one, at[0]) : severalModels(names, at))
}

const asksToUpgrade = (raw: ReadonlyArray<string>): boolean =>
  raw.some((it, at) =>
    at % 2 === 0 && it.toLowerCase() === "upgrade" &&
    raw[at + 1]?.split(",").some((one) => one.trim().toLowerCase() === "websocket") === true
  )

/** Whether the body of this request is worth reading. */
export const needsBody = (method: string, target: string): boolean => {
  const route = find(method, target.split("?", 1)[0] ?? "/")
  return route !== undefined && route.body.length > 0
}

/** The reader that runs anywhere. */
export const read: RequestReader = ({ body, method, rawHeaders, target }) => {
  const query = target.indexOf("?")
  const path = query === -1 ? target : target.slice(0, query)
  const messages = method === "GET" && asksToUpgrade(rawHeaders) ? find(websocket, path) : undefined
  const route = messages ?? find(method, path)
  const places = placesOf(route?.places ?? elsewhere)
  const found: Found = { one: undefined, others: new Set(), at: [], state: "fine" }
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
  if (!isJson(contentTypeOf(rawHeaders))) {
    return route !== undefined && hidesModels(route) && found.state === "fine" ? unnamedModel : settle(found, route)
  }
  const text = textOfBytes(body)
  const json = text === undefined ? undefined : Json.parse(text)
  if (json === undefined || Result.isFailure(json)) {
    if (route === undefined) return settle(found, route)
    return json !== undefined && json.failure === "duplicate_member" ? conflictingModels : "body_invalid"
  }
  readMembers(found, json.success, places)
  return settle(found, route)
}
