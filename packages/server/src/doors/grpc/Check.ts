/**
 * The door of proxies that ask over gRPC (`envoy.service.auth.v3`): Envoy, Envoy Gateway, Istio, agentgateway.
 *
 * The same question is put as at every door. An allow tells who is calling twice: as headers, which overwrite what the
 * caller sent under these names, and as dynamic metadata, which rate limits and credential overrides of the proxy read.
 * What is absent is taken out of the headers and left out of the metadata. A denial is a whole HTTP answer.
 */
import type { Allowed } from "@jotgate/core/Decision"
import { canonical } from "@jotgate/core/HeaderNames"
import { identityAnswer } from "@jotgate/core/IdentityHeaders"
import { challenges, type Refusal, render } from "@jotgate/core/ProblemResponse"
import * as Request from "@jotgate/core/Request"
import { metadataUrl } from "@jotgate/core/ResourceMetadata"
import { Exit, Result } from "effect"
import { isUtf8 } from "node:buffer"
import * as Answer from "../../answer/Answer.ts"
import { isOurs } from "../../config/GatewayHeaders.ts"
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
import { isHost } from "../../proxy/RequestHead.ts"
import type { Recording } from "../../record/Recording.ts"
import { type CheckAnswer, type CheckedRequest, type MetadataValue, read } from "./CheckMessage.ts"

/** What the door needs of the program. */
export interface CheckParts {
  readonly judge: Judge["Service"]
  /** The deployment in force for one check; `undefined` when there are too many at once. */
  readonly lease: () => Lease | undefined
  readonly sessions: Sessions
}

const door = "grpc"

/** Values of a header, each line of its own. */
const valuesOf = (rawHeaders: ReadonlyArray<string>, name: string): ReadonlyArray<string> =>
  rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)

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

const originOf = ({ host, scheme }: CheckedRequest): string =>
  isHost(host) && (scheme === "http" || scheme === "https") ? `${scheme}://${host}` : ""

/** What a denial is rendered with: the path of the document about the resource, and what MCP clients read. */
interface Denying {
  readonly path: string
  readonly origin: string
  readonly resource: string | undefined
  readonly body: ((decision: string) => Answer.ErrorBody) | undefined
}

const denied = (refusal: Refusal, recording: Recording, { body, origin, path, resource }: Denying): CheckAnswer => {
  const isTold = challenges(refusal) && origin !== "" && resource !== undefined
  const rendered = render(refusal, recording.id, path, isTold ? metadataUrl(origin, resource) : undefined)
  const instead = body?.(recording.id)
  const pairs: Array<readonly [string, string]> = instead === undefined ? [] : [["content-type", instead.type]]
  for (let i = 0; i < rendered.headers.length; i += 2) {
    const [name = "", value = ""] = rendered.headers.slice(i, i + 2)
    // The proxy counts the body itself.
    if (name !== "content-length" && (name !== "content-type" || instead === undefined)) pairs.push([name, value])
  }
  return { _tag: "Denied", status: rendered.status, headers: pairs, body: instead?.text ?? rendered.body }
}

const namesOf = (rawHeaders: ReadonlyArray<string>): ReadonlyArray<string> => rawHeaders.filter((_, at) => at % 2 === 0)

type Metadata = { readonly [name: string]: MetadataValue }

/** The same decision is given again while it is remembered, and what it says of the caller with it. */
const known = new WeakMap<Allowed, Metadata>()

/** What dynamic metadata says of the caller; what is absent is left out. */
const callerOf = (allowed: Allowed): Metadata => {
  const before = known.get(allowed)
  if (before !== undefined) return before
  const { model, principal, reach, route } = allowed
  const all: Record<string, MetadataValue | undefined> = {
    user: principal.userId,
    email: principal.email,
    team: principal.teamId,
    organization: principal.organizationId,
    agent: principal.agent?.id,
    admin: principal.admin,
    models: reach.models(),
    tools: reach.tools(),
    route,
    model
  }
  const caller = Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => value === undefined ? [] : [[name, value]])
  )
  known.set(allowed, caller)
  return caller
}

