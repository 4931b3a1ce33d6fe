/**
 * The admin listener: decisions on request, the page, health, metrics, and the
 * API's own documentation.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { ByteSize, Effect, Layer } from "effect"
import { HttpIncomingMessage, HttpRouter } from "effect/http"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import { createServer } from "node:http"
import { Deployments } from "../Deployment.ts"
import * as DirectoryServer from "../directory/DirectoryServer.ts"
import { Judge } from "../Judge.ts"
import { Telemetry } from "../platform/Telemetry.ts"
import * as AdminAccessLive from "./AdminAccessLive.ts"
import { AdminApi } from "./AdminApi.ts"
import * as AuthZenServer from "./authzen/AuthZenServer.ts"
import * as Configuration from "./Configuration.ts"
import { decide } from "./Decide.ts"
import * as DirectoryAccessLive from "./DirectoryAccessLive.ts"
import * as Docs from "./Docs.ts"
import * as Health from "./Health.ts"
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

/** Every route of the admin listener. */
export const Routes = Layer.mergeAll(
  Api,
  Docs.layer,
  Health.layer,
  AuthZenServer.metadata,
  Page.layer,
  AdminAccessLive.layerHostCheck
)

/** The largest body that is read, in bytes: a whole directory. */
const maxBody = ByteSize.mebibytes(64)

/**
 * Serves `Routes` and whatever else is served beside them. Port 0 takes a free one.
 *
 * Nothing here upgrades: an `Upgrade` is answered like any request. A request needs no `Host`, as plain health checks
 * have none; whoever needs one asks for it.
 */
export const layer = (at: { readonly host: string; readonly port: number }) =>
  Layer.unwrap(Effect.gen(function*() {
    const telemetry = yield* Telemetry
    const server = createServer({ requireHostHeader: false })
    const plain = Layer.effectDiscard(Effect.sync(() => {
      server.removeAllListeners("upgrade")
      // A system that has no descriptors left says so here, for as long as it has none.
      server.on("error", (error) => telemetry.defect("listener", error))
    }))
    return plain.pipe(
      Layer.provide(HttpRouter.serve(Routes, {
        disableLogger: true,
        disableListenLog: true,
        routerConfig: { maxParamLength: DirectoryServer.maxParamLength }
      })),
      Layer.provide(Layer.succeed(HttpIncomingMessage.MaxBodySize, maxBody)),
      Layer.provideMerge(
        NodeHttpServer.layer(() => server, { host: at.host, port: at.port, gracefulShutdownTimeout: "1 second" })
      )
    )
  }))
