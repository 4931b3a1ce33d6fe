/**
 * What the admin listener was started with, and by which names it is reached.
 *
 * The `Host` must be one that no foreign web page can have a browser send (DNS
 * rebinding): a loopback name, an address, this machine.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { Context, Effect, Layer, type Redacted } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { isIP } from "node:net"
import { hostname } from "node:os"
import { foreignLine } from "../proxy/RequestHead.ts"

/** What the listener was started with. */
export interface AdminSettings {
  readonly host: string
  /** May be another one after a reload. */
  token: Redacted.Redacted | undefined
  /** More names that it is reached by (`gateway.hosts`). */
  readonly hosts: ReadonlyArray<string>
}

export class AdminListener extends Context.Service<AdminListener, AdminSettings>()("@jotgate/server/AdminListener") {
  static readonly layer = (settings: AdminSettings) => Layer.succeed(AdminListener, settings)
}

/** Whether a `Host` header is one of ours: a loopback name, an address, this machine, or one of `names`. */
export const isOurHost = (host: string | undefined, names: ReadonlyArray<string>): boolean => {
  if (host === undefined) return false
  const name = host.replace(/:\d{1,5}$/, "").replace(/^\[(.*)\]$/, "$1").toLowerCase()
  return name === "localhost" || isIP(name) !== 0 || name === hostname().toLowerCase() ||
    names.some((it) => it.toLowerCase() === name)
}

/** What balancers and scrapers ask, by whatever name they know this machine, or by none. Nothing there is secret. */
const health = /^\/(?:livez|readyz|metrics)(?:\?|$)/

const refused = (text: string) =>
  Effect.succeed(HttpServerResponse.text(`${text}\n`, { status: 400, headers: { connection: "close" } }))

/**
 * Has `probes` answer what is asked of health, and `others` every other path, where the `Host` must be one of ours; what
 * is no request of HTTP/1 is refused everywhere.
 */
export const parted = ({ host, hosts }: AdminSettings) => {
  const names = [host, ...hosts]
  return <E, R, E2, R2>(
    probes: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
    others: Effect.Effect<HttpServerResponse.HttpServerResponse, E2, R2>
  ) =>
    Effect.flatMap(
      HttpServerRequest.HttpServerRequest,
      (request): Effect.Effect<HttpServerResponse.HttpServerResponse, E | E2, R | R2> =>
        foreignLine(NodeHttpServerRequest.toIncomingMessage(request)) !== undefined
          ? refused("This is no request of HTTP/1.0 or HTTP/1.1.")
          : health.test(request.url)
          ? probes
          : isOurHost(request.headers["host"], names)
          ? others
          : refused("This host name is not served here.")
    )
}
