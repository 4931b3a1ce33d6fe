/**
 * The admin listener: health and metrics as long as it is open, and whatever
 * else is asked of it from the first time that somebody does.
 *
 * The API and its page are a quarter of what a start would take, and a gate may
 * never be asked for them.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { ByteSize, type Context, Effect, Layer } from "effect"
import { HttpIncomingMessage, HttpRouter } from "effect/http"
import { createServer } from "node:http"
import { Telemetry } from "../platform/Telemetry.ts"
import { AdminListener, parted } from "./AdminListener.ts"
import * as Health from "./Health.ts"

/** Builds what is not health. */
const load = Effect.flatMap(Effect.promise(() => import("./AdminRoutes.ts")), ({ app }) => app)

/** Parts what is asked of health from everything else. */
const Parted = HttpRouter.middleware(
  Effect.gen(function*() {
    const context = yield* Effect.context<Effect.Services<typeof load>>()
    const part = parted(yield* AdminListener)
    // Among what the listener was built with alone, for what is built keeps that: of the request that happens to be the
    // first it must know nothing. Whoever sent that may go away meanwhile.
    const others = yield* Effect.cached(
      Effect.uninterruptible(Effect.updateContext(load, (_: Context.Context<never>) => context))
    )
    return (probes) => part(probes, Effect.flatten(others))
  }),
  { global: true }
)

/** The largest body that is read, in bytes: a whole directory. */
const maxBody = ByteSize.mebibytes(64)

/**
 * Serves all of it. Port 0 takes a free one.
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
      Layer.provide(
        HttpRouter.serve(Layer.merge(Health.layer, Parted), { disableLogger: true, disableListenLog: true })
      ),
      Layer.provide(Layer.succeed(HttpIncomingMessage.MaxBodySize, maxBody)),
      Layer.provideMerge(
        NodeHttpServer.layer(() => server, { host: at.host, port: at.port, gracefulShutdownTimeout: "1 second" })
      )
    )
  }))
