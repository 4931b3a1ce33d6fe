/**
 * A request as a host has it: a Fetch `Request`, Node's, or its parts.
 *
 * The body is read only when it matters, after the credential was looked at,
 * from a copy, and never further than the limit. What cannot be read is not seen,
 * which is never the same as no body (RULES D53).
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import { rawHeadersOf } from "../Request.ts"
import { announcesBody } from "./RequestReader.ts"

/** A request as any program can tell it. */
export interface PlainRequest {
  /** The method, in any case. */
  readonly method: string
  /** Path and query, as the upstream will receive it: `/v1/chat/completions?x=1`. */
  readonly path: string
  /** By name, or pairs of name and value in which two lines of one name are seen. */
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string>>> | Iterable<readonly [string, string]>
  /**
   * The body: text, bytes, what a parser of the host has made of JSON, or a `BodyReader`, which is asked for it; left
   * out when there is none. Anything else (a stream, a form of the runtime), and one that the headers announce but that
   * is not given, is a body that is not seen.
   */
  readonly body?: unknown
  /** `https://host`, for the link to the metadata in a challenge (RFC 9728). */
  readonly origin?: string
}

/**
 * Reads a body and answers what `body` could hold, or a promise of it. It is called at most once, where a model may stand
 * in a body, and only when the credential was looked at and may go on; `limit` is the longest length in bytes. What it
 * throws is 400 `body_invalid`, or 413 `body_too_large` where the error has that status, as those of Express and Fastify
 * do.
 */
export type BodyReader = (limit: number) => unknown

/** What a host may ask about. */
export type GateRequest = globalThis.Request | PlainRequest

/** Why a body is not at hand. */
export type BodyFailed = "body_too_large" | "body_invalid"

/** Reads at most this many bytes; `undefined` is a body that cannot be seen. */
export type ReadBody = (limit: number) => Effect.Effect<Uint8Array | undefined, BodyFailed>

/** A body: none, at hand, to be read, or one that cannot be seen. */
export type Body =
  | { readonly _tag: "None" }
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Unread"; readonly read: ReadBody }
  | { readonly _tag: "Unseen" }

/** A request in the form in which it is judged. */
export interface Judged {
  readonly method: string
  readonly target: string
  readonly rawHeaders: ReadonlyArray<string>
  readonly origin: string
  readonly body: Body
}

const noBody: Body = { _tag: "None" }
const unseen: Body = { _tag: "Unseen" }

const encoder = new TextEncoder()

/** Whether a text takes more bytes than this as UTF-8, of which a character takes three at most. */
export const isLonger = (text: string, limit: number): boolean =>
  text.length > limit || (text.length * 3 > limit && encoder.encode(text).length > limit)

/** Whether a value can be what a parser of JSON made: an instance of a class is not (a stream, a form, a map). */
const isParsed = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return typeof value === "number" || typeof value === "boolean"
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null
}

const textOf = (body: unknown): Result.Result<string | undefined, unknown> =>
  typeof body === "string" ? Result.succeed(body) : Result.try(() => isParsed(body) ? JSON.stringify(body) : undefined)

/** A body that is given, in whatever realm it was made; what it says is not guessed. */
const bodyOf = (body: unknown): Body => {
  if (ArrayBuffer.isView(body)) {
    return { _tag: "Bytes", bytes: new Uint8Array(body.buffer, body.byteOffset, body.byteLength) }
  }
  if (body instanceof ArrayBuffer) return { _tag: "Bytes", bytes: new Uint8Array(body) }
  const text = textOf(body)
  return Result.isSuccess(text) && text.success !== undefined
    ? { _tag: "Text", text: text.success.toWellFormed() }
    : unseen
}

/** Whether a body is announced. Over HTTP/2, told by its pseudo-headers, there may be one without any header of it. */
const isAnnounced = (method: string, raw: ReadonlyArray<string>): boolean =>
  announcesBody(raw) || (raw[0]?.startsWith(":") === true && !/^(?:GET|HEAD)$/i.test(method))