interface Credential {
  readonly name: string
  readonly value: string
}

/**
 * A credential whose header has another name stands under that name too: Envoy AI Gateway's credential overrides read a
 * text at the top of the metadata (`x-aigw-api-key`).
 */
const metadataOf = (decision: string, allowed: Allowed, credential: Credential | undefined): Metadata => ({
  decision,
  ...callerOf(allowed),
  ...(credential === undefined ? {} : {
    upstream: { authorization: credential.value },
    ...(credential.name === "authorization" ? {} : { [credential.name]: credential.value })
  })
})

const allowed = (
  it: Allowed,
  recording: Recording,
  request: CheckedRequest,
  { doors }: Deployment
): CheckAnswer | Refusal => {
  const set: Array<readonly [string, string]> = []
  const remove = new Set<string>([...doors.credentials, ...doors.teamHeaders])
  for (const name of namesOf(request.rawHeaders)) if (isOurs(canonical(name))) remove.add(name.toLowerCase())
  const identity = identityAnswer(recording.id, it, doors.identity)
  for (let i = 0; i < identity.length; i += 2) {
    const [name = "", value = ""] = identity.slice(i, i + 2)
    if (value === "") remove.add(name)
    else set.push([name, value])
  }
  let credential: Credential | undefined
  if (doors.answersAuthorization) {
    const key = doors.upstreams?.choose(it.route, it.model)?.keyFor(it.principal.teamId)
    if (key?._tag === "Missing") return { code: "upstream_key_missing" }
    if (key?._tag === "Key") {
      set.push([key.credential.name, key.credential.value])
      ;({ credential } = key)
    }
  }
  // The proxy removes after it has set.
  for (const [name] of set) remove.delete(name)
  return { _tag: "Allowed", set, remove: [...remove], metadata: metadataOf(recording.id, it, credential) }
}

/** What a whole body names. The proxy sends it as it came: one that is encoded is not known to be read alike. */
const bodyOf = ({ body, rawHeaders }: CheckedRequest, reading: TargetReading): Peeked => {
  const types = valuesOf(rawHeaders, "content-type")
  const isPlain = types.length < 2 && valuesOf(rawHeaders, "content-encoding").every((it) => it === "identity")
  if (body.length === 0) return nothing
  return isPlain ? readBody(reading, types[0] ?? "", body, true) : unnamed
}

const documentPath = ({ mcp, prefix }: Deployment["doors"], path: string): string | undefined =>
  mcp.documentPathOf(below(prefix, path) ?? path)

type Named = { readonly model?: Request.RequestedModel; readonly tool?: Request.RequestedTool }

/** What a request asks of an MCP server: of its body where that is here, whole and as it is sent. */
const toolOf = (mcp: McpExchange, request: CheckedRequest): Request.RequestedTool | McpRefusal => {
  const isPlain = valuesOf(request.rawHeaders, "content-encoding").every((it) => it === "identity")
  if (!isWhole(request) || !isPlain || request.body.length === 0) return mcp.readUnseen()
  if (mcp.refusal !== undefined) return mcp.refusal
  const bytes = Buffer.from(request.body.buffer, request.body.byteOffset, request.body.length)
  const reader = mcp.bodyReader(() => {})
  reader.push(bytes)
  reader.end()
  return mcp.read(!isUtf8(bytes))
}

