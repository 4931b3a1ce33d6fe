/**
 * Forward authentication: a proxy asks about the request in its hands, the gate
 * answers with a status and the identity.
 *
 * The answer is written at once when the decision needs nothing but memory. An
 * allow carries the complete, fixed set of identity headers, empty where there
 * is nothing: a header that is absent would leave the caller's forged one in
 * place behind some proxies (threat E01). Only believed peers may ask (E05).
 */
import type { Allowed } from "@jotgate/core/Decision"
import { statusOf } from "@jotgate/core/Errors"
import { identityAnswer } from "@jotgate/core/IdentityHeaders"
import type { Refusal } from "@jotgate/core/ProblemResponse"
import * as Request from "@jotgate/core/Request"
import { Exit } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Answer from "../answer/Answer.ts"
import type { Deployment } from "../Deployment.ts"
import { isAllowed, type Judge, type Verdict } from "../Judge.ts"
import type { McpRefusal } from "../mcp/McpRequest.ts"
import type { Sessions } from "../mcp/Sessions.ts"
import { join, nothing, type Peeked, refusalIn, unnamed } from "../model/Peeked.ts"
import {
  bodyReader,
  joinBody,
  readOriginal,
  requestedModel,
  requestedUnseen,
  type TargetReading
} from "../model/RequestModel.ts"
import type { Stay } from "../proxy/Admission.ts"
import type { Crashed } from "../proxy/Crashed.ts"
import { McpExchange } from "../proxy/McpExchange.ts"
import { below } from "../proxy/Mount.ts"
import { addressOf } from "../proxy/Peers.ts"
import { read, type RequestBody } from "../proxy/RequestBody.ts"
import type { RequestHead } from "../proxy/RequestHead.ts"
import type { Recording } from "../record/Recording.ts"
import { carriedStatus, carriesBody, carriesFew, type Dialect, type Original, original, originTold } from "./Dialect.ts"

/** Everything about one question of a proxy. */
export interface DoorCall {
  readonly judge: Judge["Service"]
  readonly deployment: Deployment
  readonly dialect: Dialect
  readonly head: RequestHead
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** What it holds of the gate, where there is a body to hold. */
  readonly stay: Stay | undefined
  readonly sessions: Sessions
  /** What the answer is told in, whoever gives it. */
  readonly recording: Recording
  readonly crashed: Crashed
}

/** A body that a proxy has announced comes at once, or it does not come (doors: never wait for it). */
const bodyPatience = 2_000

/** What is denied of a request to an MCP server. */
interface McpDenied {
  readonly mcp: McpExchange
  readonly refused?: McpRefusal
}

const deny = (call: DoorCall, refusal: Refusal, path: string, denied?: McpDenied): void => {
  const { deployment: { doors }, dialect, recording, response } = call
  const extra: Array<string> = []
  if (carriesFew(dialect)) {
    extra.push("x-jotgate-status", String(statusOf(refusal.code)), "x-jotgate-code", refusal.code)
  }
  if (call.head.hasBody && !call.request.complete) extra.push("connection", "close")
  const resource = doors.mcp.documentPathOf(path)
  Answer.refuse(response, denied?.mcp.challenged(refusal) ?? refusal, {
    recording,
    path,
    resource,
    hasNoDocument: resource === undefined,
    origin: () => originTold(dialect, call.request.rawHeaders),
    extra,
    status: (status) => carriedStatus(dialect, status),
    body: denied?.mcp.errorBody(refusal, recording.parties, denied.refused)
  })
}

const allow = (call: DoorCall, allowed: Allowed, path: string): void => {
  const { deployment: { doors }, recording, response } = call
  const headers = identityAnswer(recording.id, allowed, doors.identity)
  if (doors.answersAuthorization) {
    const key = doors.upstreams?.choose(path, allowed.model)?.keyFor(allowed.principal.teamId)
    if (key?._tag === "Missing") return deny(call, { code: "upstream_key_missing" }, path)
    if (key?._tag === "Key") headers.push(key.credential.name, key.credential.value)
  }
  headers.push("content-length", "0", "cache-control", "no-store")
  if (call.head.hasBody && !call.request.complete) headers.push("connection", "close")
  Answer.allow(response, headers, recording)
}

const answer = (call: DoorCall, { asked: { path }, result }: Verdict, mcp: McpExchange | undefined): void => {
  const refusal = isAllowed(result) ? mcp?.objection(result) : Answer.refusalOf(result)
  if (refusal !== undefined) deny(call, refusal, path, mcp === undefined ? undefined : { mcp })
  else if (isAllowed(result)) allow(call, result, path)
}

/** Asks about the original request; `body` is what its body says, `undefined` where it cannot be seen. */
const ask = (call: DoorCall, it: Original, target: TargetReading, body: Peeked | undefined): void => {
  const { deployment } = call
  const model = body === undefined || target.isWebSocket
    ? requestedUnseen(target, deployment.doors.enforcesModels)
    : requestedModel(target, body)
  if (model === undefined) return deny(call, refusalIn(joinBody(target.seen, body ?? nothing)), pathOf(it.target))
  put(call, it, { model })
}

