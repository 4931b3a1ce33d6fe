/**
 * Who may use the admin listener (DESIGN §8).
 *
 * Two keys open it: the configured token, compared in constant time, and a
 * token that is decided to be an admin's. Without a configured token `/decide`
 * is open on loopback.
 */
import type { AuthBuilder } from "@jotgate/core/AuthBuilder"
import type { Allowed } from "@jotgate/core/Decision"
import type { Denial } from "@jotgate/core/Errors"
import * as Request from "@jotgate/core/Request"
import { Effect, Layer, Redacted } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { createHash, timingSafeEqual } from "node:crypto"
import { isLoopback } from "../config/GatewaySettings.ts"
import { Deployments } from "../Deployment.ts"
import { inputInvalid } from "../directory/DirectoryProblem.ts"
import * as RequestBody from "../directory/RequestBody.ts"
import { isAllowed, Judge } from "../Judge.ts"
import { AdminAccess, AdminDenied, AdminRequired, AuthZenAccess, DecideAccess } from "./AdminApi.ts"
import { AdminListener } from "./AdminListener.ts"

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/** Whether a text is the configured token; takes the same time for every text. */
export const isToken = (text: string, token: Redacted.Redacted): boolean =>
  timingSafeEqual(digest(text), digest(Redacted.value(token)))

const bearer = /^bearer +([^ ]+)$/i

/** Asks for the verdict on a request that every admin may make. */
const adminQuestion = (authorization: string) =>
  Request.make({ method: "GET", target: "/v1/models", rawHeaders: ["authorization", authorization] })

/** What the gate would answer to whoever sends this `Authorization`; nothing is written or noted. */
export const verdictOn = (judge: Judge["Service"], auth: AuthBuilder["Service"], authorization: string) =>
  Effect.flatMap(
    adminQuestion(authorization),
    (asked) =>
      Effect.callback<Allowed | Denial>((resume) =>
        judge.glance(auth, asked, (result) => resume(Effect.succeed(result)))
      )
  ).pipe(Effect.catchTag("BadRequest", (denial) => Effect.succeed<Allowed | Denial>(denial)))

const isAdmin = (judge: Judge["Service"], auth: AuthBuilder["Service"], authorization: string) =>
  Effect.map(verdictOn(judge, auth, authorization), (result) =>
    isAllowed(result)
      ? result.principal.admin ? "admin" as const : "known" as const
      : result._tag === "Unauthenticated" || result._tag === "BadRequest"
      ? "unknown" as const
      : "known" as const)

/** Decides whether a caller is let in; `open`: without a configured token everybody on loopback is. */
const make = (open: boolean) =>
  Effect.gen(function*() {
    const listener = yield* AdminListener
    const judge = yield* Judge
    const deployments = yield* Deployments
    return Effect.gen(function*() {
      const { host, token } = listener
      if (open && token === undefined && isLoopback(host)) return
      const request = yield* HttpServerRequest.HttpServerRequest
      const authorization = request.headers["authorization"] ?? ""
      const sent = bearer.exec(authorization)?.[1]
      if (sent === undefined) return yield* new AdminRequired()
      if (token !== undefined && isToken(sent, token)) return
      const standing = yield* isAdmin(judge, deployments.current().auth, authorization)
      if (standing === "unknown") return yield* new AdminRequired()
      if (standing === "known") return yield* new AdminDenied()
    })
  })

/** Lets a route in that is no endpoint of the API, as `/decide` lets in. */
export const entry = make(true)

/** The answer with the caller's own id of the request. */
const withRequestId = (
  request: HttpServerRequest.HttpServerRequest,
  response: HttpServerResponse.HttpServerResponse
) => {
  const id = request.headers["x-request-id"]
  return id === undefined ? response : HttpServerResponse.setHeader(response, "x-request-id", id)
}

/** The middlewares of every group. */
export const layer = Layer.mergeAll(
  Layer.effect(
    AuthZenAccess,
    Effect.map(
      make(true),
      (access) => (next, { endpoint }) =>
        Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
          access.pipe(
            Effect.andThen(RequestBody.check(endpoint)),
            Effect.catchTag(
              "MediaUnsupported",
              ({ detail }) => inputInvalid([{ path: ["payload"], message: detail }])
            ),
            Effect.andThen(next),
            Effect.map((response) => withRequestId(request, response))
          ))
    )
  ),
  Layer.effect(
    DecideAccess,
    Effect.map(
      make(true),
      (check) => (next, { endpoint }) => check.pipe(Effect.andThen(RequestBody.check(endpoint)), Effect.andThen(next))
    )
  ),
  Layer.effect(AdminAccess, Effect.map(make(false), (check) => (next) => Effect.andThen(check, next)))
)