/** Answers one check; the returned function gives it up. */
export const check = ({ judge, lease, sessions }: CheckParts) =>
(
  message: unknown,
  peer: string,
  done: (answer: CheckAnswer) => void
): () => void => {
  const leased = lease()
  const it = read(message)
  const request = Result.isSuccess(it) ? it.success : undefined
  const path = pathOf(request?.target ?? "/")
  const requestId = request === undefined ? undefined : valuesOf(request.rawHeaders, "x-request-id")[0]
  const recording = judge.open({ door, method: request?.method ?? "", route: path, requestId: requestId ?? null })
  let isOver = false
  const end = (answer: CheckAnswer, refusal?: Refusal) => {
    if (isOver) return
    isOver = true
    leased?.release()
    done(answer)
    if (refusal === undefined) recording.answered(200)
    else recording.refused(answer._tag === "Denied" ? answer.status : 200, refusal.code, refusal.cause)
  }
  let mcp: McpExchange | undefined
  const refuse = (refusal: Refusal, refused?: McpRefusal) =>
    end(
      denied(mcp?.challenged(refusal) ?? refusal, recording, {
        path,
        origin: request === undefined ? "" : originOf(request),
        resource: leased === undefined ? undefined : documentPath(leased.deployment.doors, path),
        body: mcp?.errorBody(refusal, recording.parties, refused)
      }),
      refusal
    )
  const settle = (verdict: Verdict) => {
    const { result } = verdict
    if (!isAllowed(result) || request === undefined || leased === undefined) {
      return refuse(isAllowed(result) ? { code: "overloaded" } : Answer.refusalOf(result))
    }
    const objection = mcp?.objection(result)
    if (objection !== undefined) return refuse(objection)
    const answer = allowed(result, recording, request, leased.deployment)
    if ("code" in answer) refuse(answer)
    else end(answer)
  }
  let stop = (): void => {}
  const ask = (): void => {
    if (leased === undefined) return refuse({ code: "overloaded", retryAfter: 1 })
    const { auth, doors } = leased.deployment
    if (!doors.believes(peer)) return refuse({ code: "peer_untrusted", cause: peer })
    if (Result.isFailure(it)) return refuse({ code: "request_ambiguous", cause: it.failure })
    const { method, rawHeaders } = it.success
    const target = below(doors.prefix, it.success.target)
    if (target === undefined) return refuse({ code: "route_unknown" })
    const named = askedBy(it.success, target, doors)
    if (named === undefined) return
    const made = Request.make({ method, target, rawHeaders, ...named })
    if (Exit.isFailure(made)) return refuse({ code: "request_ambiguous", cause: Request.causeOf(target) })
    stop = judge.ask(
      { auth, asked: { ...made.value, listsModels: true }, recording, tellsWhom: mcp !== undefined },
      settle
    )
  }
  /** What is called, or read; `undefined` when the question is refused. */
  const askedBy = (checked: CheckedRequest, target: string, doors: Deployment["doors"]): Named | undefined => {
    const { method, rawHeaders } = checked
    if (doors.mcp.isDisguised(pathOf(target))) {
      refuse({ code: "request_ambiguous", cause: "the path of an MCP server in another case" })
      return undefined
    }
    const server = doors.mcp.of(pathOf(target))
    if (server !== undefined) {
      mcp = new McpExchange({
        server,
        method: method.toUpperCase(),
        target,
        rawHeaders,
        contentType: valuesOf(rawHeaders, "content-type").join(","),
        hasBody: checked.body.length > 0,
        sessions
      })
      const tool = toolOf(mcp, checked)
      if (tool._tag !== "Refused") return { tool }
      refuse({ code: tool.code, cause: tool.why }, tool)
      return undefined
    }
    const reading = readOriginal(method.toUpperCase(), target, rawHeaders, doors.kindOf(target))
    const body = isWhole(checked) && !reading.isWebSocket ? bodyOf(checked, reading) : undefined
    const model = body === undefined ? requestedUnseen(reading, doors.enforcesModels) : requestedModel(reading, body)
    if (model !== undefined) return { model }
    refuse(refusalIn(joinBody(reading.seen, body ?? nothing)))
    return undefined
  }
  ask()
  return () => {
    if (isOver) return
    isOver = true
    stop()
    leased?.release()
    recording.abandoned()
  }
}
