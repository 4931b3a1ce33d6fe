/**
 * The gate listener: every request of callers and of proxies that ask comes in
 * here, at the server's own `request` event.
 *
 * What Node would answer by itself, or not notice, is answered here with a
 * problem; too many requests at once are 503; streams that last too long are
 * broken off; on the way out running requests are let end.
 */
import { type Refusal, render } from "@jotgate/core/ProblemResponse"
import { isMetadataPath, metadata } from "@jotgate/core/ResourceMetadata"
import { Clock, Context, Effect, Layer, Schedule } from "effect"
import { randomUUID } from "node:crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { createServer as createSecureServer } from "node:https"
import type { Socket } from "node:net"
import { refuse, write } from "./answer/Answer.ts"
import { type Deployment, Deployments, type Lease } from "./Deployment.ts"
import { type Dialect, dialectOf } from "./doors/Dialect.ts"
import { forwardAuth } from "./doors/ForwardAuth.ts"
import { Judge } from "./Judge.ts"
import { type Address, listen } from "./platform/Listener.ts"
import { Telemetry } from "./platform/Telemetry.ts"
import { Exchange, isSecure } from "./proxy/Exchange.ts"
import { GateState } from "./proxy/GateState.ts"
import { addressOf } from "./proxy/Peers.ts"
import { isHost, readHead, type RequestHead } from "./proxy/RequestHead.ts"
import { responseOn, Upgrade } from "./proxy/Upgrade.ts"

/** Where and how the gate listens; times in milliseconds, sizes in bytes. */
export interface GateOptions {
  readonly host: string
  readonly port: number
  readonly tls: { readonly cert: string; readonly key: string } | null
  /** Largest head of a request. */
  readonly headers: number
  /** How long the gate goes on listening after it was told to stop, so that balancers notice. */
  readonly drain: number
  /** How long running requests get after that. */
  readonly grace: number
}

/** Something in flight that can be broken off. */
interface Running {
  readonly cut: () => void
  readonly since: number
}

/** Bodies that are held at once, as a multiple of the largest one. */
const heldBodies = 16
/** How often streams that last too long are looked for, in milliseconds. */
const sweepMillis = 1_000

const originOf = (request: IncomingMessage, deployment: Deployment): string => {
  const believed = deployment.doors.believes(addressOf(request.socket))
  const told = (name: string): string | undefined => {
    const value = believed ? request.headers[name] : undefined
    return typeof value === "string" ? value : undefined
  }
  const host = told("x-forwarded-host") ?? request.headers.host ?? ""
  const proto = told("x-forwarded-proto") ?? (isSecure(request) ? "https" : "http")
  return isHost(host) && (proto === "https" || proto === "http") ? `${proto}://${host}` : ""
}

const isOwnPath = (target: string): boolean => target === "/_jotgate" || target.startsWith("/_jotgate/")

