/**
 * Who may use the directory's API (DESIGN §8): the configured token, a token
 * that is decided to be an admin's, and for reading a token of an auditor (a
 * user whose row has the role `proxy_admin_viewer`).
 *
 * jotgate decides on itself: what the gate would not let through manages
 * nothing either. Nobody is let in on loopback without a token, so that no page
 * in a browser can change rows (threat E08).
 */
import * as Pattern from "@jotgate/core/Pattern"
import { Effect, Layer, Redacted } from "effect"
import { HttpServerRespondable, HttpServerResponse } from "effect/http"
import { AdminDenied, AdminRequired } from "../answer/AdminProblem.ts"
import { Deployments } from "../Deployment.ts"
import { Caller, DirectoryAccess, type Who } from "../directory/DirectoryAccess.ts"
import * as DirectoryInputLive from "../directory/DirectoryInputLive.ts"
import { NotAvailable, notAvailable } from "../directory/DirectoryProblem.ts"
import { Managed } from "../directory/Management.ts"
import { isAllowed, Judge } from "../Judge.ts"
import { isToken, verdictOn } from "./AdminAccessLive.ts"
import { AdminListener } from "./AdminListener.ts"

const auditor = "proxy_admin_viewer"

/** Says to a client how to ask (RFC 6750 §3), and when to ask again. */
const withHint = (problem: AdminRequired | NotAvailable) =>
  Effect.map(
    HttpServerRespondable.toResponse(problem),
    problem instanceof AdminRequired
      ? HttpServerResponse.setHeader("www-authenticate", "Bearer realm=\"jotgate admin\"")
      : HttpServerResponse.setHeader("retry-after", "1")
  )

const access = Layer.effect(
  DirectoryAccess,
  Effect.gen(function*() {
    const listener = yield* AdminListener
    const judge = yield* Judge
    const deployments = yield* Deployments

    const whoIs = Effect.fnUntraced(
      function*(sent: string): Effect.fn.Return<Who, AdminRequired | AdminDenied | NotAvailable> {
        if (sent === "") return yield* new AdminRequired()
        const { token } = listener
        if (token !== undefined && isToken(sent, token)) return { name: "admin token", mayWrite: true }
        const result = yield* verdictOn(judge, deployments.current().auth, `Bearer ${sent}`)
        if (!isAllowed(result)) {
          if (result._tag === "Unavailable") return yield* notAvailable("directory")
          return yield* result._tag === "Unauthenticated" || result._tag === "BadRequest"
            ? new AdminRequired()
            : new AdminDenied()
        }
        const { admin, role, user, userId } = result.principal
        const issuer = result.claims?.issuer
        const isAuditor = user !== undefined && role === auditor && issuer !== undefined &&
          Pattern.compileAny(issuer.settings.grants.roles)(auditor)
        if (!admin && !isAuditor) return yield* new AdminDenied()
        return { name: `${userId ?? "a service"} by ${issuer?.id ?? "nobody"}`, mayWrite: admin }
      }
    )

    return {
      bearer: (next, { credential, endpoint }) =>
        Effect.gen(function*() {
          const who = yield* whoIs(Redacted.value(credential))
          if (!who.mayWrite && endpoint.method !== "GET") return yield* new AdminDenied()
          return yield* Effect.provideService(next, Caller, who)
        }).pipe(
          Effect.catchIf(
            (it): it is AdminRequired | NotAvailable => it instanceof AdminRequired || it instanceof NotAvailable,
            withHint
          )
        )
    }
  })
)

/** Both middlewares. */
export const layer = Layer.merge(access, DirectoryInputLive.layer)

/** The management of whatever deployment is in force. */
export const layerManaged = Layer.effect(
  Managed,
  Effect.map(Deployments, (deployments) => ({
    use: (f) =>
      Effect.acquireUseRelease(
        Effect.sync(() => deployments.lease()),
        ({ deployment }) =>
          deployment.managed === undefined ? Effect.die("nothing here is managed") : f(deployment.managed),
        ({ release }) => Effect.sync(release)
      )
  }))
)
