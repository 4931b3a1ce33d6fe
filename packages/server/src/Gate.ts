/**
 * The gate listener: every request of callers and of proxies that ask comes in
 * here, at the server's own `request` event.
 *
 * What Node would answer by itself, or not notice, is answered here with a
 * problem; too many requests at once are 503; streams that last too long are
 * broken off; on the way out running requests are let end.
 */
import { isAuthorizationServerPath } from "@jotgate/core/AuthorizationServer"
import type { Refusal } from "@jotgate/core/ProblemResponse"
import { isMetadataPath, metadata, metadataPath } from "@jotgate/core/ResourceMetadata"
import { fromClock } from "@jotgate/core/Ticks"
import { Clock, Context, Effect, Exit, Layer, Schedule } from "effect"
import { randomUUID } from "node:crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { createServer as createSecureServer, Server as SecureServer } from "node:https"
import type { Socket } from "node:net"
import { refuse, write } from "./answer/Answer.ts"
import * as Pipelined from "./answer/Pipelined.ts"
import * as Turn from "./answer/Turn.ts"
import { type Deployment, Deployments, type Lease } from "./Deployment.ts"
import { type Dialect, dialectOf } from "./doors/Dialect.ts"
import { forwardAuth } from "./doors/ForwardAuth.ts"
import { Judge } from "./Judge.ts"
import type { Certificate } from "./platform/Certificate.ts"
import { type Address, listen } from "./platform/Listener.ts"
import { Telemetry } from "./platform/Telemetry.ts"
import { Admission, type Stay } from "./proxy/Admission.ts"
import { endAfterAnswers, finish, onClientError } from "./proxy/ClientError.ts"
import type { Crashed } from "./proxy/Crashed.ts"
import { Exchange, isSecure } from "./proxy/Exchange.ts"
import { GateState } from "./proxy/GateState.ts"
import { below } from "./proxy/Mount.ts"
import { addressOf } from "./proxy/Peers.ts"
import { isHost, readHead, type RequestHead } from "./proxy/RequestHead.ts"
import { isWebSocket, responseOn, Upgrade } from "./proxy/Upgrade.ts"
import { DecisionLog } from "./record/DecisionLog.ts"
import type { Recording } from "./record/Recording.ts"

/** Where and how the gate listens; times in milliseconds, sizes in bytes. */
export interface GateOptions {
  readonly host: string
  readonly port: number
  readonly tls: Certificate | null
  /** Largest head of a request. */
  readonly headers: number
  /** How long the gate goes on listening after it was told to stop, so that balancers notice. */
  readonly drain: number
  /** How long running requests get after that. */
  readonly grace: number
}

/** How often streams and bodies that last too long are looked for, in milliseconds. */
const sweepMillis = 250

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

const ignore = (): void => {}

/** Headers of a document about the gate, which anybody may read from any page. */
const documentHeaders = (body: string): Array<string> => [
  "content-type",
  "application/json",
  "content-length",
  String(Buffer.byteLength(body)),
  "access-control-allow-origin",
  "*",
  "cache-control",
  "max-age=60"
]

const reads = ({ method }: IncomingMessage): boolean => method === "GET" || method === "HEAD"

const isWellKnown = (path: string): boolean => isMetadataPath(path) || isAuthorizationServerPath(path)

const pathOf = (target: string): string => {
  const query = target.indexOf("?")
  return query === -1 ? target : target.slice(0, query)
}

const isOwnPath = (target: string): boolean => target === "/_jotgate" || target.startsWith("/_jotgate/")

