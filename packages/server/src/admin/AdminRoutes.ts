/**
 * What people and programs ask of the admin listener: decisions on request, the
 * rows, the page, and the API's own documentation.
 */
import { Effect, Layer } from "effect"
import { HttpRouter } from "effect/http"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import { Deployments } from "../Deployment.ts"
import * as DirectoryServer from "../directory/DirectoryServer.ts"
import { Judge } from "../Judge.ts"
import * as AdminAccessLive from "./AdminAccessLive.ts"
import { AdminApi } from "./AdminApi.ts"
import * as AuthZenServer from "./authzen/AuthZenServer.ts"
import * as Configuration from "./Configuration.ts"
import { decide } from "./Decide.ts"
import * as DirectoryAccessLive from "./DirectoryAccessLive.ts"
import * as Docs from "./Docs.ts"
import * as Page from "./Page.ts"
import * as Past from "./Past.ts"

const Decisions = HttpApiBuilder.group(
  AdminApi,
  "decisions",
  Effect.fn(function*(handlers) {
    const judge = yield* Judge
    const deployments = yield* Deployments
    return handlers
      .handle("decide", ({ payload }) => decide(judge, deployments.current(), payload))
      .handle(
        "decideBatch",
        ({ payload }) => Effect.forEach(payload, (it) => decide(judge, deployments.current(), it), { concurrency: 16 })
      )
  })
)

const Api = HttpApiBuilder.layer(AdminApi, { openapiPath: "/openapi.json" }).pipe(
  Layer.provide([Decisions, Past.layer, Configuration.layer, AuthZenServer.handlers, DirectoryServer.handlers]),
  Layer.provide([AdminAccessLive.layer, DirectoryAccessLive.layer, DirectoryAccessLive.layerManaged]),
  Layer.provide(HttpApiMiddleware.layerProblemDetails({ includeDetails: true }))
)

const Routes = Layer.mergeAll(Api, Docs.layer, AuthZenServer.metadata, Page.layer)

/** Builds every route of the admin listener but those of health. */
export const app = HttpRouter.toHttpEffect(Routes).pipe(
  Effect.provideService(HttpRouter.RouterConfig, { maxParamLength: DirectoryServer.maxParamLength }),
  // With a router of its own: in the memory of the listener's layers there is that of health.
  Effect.provideServiceEffect(Layer.CurrentMemoMap, Layer.makeMemoMap)
)
