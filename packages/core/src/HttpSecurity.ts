/**
 * The security middleware for other HttpApi programs.
 *
 * `.middleware(HttpSecurity)` and `HttpSecurity.layer` over an `AuthBuilder`
 * give every endpoint `CurrentPrincipal`. An absent credential is a failure that
 * lets the host's next scheme try; a bad one, and every denial, is answered at
 * once: HttpApi reports the last scheme's failure, which would hide the reason.
 * The body is not read, so the model is judged only when the path names it.
 */
import { Context, Effect, Exit, Layer, Redacted, Result } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import { AuthBuilder } from "./AuthBuilder.ts"
import type { Allowed } from "./Decision.ts"
import {
  BadRequest,
  BudgetExceeded,
  type Denial,
  Forbidden,
  NotFound,
  problem,
  Unauthenticated,
  Unavailable
} from "./Errors.ts"
import * as Request from "./Request.ts"

/** The allowed decision that the running request rests on. */
export class CurrentPrincipal extends Context.Service<CurrentPrincipal, Allowed>()("@jotgate/core/CurrentPrincipal") {}

/** Every denial, as errors of an endpoint. */
export const denials = [BadRequest, Unauthenticated, Forbidden, NotFound, BudgetExceeded, Unavailable] as const

/**
 * Name, value, name, value … of a request. Node's own list shows two lines of
 * one name (threat E04); where there is none, a runtime has joined them.
 */
const rawHeadersOf = (request: HttpServerRequest.HttpServerRequest): ReadonlyArray<string> => {
  const { source } = request
  const raw: unknown = "rawHeaders" in source ? source.rawHeaders : undefined
  return Array.isArray(raw) && raw.every((it) => typeof it === "string")
    ? raw
    : Request.rawHeadersOf(Object.entries(request.headers))
}

/** The question that a request of the host puts. */
export const questionOf = (
  request: HttpServerRequest.HttpServerRequest
): Exit.Exit<Request.Asked, BadRequest> => {
  const url = request.originalUrl
  const path = url.startsWith("/") ? url : URL.canParse(url) ? url.slice(new URL(url).origin.length) : url
  return Request.make({
    method: request.method,
    target: path,
    rawHeaders: rawHeadersOf(request),
    model: Request.unseenModel
  })
}

/** The answer to a denial: a problem, with challenge and `Retry-After`. */
export const respond = (denial: Denial): HttpServerResponse.HttpServerResponse => {
  const headers: Record<string, string> = { "cache-control": "no-store" }
  if (denial._tag === "Unauthenticated") {
    const error = denial.code === "token_missing" ? "" : `, error="invalid_token"`
    headers["www-authenticate"] = `Bearer realm="jotgate"${error}`
  }
  if (denial._tag === "Unavailable") headers["retry-after"] = String(Math.max(1, Math.ceil(denial.retryAfter)))
  const body = problem(denial.code, `d_${crypto.randomUUID()}`)
  return HttpServerResponse.jsonUnsafe(body, {
    status: denial.status,
    headers,
    contentType: "application/problem+json"
  })
}

const missing = new Unauthenticated({ code: "token_missing" })

/** What a security middleware wraps: the endpoint, which needs `CurrentPrincipal`. */
type Next = Parameters<HttpSecurity["Service"]["bearer"]>[0]

export class HttpSecurity extends HttpApiMiddleware.Service<HttpSecurity, { provides: CurrentPrincipal }>()(
  "@jotgate/core/HttpSecurity",
  { security: { bearer: HttpApiSecurity.bearer }, error: denials }
) {
  /** The handler of the bearer scheme, for a host that puts it beside schemes of its own in one middleware. */
  static readonly makeBearer = Effect.map(
    AuthBuilder,
    (auth) =>
      Effect.fnUntraced(function*(next: Next, { credential }: { readonly credential: Redacted.Redacted }) {
        const request = yield* HttpServerRequest.HttpServerRequest
        const asked = questionOf(request)
        if (Exit.isFailure(asked)) return respond(new BadRequest({ code: "request_ambiguous" }))
        const decided = yield* Effect.result(auth.authenticate(asked.value))
        if (Result.isSuccess(decided)) {
          return yield* Effect.provideService(next, CurrentPrincipal, decided.success)
        }
        const denial = decided.failure
        const absent = Redacted.value(credential) === "" && request.headers["authorization"] === undefined
        if (absent && denial._tag === "Unauthenticated") return yield* Effect.fail(missing)
        return respond(denial)
      })
  )

  /** Over the pipeline that the host has put together. */
  static readonly layer = Layer.effect(
    HttpSecurity,
    Effect.map(HttpSecurity.makeBearer, (bearer) => ({ bearer }))
  )
}
