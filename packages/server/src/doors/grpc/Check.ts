/**
 * The door of proxies that ask over gRPC (`envoy.service.auth.v3`): Envoy, Envoy Gateway, Istio, agentgateway.
 *
 * The same question is put as at every door. An allow tells who is calling twice: as headers, which overwrite what the
 * caller sent under these names, and as dynamic metadata, which rate limits and credential overrides of the proxy read.
 * What is absent is taken out of the headers and left out of the metadata. A denial is a whole HTTP answer.
 */
import type { Allowed } from "@jotgate/core/Decision"
import { identityAnswer } from "@jotgate/core/IdentityHeaders"
import { challenges, type Refusal, render } from "@jotgate/core/ProblemResponse"
import * as Request from "@jotgate/core/Request"
import { metadataUrl } from "@jotgate/core/ResourceMetadata"
import { Exit, Result } from "effect"
import { isUtf8 } from "node:buffer"
import * as Answer from "../../answer/Answer.ts"
import type { Deployment, Lease } from "../../Deployment.ts"
import { isAllowed, type Judge, type Verdict } from "../../Judge.ts"
import type { McpRefusal } from "../../mcp/McpRequest.ts"
import type { Sessions } from "../../mcp/Sessions.ts"
import { readBody } from "../../model/ModelPeek.ts"
import { nothing, type Peeked, refusalIn, unnamed } from "../../model/Peeked.ts"
import {
  joinBody,
  readOriginal,
  requestedModel,
  requestedUnseen,
  type TargetReading
} from "../../model/RequestModel.ts"
import { McpExchange } from "../../proxy/McpExchange.ts"
import { below } from "../../proxy/Mount.ts"
import { isHost, isRequestId } from "../../proxy/RequestHead.ts"
import type { Recording } from "../../record/Recording.ts"
import type { CheckedRequest, Unreadable } from "./CheckMessage.ts"
import { allowing, type Denying, denying, type MetadataValue, Repeated } from "./CheckReply.ts"

/** What the door needs of the program. */
export interface CheckParts {
  readonly judge: Judge["Service"]
  /** The deployment in force for one check; `undefined` when there are too many at once. */
  readonly lease: () => Lease | undefined
  readonly sessions: Sessions
  /** Counts and logs what nobody expected; `decision` is the id that the proxy is told. */
  readonly crashed: (error: unknown, decision: string) => void
}

const door = "grpc"

const none: ReadonlyArray<string> = []

/** Values of a header, each line of its own. */
const valuesOf = (rawHeaders: ReadonlyArray<string>, name: string): ReadonlyArray<string> => {
  let values: Array<string> | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const it = rawHeaders[at] ?? ""
    if (it.length !== name.length || (it !== name && it.toLowerCase() !== name)) continue
    const value = rawHeaders[at + 1] ?? ""
    if (values === undefined) values = [value]
    else values.push(value)
  }
  return values ?? none
}

const pathOf = (target: string): string => {
  const query = target.indexOf("?")
  return query === -1 ? target : target.slice(0, query)
}

/**
 * Whether the message holds the whole body: the proxy says when it has cut one, and an announced length must agree.
 * A body that was not sent at all is not a body that is empty, and one of a size that nobody knows is not known to be whole.
 */
const isWhole = ({ body, isOfUnknownSize, rawHeaders }: CheckedRequest): boolean => {
  const partial = valuesOf(rawHeaders, "x-envoy-auth-partial-body")
  const lengths = valuesOf(rawHeaders, "content-length")
  return partial.every((it) => it === "false") &&
    (lengths.length === 0
      ? body.length > 0 ? !isOfUnknownSize : valuesOf(rawHeaders, "transfer-encoding").length === 0
      : lengths.every((it) => it === String(body.length)))
}

/** Whether a body is as the upstream reads it: the proxy sends on what it has, and one that is encoded is not known to be read alike. */
const isPlain = ({ rawHeaders }: CheckedRequest): boolean =>
  valuesOf(rawHeaders, "content-encoding").every((it) => it === "identity")

