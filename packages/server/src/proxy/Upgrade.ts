/**
 * WebSocket: judged like any request, then two sockets joined.
 *
 * Only routes that `gateway.websocket` lists may upgrade, and only to
 * WebSocket: an upgrade to h2c would carry requests past the gate, so it is
 * refused. An upstream that does not switch has its answer passed on.
 */
import type { Allowed } from "@jotgate/core/Decision"
import { find, websocket } from "@jotgate/core/ModelRoutes"
import { type Refusal, render } from "@jotgate/core/ProblemResponse"
import * as Request from "@jotgate/core/Request"
import { Exit } from "effect"
import { type IncomingHttpHeaders, type IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { Dispatcher } from "undici"
import { refusalOf, refuse } from "../answer/Answer.ts"
import type { Deployment } from "../Deployment.ts"
import { callerOf, isAllowed, type Judge } from "../Judge.ts"
import { frameModel } from "../model/FrameModel.ts"
import { nothing, refusalIn, requested } from "../model/Peeked.ts"
import { readTarget, requestedModel } from "../model/RequestModel.ts"
import type { RelayEnd, Where } from "../platform/Telemetry.ts"
import type { Recording } from "../record/Recording.ts"
import type { Stay } from "./Admission.ts"
import type { Crashed } from "./Crashed.ts"
import { isSecure } from "./Exchange.ts"
import { answeredHeaders, forwardedHeaders, passedCredentials } from "./ForwardedHeaders.ts"
import { type Denied, Frames } from "./Frames.ts"
import { addressOf } from "./Peers.ts"
import { callerGone, errorCode } from "./Relay.ts"
import type { RequestHead } from "./RequestHead.ts"

/** What an upgrade is made of. */
export interface UpgradeParts {
  readonly judge: Judge["Service"]
  readonly deployment: Deployment
  readonly head: RequestHead
  readonly request: IncomingMessage
  readonly socket: Socket
  /** Made by `responseOn`. */
  readonly response: ServerResponse
  /** Bytes that came after the head. */
  readonly rest: Buffer
  readonly origin: () => string
  readonly requestId: string
  /** What it holds of the gate. */
  readonly stay: Stay
  readonly relayed: (end: RelayEnd) => void
  readonly crashed: Crashed
}

/**
 * A response for a request whose socket Node has handed over; the connection ends with it. `undefined` while the answer
 * to an earlier request is still being written there.
 */
export const responseOn = (request: IncomingMessage, socket: Socket): ServerResponse | undefined => {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  try {
    response.assignSocket(socket)
  } catch {
    return undefined
  }
  response.once("finish", () => socket.destroySoon())
  return response
}

/** Whether a request asks for the one upgrade that there is. */
export const isWebSocket = ({ headers, method }: IncomingMessage): boolean =>
  method === "GET" && headers.upgrade?.trim().toLowerCase() === "websocket"

/** Where messages of a route that the table does not know may name a model: as those of realtime do. */
const anyRoute = find(websocket, "/v1/realtime")

/** Raw headers without the extensions of WebSocket: a message that is deflated could not be read as it passes. */
const withoutExtensions = (headers: ReadonlyArray<string>): Array<string> =>
  headers.filter((_, at) => headers[at & ~1]?.toLowerCase() !== "sec-websocket-extensions")

/** One upgrade; `cut` breaks it off. */
export class Upgrade {
  readonly #it: UpgradeParts
  readonly #target: string
  readonly #response: ServerResponse
  readonly #path: string
  readonly recording: Recording
  #stop: (() => void) | undefined
  #other: Duplex | undefined
  /** The team that was decided on for this connection. */
  #team: string | undefined

  constructor(parts: UpgradeParts) {
    this.#it = parts
    this.#target = parts.request.url ?? "/"
    this.#response = parts.response
    const query = this.#target.indexOf("?")
    this.#path = query === -1 ? this.#target : this.#target.slice(0, query)
    const { judge, request, requestId } = parts
    this.recording = judge.open({ door: "websocket", method: request.method ?? "", route: this.#path, requestId })
  }

  /** Begins. */
  begin(): void {
    const { deployment: { auth, doors }, head, judge, request, socket } = this.#it
    if (!isWebSocket(request) || head.hasBody) return this.#deny({ code: "request_ambiguous", cause: "upgrade" })
    const reading = readTarget("GET", this.#target, request.rawHeaders, doors.kindOf(this.#target))
    const model = requestedModel(reading, nothing)
    if (model === undefined) return this.#deny(refusalIn(reading.seen))
    const asked = Request.make({
      method: "GET",
      target: this.#target,
      rawHeaders: request.rawHeaders,
      model
    })
    if (Exit.isFailure(asked)) return this.#deny({ code: "request_ambiguous", cause: Request.causeOf(this.#target) })
    if (doors.upstreams === undefined || !doors.upgrades(asked.value.path, "GET")) {
      return this.#deny({ code: "route_unknown" })
    }
    socket.once("close", () => {
      this.#stop?.()
      this.recording.over(this.#response)
    })
    this.#stop = judge.ask({ auth, asked: asked.value, recording: this.recording }, ({ id, result }) => {
      this.#stop = undefined
      try {
        if (isAllowed(result)) this.#forward(id, result)
        else this.#deny(refusalOf(result))
      } catch (error) {
        this.#crash("decision", error)
      }
    })
  }

  /** What a later step threw ends this upgrade, and nothing else. */
  #crash(where: Where, error: unknown): void {
    this.#it.crashed(where, error, this.#it.request, this.#response, this.recording)
    this.#other?.destroy()
  }

  /** Breaks off both sides. */
  cut(): void {
    this.#stop?.()
    this.#it.socket.destroy()
    this.#other?.destroy()
  }

  #forward(id: string, allowed: Allowed): void {
    const { deployment: { doors }, head, request, requestId, socket } = this.#it
    const upstream = doors.upstreams?.choose(allowed.route, allowed.model)
    if (upstream === undefined) return this.#deny({ code: "route_unknown" })
    const key = upstream.keyFor(allowed.principal.teamId)
    if (key._tag === "Missing") return this.#deny({ code: "upstream_key_missing" })
    if (socket.destroyed) return
    const { stay } = this.#it
    if (!stay.belongsTo(callerOf(allowed)) || !stay.goesTo(upstream.share)) {
      return this.#deny({ code: "overloaded", cause: "this caller, or the upstream, has its part" })
    }
    const credential = key._tag === "Key" ? key.credential : undefined
    const peer = addressOf(socket)
    const headers = forwardedHeaders({
      rawHeaders: request.rawHeaders,
      head: { ...head, connection: head.connection.filter((it) => it !== "upgrade") },
      drops: doors.drops,
      carriers: doors.credentials,
      passes: passedCredentials(upstream.passthrough, doors.credentials, request.rawHeaders),
      further: doors.identity,
      credential,
      id,
      requestId,
      allowed,
      peer,
      trustedPeer: doors.believes(peer),
      secure: isSecure(request),
      upstreamHost: upstream.host,
      body: undefined,
      readsAnswer: false
    })
    this.#team = allowed.principal.teamId
    this.recording.sent(upstream.host)
    upstream.pool.dispatch(
      {
        method: "GET",
        path: upstream.basePath + this.#target,
        headers: withoutExtensions(headers),
        upgrade: "websocket"
      },
      this.#handler(credential?.secret)
    )
  }

  #handler(secret: string | undefined): Dispatcher.DispatchHandler {
    const response = this.#response
    const extra = ["x-request-id", this.#it.requestId]
    return {
      onRequestStart: (controller) => {
        const { socket } = this.#it
        // It may have hung up while a connection was being made: nothing would end that one any more.
        if (socket.destroyed) controller.abort(callerGone)
        else socket.once("close", () => controller.abort(callerGone))
      },
      onRequestUpgrade: (_, status, headers, socket) =>
        this.#joined(status, withoutExtensions(answeredHeaders(headers, secret, extra)), socket),
      onResponseStart: (_, status, headers: IncomingHttpHeaders) => {
        if (status < 200) return
        this.recording.upstreamAnswered(status)
        response.writeHead(status, answeredHeaders(headers, secret, extra))
      },
      onResponseData: (controller, chunk) => {
        if (!response.write(chunk)) {
          controller.pause()
          response.once("drain", () => controller.resume())
        }
      },
      onResponseEnd: () => {
        response.end()
        this.#it.relayed("done")
      },
      onResponseError: (_, error) => {
        if (error === callerGone) return this.#it.relayed("aborted")
        this.recording.upstreamFailed(errorCode(error))
        this.#it.relayed("unreachable")
        if (response.headersSent) this.#it.socket.destroy()
        else this.#deny({ code: "upstream_unreachable" })
      }
    }
  }

  #joined(status: number, headers: ReadonlyArray<string>, other: Duplex): void {
    const { deployment, relayed, rest, socket, stay } = this.#it
    this.#other = other
    this.#response.detachSocket(socket)
    let head = `HTTP/1.1 ${status} Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
    for (let i = 0; i < headers.length; i += 2) head += `${headers[i] ?? ""}: ${headers[i + 1] ?? ""}\r\n`
    socket.write(`${head}\r\n`, "latin1")
    this.recording.upstreamAnswered(status)
    this.recording.answered(status)
    socket.setTimeout(0)
    const frames = new Frames({
      caller: socket,
      upstream: other,
      limit: deployment.doors.limits.body,
      judge: (payload, isText, done) => this.#judgeMessage(payload, isText, done),
      hold: (bytes) => bytes === 0 || stay.grow(bytes),
      ended: () => relayed("done"),
      crashed: (error) => this.#crash("frames", error)
    })
    frames.start(rest)
  }

  /**
   * Judges one message: whatever it names must be allowed to this caller, in the team whose connection this is (RULES
   * D54). A message that cannot be read passes only where no message names a model.
   */
  #judgeMessage(payload: Buffer, isText: boolean, done: (denied: Denied | undefined) => void): void {
    const { deployment: { auth }, judge, request } = this.#it
    const route = find(websocket, this.#path)
    const reads = route ?? anyRoute
    if (reads === undefined || (route === undefined && !isText)) return done(undefined)
    const seen = frameModel(reads, payload)
    if (seen._tag === "Nothing") return done(undefined)
    if (seen._tag === "Refused" && seen.code === "body_invalid" && route === undefined) return done(undefined)
    const model = requested(seen, Request.noModel)
    if (model === undefined) return done(this.#messageDenied({ cause: "message", ...refusalIn(seen) }))
    const asked = Request.make({ method: "GET", target: this.#target, rawHeaders: request.rawHeaders, model })
    if (Exit.isFailure(asked)) return done(this.#messageDenied({ code: "request_ambiguous", cause: "message" }))
    judge.glance(auth, asked.value, (result) => {
      if (!isAllowed(result)) return done(this.#messageDenied(refusalOf(result)))
      // Another team would pay, and another key would be due, than those of this connection.
      if (result.principal.teamId === this.#team) return done(undefined)
      done(this.#messageDenied({ code: "team_model_denied", cause: "another team than the connection's" }))
    })
  }

  /** The denial of one message, with a record of its own. */
  #messageDenied(refusal: Refusal): Denied {
    const { judge, request, requestId } = this.#it
    const recording = judge.open({ door: "websocket", method: request.method ?? "", route: this.#path, requestId })
    const { body, status } = render(refusal, recording.id, this.#path, undefined)
    recording.refused(status, refusal.code, refusal.cause ?? "message")
    return { problem: body, reason: `${refusal.code} ${recording.id}` }
  }

  #deny(refusal: Refusal): void {
    const { deployment, origin, requestId } = this.#it
    refuse(this.#response, refusal, {
      recording: this.recording,
      path: this.#path,
      prefix: deployment.doors.prefix,
      origin,
      extra: ["x-request-id", requestId, "connection", "close"]
    })
  }
}
