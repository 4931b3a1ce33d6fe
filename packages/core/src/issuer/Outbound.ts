/**
 * The one bounded GET or POST with which issuers are asked.
 *
 * Every exchange is limited in time (3 s, the body included) and in size
 * (256 kB after inflating), follows no redirect and goes only where `Target`
 * lets it (threats C03, C04, C08, D06). A transport only moves bytes: the
 * limits are applied here, so they are the same for every runtime and for the
 * hostile issuer of the tests.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { check, type Reach } from "./Target.ts"

/** Largest body that is read, in bytes after inflating. */
export const bodyLimit = 256 * 1024

/** Longest exchange from the first byte sent to the last one read, in milliseconds. */
export const timeLimit = 3_000

/** One question. With `form` it is a POST, otherwise a GET. */
export interface OutboundRequest {
  /** Where to. */
  readonly url: string
  /** Which addresses it may reach. */
  readonly reach: Reach
  /** Whether plain `http:` is allowed. */
  readonly allowInsecure: boolean
  /** Value of `Accept`. */
  readonly accept: string
  /** Value of `Authorization`. */
  readonly authorization?: Redacted.Redacted
  /** The body, `application/x-www-form-urlencoded`. */
  readonly form?: Redacted.Redacted
  /** Certificate authority to trust instead of the runtime's own, PEM. */
  readonly ca?: string
}

/** An answer that kept the limits. */
export interface OutboundAnswer {
  /** The HTTP status. */
  readonly status: number
  /** Media type in lower case without parameters; empty when there is none. */
  readonly type: string
  /** A header by its name in lower case. */
  readonly header: (name: string) => string | undefined
  /** The body, strict UTF-8; a byte order mark is kept and breaks the parser that comes next. */
  readonly text: string
}

/** There is no usable answer; `detail` is for the operator and holds nothing that was received. */
export class OutboundFailed extends Schema.TaggedError<OutboundFailed>()("OutboundFailed", {
  /** What went wrong. */
  reason: Schema.Literals([
    "target",
    "connect",
    "timeout",
    "redirect",
    "too_large",
    "encoding",
    "authority",
    "unsupported"
  ]),
  /** What went wrong in particular, for the operator. */
  detail: Schema.String
}) {}

/** What a transport brings: the head, and the body as it arrives. */
export interface Exchange {
  /** The HTTP status. */
  readonly status: number
  /** The value of a header, its name in lower case. */
  readonly header: (name: string) => string | undefined
  /** The next piece of the body, already inflated; `undefined` at its end. Interrupting it waits for nobody. */
  readonly next: Effect.Effect<Uint8Array | undefined, OutboundFailed>
}

/** Sends one request to an address that was checked; closing the scope ends the connection. */
export type Transport = (request: OutboundRequest, url: URL) => Effect.Effect<Exchange, OutboundFailed, Scope.Scope>

const tooLarge = () => new OutboundFailed({ reason: "too_large", detail: `more than ${bodyLimit} bytes` })
const notText = () => new OutboundFailed({ reason: "encoding", detail: "the body is not UTF-8" })

const decode = (chunks: ReadonlyArray<Uint8Array>, size: number): Effect.Effect<string, OutboundFailed> =>
  Effect.try({
    try: () => {
      const whole = new Uint8Array(size)
      let offset = 0
      for (const chunk of chunks) {
        whole.set(chunk, offset)
        offset += chunk.byteLength
      }
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(whole)
    },
    catch: notText
  })

const readBody = Effect.fnUntraced(function*(exchange: Exchange) {
  if (Number(exchange.header("content-length") ?? 0) > bodyLimit) return yield* Effect.fail(tooLarge())
  const chunks: Array<Uint8Array> = []
  let size = 0
  for (let chunk = yield* exchange.next; chunk !== undefined; chunk = yield* exchange.next) {
    size += chunk.byteLength
    if (size > bodyLimit) return yield* Effect.fail(tooLarge())
    chunks.push(chunk)
  }
  return yield* decode(chunks, size)
})

const bounded = (transport: Transport) =>
  Effect.fnUntraced(
    function*(request: OutboundRequest) {
      const target = check(request.url, request)
      if (Result.isFailure(target)) {
        return yield* Effect.fail(
          new OutboundFailed({ reason: "target", detail: target.failure })
        )
      }
      const exchange = yield* transport(request, target.success)
      // A browser hides a redirect that it does not follow behind status 0.
      if (exchange.status === 0 || (exchange.status >= 300 && exchange.status < 400)) {
        return yield* Effect.fail(new OutboundFailed({ reason: "redirect", detail: `status ${exchange.status}` }))
      }
      const text = yield* readBody(exchange)
      const answer: OutboundAnswer = {
        status: exchange.status,
        type: (exchange.header("content-type") ?? "").split(";", 1).join("").trim().toLowerCase(),
        header: exchange.header,
        text
      }
      return answer
    },
    Effect.scoped,
    (exchange) =>
      Effect.timeoutOrElse(exchange, {
        duration: timeLimit,
        orElse: () =>
          Effect.fail(new OutboundFailed({ reason: "timeout", detail: `no whole answer within ${timeLimit} ms` }))
      })
  )