const originOf = ({ host, scheme }: CheckedRequest): string =>
  isHost(host) && (scheme === "http" || scheme === "https") ? `${scheme}://${host}` : ""

/** Where a denial is told: the path of the document about the resource, and what MCP clients read. */
interface Place {
  readonly path: string
  readonly origin: string
  readonly resource: string | undefined
  readonly body: ((decision: string) => Answer.ErrorBody) | undefined
}

const denied = (refusal: Refusal, recording: Recording, { body, origin, path, resource }: Place): Denying => {
  const isTold = challenges(refusal) && origin !== "" && resource !== undefined
  const rendered = render(refusal, recording.id, path, isTold ? metadataUrl(origin, resource) : undefined)
  const instead = body?.(recording.id)
  const pairs: Array<readonly [string, string]> = instead === undefined ? [] : [["content-type", instead.type]]
  for (let i = 0; i < rendered.headers.length; i += 2) {
    const [name = "", value = ""] = rendered.headers.slice(i, i + 2)
    // The proxy counts the body itself.
    if (name !== "content-length" && (name !== "content-type" || instead === undefined)) pairs.push([name, value])
  }
  return { status: rendered.status, headers: pairs, body: instead?.text ?? rendered.body }
}

interface Credential {
  readonly name: string
  readonly value: string
}

/**
 * What dynamic metadata says of the caller; what is absent is left out. A credential whose header has another name stands
 * under that name too: Envoy AI Gateway's credential overrides read a text at the top of the metadata (`x-aigw-api-key`).
 */
const metadataOf = (
  decision: string,
  { model, principal, reach, route }: Allowed,
  credential: Credential | undefined
): { readonly [name: string]: MetadataValue } => {
  const all: Record<string, MetadataValue | undefined> = {
    decision,
    user: principal.userId,
    email: principal.email,
    team: principal.teamId,
    organization: principal.organizationId,
    agent: principal.agent?.id,
    admin: principal.admin,
    models: reach.models(),
    tools: reach.tools(),
    route,
    model,
    ...(credential === undefined ? {} : {
      upstream: { authorization: credential.value },
      ...(credential.name === "authorization" ? {} : { [credential.name]: credential.value })
    })
  }
  const told: Record<string, MetadataValue> = {}
  for (const [name, value] of Object.entries(all)) if (value !== undefined) told[name] = value
  return told
}

/** An allow as bytes; `spoofed` are further headers that must not go on. */
const allow = (
  it: Allowed,
  id: string,
  doors: Deployment["doors"],
  credential: Credential | undefined,
  spoofed: ReadonlyArray<string>
): Buffer => {
  const set: Array<readonly [string, string]> = []
  const remove = new Set<string>([...doors.credentials, ...doors.teamHeaders, ...spoofed])
  const identity = identityAnswer(id, it, doors.identity)
  for (let i = 0; i < identity.length; i += 2) {
    const [name = "", value = ""] = identity.slice(i, i + 2)
    if (value === "") remove.add(name)
    else set.push([name, value])
  }
  if (credential !== undefined) set.push([credential.name, credential.value])
  // The proxy removes after it has set.
  for (const [name] of set) remove.delete(name)
  return allowing({ set, remove: [...remove], metadata: metadataOf(id, it, credential) })
}

/** Names of a request, in lower case, that must not go on although nobody listed them. */
const spoofedIn = (rawHeaders: ReadonlyArray<string>, isSpoof: (name: string) => boolean): ReadonlyArray<string> => {
  let spoofed: Array<string> | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ""
    if (isSpoof(name)) (spoofed ??= []).push(name.toLowerCase())
  }
  return spoofed ?? none
}

/** An allow that was given for a decision, and what it rested on besides. */
interface Told {
  readonly doors: Deployment["doors"]
  readonly credential: string | undefined
  readonly reply: Repeated
}

/** The same decision is given again while it is remembered, and what it says of the caller with it. */
const known = new WeakMap<Allowed, Told>()

