/**
 * One request on its way through the gate: head, body, decision, upstream.
 *
 * The body is read before the decision, because the model stands in it; a body
 * that takes its time is read only for a caller whose token is good. What is
 * sent on is exactly what was judged.
 */
import type { Allowed } from "@jotgate/core/Decision"
import type { Refusal } from "@jotgate/core/ProblemResponse"
import * as Request from "@jotgate/core/Request"
import { Exit } from "effect"
import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { refusalOf, refuse, write } from "../answer/Answer.ts"
import * as Pipelined from "../answer/Pipelined.ts"
import type { Deployment } from "../Deployment.ts"
import { callerOf, isAllowed, type Judge, type Verdict } from "../Judge.ts"
import type { McpRefusal } from "../mcp/McpRequest.ts"
import type { Sessions } from "../mcp/Sessions.ts"
import { join, nothing, refusalIn, unnamed } from "../model/Peeked.ts"
import { bodyReader, joinBody, readTarget, requestedModel, type TargetReading } from "../model/RequestModel.ts"
import type { Where } from "../platform/Telemetry.ts"
import type { Recording } from "../record/Recording.ts"
import type { Stay } from "./Admission.ts"
import * as Cors from "./Cors.ts"
import type { Crashed } from "./Crashed.ts"
import { forwardedHeaders, passedCredentials, type UpstreamCredential } from "./ForwardedHeaders.ts"
import { McpExchange } from "./McpExchange.ts"
import { listsModels } from "./ModelList.ts"
import { answeredModels, decoded, encodingOf, filteredHeaders, maxListBytes, withoutLength } from "./ModelsAnswer.ts"
import { endpointBelow } from "./Mount.ts"
import { addressOf } from "./Peers.ts"
import { type AnswerReader, Relay, type RelayEnd } from "./Relay.ts"
import { type BodyOutcome, BodyStream, read, type RequestBody } from "./RequestBody.ts"
import type { RequestHead } from "./RequestHead.ts"
import type { Upstream } from "./Upstreams.ts"

/** What an exchange is made of. */
export interface ExchangeParts {
  readonly judge: Judge["Service"]
  readonly deployment: Deployment
  readonly head: RequestHead
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** `https://gate.example`. */
  readonly origin: () => string
  readonly requestId: string
  /** Whether the caller waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean
  /** What it holds of the gate. */
  readonly stay: Stay
  readonly sessions: Sessions
  readonly relayed: (end: RelayEnd) => void
  readonly crashed: Crashed
}

/** A body of at most this size is read without asking first whether the caller may send it. */
const smallBody = 64 * 1024

/** Bytes of a refused body that are still read, so that the caller sees the answer before the connection ends. */
const lingering = 64 * 1024 * 1024

const isSmall = ({ contentLength }: RequestHead): boolean => contentLength !== undefined && contentLength <= smallBody

/** One request. */
export class Exchange {
  readonly #it: ExchangeParts
  readonly #path: string
  readonly #target: string
  readonly recording: Recording
  /** What everything but the body says of the model. */
  readonly #reading: TargetReading
  /** What it is besides, when it goes to an MCP server. */
  readonly #mcp: McpExchange | undefined
  #body: RequestBody | undefined
  #stopBody: (() => void) | undefined
  #relay: Relay | undefined
  #stop: (() => void) | undefined
  /** Whether an answer was chosen before the body was there. */
  #isAnswered = false