export class Gate extends Context.Service<Gate, {
  readonly address: Address
  /** Takes another certificate for the connections that follow; nothing where the gate does not speak TLS. */
  readonly renew: (certificate: Certificate) => void
}>()("@jotgate/server/Gate") {
  static readonly layer = (options: GateOptions) =>
    Layer.effect(
      Gate,
      Effect.gen(function*() {
        const clock = yield* Clock.Clock
        const deployments = yield* Deployments
        const judge = yield* Judge
        const log = yield* DecisionLog
        const telemetry = yield* Telemetry
        const state = yield* GateState
        const admission = new Admission(() => {
          state.inFlight = admission.inFlight
          state.held = admission.held
          telemetry.inFlight(admission.inFlight, admission.held)
        })

        state.oldest = () => admission.oldest()

        const run = Effect.runForkWith(yield* Effect.context<never>())
        // A step of the wall clock ends nobody's stream, and gives nobody's body more time.
        const now = () => fromClock(clock)

        /** A request begins to stay; whatever ends it first ends its stay. */
        const enter = (lease: Lease, request: IncomingMessage, response: ServerResponse): Stay => {
          const stay = admission.enter(lease, response, request.socket, now())
          response.once("close", stay.leave)
          response.on("error", ignore)
          return stay
        }

        const deny = (
          request: IncomingMessage,
          response: ServerResponse,
          deployment: Deployment,
          refusal: Refusal,
          close: boolean,
          recording?: Recording
        ) => {
          if (close) closing.add(request.socket)
          bodies.set(request.socket, request)
          const target = request.url ?? "/"
          const path = pathOf(target)
          const door = dialectOf(target) ?? (request.headers.upgrade === undefined ? "proxy" : "websocket")
          refuse(response, refusal, {
            recording: recording ?? judge.open({ door, method: request.method ?? "", route: path, requestId: null }),
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
          if (state.draining) Pipelined.makeLast(response, request.socket)
          if (admission.inFlight >= deployment.doors.limits.inFlight) {
            deny(request, response, deployment, { code: "overloaded", retryAfter: 1 }, false)
            return undefined
          }
          if (log.audit.refuses()) {
            deny(request, response, deployment, { code: "overloaded", cause: "audit cannot be written" }, false)
            return undefined
          }
          if (request.method === "TRACE" || request.method === "CONNECT") {
            deny(request, response, deployment, { code: "method_not_allowed" }, false)
            return undefined
          }
          const head = readHead(request)
          if (typeof head !== "string") return head
          deny(request, response, deployment, { code: "request_ambiguous", cause: head }, true)
          return undefined
        }

        const answerMetadata = (
          request: IncomingMessage,
          response: ServerResponse,
          deployment: Deployment,
          path: string,
          mounted: string
        ) => {
          const { doors: { mcp }, issuers, scopes } = deployment
          const document = mcp.documentOf(path.slice(metadataPath.length))
          if (document === undefined) return deny(request, response, deployment, { code: "route_unknown" }, false)
          const body = metadata(
            `${originOf(request, deployment)}${mounted}`,
            path,
            issuers,
            mcp.hasResources ? document.scopes : scopes,
            document.resource
          )
          write(response, 200, documentHeaders(body), body)
        }

        /** Answers with what the only issuer says about itself. */
        const answerAuthorizationServer = (request: IncomingMessage, response: ServerResponse, lease: Lease) => {
          const document = lease.deployment.authorizationServer
          if (document === undefined) {
            deny(request, response, lease.deployment, { code: "route_unknown" }, false)
            return lease.release()
          }
          enter(lease, request, response)
          run(document).addObserver((exit) => {
            if (Exit.isSuccess(exit)) write(response, 200, documentHeaders(exit.value), exit.value)
            else deny(request, response, lease.deployment, { code: "issuer_unavailable", retryAfter: 10 }, false)
          })
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
          const recording = judge.open({
            door: dialect,
            method: request.method ?? "",
            route: pathOf(request.url ?? ""),
            requestId: head.requestId ?? null
          })
          const ends = { cut: () => Pipelined.breakOff(response), recording }
          const stay = head.hasBody ? enter(lease, request, response) : undefined
          if (stay !== undefined) stay.ends = ends
          forwardAuth({
            judge,
            recording,
            deployment,
            dialect,
            head,
            request,
            response,
            stay,
            sessions: state.sessions,
            crashed
          })
          if (response.headersSent) return stay === undefined ? lease.release() : stay.leave()
          if (stay === undefined) enter(lease, request, response).ends = ends
        }

        /** Takes `gateway.prefix` away, once for all that follows; `undefined` when the request was none of ours, and is answered. */
        const mount = (
          request: IncomingMessage,
          response: ServerResponse,
          { deployment }: Lease
        ): string | undefined => {
          const { prefix } = deployment.doors
          const target = request.url ?? "/"
          // Documents about the gate stand at the root of its host (RFC 8615), and what proxies ask is asked of the gate itself.
          if (prefix === "" || isWellKnown(pathOf(target)) || isOwnPath(target)) return ""
          const rest = below(prefix, target)
          if (rest === undefined) {
            deny(request, response, deployment, { code: "route_unknown" }, false)
            return undefined
          }
          request.url = rest
          return prefix
        }

        /** What a handler throws ends its own connection: answered where that is still possible. */
        const crashed: Crashed = (where, error, request, response, told) => {
          const recording = told ?? admission.of(response)?.ends?.recording
          telemetry.defect(where, error, recording?.decision)
          try {
            if (response.headersSent || response.destroyed || recording?.isRecorded === true) {
              request.socket.destroy()
              recording?.over(response)
            } else {
              deny(request, response, deployments.current(), { code: "overloaded", cause: where }, true, recording)
            }
          } catch {
            request.socket.destroy()
          }
        }

        const answer = (
          request: IncomingMessage,
          response: ServerResponse,
          lease: Lease,
          expectsContinue: boolean
        ): void => {
          const { deployment } = lease
          const head = admit(request, response, deployment)
          if (head === undefined) return lease.release()
          if (head.hasBody) bodies.set(request.socket, request)
          const mounted = mount(request, response, lease)
          if (mounted === undefined) return lease.release()
          const target = request.url ?? "/"
          const dialect = dialectOf(target)
          if (dialect !== undefined) return answerProxy(dialect, request, response, head, lease)
          const path = pathOf(target)
          if (isOwnPath(target)) {
            deny(request, response, deployment, { code: "route_unknown" }, false)
          } else if (isMetadataPath(path) && reads(request)) {
            answerMetadata(request, response, deployment, path, mounted)
          } else if (isAuthorizationServerPath(path) && reads(request)) {
            return answerAuthorizationServer(request, response, lease)
          } else {
            const stay = enter(lease, request, response)
            const exchange = new Exchange({
              judge,
              deployment,
              head,
              request,
              response,
              origin: () => originOf(request, deployment),
              requestId: head.requestId ?? randomUUID(),
              expectsContinue,
              stay,
              sessions: state.sessions,
              relayed: telemetry.relayed,
              crashed
            })
            stay.ends = exchange
            exchange.begin()
            return
          }
          lease.release()
        }

        const onRequest = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
          const lease = deployments.lease()
          Pipelined.note(response, request.socket)
          // Should its connection end meanwhile, that is told after this turn: whatever waits for it hears of it.
          Turn.decide({
            run: () => {
              // The answer before says that it is the last one.
              if (closing.has(request.socket) || Pipelined.hasLast(request.socket)) return lease.release()
              try {
                answer(request, response, lease, expectsContinue)
              } catch (error) {
                lease.release()
                crashed("request", error, request, response)
              }
            },
            abort: () => request.socket.destroy()
          })
        }

        const upgrade = (
          request: IncomingMessage,
          response: ServerResponse,
          socket: Socket,
          rest: Buffer,
          lease: Lease
        ): void => {
          const { deployment } = lease
          const head = admit(request, response, deployment)
          if (head === undefined || mount(request, response, lease) === undefined) return lease.release()
          // Caddy and HAProxy pass the caller's Upgrade on when they ask (doors): it is theirs to act upon.
          const dialect = dialectOf(request.url ?? "/")
          if (dialect !== undefined) {
            if (!head.hasBody) return answerProxy(dialect, request, response, head, lease)
            deny(request, response, deployment, { code: "request_ambiguous" }, true)
            return lease.release()
          }
          const stay = enter(lease, request, response)
          const it = new Upgrade({
            judge,
            deployment,
            head,
            request,
            response,
            socket,
            rest,
            origin: () => originOf(request, deployment),
            requestId: head.requestId ?? randomUUID(),
            stay,
            relayed: telemetry.relayed,
            crashed
          })
          stay.ends = it
          it.begin()
        }

        /**
         * A socket that Node hands over has no listeners: it gets them before anything else. Behind a request that is not
         * answered yet nothing can be answered: that answer is the last one.
         */
        const taken = (request: IncomingMessage, socket: Socket): ServerResponse | undefined => {
          socket.on("error", ignore)
          Turn.end()
          if (endAfterAnswers(admission, socket)) return undefined
          const response = responseOn(request, socket)
          if (response === undefined) finish(socket)
          return response
        }

        const onUpgrade = (request: IncomingMessage, socket: Socket, rest: Buffer) => {
          const response = taken(request, socket)
          if (response === undefined) return
          const lease = deployments.lease()
          try {
            upgrade(request, response, socket, rest, lease)
          } catch (error) {
            lease.release()
            crashed("upgrade", error, request, response)
          }
        }

        const onConnect = (request: IncomingMessage, socket: Socket) => {
          const response = taken(request, socket)
          if (response === undefined) return
          try {
            deny(request, response, deployments.current(), { code: "method_not_allowed" }, true)
          } catch (error) {
            crashed("connect", error, request, response)
          }
        }

        const onError = (error: NodeJS.ErrnoException, socket: Socket) => {
          Turn.end()
          try {
            onClientError(error, socket, closing, admission, isUnread, judge.open)
          } catch (defect) {
            telemetry.defect("clientError", defect)
            socket.destroy()
          }
        }

        const server = makeServer(options)
        server.maxHeadersCount = 0
        server.on("request", onRequest(false))
        server.on("checkContinue", onRequest(true))
        // Whatever else a caller expects may be ignored (RFC 9110, 10.1.1): Node's own 417 would have no record.
        server.on("checkExpectation", onRequest(false))
        server.on("upgrade", onUpgrade)
        server.on("connect", onConnect)
        server.on("clientError", onError)
        server.on(options.tls === null ? "connection" : "secureConnection", (socket: Socket) => {
          // Node ends a connection with its caller: what is at hand is answered before.
          socket.prependListener("end", Turn.end)
          socket.once("close", () => admission.gone(socket))
        })

        const sweep = Effect.sync(() => {
          const time = now()
          const oldest = time - deployments.current().doors.limits.stream
          for (const it of admission.all()) {
            try {
              if (it.since < oldest) it.ends?.cut()
              else if (it.bodyUntil < time) it.ends?.late?.()
            } catch (error) {
              telemetry.defect("timer", error)
              it.socket.destroy()
            }
          }
        })
        yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced(sweepMillis)))

        const address = yield* listen(server, options, {
          drain: () => state.replaced ? 0 : options.drain,
          grace: options.grace,
          busy: () => new Set(admission.all().map((it) => it.socket)),
          onDrain: () => {
            state.draining = true
            for (const { response, socket } of admission.all()) {
              // Whoever has sent several gets an answer to each; one that is still to be decided will be the last itself.
              if ((Pipelined.lastOn(socket) ?? response) === response && !response.headersSent) {
                Pipelined.makeLast(response, socket)
              }
            }
          },
          onCut: () => {
            for (const it of admission.all()) {
              it.ends?.cut()
            }
          }
        })
        // A system that has no descriptors left says so here, for as long as it has none.
        server.on("error", (error) => telemetry.defect("listener", error))
        return {
          address,
          renew: (certificate) => {
            if (server instanceof SecureServer) server.setSecureContext(certificate)
          }
        }
      })
    )
}

/** Sockets that end with the answer that is being written: what else comes on them is not answered (threat E10). */
const closing = new WeakSet<Socket>()

/** The last request with a body on each connection. */
const bodies = new WeakMap<Socket, IncomingMessage>()
const isUnread = (socket: Socket): boolean => bodies.get(socket)?.complete === false

const makeServer = ({ headers, tls }: GateOptions): Server => {
  const settings = {
    maxHeaderSize: headers,
    requireHostHeader: false,
    insecureHTTPParser: false,
    headersTimeout: 60_000,
    requestTimeout: 300_000,
    keepAliveTimeout: 75_000,
    // Any other offer (h2c of Java clients and curl) is not taken up: the request is answered as it is.
    shouldUpgradeCallback: isWebSocket
  }
  return tls === null ? createServer(settings) : createSecureServer({ ...settings, cert: tls.cert, key: tls.key })
}