const allowed = (
  it: Allowed,
  recording: Recording,
  { rawHeaders }: CheckedRequest,
  { doors }: Deployment
): Buffer | Refusal => {
  const key = doors.answersAuthorization
    ? doors.upstreams?.choose(it.route, it.model)?.keyFor(it.principal.teamId)
    : undefined
  if (key?._tag === "Missing") return { code: "upstream_key_missing" }
  const credential = key?._tag === "Key" ? key.credential : undefined
  const spoofed = spoofedIn(rawHeaders, doors.isSpoof)
  if (spoofed.length > 0) return allow(it, recording.id, doors, credential, spoofed)
  const before = known.get(it)
  if (before !== undefined && before.doors === doors && before.credential === credential?.value) {
    return before.reply.with(recording.id)
  }
  const bytes = allow(it, recording.id, doors, credential, none)
  known.set(it, { doors, credential: credential?.value, reply: new Repeated(bytes, recording.id) })
  return bytes
}

/** What a whole body names. */
const bodyOf = (request: CheckedRequest, reading: TargetReading): Peeked => {
  const types = valuesOf(request.rawHeaders, "content-type")
  if (request.body.length === 0) return nothing
  return types.length < 2 && isPlain(request) ? readBody(reading, types[0] ?? "", request.body, true) : unnamed
}

const documentPath = ({ mcp, prefix }: Deployment["doors"], path: string): string | undefined =>
  mcp.documentPathOf(below(prefix, path) ?? path)

type Named = { readonly model?: Request.RequestedModel; readonly tool?: Request.RequestedTool }

/** What a request asks of an MCP server: of its body where that is here, whole and as it is sent. */
const toolOf = (mcp: McpExchange, request: CheckedRequest): Request.RequestedTool | McpRefusal => {
  if (!isWhole(request) || !isPlain(request) || request.body.length === 0) return mcp.readUnseen()
  if (mcp.refusal !== undefined) return mcp.refusal
  const bytes = Buffer.from(request.body.buffer, request.body.byteOffset, request.body.length)
  const reader = mcp.bodyReader(() => {})
  reader.push(bytes)
  reader.end()
  return mcp.read(!isUtf8(bytes))
}

/** The answer to one check, until it is given. */
class Checking {
  readonly #parts: CheckParts
  readonly #request: CheckedRequest | undefined
  readonly #path: string
  readonly #recording: Recording
  readonly #done: (answer: Buffer) => void
  #leased: Lease | undefined
  #mcp: McpExchange | undefined
  #stop: (() => void) | undefined
  #isOver = false