  constructor(parts: ExchangeParts) {
    this.#it = parts
    this.#target = parts.request.url ?? "/"
    const query = this.#target.indexOf("?")
    this.#path = query === -1 ? this.#target : this.#target.slice(0, query)
    const { deployment: { doors }, head, judge, request, requestId, sessions } = parts
    const method = request.method ?? ""
    const server = doors.mcp.of(this.#path)
    this.recording = judge.open({ door: "proxy", method, route: this.#path, requestId })
    this.#reading = readTarget(
      method.toUpperCase(),
      this.#target,
      request.rawHeaders,
      doors.kindOf(this.#target)
    )
    this.#mcp = server === undefined ? undefined : new McpExchange({
      server,
      method: method.toUpperCase(),
      target: this.#target,
      rawHeaders: request.rawHeaders,
      contentType: head.contentType,
      hasBody: head.hasBody,
      sessions
    })
  }

  /** Begins. Every way ends with an answer, or with the caller gone. */
  begin(): void {
    const { deployment, head, request, response } = this.#it
    if (!isJudgeable(request.method ?? "", this.#target)) {
      return this.#deny({ code: "request_ambiguous", cause: Request.causeOf(this.#target) })
    }
    if (Cors.isPreflight(request.method, request.headers)) {
      const origin = this.#allowedOrigin()
      if (origin !== undefined) {
        const wanted = request.headers["access-control-request-headers"]
        return write(response, 204, Cors.preflightHeaders(origin, wanted))
      }
    }
    if (deployment.doors.upstreams === undefined) return this.#deny({ code: "route_unknown" })
    if (deployment.doors.mcp.isDisguised(this.#path)) {
      return this.#deny({ code: "request_ambiguous", cause: "the path of an MCP server in another case" })
    }
    const refused = this.#mcp?.refusal
    if (refused !== undefined) return this.#refuse(refused)
    response.once("close", this.#onClose)
    if (!head.hasBody) return this.#judge(undefined)
    this.#it.stay.bodyUntil = this.#it.stay.since + deployment.doors.limits.bodyTimeout
    if ((head.contentLength ?? 0) > deployment.doors.limits.body) return this.#deny({ code: "body_too_large" })
    if (this.#it.expectsContinue || !isSmall(head)) this.#glance(() => this.#read())
    else this.#read()
  }

  /** Breaks off an exchange that has lasted too long, or at the end of the gate's life. */
  cut(): void {
    this.#stop?.()
    if (this.#relay === undefined) Pipelined.breakOff(this.#it.response)
    else this.#relay.abort()
    // An answer that waited for its turn on the connection is never told of its end.
    this.recording.over(this.#it.response)
  }

  /** Answers that the body has not come in its time. */
  late(): void {
    this.#it.stay.bodyUntil = Number.POSITIVE_INFINITY
    if (this.#isAnswered || this.#relay !== undefined) return
    this.#isAnswered = true
    this.#it.response.shouldKeepAlive = false
    this.#deny({ code: "body_invalid", cause: "it did not come in time" })
  }

  /** What a later step threw ends this exchange, and nothing else. */
  #crash(where: Where, error: unknown): void {
    this.#isAnswered = true
    this.#stop?.()
    this.#relay?.drop()
    this.#it.crashed(where, error, this.#it.request, this.#it.response, this.recording)
  }

  /** Runs what comes later. */
  #later<A>(where: Where, run: (it: A) => void): (it: A) => void {
    return (it) => {
      try {
        run(it)
      } catch (error) {
        this.#crash(where, error)
      }
    }
  }

  /** Looks at the credential before a large body is read, or while a small one is late. */
  #glance(then: () => void): void {
    const { deployment, judge, request, response } = this.#it
    const asked = Request.make({
      method: request.method ?? "",
      target: this.#target,
      rawHeaders: request.rawHeaders,
      model: Request.unseenModel
    })
    if (Exit.isFailure(asked)) return this.#deny({ code: "request_ambiguous", cause: Request.causeOf(this.#target) })
    judge.glance(
      deployment.auth,
      asked.value,
      this.#later("decision", (result) => {
        if (response.destroyed || this.#isAnswered) return
        if (result._tag === "Unauthenticated" || result._tag === "BadRequest" || result._tag === "Unavailable") {
          // Asked again for the log: this is the answer that the caller gets.
          this.#isAnswered = true
          return this.#ask(asked.value)
        }
        // Whoever may not do this is known by the token alone.
        const caller = isAllowed(result) ? callerOf(result) : tokenOf(request.rawHeaders, deployment.doors.credentials)
        if (!this.#it.stay.belongsTo(caller)) {
          this.#isAnswered = true
          return this.#deny({ code: "overloaded", cause: "this caller has its part" })
        }
        then()
      })
    )
  }

  #read(): void {
    const { deployment, expectsContinue, head, request, response, stay } = this.#it
    if (expectsContinue) Pipelined.goOn(response)
    let isRead = false
    const grow = (bytes: number) => stay.grow(bytes)
    this.#stopBody = read({
      request,
      response,
      head,
      reader: (send) => this.#mcp?.bodyReader(send) ?? bodyReader(this.#reading, head.contentType, ownBoundary, send),
      limit: deployment.doors.limits.body,
      grow,
      streams: true
    }, (outcome) => {
      isRead = true
      stay.bodyUntil = Number.POSITIVE_INFINITY
      if (this.#isAnswered) return
      try {
        this.#onBody(outcome)
      } catch (error) {
        this.#crash("body", error)
      }
    })
    // A small body nearly always came with its head; nobody waits for one that did not with a bad token.
    if (isSmall(head) && !isRead) {
      setImmediate(this.#later("timer", () => {
        if (!isRead && !this.#isAnswered) this.#glance(() => {})
      }))
    }
  }

  #onBody(outcome: BodyOutcome): void {
    if (outcome._tag === "Crashed") this.#crash("body", outcome.error)
    else if (outcome._tag === "Refused") this.#deny(outcome)
    else if (outcome._tag === "Read") this.#judge(outcome.body)
  }