/** Asks about a request to an MCP server; `body` is what was read of its body, `undefined` where it cannot be seen. */
const askMcp = (call: DoorCall, it: Original, mcp: McpExchange, body: RequestBody | undefined): void => {
  // What is decoded here goes on as it came: whether the server decodes it alike is not known.
  const isSeen = body !== undefined && call.head.contentEncoding === ""
  const refused = isSeen ? mcp.refusal : undefined
  const tool = refused ?? (isSeen ? mcp.read(body.model._tag === "Refused") : mcp.readUnseen())
  if (tool._tag !== "Refused") return put(call, it, { tool }, mcp)
  deny(call, { code: tool.code, cause: tool.why }, pathOf(it.target), { mcp, refused: tool })
}

/** Puts the question, and answers with its verdict. */
const put = (
  call: DoorCall,
  it: Original,
  named: { readonly model?: Request.RequestedModel; readonly tool?: Request.RequestedTool },
  mcp?: McpExchange
): void => {
  const { deployment, judge, recording, request, response } = call
  const made = Request.make({
    method: it.method,
    target: it.target,
    rawHeaders: request.rawHeaders,
    ...named
  })
  if (Exit.isFailure(made)) {
    return deny(call, { code: "request_ambiguous", cause: Request.causeOf(it.target) }, "/")
  }
  const stop = judge.ask(
    { auth: deployment.auth, asked: { ...made.value, listsModels: true }, recording, tellsWhom: mcp !== undefined },
    (verdict) => {
      try {
        answer(call, verdict, mcp)
      } catch (error) {
        call.crashed("decision", error, request, response, recording)
      }
    }
  )
  if (!response.headersSent) {
    response.once("close", () => {
      stop()
      recording.over(response)
    })
  }
}

const pathOf = (target: string): string => {
  const query = target.indexOf("?")
  return query === -1 ? target : target.slice(0, query)
}

/** The proxy sends the body as it came: one that the gate would have written otherwise is not known to be read alike. */
const bodyAsSent = ({ isCanonical, isKnown, model }: RequestBody): Peeked =>
  isKnown && isCanonical ? model : join(model, unnamed)

/** Answers one question of a proxy. */
export const forwardAuth = (call: DoorCall): void => {
  const { deployment: { doors }, dialect, head, recording, request, response } = call
  if (!doors.believes(addressOf(request.socket))) {
    return deny(call, { code: "peer_untrusted", cause: addressOf(request.socket) }, "/")
  }
  const told = original(dialect, {
    method: request.method ?? "GET",
    target: request.url ?? "",
    rawHeaders: request.rawHeaders
  })
  if (told === undefined) {
    return deny(call, { code: "request_ambiguous", cause: "the proxy does not tell the request" }, "/")
  }
  const target = below(doors.prefix, told.target)
  const route = pathOf(target ?? told.target)
  recording.asks(told.method, route)
  if (target === undefined) return deny(call, { code: "route_unknown" }, route)
  const it = { ...told, target }
  const spoof = doors.spoofOf(request.rawHeaders)
  if (spoof !== undefined) return deny(call, { code: "request_ambiguous", cause: spoof }, route)
  if (doors.mcp.isDisguised(route)) {
    return deny(call, { code: "request_ambiguous", cause: "the path of an MCP server in another case" }, route)
  }
  const server = doors.mcp.of(route)
  const seesBody = carriesBody(dialect, request.rawHeaders) && head.hasBody
  const mcp = server === undefined ? undefined : new McpExchange({
    server,
    method: it.method.toUpperCase(),
    target,
    rawHeaders: request.rawHeaders,
    contentType: head.contentType,
    hasBody: seesBody,
    sessions: call.sessions
  })
  const reading = readOriginal(it.method.toUpperCase(), it.target, request.rawHeaders, doors.kindOf(it.target))
  if (!seesBody) return mcp === undefined ? ask(call, it, reading, undefined) : askMcp(call, it, mcp, undefined)
  const patience = setTimeout(() => request.destroy(), bodyPatience)
  read({
    request,
    response,
    head,
    reader: (send) => mcp?.bodyReader(send) ?? bodyReader(reading, head.contentType, undefined, send),
    limit: doors.limits.body,
    grow: (bytes) => call.stay?.grow(bytes) === true,
    streams: false
  }, (outcome) => {
    clearTimeout(patience)
    try {
      if (outcome._tag === "Read") {
        if (mcp === undefined) ask(call, it, reading, bodyAsSent(outcome.body))
        else askMcp(call, it, mcp, outcome.body)
      } else if (outcome._tag === "Refused") {
        deny(call, outcome, route, mcp === undefined ? undefined : { mcp })
      } else if (outcome._tag === "Gone") recording.over(response)
      else call.crashed("body", outcome.error, request, response, recording)
    } catch (error) {
      call.crashed("body", error, request, response, recording)
    }
  })
}