export class Gate extends Context.Service<Gate, {
  readonly address: Address
}>()("@jotgate/server/Gate") {
  static readonly layer = (options: GateOptions) =>
    Layer.effect(
      Gate,
      Effect.gen(function*() {
        const clock = yield* Clock.Clock
        const deployments = yield* Deployments
        const judge = yield* Judge
        const telemetry = yield* Telemetry
        const running = new Set<Running>()
        const state = yield* GateState
        let held = 0

        const now = () => clock.currentTimeMillisUnsafe()
        const counted = () => {
          state.inFlight = running.size
          telemetry.inFlight(running.size)
        }

        /** Accounts for the bytes of bodies that are held until `response` is over. */
        const holder = (response: ServerResponse, deployment: Deployment) => {
          let mine = 0
          return (bytes: number): boolean => {
            if (held + bytes > heldBodies * deployment.doors.limits.body) return false
            if (mine === 0) {
              response.once("close", () => {
                held -= mine
              })
            }
            mine += bytes
            held += bytes
            return true
          }
        }

        const track = (cut: () => void, ends: ServerResponse | Socket, lease: Lease) => {
          const it = { cut, since: now() }
          running.add(it)
          counted()
          ends.once("close", () => {
            running.delete(it)
            counted()
            lease.release()
          })
        }

        const deny = (
          request: IncomingMessage,
          response: ServerResponse,
          deployment: Deployment,
          refusal: Refusal,
          close: boolean
        ) => {
          if (close) closing.add(request.socket)
          const target = request.url ?? "/"
          const query = target.indexOf("?")
          const path = query === -1 ? target : target.slice(0, query)
          const door = dialectOf(target) ?? (request.headers.upgrade === undefined ? "proxy" : "websocket")
          refuse(response, refusal, {
            recording: judge.open({ door, method: request.method ?? "", route: path, requestId: null }),
            path,
            origin: () => originOf(request, deployment),
            extra: close ? ["connection", "close"] : []
          })
        }

        /** The head when the request can be judged at all; otherwise it is answered here. */
        const admit = (
          request: IncomingMessage,
          response: ServerResponse,
          deployment: Deployment
        ): RequestHead | undefined => {
          if (running.size >= deployment.doors.limits.inFlight) {
            deny(request, response, deployment, { code: "overloaded", retryAfter: 1 }, false)
            return undefined
          }
          if (request.method === "TRACE" || request.method === "CONNECT") {
            deny(request, response, deployment, { code: "method_not_allowed" }, false)
            return undefined
          }
          const head = readHead(request)
          if (head === undefined) {
            deny(request, response, deployment, { code: "request_ambiguous", cause: "head" }, true)
          }
          return head
        }

        const answerMetadata = (
          request: IncomingMessage,
          response: ServerResponse,
          deployment: Deployment,
          path: string
        ) => {
          const { issuers, scopes } = deployment
          const body = metadata(originOf(request, deployment), path, issuers, scopes)
          write(response, 200, [
            "content-type",
            "application/json",
            "content-length",
            String(Buffer.byteLength(body)),
            "access-control-allow-origin",
            "*",
            "cache-control",
            "max-age=60"
          ], body)
        }

        /** Answers one question of a proxy. */
        const answerProxy = (
          dialect: Dialect,
          request: IncomingMessage,
          response: ServerResponse,
          head: RequestHead,
          lease: Lease
        ) => {
          const { deployment } = lease
          const grow = holder(response, deployment)
          forwardAuth({ judge, deployment, dialect, head, request, response, grow })
          if (response.writableEnded) lease.release()
          else track(() => response.destroy(), response, lease)
        }

        const onRequest = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
          const lease = deployments.lease()
          const { deployment } = lease
          const head = admit(request, response, deployment)
          if (head === undefined) return lease.release()
          const target = request.url ?? "/"
          const dialect = dialectOf(target)
          if (dialect !== undefined) return answerProxy(dialect, request, response, head, lease)
          const path = target.split("?", 1)[0] ?? "/"
          if (isOwnPath(target)) {
            deny(request, response, deployment, { code: "route_unknown" }, false)
          } else if (isMetadataPath(path) && (request.method === "GET" || request.method === "HEAD")) {
            answerMetadata(request, response, deployment, path)
          } else {
            const exchange = new Exchange({
              judge,
              deployment,
              head,
              request,
              response,
              origin: () => originOf(request, deployment),
              requestId: head.requestId ?? randomUUID(),
              expectsContinue,
              grow: holder(response, deployment),
              relayed: telemetry.relayed
            })
            track(() => exchange.cut(), response, lease)
            exchange.begin()
            return
          }
          lease.release()
        }

        const onUpgrade = (request: IncomingMessage, socket: Socket, rest: Buffer) => {
          const lease = deployments.lease()
          const { deployment } = lease
          const response = responseOn(request, socket)
          const head = admit(request, response, deployment)
          if (head === undefined) return lease.release()
          // Caddy and HAProxy pass the caller's Upgrade on when they ask (doors): it is theirs to act upon.
          const dialect = dialectOf(request.url ?? "/")
          if (dialect !== undefined) {
            socket.on("error", () => socket.destroy())
            if (!head.hasBody) return answerProxy(dialect, request, response, head, lease)
            deny(request, response, deployment, { code: "request_ambiguous" }, true)
            return lease.release()
          }
          const upgrade = new Upgrade({
            judge,
            deployment,
            head,
            request,
            response,
            socket,
            rest,
            origin: () => originOf(request, deployment),
            requestId: head.requestId ?? randomUUID(),
            relayed: telemetry.relayed
          })
          track(() => upgrade.cut(), socket, lease)
          upgrade.begin()
        }

        const server = makeServer(options)
        server.maxHeadersCount = 0
        server.on("request", onRequest(false))
        server.on("checkContinue", onRequest(true))
        server.on("upgrade", onUpgrade)
        server.on("connect", (request: IncomingMessage, socket: Socket) => {
          deny(request, responseOn(request, socket), deployments.current(), { code: "method_not_allowed" }, true)
        })
        server.on(
          "clientError",
          (error: NodeJS.ErrnoException, socket: Socket) => onClientError(error, socket, judge.open)
        )

        const sweep = Effect.sync(() => {
          const oldest = now() - deployments.current().doors.limits.stream
          for (const it of running) {
            if (it.since < oldest) {
              it.cut()
            }
          }
        })
        yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced(sweepMillis)))

        const address = yield* listen(server, options, {
          drain: options.drain,
          grace: options.grace,
          onDrain: () => {
            state.draining = true
          },
          onCut: () => {
            for (const it of running) {
              it.cut()
            }
          }
        })
        return { address }
      })
    )
}

/** Sockets that end with the answer that is being written: what else comes on them is not answered (threat E10). */
const closing = new WeakSet<Socket>()

const makeServer = ({ headers, tls }: GateOptions): Server => {
  const settings = {
    maxHeaderSize: headers,
    requireHostHeader: false,
    insecureHTTPParser: false,
    headersTimeout: 60_000,
    requestTimeout: 300_000,
    keepAliveTimeout: 75_000
  }
  return tls === null ? createServer(settings) : createSecureServer({ ...settings, cert: tls.cert, key: tls.key })
}

/** Answers what the parser refused, and ends the connection. */
const onClientError = (error: NodeJS.ErrnoException, socket: Socket, open: Judge["Service"]["open"]): void => {
  if (closing.has(socket)) return
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy()
    return
  }
  closing.add(socket)
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    socket.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    return
  }
  const code = error.code === "HPE_HEADER_OVERFLOW" ? "headers_too_large" : "request_ambiguous"
  const recording = open({ door: "proxy", method: "", route: "", requestId: null })
  const { body, headers, status } = render({ code }, recording.id, "/", undefined)
  let head = `HTTP/1.1 ${status} ${
    status === 431 ? "Request Header Fields Too Large" : "Bad Request"
  }\r\nConnection: close\r\n`
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i] ?? ""}: ${headers[i + 1] ?? ""}\r\n`
  socket.end(`${head}\r\n${body}`)
  recording.refused(status, code, error.code)
}
