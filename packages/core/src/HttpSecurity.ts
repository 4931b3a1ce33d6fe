/**
 * The security middleware for other HttpApi programs: the same verdict, status,
 * headers and body as the proxy.
 *
 * `.middleware(HttpSecurity)` and `HttpSecurity.layer` over `Gate.layer` (or over
 * an `AuthBuilder` of the host's own) give every endpoint `CurrentPrincipal` and
 * `CurrentVerdict`. A denial fails with one of the declared errors, which an
 * `HttpApiClient` decodes: their body is the problem of RFC 9457. In a middleware
 * of several schemes an absent credential lets the next scheme try, while a bad
 * one, and every other denial, is answered at once: HttpApi reports the failure
 * of the last scheme, which would hide the reason.
 */
import * as ByteSize from "effect/ByteSize"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { ProblemBody, type Verdict } from "./answer/Verdict.ts"
import { AuthBuilder } from "./AuthBuilder.ts"
import type { Allowed } from "./Decision.ts"
import * as Door from "./embed/Door.ts"
import type { Body } from "./embed/GateRequest.ts"
import {
  BadRequest,
  BudgetExceeded,
  type Code,
  Codes,
  ContentTooLarge,
  type Denial,
  Forbidden,
  NotFound,
  problem,
  Unauthenticated,
  Unavailable
} from "./Errors.ts"
import { GateOptions } from "./Gate.ts"
import { rawHeadersOf } from "./Request.ts"

export type { Allowed } from "./Decision.ts"

/** The allowed decision that the running request rests on. */
export class CurrentPrincipal extends Context.Service<CurrentPrincipal, Allowed>()("@jotgate/core/CurrentPrincipal") {}

/** The verdict that the running request rests on, with its decision id and what else may be called. */
export class CurrentVerdict extends Context.Service<CurrentVerdict, Verdict>()("@jotgate/core/CurrentVerdict") {}

type Declared = Denial | ContentTooLarge

/** The body of the problems of one status (RFC 9457). */
export interface ProblemOf<C extends Code> extends ProblemBody {
  /** The stable code. */
  readonly code: C
}

const bodyOf = <const C extends Code>(codes: ReadonlyArray<C>): Schema.Codec<ProblemOf<C>> =>
  Schema.Struct({ ...ProblemBody.fields, code: Schema.Literals(codes) })

/** A problem as an error is told. */
const told = <C extends Code>({ code, decision = "" }: { readonly code: C; readonly decision?: string }) => ({
  ...problem(code, decision),
  code
})

const wire = (status: number) => <S extends Schema.Top>(self: S) =>
  self.pipe(HttpApiSchema.status(status), HttpApiSchema.asJson({ contentType: "application/problem+json" }))

/**
 * Every denial, as errors of an endpoint: on the wire a problem (RFC 9457), out of which a client makes the error again.
 * The missing scope and the seconds of `Retry-After` are in headers alone.
 */
export const denials = [
  bodyOf(Codes[400]).pipe(
    Schema.decodeTo(BadRequest, {
      decode: SchemaGetter.transform(({ code, decision }) => ({ _tag: "BadRequest" as const, code, decision })),
      encode: SchemaGetter.transform(told)
    }),
    wire(400)
  ),
  bodyOf(Codes[401]).pipe(
    Schema.decodeTo(Unauthenticated, {
      decode: SchemaGetter.transform(({ code, decision }) => ({ _tag: "Unauthenticated" as const, code, decision })),
      encode: SchemaGetter.transform(told)
    }),
    wire(401)
  ),
  bodyOf(Codes[403]).pipe(
    Schema.decodeTo(Forbidden, {
      decode: SchemaGetter.transform(({ code, decision }) => ({ _tag: "Forbidden" as const, code, decision })),
      encode: SchemaGetter.transform(told)
    }),
    wire(403)
  ),
  bodyOf(Codes[404]).pipe(
    Schema.decodeTo(NotFound, {
      decode: SchemaGetter.transform(({ code, decision }) => ({ _tag: "NotFound" as const, code, decision })),
      encode: SchemaGetter.transform(told)
    }),
    wire(404)
  ),
  bodyOf(Codes[413]).pipe(
    Schema.decodeTo(ContentTooLarge, {
      decode: SchemaGetter.transform(({ code, decision }) => ({ _tag: "ContentTooLarge" as const, code, decision })),
      encode: SchemaGetter.transform(told)
    }),
    wire(413)
  ),
  bodyOf(Codes[429]).pipe(
    Schema.decodeTo(BudgetExceeded, {
      decode: SchemaGetter.transform(({ code, decision }) => ({ _tag: "BudgetExceeded" as const, code, decision })),
      encode: SchemaGetter.transform(told)
    }),
    wire(429)
  ),
  bodyOf(Codes[503]).pipe(
    Schema.decodeTo(Unavailable, {
      decode: SchemaGetter.transform(({ code, decision }) => ({
        _tag: "Unavailable" as const,
        code,
        decision,
        retryAfter: 1
      })),
      encode: SchemaGetter.transform(told)
    }),
    wire(503)
  )
] as const