  #judge(body: RequestBody | undefined): void {
    const { request } = this.#it
    this.#body = body
    if (this.#mcp !== undefined) return this.#judgeMcp(this.#mcp, body)
    const seen = body === undefined ? nothing : body.isKnown ? body.model : join(body.model, unnamed)
    const model = requestedModel(this.#reading, seen)
    if (model === undefined) return this.#deny(refusalIn(joinBody(this.#reading.seen, seen)))
    const asked = Request.make({
      method: request.method ?? "",
      target: this.#target,
      rawHeaders: request.rawHeaders,
      model
    })
    if (Exit.isFailure(asked)) return this.#deny({ code: "request_ambiguous", cause: Request.causeOf(this.#target) })
    const lists = listsModels(asked.value.method, this.#path)
    this.#ask(lists ? { ...asked.value, listsModels: true } : asked.value)
  }

  #judgeMcp(mcp: McpExchange, body: RequestBody | undefined): void {
    const { request } = this.#it
    const tool = mcp.read(body?.model._tag === "Refused")
    if (tool._tag === "Refused") return this.#refuse(tool)
    const asked = Request.make({
      method: request.method ?? "",
      target: this.#target,
      rawHeaders: request.rawHeaders,
      tool
    })
    if (Exit.isFailure(asked)) return this.#deny({ code: "request_ambiguous", cause: Request.causeOf(this.#target) })
    this.#ask(asked.value)
  }

  #ask(asked: Request.Asked): void {
    const { deployment: { auth }, judge } = this.#it
    this.#stop = judge.ask(
      { auth, asked, recording: this.recording, tellsWhom: this.#mcp !== undefined },
      (verdict) => {
        this.#stop = undefined
        try {
          this.#onVerdict(verdict)
        } catch (error) {
          this.#crash("decision", error)
        }
      }
    )
  }

  #onVerdict({ asked, id, result }: Verdict): void {
    if (!isAllowed(result)) {
      const isForeign = result.code === "model_unnamed" && this.#body?.isKnown === false
      return this.#deny(isForeign ? { code: "media_type_unsupported" } : refusalOf(result))
    }
    // What was to be refused is not sent on without its body, should the answer have changed meanwhile.
    if (this.#isAnswered) return this.#deny({ code: "overloaded", cause: "the answer has changed" })
    if (!this.#it.stay.belongsTo(callerOf(result))) {
      return this.#deny({ code: "overloaded", cause: "this caller has its part" })
    }
    const objection = this.#mcp?.objection(result)
    if (objection !== undefined) return this.#deny(objection)
    const upstream = this.#it.deployment.doors.upstreams?.choose(asked.path, result.model)
    if (upstream === undefined) return this.#deny({ code: "route_unknown" })
    const key = upstream.keyFor(result.principal.teamId)
    if (key._tag === "Missing") return this.#deny({ code: "upstream_key_missing" })
    this.#forward(id, result, upstream, key._tag === "Key" ? key.credential : undefined)
  }

