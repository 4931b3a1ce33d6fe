/**
 * Asks the directory's API: a running admin listener, or the same API in this
 * process over the store of the configuration.
 *
 * The listener is asked when it can be: it has an address and a token. When it
 * does not run, or takes no token, the store is worked on directly; a running
 * server sees such a change within two seconds.
 */
import { Secrets } from "@jotgate/core/Secrets"
import type { Answered as AnsweredHere, Sent } from "@jotgate/server/DirectDirectory"
import type { FileSettings } from "@jotgate/server/GatewaySettings"
import { addressText } from "@jotgate/server/GatewaySettings"
import * as NodeSecrets from "@jotgate/server/NodeSecrets"
import {
  Console,
  Deferred,
  Effect,
  Exit,
  Fiber,
  type FileSystem,
  Option,
  Redacted,
  Result,
  Schema,
  type Scope
} from "effect"
import { userInfo } from "node:os"
import { dirname, resolve } from "node:path"
import { silence } from "../Address.ts"
import { loadSound } from "../Configuration.ts"
import { Failure, failure, Negative } from "../Outcome.ts"

/** Where the flags say that the directory is. */
export interface Place {
  readonly config: Option.Option<string>
  readonly admin: Option.Option<string>
  readonly tokenEnv: string
  readonly direct: boolean
}

/** One request to the API; `path` begins after `/admin/v1`, or at the root of the listener. */
export interface Asked {
  readonly from?: "root"
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
  /** A body that is a JSON text already. */
  readonly json?: string
  /** Told the cursor of the next page, or that none is known, before the answer is read. */
  readonly onHead?: (next: string | undefined) => void
  /** Words what is wrong with the body; without it each place is named as it stands in the body. */
  readonly wording?: (faults: ReadonlyArray<Fault>) => ReadonlyArray<string>
}

/** One thing that is wrong with a request, and where. */
export interface Fault {
  readonly path: ReadonlyArray<string | number>
  readonly message: string
}

/** Asks, and gives the answer as JSON (`null` when there is none). A refusal ends the verb. */
export type Ask = (asked: Asked) => Effect.Effect<unknown, Failure | Negative>

/** What the progress of a long import is told to. */
export type OnProgress = (done: number, of: number) => void

/** How long one answer may take: an import of many rows is one request. */
const patience = 900_000

/** What is answered; the text may still be on its way. */
type Answered = Omit<AnsweredHere, "text"> & { readonly text: Effect.Effect<string, Failure> }

/** Sends a request, and gives its answer. */
type Send = (sent: Sent) => Effect.Effect<Answered, Failure>

const Problem = Schema.Struct({
  title: Schema.optionalKey(Schema.String),
  detail: Schema.optionalKey(Schema.String),
  errors: Schema.optionalKey(
    Schema.Array(Schema.Struct({
      path: Schema.Array(Schema.Union([Schema.String, Schema.Number])),
      message: Schema.String
    }))
  )
})

const parsed = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const problemOf = Schema.decodeUnknownOption(Problem)

/** Statuses that are an answer, "no", rather than a mistake of the invocation. */
const negative: ReadonlySet<number> = new Set([404, 409, 412, 422])

const linesOf = (status: number, body: unknown, wording: Asked["wording"]): ReadonlyArray<string> => {
  if (status === 401) return ["the admin listener does not accept this token (gateway.adminToken)"]
  const { detail, errors = [], title }: typeof Problem.Type = Option.getOrElse(problemOf(body), () => ({}))
  if (errors.length === 0) return [detail ?? title ?? `the admin listener answers ${status}`]
  const faults = errors.map(({ message, path }) => ({
    message,
    path: path[0] === "payload" || path[0] === "params" || path[0] === "query" ? path.slice(1) : path
  }))
  return wording === undefined ? faults.map(faultText) : wording(faults)
}

const faultText = ({ message, path }: Fault): string => `${path.length === 0 ? "" : `${path.join(".")}: `}${message}`

const answerOf = (
  status: number,
  text: string,
  wording: Asked["wording"]
): Effect.Effect<unknown, Failure | Negative> =>
  Effect.gen(function*() {
    const body = yield* text === ""
      ? Effect.succeed(null)
      : Result.match(parsed(text), {
        onFailure: () => failure(`this is no admin listener of jotgate: it answers ${status} without JSON`),
        onSuccess: (it) => Effect.succeed(it)
      })
    if (status >= 200 && status < 300) return body
    const lines = linesOf(status, body, wording)
    return yield* negative.has(status) ? new Negative({ lines }) : new Failure({ lines })
  })

/** The cursor of the page that a list's link leads to; `undefined` without one. */
const cursorIn = (link: string): string | undefined => {
  const [, query] = /^<\?([^>]*)>; rel="next"$/.exec(link) ?? []
  return query === undefined ? undefined : new URLSearchParams(query).get("cursor") ?? undefined
}

