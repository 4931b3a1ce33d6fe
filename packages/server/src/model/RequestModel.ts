/**
 * Reads which models a request asks for: path, query and headers at once, the body by a reader of its type.
 *
 * Where models stand follows from the route (`ModelRoutes`), and so do the types that a body may have. On a route that
 * runs no model a body is still looked at for a top-level `model`, because the gate does not know every upstream.
 */
import { asksForWebSocket } from "@jotgate/core/HeaderNames"
import {
  type BodyType,
  find,
  found,
  type ModelRoute,
  unfound,
  unseen,
  type UpstreamKind,
  websocket
} from "@jotgate/core/ModelRoutes"
import type { RequestedModel } from "@jotgate/core/Request"
import { type BodyReader, JsonBody, MediaBody, type Send, UrlencodedBody } from "./BodyReader.ts"
import { headerModel } from "./HeaderModel.ts"
import { type JsonPlace, type MemberPlace, placesOf } from "./JsonPlaces.ts"
import * as MediaType from "./MediaType.ts"
import { MultipartBody } from "./MultipartBody.ts"
import { boundaryOf } from "./MultipartReader.ts"
import { ambiguous, join, named, namesOf, nothing, type Peeked, requested, several } from "./Peeked.ts"
import { queryModel, type QueryPlace } from "./QueryModel.ts"
import { pathModel } from "./TargetModel.ts"

/** What is known of a request before its body. */
export interface TargetReading {
  /** The model route, if it is one. */
  readonly route: ModelRoute | undefined
  /** What path, query and headers say. */
  readonly seen: Peeked
  /** Whether it asks for a WebSocket on a model route, or may do so: its messages name models. */
  readonly isWebSocket: boolean
}

/** The places of one route, by where they are; those in a body are made when the first body is read. */
interface Places {
  readonly members: () => JsonPlace
  /** Of a line of an uploaded file. */
  readonly lines: () => JsonPlace | undefined
  readonly query: ReadonlyArray<QueryPlace>
  readonly headers: ReadonlySet<string>
}

const later = <A>(make: () => A): () => A => {
  let made: A | undefined
  return () => made ??= make()
}

const headersIn = (places: ModelRoute["places"]): ReadonlySet<string> =>
  new Set(places.flatMap((it) => it._tag === "Header" ? [it.name] : []))

const sorted = (places: ModelRoute["places"]): Places => {
  const members: Array<MemberPlace> = []
  const lines: Array<MemberPlace> = []
  const query: Array<QueryPlace> = []
  for (const place of places) {
    if (place._tag === "Member") members.push(place)
    else if (place._tag === "Query") query.push(place)
    else if (place._tag === "Lines") lines.push(place)
  }
  return {
    members: later(() => placesOf(members)),
    lines: lines.length === 0 ? () => undefined : later(() => placesOf(lines)),
    query,
    headers: headersIn(places)
  }
}

const known = new WeakMap<ModelRoute["places"], Places>()

const placesOfRoute = (places: ModelRoute["places"]): Places => {
  const before = known.get(places)
  if (before !== undefined) return before
  const made = sorted(places)
  known.set(places, made)
  return made
}

/** Elsewhere than on model routes: what some upstream could obey all the same. */
const elsewhere: Places = {
  members: later(() => placesOf([{ path: "model" }])),
  lines: () => undefined,
  query: [{ name: "model" }],
  headers: headersIn(find("POST", "/v1/chat/completions")?.places ?? [])
}

const placesOn = (route: ModelRoute | undefined): Places =>
  route === undefined ? elsewhere : placesOfRoute(route.places)

const ofPath = (names: ReadonlyArray<string> | undefined): Peeked =>
  names === undefined
    ? ambiguous("the model in the path")
    : names.length === 1
    ? named(names[0] ?? "", "path")
    : several(names, ["path"])

/** What method and target say, whatever the headers. */
interface Told {
  readonly route: ModelRoute | undefined
  /** What path and query say. */
  readonly seen: Peeked
  /** Headers in which a model may stand there, in lower case. */
  readonly headers: ReadonlySet<string>
}

const tell = (method: string, target: string, kind: UpstreamKind): Told => {
  const question = target.indexOf("?")
  const path = question === -1 ? target : target.slice(0, question)
  const route = find(method, path, kind)
  const { headers, query } = placesOn(route)
  const seen = route === undefined ? pathModel(path) : ofPath(route.names)
  return { route, headers, seen: question === -1 ? seen : join(seen, queryModel(target.slice(question + 1), query)) }
}

/** How many targets are remembered, and how long they may be: callers choose them. */
const mostTold = 512
const longestTold = 256

const toldBefore = new Map<string, Told>()