/** How the target of a host's request is read. */
export interface TargetReader {
  /** Path and query that are judged; the request's own unless said. */
  readonly path?: (request: HttpServerRequest.HttpServerRequest) => string
  /**
   * Whether bodies are read, forms with files apart; yes unless said. On a model route what is not read is not known (403
   * `model_unseen`); on the host's own a `model` in it counts for nothing.
   */
  readonly payload?: boolean
  /** The longest body that is read, in bytes; that of the gate unless said. */
  readonly limit?: number
}

/**
 * Name, value, name, value … of a request. Node's own list shows two lines of
 * one name (threat E04); where there is none, a runtime has joined them.
 */
const headersOf = (request: HttpServerRequest.HttpServerRequest): ReadonlyArray<string> => {
  const { source } = request
  const raw: unknown = "rawHeaders" in source ? source.rawHeaders : undefined
  return Array.isArray(raw) && raw.every((it) => typeof it === "string")
    ? raw
    : rawHeadersOf(Object.entries(request.headers))
}

/** Origin and target of the request as it came, before any router took a prefix off. */
const placeOf = (request: HttpServerRequest.HttpServerRequest): readonly [origin: string, target: string] => {
  const { originalUrl } = request
  if (originalUrl.startsWith("/")) return ["", originalUrl]
  const path = originalUrl.indexOf("/", originalUrl.indexOf("://") + 3)
  return path === -1 ? ["", originalUrl] : [originalUrl.slice(0, path), originalUrl.slice(path)]
}

const noBody: Body = { _tag: "None" }
const unseen: Body = { _tag: "Unseen" }

/** Whether it is certain that a request has no body: a runtime says so, or its headers do (RFC 9112 §6.3). */
const hasNone = (source: object, headers: Readonly<Record<string, string | undefined>>): boolean =>
  "bodyUsed" in source && "body" in source
    ? source.body === null
    : headers["content-length"] === "0" ||
      ("httpVersionMajor" in source && source.httpVersionMajor === 1 && headers["content-length"] === undefined &&
        headers["transfer-encoding"] === undefined)

/** The body as far as it may be read: a form is the endpoint's to take apart, so it is not seen. */
const bodyOfRequest = (request: HttpServerRequest.HttpServerRequest, reads: boolean): Body => {
  const { headers, source } = request
  const announced = headers["content-length"]
  if (hasNone(source, headers)) return noBody
  if (!reads || /^multipart\//i.test(headers["content-type"] ?? "")) return unseen
  return {
    _tag: "Unread",
    read: (limit) =>
      Number(announced ?? 0) > limit
        ? Effect.fail("body_too_large" as const)
        : request.arrayBuffer.pipe(
          Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(limit)),
          Effect.map((bytes) => new Uint8Array(bytes)),
          Effect.mapError(() => announced === undefined ? "body_too_large" as const : "body_invalid" as const)
        )
  }
}

/** The error that an endpoint declares for a verdict; it carries the id of the decision. */
const errorOf = ({ result, verdict: { code, decision } }: Door.Answer): Declared => {
  if (result === undefined || result._tag === "Allowed") {
    return code === "body_too_large"
      ? new ContentTooLarge({ code, decision })
      : new BadRequest({ code: code === "body_invalid" ? code : "request_ambiguous", decision })
  }
  switch (result._tag) {
    case "BadRequest":
      return new BadRequest({ code: result.code, decision })
    case "Unauthenticated":
      return new Unauthenticated({ code: result.code, decision })
    case "Forbidden":
      return new Forbidden({
        code: result.code,
        decision,
        ...(result.scope === undefined ? {} : { scope: result.scope }),
        ...(result.held === undefined ? {} : { held: result.held })
      })
    case "NotFound":
      return new NotFound({ code: result.code, decision })
    case "BudgetExceeded":
      return new BudgetExceeded({ code: result.code, decision })
    case "Unavailable":
      return new Unavailable({ code: result.code, retryAfter: result.retryAfter, decision })
  }
}

/** The answer to a denial: what the proxy would send. */
export const respond = ({ headers, problem, status }: Verdict): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(problem, { status, headers, contentType: "application/problem+json" })