const urlOf = (base: string, { from, path, query = {} }: Asked): string => {
  const params = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) => value === undefined ? [] : [[name, value]])
  )
  return `${base.replace(/\/+$/, "")}${from === "root" ? "" : "/admin/v1"}${path}${
    params.size === 0 ? "" : `?${params}`
  }`
}

const sentBy = (base: string, asked: Asked): Sent => {
  const body = asked.json ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body))
  return { method: asked.method, url: urlOf(base, asked), ...(body === undefined ? {} : { body }) }
}

/** Sends to the listener at `base`. */
const overWire = (base: string, token: Redacted.Redacted | undefined): Send => ({ body, method, url }) => {
  const waiting = <A>(answer: () => Promise<A>) =>
    Effect.tryPromise({ try: answer, catch: (error) => failure(silence(base, error)) })
  const sent = waiting(() =>
    fetch(url, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${Redacted.value(token)}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" })
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(patience)
    })
  )
  return Effect.map(sent, (response) => ({
    status: response.status,
    link: response.headers.get("link") ?? undefined,
    text: waiting(() => response.text())
  }))
}

const asking = (base: string, send: Send): Ask =>
  Effect.fnUntraced(function*(asked) {
    const { link = "", status, text } = yield* send(sentBy(base, asked))
    asked.onHead?.(cursorIn(link))
    return yield* answerOf(status, yield* text, asked.wording)
  })

/** The API of the listener at this address. */
const at = (base: string, token: Redacted.Redacted | undefined): Ask => asking(base, overWire(base, token))

/** The API as somebody answers it in this process. */
export const over = (send: Send): Ask => asking("http://localhost", send)

const isUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

/** The address by which this machine reaches its own listener. */
export const ownAddress = ({ gateway: { admin } }: FileSettings): string | undefined => {
  const host = admin.host === "0.0.0.0" ? "127.0.0.1" : admin.host === "::" ? "::1" : admin.host
  return admin.port === 0 ? undefined : `http://${addressText({ host, port: admin.port })}`
}

/** A secret in a variable of the environment. */
export const fromEnv = (name: string): Redacted.Redacted | undefined => {
  const value = process.env[name]
  return value === undefined || value === "" ? undefined : Redacted.make(value)
}

const answers = (base: string) =>
  Effect.tryPromise({
    try: async (signal) => (await fetch(`${base}/livez`, { signal })).ok,
    catch: () => "away"
  }).pipe(Effect.timeout("2 seconds"), Effect.orElseSucceed(() => false))

/** The API over the store of a configuration, in this process. */
const direct = Effect.fnUntraced(function*(settings: FileSettings, base: string, onProgress: OnProgress | undefined) {
  if (settings.directory.url === "memory:") {
    return yield* failure(
      "directory.url memory: is in the server alone: ask its admin listener (gateway.adminToken, --admin URL)"
    )
  }
  const { make } = yield* Effect.promise(() => import("@jotgate/server/DirectDirectory"))
  const send = yield* make(settings, {
    actor: `${userInfo().username} at the command line`,
    base,
    env: process.env,
    ...(onProgress === undefined ? {} : { onProgress })
  }).pipe(Effect.mapError((error) => failure(error.message)))
  return over(send)
})

/** The secret that a setting names; `base` is the folder of the configuration. */
export const secretOf = (reference: string, setting: string, base: string): Effect.Effect<Redacted.Redacted, Failure> =>
  Secrets.use((it) => it.read(reference)).pipe(
    Effect.provide(NodeSecrets.layer(base, process.env)),
    Effect.mapError((it) => failure(`${setting} ${it.reference}: ${it.reason}`))
  )

/** The token for the listener: of the environment, else of the configuration; `base` is the folder of its file. */
const tokenOf = Effect.fnUntraced(function*({ gateway: { adminToken } }: FileSettings, base: string, name: string) {
  return fromEnv(name) ?? (adminToken === null ? undefined : yield* secretOf(adminToken, "gateway.adminToken", base))
})

/** The listener that runs, asked with a token where there is one; `undefined` when none does and a file is named. */
export const listening = Effect.fnUntraced(function*(
  { admin, config, direct: only, tokenEnv }: Place
): Effect.fn.Return<Ask | undefined, Failure, FileSystem.FileSystem> {
  const settings = Option.isNone(config) ? undefined : (yield* loadSound(config.value)).settings
  const url = Option.getOrElse(admin, () => settings === undefined ? undefined : ownAddress(settings))
  if (url === undefined || only) return undefined
  if (!isUrl(url)) return yield* failure(`--admin ${url}: must be a URL`)
  const token = settings === undefined || Option.isNone(config)
    ? fromEnv(tokenEnv)
    : yield* tokenOf(settings, dirname(resolve(config.value)), tokenEnv)
  if (yield* answers(url.replace(/\/+$/, ""))) return at(url, token)
  return settings === undefined ? yield* failure(`${url} does not answer`) : undefined
})