/** The part of a `ReadableStream` that is used; the kinds of different runtimes have it in common. */
export interface FetchBody {
  /** Reads the body piece by piece. */
  readonly getReader: () => {
    /** The next piece. */
    readonly read: () => Promise<{
      /** Whether the body is at its end. */
      readonly done: boolean
      /** The piece. */
      readonly value?: Uint8Array | undefined
    }>
  }
}

/** The part of a `Response` that is read. */
export interface FetchResponse {
  /** The HTTP status. */
  readonly status: number
  /** The headers of the answer. */
  readonly headers: {
    /** The value of a header; `null` when there is none. */
    readonly get: (name: string) => string | null
  }
  /** The body; `null` when there is none. */
  readonly body: FetchBody | null
}

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: {
  /** The HTTP method. */
  readonly method: string
  /** The headers by name. */
  readonly headers: Record<string, string>
  /** The body; `undefined` when there is none. */
  readonly body: string | undefined
  /** A redirect is an answer, and not followed. */
  readonly redirect: "manual"
  /** Ends the exchange. */
  readonly signal: AbortSignal
}) => Promise<FetchResponse>

/** A code such as `ECONNREFUSED` of an error or of its causes; never its text, which may quote what was received. */
const codeOf = (error: unknown, depth = 0): string => {
  if (typeof error !== "object" || error === null || depth > 4) return "failed"
  if ("code" in error && typeof error.code === "string") return error.code
  return "cause" in error ? codeOf(error.cause, depth + 1) : "failed"
}

const disconnected = (error: unknown) => new OutboundFailed({ reason: "connect", detail: codeOf(error) })

/** The pieces of a body. A pending read is not waited for when it is interrupted: the transport aborts the exchange. */
const piecesOf = (body: FetchBody | null): Exchange["next"] => {
  if (body === null) return Effect.undefined
  const reader = body.getReader()
  return Effect.map(
    Effect.tryPromise({ try: () => reader.read(), catch: disconnected }),
    ({ done, value }) => done ? undefined : value
  )
}

/** A transport over any `fetch`; it must inflate and must honour `redirect: "manual"`. */
export const fetchTransport = (fetch: Fetch): Transport => (request, url) =>
  Effect.gen(function*() {
    const controller = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      (controller) => Effect.sync(() => controller.abort())
    )
    const headers: Record<string, string> = { accept: request.accept, "user-agent": "jotgate" }
    if (request.authorization !== undefined) headers["authorization"] = Redacted.value(request.authorization)
    if (request.form !== undefined) headers["content-type"] = "application/x-www-form-urlencoded"
    const response = yield* Effect.tryPromise({
      try: () =>
        fetch(url.href, {
          method: request.form === undefined ? "GET" : "POST",
          headers,
          body: request.form === undefined ? undefined : Redacted.value(request.form),
          redirect: "manual",
          signal: controller.signal
        }),
      catch: disconnected
    })
    return {
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      next: piecesOf(response.body)
    }
  })

/**
 * Every request to an issuer goes through it: one answer of bounded size, in bounded time, from an address that may
 * be reached.
 */
export class Outbound extends Context.Service<Outbound, {
  /** Asks once, within the limits; any status but a redirect is an answer. */
  readonly ask: (request: OutboundRequest) => Effect.Effect<OutboundAnswer, OutboundFailed>
}>()("@jotgate/core/Outbound") {
  /** Puts the limits around a transport. */
  static readonly layerTransport = (transport: Transport) => Layer.succeed(Outbound, { ask: bounded(transport) })

  /**
   * The `fetch` of the runtime. It cannot judge the addresses that a name
   * resolves to and takes no certificate authority of its own: a request that
   * needs one fails. The server package has a layer that can both.
   */
  static readonly layer = Outbound.layerTransport((request, url) =>
    request.ca === undefined
      ? fetchTransport((url, init) => globalThis.fetch(url, { ...init, body: init.body ?? null }))(request, url)
      : Effect.fail(
        new OutboundFailed({ reason: "unsupported", detail: "this runtime takes no certificate authority" })
      )
  )
}