/** The same; nearly every target has come before. */
const toldBy = (method: string, target: string, kind: UpstreamKind): Told => {
  if (target.length > longestTold || !target.isWellFormed()) return tell(method, target, kind)
  const key = `${kind} ${method} ${target}`
  const known = toldBefore.get(key)
  if (known !== undefined) return known
  // A copy: a target is a piece of its request, and would keep all of it.
  const made = tell(method, Buffer.from(target).toString(), kind)
  if (toldBefore.size >= mostTold) toldBefore.clear()
  toldBefore.set(Buffer.from(key).toString(), made)
  return made
}

/** The same with what the headers say. */
const withHeaders = (
  { headers, route, seen }: Told,
  rawHeaders: ReadonlyArray<string>,
  upgrades: boolean
): TargetReading => ({
  route,
  seen: join(seen, headerModel(rawHeaders, headers)),
  isWebSocket: upgrades && route !== undefined
})

/** Reads everything but the body. `method` in upper case, `target` with its query, headers as raw pairs. */
export const readTarget = (
  method: string,
  target: string,
  rawHeaders: ReadonlyArray<string>,
  kind: UpstreamKind = "any"
): TargetReading => {
  const upgrades = method === "GET" && asksForWebSocket(rawHeaders)
  return withHeaders(toldBy(upgrades ? websocket : method, target, kind), rawHeaders, upgrades)
}

/**
 * Reads everything but the body of a request that somebody else has and asks about. Most proxies keep `Upgrade` to
 * themselves: where messages over WebSocket name models, a request that could ask for one may do so.
 */
export const readOriginal = (
  method: string,
  target: string,
  rawHeaders: ReadonlyArray<string>,
  kind: UpstreamKind = "any"
): TargetReading => {
  const upgrades = method === "GET" && asksForWebSocket(rawHeaders)
  const plain = toldBy(upgrades ? websocket : method, target, kind)
  return plain.route !== undefined || (method !== "GET" && method !== "CONNECT")
    ? withHeaders(plain, rawHeaders, upgrades)
    : withHeaders(toldBy(websocket, target, kind), rawHeaders, true)
}

/**
 * The reader for a body of this type (`contentType` as sent, "" when absent); `undefined` when the type can be read in
 * more than one way. `boundary` makes the one that a form is sent with.
 */
export const bodyReader = (
  { route, seen }: TargetReading,
  contentType: string,
  boundary: (() => string) | undefined,
  send: Send
): BodyReader | undefined => {
  const places = placesOn(route)
  const members = places.members()
  const takes = (type: BodyType): boolean => route === undefined || route.body.includes(type)
  if (contentType.trim() === "") {
    return route === undefined
      ? new MediaBody("", true, false, members, send)
      : new JsonBody("application/json", takes("json"), members, send)
  }
  const type = MediaType.parse(contentType)
  if (type === undefined) return undefined
  if (MediaType.isJson(type.name)) {
    return MediaType.isUtf8Type(type) ? new JsonBody(type.name, takes("json"), members, send) : undefined
  }
  if (type.name === "application/x-www-form-urlencoded") {
    return MediaType.isUtf8Type(type) ? new UrlencodedBody(takes("urlencoded"), members, send) : undefined
  }
  if (type.name === "multipart/form-data") {
    const from = boundaryOf(type)
    if (from === undefined) return undefined
    const mustName = route?.runs === "always" && seen._tag !== "Found"
    return new MultipartBody(
      from,
      boundary?.() ?? from,
      { places: members, lines: places.lines(), mustName, isKnown: takes("multipart") },
      send
    )
  }
  return new MediaBody(MediaType.render(type), takes("bytes"), route !== undefined, members, send)
}

/** A body says where in it a model stands; Gemini bodies name `models/x` where the path names `x`, the same model. */
const inRequest = (target: Peeked, body: Peeked): Peeked => {
  if (body._tag !== "Found") return body
  const one = target._tag === "Found" ? target.one : undefined
  const plain = (name: string): string => one !== undefined && name === `models/${one}` ? one : name
  return {
    ...body,
    one: body.one === undefined ? undefined : plain(body.one),
    others: body.others.map(plain),
    places: body.places.map((it) => `body ${it}`)
  }
}

/** What target and body say together. */
export const joinBody = (target: Peeked, body: Peeked): Peeked => join(target, inRequest(target, body))

/** What is asked for where nobody sees the body, or the messages: the models that the rest names, and what it may name. */
export const requestedUnseen = (target: TargetReading, enforced: boolean): RequestedModel | undefined =>
  target.route === undefined || target.seen._tag === "Refused"
    ? requestedModel(target, nothing)
    : unseen(target.route, target.seen._tag === "Found" ? namesOf(target.seen) : [], enforced)

/** What is asked for; `undefined` when the request cannot be judged at all. */
export const requestedModel = ({ route, seen }: TargetReading, body: Peeked): RequestedModel | undefined => {
  const model = requested(joinBody(seen, body), unfound(route))
  return model === undefined ? undefined : found(route, model)
}