const joined = (pieces: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const all = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

/** Reads a stream to its end, or until it is over the limit; then nothing more of it is taken. */
const readStream = (stream: ReadableStream<Uint8Array>, limit: number): Effect.Effect<Uint8Array, BodyFailed> =>
  Effect.flatMap(
    Effect.tryPromise({
      try: async () => {
        const reader = stream.getReader()
        const pieces: Array<Uint8Array> = []
        let size = 0
        for (;;) {
          const { done, value } = await reader.read()
          if (done) return joined(pieces, size)
          if (!ArrayBuffer.isView(value)) {
            void reader.cancel().catch(() => {})
            throw new TypeError("a piece of a body is no bytes")
          }
          size += value.length
          if (size > limit) {
            // The other copy of a cloned body is the host's: it is not ended with this one.
            void reader.cancel().catch(() => {})
            return undefined
          }
          pieces.push(value)
        }
      },
      catch: (): BodyFailed => "body_invalid"
    }),
    (bytes) => bytes === undefined ? Exit.fail("body_too_large" as const) : Exit.succeed(bytes)
  )

const isReader = (body: unknown): body is BodyReader => typeof body === "function"

const isTooLarge = (error: unknown): boolean =>
  typeof error === "object" && error !== null &&
  (("status" in error && error.status === 413) || ("statusCode" in error && error.statusCode === 413))

/** The host's own way to read the body; one that is announced and not given, or given empty (another read it), is not seen. */
const readGiven = (read: BodyReader, isAnnounced: boolean): ReadBody => (limit) =>
  Effect.flatMap(
    Effect.tryPromise({
      try: async () => read(limit),
      catch: (error): BodyFailed => isTooLarge(error) ? "body_too_large" : "body_invalid"
    }),
    (given) => {
      if (given === undefined || given === null) return Exit.succeed(isAnnounced ? undefined : new Uint8Array())
      const body = isReader(given) ? unseen : bodyOf(given)
      const bytes = body._tag === "Bytes" ? body.bytes : body._tag === "Text" ? encoder.encode(body.text) : undefined
      if (bytes === undefined || (isAnnounced && bytes.length === 0)) return Exit.succeed(undefined)
      return bytes.length > limit ? Exit.fail("body_too_large" as const) : Exit.succeed(bytes)
    }
  )

const bodyOfFetch = (request: globalThis.Request): Body => {
  if (request.bodyUsed) return unseen
  if (request.body === null) return noBody
  if (request.body.locked) return unseen
  const announced = Number(request.headers.get("content-length") ?? 0)
  return {
    _tag: "Unread",
    read: (limit) =>
      announced > limit
        ? Exit.fail("body_too_large")
        : Effect.flatMap(
          Effect.try({ try: () => request.clone().body, catch: (): BodyFailed => "body_invalid" }),
          (body) => body === null ? Exit.succeed(new Uint8Array()) : readStream(body, limit)
        )
  }
}

const bodyOfPlain = (body: unknown, isAnnounced: () => boolean): Body => {
  if (body === undefined || body === null) return isAnnounced() ? unseen : noBody
  if (isReader(body)) return { _tag: "Unread", read: readGiven(body, isAnnounced()) }
  const given = bodyOf(body)
  const isEmpty = given._tag === "Text" ? given.text === "" : given._tag === "Bytes" && given.bytes.length === 0
  return isEmpty && isAnnounced() ? unseen : given
}

const isFetch = (request: GateRequest): request is globalThis.Request => "bodyUsed" in request && "clone" in request

const schemeEnd = "://".length

/** The request in the form in which it is judged. */
export const of = (request: GateRequest): Judged => {
  if (!isFetch(request)) {
    const { body, headers, method, origin = "", path } = request
    const rawHeaders = rawHeadersOf(headers)
    return {
      method,
      target: path,
      rawHeaders,
      origin,
      body: bodyOfPlain(body, () => isAnnounced(method, rawHeaders))
    }
  }
  const { method, url } = request
  // A Request's URL is absolute and serialized, so that its path begins with the first slash after the authority.
  const path = url.indexOf("/", url.indexOf("://") + schemeEnd)
  const hash = url.indexOf("#")
  return {
    method,
    target: url.slice(path, hash === -1 ? undefined : hash),
    rawHeaders: rawHeadersOf(request.headers),
    origin: url.slice(0, path),
    body: bodyOfFetch(request)
  }
}

/** The part of Node's `IncomingMessage` that is read. */
export interface NodeRequest {
  /** The HTTP method. */
  readonly method?: string | undefined
  /** Path and query. */
  readonly url?: string | undefined
  /** Express keeps the whole path here when a router is mounted below a prefix. */
  readonly originalUrl?: string | undefined
  /** Name, value, name, value … as they came. */
  readonly rawHeaders: ReadonlyArray<string>
  /** The headers by name. */
  readonly headers?: {
    /** The host that was asked. */
    readonly host?: string | undefined
  }
  /** The connection. */
  readonly socket?: object | null
}

const pairsOf = (raw: ReadonlyArray<string>): ReadonlyArray<readonly [string, string]> => {
  const pairs: Array<readonly [string, string]> = []
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([raw[i] ?? "", raw[i + 1] ?? ""])
  return pairs
}

const isSecure = (socket: NodeRequest["socket"]): boolean =>
  typeof socket === "object" && socket !== null && "encrypted" in socket && socket.encrypted === true

/**
 * A request of Node (Express and Fastify have it too). `body` is what the host has read of it (text, bytes, or
 * parsed JSON), or a `BodyReader`; left out, the models of a body are not seen.
 */
export const fromNode = (request: NodeRequest, body?: unknown): PlainRequest => {
  const { headers, method = "GET", originalUrl, rawHeaders, socket, url = "/" } = request
  const host = headers?.host
  return {
    method,
    path: originalUrl ?? url,
    headers: pairsOf(rawHeaders),
    ...(host === undefined ? {} : { origin: `${isSecure(socket) ? "https" : "http"}://${host}` }),
    ...(body === undefined ? {} : { body })
  }
}