/** A running listener, which alone can be asked for decisions; the store of a configuration cannot. */
export const running = (
  place: Omit<Place, "direct">
): Effect.Effect<Ask, Failure, Scope.Scope | FileSystem.FileSystem> =>
  connect({ ...place, direct: false }, undefined, true)

/** Finds the directory that the flags mean. */
export const connect = Effect.fnUntraced(function*(
  { admin, config, direct: only, tokenEnv }: Place,
  onProgress?: OnProgress,
  isRunning = false
): Effect.fn.Return<Ask, Failure, Scope.Scope | FileSystem.FileSystem> {
  if (only && Option.isSome(admin)) return yield* failure("--direct needs no --admin: give one of them")
  if (Option.isNone(config)) {
    if (only) return yield* failure("--direct works on the store of --config FILE")
    if (Option.isNone(admin)) return yield* failure("which directory? Give --config FILE or --admin URL")
    if (!isUrl(admin.value)) return yield* failure(`--admin ${admin.value}: must be a URL`)
    return at(admin.value, fromEnv(tokenEnv))
  }
  const { settings } = yield* loadSound(config.value)
  const base = dirname(resolve(config.value))
  if (only) return yield* direct(settings, base, onProgress)
  const token = yield* tokenOf(settings, base, tokenEnv)
  if (Option.isSome(admin)) {
    return isUrl(admin.value)
      ? at(admin.value, token)
      : yield* failure(`--admin ${admin.value}: must be a URL`)
  }
  const own = ownAddress(settings)
  if (isRunning) {
    return own !== undefined && (yield* answers(own))
      ? at(own, token)
      : yield* failure(`no gate runs at ${own ?? "gateway.admin"}: start one, or give --admin URL`)
  }
  if (own !== undefined && token !== undefined && (yield* answers(own))) return at(own, token)
  if (own !== undefined && token !== undefined) {
    yield* Console.error(`${own} does not answer: working on the store itself`)
  }
  return yield* direct(settings, base, onProgress)
})

type Row = Readonly<Record<string, unknown>>

const isRow = (it: unknown): it is Row => typeof it === "object" && it !== null && !Array.isArray(it)

/** A page: rows are looked into by whoever shows them, and there may be very many. */
const Listed = Schema.Struct({
  items: Schema.declare((it): it is ReadonlyArray<Row> => Array.isArray(it) && it.every(isRow)),
  next: Schema.NullOr(Schema.String)
})

/** Asks for a page; `next`: the cursor of the one behind it, which is there before the rows are. */
const asked = Effect.fnUntraced(function*(
  ask: Ask,
  { query, ...about }: Omit<Asked, "method">,
  range: { readonly cursor: string | undefined; readonly limit: string }
) {
  const head = yield* Deferred.make<string | undefined>()
  const answer = yield* Effect.forkChild(
    ask({
      method: "GET",
      ...about,
      query: { ...query, ...range },
      onHead: (next) => Deferred.doneUnsafe(head, Exit.succeed(next))
    }),
    { startImmediately: true }
  )
  return { answer, next: Effect.raceFirst(Deferred.await(head), Effect.as(Fiber.await(answer), undefined)) }
})

/**
 * Goes through a list page by page, of `size` rows at most; `limit`: at most so many rows in all. Where all are wanted,
 * the next page is asked for while one is read.
 */
export const pages = Effect.fnUntraced(function*(
  ask: Ask,
  about: Omit<Asked, "method">,
  onPage: (rows: ReadonlyArray<Row>, isFirst: boolean) => Effect.Effect<void>,
  { limit = Infinity, size = 1000 }: { readonly limit?: number; readonly size?: number } = {}
) {
  let left = limit
  let isFirst = true
  const open = (cursor?: string) => asked(ask, about, { cursor, limit: String(Math.min(left, size)) })
  let page = yield* open()
  while (true) {
    const ahead = left === Infinity ? yield* page.next : undefined
    const following = ahead === undefined ? undefined : yield* open(ahead)
    const { items, next } = yield* Schema.decodeUnknownEffect(Listed)(yield* Fiber.join(page.answer)).pipe(
      Effect.mapError(() => failure("this is no admin listener of jotgate"))
    )
    yield* onPage(items, isFirst)
    isFirst = false
    left -= items.length
    if (next === null || left <= 0) return
    page = following ?? (yield* open(next))
  }
})