  constructor(parts: CheckParts, request: CheckedRequest | undefined, done: (answer: Buffer) => void) {
    this.#parts = parts
    this.#request = request
    this.#path = pathOf(request?.target ?? "/")
    const requestId = request === undefined ? undefined : valuesOf(request.rawHeaders, "x-request-id").find(isRequestId)
    this.#recording = parts.judge.open({
      door,
      method: request?.method ?? "",
      route: this.#path,
      requestId: requestId ?? null
    })
    this.#done = done
  }

  /** Puts the question; `why` it cannot be read, if so. */
  begin(peer: string, why: Unreadable | undefined): void {
    try {
      this.#ask(peer, why)
    } catch (error) {
      this.#crash(error)
    }
  }

  /** Nobody waits for the answer. */
  giveUp(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stop?.()
    this.#leased?.release()
    this.#recording.abandoned()
  }

  #ask(peer: string, why: Unreadable | undefined): void {
    const leased = this.#leased = this.#parts.lease()
    if (leased === undefined) return this.#refuse({ code: "overloaded", retryAfter: 1 })
    const { auth, doors } = leased.deployment
    if (!doors.believes(peer)) return this.#refuse({ code: "peer_untrusted", cause: peer })
    const request = this.#request
    if (request === undefined) {
      return this.#refuse({ code: "request_ambiguous", ...(why === undefined ? {} : { cause: why }) })
    }
    if (request.headSize > doors.limits.headers) return this.#refuse({ code: "headers_too_large" })
    if (request.body.length > doors.limits.body) return this.#refuse({ code: "body_too_large" })
    const { method, rawHeaders } = request
    const target = below(doors.prefix, request.target)
    if (target === undefined) return this.#refuse({ code: "route_unknown" })
    const named = this.#named(request, target, doors)
    if (named === undefined) return
    const made = Request.make({ method, target, rawHeaders, ...named })
    if (Exit.isFailure(made)) return this.#refuse({ code: "request_ambiguous", cause: Request.causeOf(target) })
    const asked = { ...made.value, listsModels: true }
    this.#stop = this.#parts.judge.ask(
      { auth, asked, recording: this.#recording, tellsWhom: this.#mcp !== undefined },
      (verdict) => this.#settle(verdict, request, leased)
    )
  }

  /** What is called, or read; `undefined` when the question is refused. */
  #named(request: CheckedRequest, target: string, doors: Deployment["doors"]): Named | undefined {
    const { method, rawHeaders } = request
    const path = pathOf(target)
    if (doors.mcp.isDisguised(path)) {
      this.#refuse({ code: "request_ambiguous", cause: "the path of an MCP server in another case" })
      return undefined
    }
    const server = doors.mcp.of(path)
    if (server !== undefined) {
      const mcp = this.#mcp = new McpExchange({
        server,
        method: method.toUpperCase(),
        target,
        rawHeaders,
        contentType: valuesOf(rawHeaders, "content-type").join(","),
        hasBody: request.body.length > 0,
        sessions: this.#parts.sessions
      })
      const tool = toolOf(mcp, request)
      if (tool._tag !== "Refused") return { tool }
      this.#refuse({ code: tool.code, cause: tool.why }, tool)
      return undefined
    }
    const reading = readOriginal(method.toUpperCase(), target, rawHeaders, doors.kindOf(target))
    const body = isWhole(request) && !reading.isWebSocket ? bodyOf(request, reading) : undefined
    const model = body === undefined ? requestedUnseen(reading, doors.enforcesModels) : requestedModel(reading, body)
    if (model !== undefined) return { model }
    this.#refuse(refusalIn(joinBody(reading.seen, body ?? nothing)))
    return undefined
  }

  #settle({ result }: Verdict, request: CheckedRequest, { deployment }: Lease): void {
    try {
      if (!isAllowed(result)) return this.#refuse(Answer.refusalOf(result))
      const objection = this.#mcp?.objection(result)
      if (objection !== undefined) return this.#refuse(objection)
      const answer = allowed(result, this.#recording, request, deployment)
      if (!Buffer.isBuffer(answer)) this.#refuse(answer)
      else if (this.#end(answer)) this.#recording.answered(200)
    } catch (error) {
      this.#crash(error)
    }
  }

  #refuse(refusal: Refusal, refused?: McpRefusal): void {
    const mcp = this.#mcp
    const leased = this.#leased
    const it = denied(mcp?.challenged(refusal) ?? refusal, this.#recording, {
      path: this.#path,
      origin: this.#request === undefined ? "" : originOf(this.#request),
      resource: leased === undefined ? undefined : documentPath(leased.deployment.doors, this.#path),
      body: mcp?.errorBody(refusal, this.#recording.parties, refused)
    })
    if (this.#end(denying(it))) this.#recording.refused(it.status, refusal.code, refusal.cause)
  }

  /** Something went wrong that nobody expected: closed, and never an end of the process. */
  #crash(error: unknown): void {
    this.#parts.crashed(error, this.#recording.id)
    this.#mcp = undefined
    this.#refuse({ code: "overloaded", cause: "decision" })
    // It may have been the giving of the answer that went wrong.
    this.#recording.abandoned()
  }

  /** Gives the answer; `false` when it was given, or nobody waits for it. */
  #end(answer: Buffer): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#leased?.release()
    this.#done(answer)
    return true
  }
}

/** Answers one check; the returned function gives it up. */
export const check = (parts: CheckParts) =>
(
  message: Result.Result<CheckedRequest, Unreadable>,
  peer: string,
  done: (answer: Buffer) => void
): () => void => {
  const isRead = Result.isSuccess(message)
  const it = new Checking(parts, isRead ? message.success : undefined, done)
  it.begin(peer, isRead ? undefined : message.failure)
  return () => it.giveUp()
}
