/**
 * The directory's API without a listener: the same handlers over the store that
 * the settings name, for a command line on the same machine.
 *
 * Whoever may open the database may do everything; the audit says who it was.
 */
import { KeyStore } from "@jotgate/core/KeyStore"
import { Revocation } from "@jotgate/core/Revocation"
import * as Store from "@jotgate/store/Store"
import { Effect, Layer, type Scope } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { FileSettings } from "../config/GatewaySettings.ts"
import * as NodeSecrets from "../platform/NodeSecrets.ts"
import { DirectoryApi } from "./DirectoryApi.ts"
import * as DirectoryInputLive from "./DirectoryInputLive.ts"
import * as DirectoryServer from "./DirectoryServer.ts"
import * as Management from "./Management.ts"

export interface Options {
  /** Who works here, for the audit. */
  readonly actor: string
  /** What relative file names of secrets are relative to. */
  readonly base: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Told how far applying a file is. */
  readonly onProgress?: (done: number, of: number) => void
}

/** No keys are looked after here: the processes that serve have them. */
const keyless = Layer.succeed(KeyStore, {
  find: () => Effect.die("no token is verified here"),
  epoch: () => 0,
  status: Effect.succeed([]),
  refresh: () => Effect.void,
  drop: () => Effect.void
})

/** Answers requests as the admin listener would; the store is open until the scope closes. */
export const make = Effect.fnUntraced(function*(
  settings: FileSettings,
  { actor, ...places }: Options
): Effect.fn.Return<(request: Request) => Promise<Response>, Store.StoreFailed, Scope.Scope> {
  const services = yield* Layer.build(
    Revocation.layer.pipe(
      Layer.provideMerge(Store.layer(settings)),
      Layer.provideMerge(keyless),
      Layer.provide(NodeSecrets.layer(places.base, places.env))
    )
  )
  const management = yield* Management.make(settings, places, services)
  const routes = HttpApiBuilder.layer(DirectoryApi).pipe(
    Layer.provide(DirectoryServer.handlers),
    Layer.provide([DirectoryInputLive.layerDirect(actor), Management.Managed.layer(management)]),
    Layer.provide(HttpServer.layerServices)
  )
  const { dispose, handler } = HttpRouter.toWebHandler(routes, {
    disableLogger: true,
    routerConfig: { maxParamLength: DirectoryServer.maxParamLength }
  })
  yield* Effect.addFinalizer(() => Effect.promise(dispose))
  return (request) => handler(request)
})
