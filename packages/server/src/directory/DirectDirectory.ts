/**
 * The directory's API without a listener: the same handlers over the store that
 * the settings name, for a command line on the same machine.
 *
 * Whoever may open the database may do everything; the audit says who it was.
 */
import { KeyStore } from "@jotgate/core/KeyStore"
import { Revocation } from "@jotgate/core/Revocation"
import * as Store from "@jotgate/store/Store"
import { Context, Deferred, Effect, Exit, Layer, type Scope } from "effect"
import {
  HttpClientRequest,
  HttpEffect,
  type HttpMethod,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "effect/http"
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

/** A request to the API. */
export interface Sent {
  readonly method: HttpMethod.HttpMethod
  /** The whole URL, of whatever host. */
  readonly url: string
  /** A JSON text. */
  readonly body?: string
}

/** What is answered. */
export interface Answered {
  readonly status: number
  /** The header that leads to the next page. */
  readonly link: string | undefined
  readonly text: Effect.Effect<string>
}

const requestOf = ({ body, method, url }: Sent): HttpServerRequest.HttpServerRequest => {
  const request = HttpClientRequest.make(method)(url)
  return HttpServerRequest.fromClientRequest(
    body === undefined ? request : HttpClientRequest.bodyText(request, body, "application/json")
  )
}

const answeredBy = (response: HttpServerResponse.HttpServerResponse): Answered => ({
  status: response.status,
  link: response.headers["link"],
  text: Effect.orDie(HttpServerResponse.toClientResponse(response).text)
})

/**
 * Answers requests as the admin listener would; the store is open until the scope closes. `Request` and `Response` of
 * the platform are not used: they load a client of HTTP and HTTP/2, for nobody is asked over a wire.
 */
export const make = Effect.fnUntraced(function*(
  settings: FileSettings,
  { actor, ...places }: Options
): Effect.fn.Return<(sent: Sent) => Effect.Effect<Answered>, Store.StoreFailed, Scope.Scope> {
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
  const config = Layer.succeed(HttpRouter.RouterConfig, { maxParamLength: DirectoryServer.maxParamLength })
  const built = yield* Layer.build(Layer.provideMerge(routes, Layer.provide(HttpRouter.layer, config)))
  const router = Context.get(built, HttpRouter.HttpRouter).asHttpEffect()
  return Effect.fnUntraced(function*(sent) {
    const answer = yield* Deferred.make<Answered>()
    const handled = HttpEffect.toHandled(
      router,
      (_, response) => Deferred.done(answer, Exit.succeed(answeredBy(response)))
    )
    yield* Effect.provideService(handled, HttpServerRequest.HttpServerRequest, requestOf(sent))
    return yield* Deferred.await(answer)
  })
})