  #forward(
    id: string,
    allowed: Allowed,
    upstream: Upstream,
    credential: UpstreamCredential | undefined
  ): void {
    const { deployment: { doors }, head, request, requestId, response } = this.#it
    if (response.destroyed) return
    if (!this.#it.stay.goesTo(upstream.share)) {
      return this.#deny({ code: "overloaded", cause: `${upstream.host} has its part` })
    }
    const peer = addressOf(request.socket)
    const readsAnswer = this.#mcp?.readsAnswer(allowed) ?? listsModels(request.method ?? "", this.#path)
    const headers = forwardedHeaders({
      rawHeaders: request.rawHeaders,
      head,
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
      body: this.#body,
      readsAnswer
    })
    this.recording.sent(upstream.host)
    const relay = new Relay(
      {
        dispatcher: upstream.pool,
        method: request.method ?? "GET",
        path: upstream.basePath + this.#target,
        headers,
        body: this.#body?.content,
        secret: credential?.secret,
        extra: this.#extraHeaders(),
        recording: this.recording
      },
      response,
      this.#mcp !== undefined
        ? this.#listReader(this.#mcp, id, allowed, upstream)
        : readsAnswer
        ? this.#modelsReader(allowed)
        : undefined,
      (end) => this.#onRelayed(end)
    )
    this.#relay = relay
    relay.start()
  }

  #modelsReader(allowed: Allowed): AnswerReader {
    return {
      limit: maxListBytes,
      wants: (status) => status >= 200 && status < 300,
      read: (status, headers, bytes) =>
        decoded(
          bytes,
          encodingOf(headers),
          this.#later("relay", (plain) => {
            // What an upstream says of a list without sending it would tell how much there is.
            if (this.#it.request.method === "HEAD") return write(this.#it.response, status, withoutLength(headers))
            const list = plain === undefined ? undefined : answeredModels(plain, allowed.reach)
            if (list === undefined) this.#deny({ code: "upstream_unreachable" })
            else write(this.#it.response, status, filteredHeaders(headers, list), list)
          })
        )
    }
  }

  #listReader(mcp: McpExchange, decision: string, allowed: Allowed, upstream: Upstream): AnswerReader {
    const { deployment: { doors: { prefix } } } = this.#it
    const reader = mcp.answerReader(allowed, {
      decision,
      place: (address) => endpointBelow(address, { upstream, path: mcp.server.path, target: this.#target, prefix }),
      write: (status, headers, text) => write(this.#it.response, status, headers, text),
      deny: () => this.#deny({ code: "upstream_unreachable", cause: "the answer is no list" })
    })
    return { ...reader, read: (status, headers, bytes) => this.#guarded(() => reader.read(status, headers, bytes)) }
  }

  /** Runs what is called from without. */
  #guarded(run: () => void): void {
    this.#later("relay", run)(undefined)
  }

  #onRelayed(end: RelayEnd): void {
    try {
      this.#it.relayed(end)
      const content = this.#body?.content
      const broken = content instanceof BodyStream ? content.refusal : undefined
      if (broken !== undefined && end !== "done") {
        if (!this.#it.response.headersSent) this.#deny({ code: broken })
      } else if (end === "unreachable") this.#deny({ code: "upstream_unreachable" })
      else if (end === "timeout") this.#deny({ code: "upstream_timeout" })
    } catch (error) {
      this.#crash("relay", error)
    }
  }

  /** Answers that this is no message to an MCP server. */
  #refuse(refused: McpRefusal): void {
    this.#deny({ code: refused.code, cause: refused.why }, refused)
  }

  #deny(refusal: Refusal, refused?: McpRefusal): void {
    const { origin, request, response } = this.#it
    const { mcp } = this.#it.deployment.doors
    const resource = mcp.documentPathOf(this.#path)
    refuse(response, this.#mcp?.challenged(refusal) ?? refusal, {
      recording: this.recording,
      path: this.#path,
      resource,
      hasNoDocument: resource === undefined,
      origin,
      extra: this.#extraHeaders(),
      body: this.#mcp?.errorBody(refusal, this.recording.parties, refused)
    })
    this.#stopBody?.()
    if (!request.complete) this.#linger()
  }

  /** Reads on, within bounds, after an answer that came before the end of the body. */
  #linger(): void {
    const { request } = this.#it
    let left = lingering
    request.on("data", (chunk: Buffer) => {
      left -= chunk.length
      if (left < 0) request.destroy()
    })
    request.resume()
  }

  /** Headers of ours that every answer carries. */
  #extraHeaders(): Array<string> {
    const origin = this.#allowedOrigin()
    const extra = ["x-request-id", this.#it.requestId]
    return origin === undefined ? extra : [...extra, ...Cors.answerHeaders(origin)]
  }

  #allowedOrigin(): string | undefined {
    return Cors.allowedOrigin(this.#it.deployment.doors.origins, this.#it.request.headers.origin)
  }

  readonly #onClose = (): void => {
    this.#stop?.()
    this.recording.over(this.#it.response)
  }
}

/** The boundary of a form that is written anew: nothing that a caller could know. */
const ownBoundary = (): string => `jotgate-${randomUUID()}`

/** The text of the caller's token, as a name of the caller while nothing else is known. */
const tokenOf = (rawHeaders: ReadonlyArray<string>, credentials: ReadonlySet<string>): string | undefined => {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (credentials.has(rawHeaders[i]?.toLowerCase() ?? "")) return `token ${rawHeaders[i + 1] ?? ""}`
  }
  return undefined
}

/** Whether method and target can be judged at all: origin form, nothing that could name another host (threat E07). */
const isJudgeable = (method: string, target: string): boolean =>
  method !== "" && target.startsWith("/") && !target.startsWith("//")

/** Whether the caller's connection is encrypted. */
export const isSecure = (request: IncomingMessage): boolean => "encrypted" in request.socket