/** Whether an answer is the problem that a declared error was made into, and not one of the host's own. */
const isProblem = ({ headers }: HttpServerResponse.HttpServerResponse): boolean =>
  headers["x-jotgate-decision"] === undefined &&
  (headers["content-type"] ?? "").startsWith("application/problem+json")

/** Gives a failure the headers of its verdict, and on paths whose callers read Anthropic's shape its body. */
const dressed = (verdict: Verdict) =>
  HttpEffect.appendPreResponseHandler((_, response) =>
    Effect.succeed(response.status === verdict.status && isProblem(response) ? respond(verdict) : response)
  )

/** What a security middleware wraps: the endpoint, which needs `CurrentPrincipal` and `CurrentVerdict`. */
type Next = Parameters<HttpSecurity["Service"]["bearer"]>[0]

const make = Effect.fnUntraced(function*({ limit, path, payload = true }: TargetReader) {
  const options = yield* GateOptions
  const door = Door.make(
    yield* AuthBuilder,
    yield* Clock.Clock,
    limit === undefined ? options : { ...options, bodyLimit: limit }
  )
  const judge = Effect.fnUntraced(function*(request: HttpServerRequest.HttpServerRequest) {
    const [origin, target] = placeOf(request)
    return yield* door({
      method: request.method,
      target: path === undefined ? target : path(request),
      rawHeaders: headersOf(request),
      origin,
      body: bodyOfRequest(request, payload)
    })
  })
  const admit = (next: Next, allowed: Allowed, verdict: Verdict) =>
    next.pipe(
      Effect.provideService(CurrentPrincipal, allowed),
      Effect.provideService(CurrentVerdict, verdict),
      Effect.annotateLogs({ decision: verdict.decision })
    )
  const note = ({ code, decision, route, status }: Verdict) =>
    Effect.logInfo("denied", { decision, status, code, route })
  return { judge, admit, note }
})

/** What a security scheme has read of a request. */
export interface Presented {
  /** The credential; empty when there is none. */
  readonly credential: Redacted.Redacted
}

/** Whether the request has nothing that could be a credential of ours. */
const isAbsent = (request: HttpServerRequest.HttpServerRequest, credential: Redacted.Redacted): boolean =>
  Redacted.value(credential) === "" && request.headers["authorization"] === undefined

/**
 * The security middleware of an `HttpApi`: provides principal and verdict, and fails with exactly the errors that it
 * declares.
 */
export class HttpSecurity
  extends HttpApiMiddleware.Service<HttpSecurity, { provides: CurrentPrincipal | CurrentVerdict }>()(
    "@jotgate/core/HttpSecurity",
    {
      security: {
        /** The token, as `Authorization: Bearer TOKEN` (RFC 6750 §2.1). */
        bearer: HttpApiSecurity.bearer
      },
      error: denials
    }
  )
{
  /**
   * The handler of the bearer scheme, for a host that puts it beside schemes of its own in one middleware: an absent
   * credential fails, so that the next scheme tries; everything else that is denied is answered at once.
   */
  static readonly makeBearerWith = (reader: TargetReader) =>
    Effect.map(
      make(reader),
      ({ admit, judge, note }) =>
        Effect.fnUntraced(function*(next: Next, { credential }: Presented) {
          const request = yield* HttpServerRequest.HttpServerRequest
          const answer = yield* judge(request)
          const { result, verdict } = answer
          if (result?._tag === "Allowed") return yield* admit(next, result, verdict)
          if (result?._tag === "Unauthenticated" && isAbsent(request, credential)) {
            return yield* Effect.fail(errorOf(answer))
          }
          yield* note(verdict)
          return respond(verdict)
        })
    )

  /** The same, over the request's own path. */
  static readonly makeBearer = HttpSecurity.makeBearerWith({})

  /**
   * Reads the target as `reader` says; over the pipeline that the host has put together. It is made anew wherever it is
   * provided, so two programs of one graph have each their own gate.
   */
  static readonly layerWith = (reader: TargetReader) =>
    Layer.fresh(Layer.effect(
      HttpSecurity,
      Effect.map(make(reader), ({ admit, judge, note }) => ({
        bearer: Effect.fnUntraced(function*(next: Next) {
          const answer = yield* judge(yield* HttpServerRequest.HttpServerRequest)
          const { result, verdict } = answer
          if (result?._tag === "Allowed") return yield* admit(next, result, verdict)
          yield* note(verdict)
          yield* dressed(verdict)
          return yield* Effect.fail(errorOf(answer))
        })
      }))
    ))

  /** Over the pipeline that the host has put together: `Gate.layer`, or an `AuthBuilder` of its own. */
  static readonly layer = HttpSecurity.layerWith({})
}
