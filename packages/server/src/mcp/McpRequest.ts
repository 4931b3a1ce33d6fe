/**
 * Reads what a request to an MCP server asks for: from its head, and from its body where that is seen.
 *
 * One reading serves the proxy and the doors. What the head says of the message must agree with the body in every
 * revision; where nobody sees the body, the head counts if the revision makes the server compare them, and else the
 * call is unseen (RULES D53).
 */
import type { Code } from "@jotgate/core/Errors"
import { bareName } from "@jotgate/core/McpServer"
import { noTool, type RequestedTool, severalTools, type Tool, unseenTool } from "@jotgate/core/Request"
import * as MediaType from "../model/MediaType.ts"
import { idKey } from "./ListAnswer.ts"
import {
  type AskedItem,
  asksOf,
  asksOfHeaders,
  type ItemKind,
  type ListMethod,
  listOf,
  type MethodAsks,
  mirroredName,
  taskOfHeaders,
  tasksOf
} from "./McpMethod.ts"
import { type Mirrored, type MirroredHeaders, readMirrored } from "./MirroredHeaders.ts"
import { hasBatches, mirrors, type Revision, revisionOf, unversioned } from "./Revision.ts"
import type { RpcFault } from "./RpcError.ts"
import type { RpcBody, RpcMessage } from "./RpcReader.ts"

/** The server that a request goes to. */
export interface McpAddressee {
  /** Its name in patterns. */
  readonly server: string
  /** What may stand in front of the names of its tools and prompts. */
  readonly prefixes: ReadonlyArray<string>
  /** Whether HTTP+SSE is spoken too. */
  readonly legacy: boolean
}

/** An item as rules know it: the server's own prefixes are no part of the name of a tool or a prompt. */
export const itemName = (server: Pick<McpAddressee, "prefixes">, kind: ItemKind, name: string): string =>
  kind === "resource" ? name : bareName(server, name)

/** Why a request is refused before anything is decided. */
export interface McpRefusal {
  readonly _tag: "Refused"
  /** Why, as a stable code. */
  readonly code: Code
  /** The error of JSON-RPC that the answer is; `undefined` for one of HTTP alone. */
  readonly fault: RpcFault | undefined
  /** Why, in words for the operator. */
  readonly why: string
  /** JSON text of the id of the request that is refused. */
  readonly id: string | undefined
}

/** What a request asks for. */
export interface McpCall {
  readonly _tag: "Call"
  /** What rules judge. */
  readonly tool: RequestedTool
  /** JSON text of the id; `undefined` where there is none, or several. */
  readonly id: string | undefined
  /** As the caller named it: `tool get-sum`. */
  readonly asked: string | undefined
  /** Templates of resources: every expansion of what stands before their first variable must be allowed. */
  readonly templates: ReadonlyArray<string>
  /** The lists that are asked for, by the key of the id. */
  readonly lists: ReadonlyMap<string, ListMethod>
  /** The session and the tasks that it speaks of. */
  readonly handles: ReadonlyArray<string>
}

/** What is known of a request before its body. */
export interface McpHead {
  readonly _tag: "Head"
  /** The server that it goes to. */
  readonly addressee: McpAddressee
  /** What headers say of the message. */
  readonly mirrored: MirroredHeaders
  /** The revision of the protocol that it speaks. */
  readonly revision: Revision
  /** Whether a version was sent. */
  readonly isVersioned: boolean
  /** Whether it must have a body. */
  readonly hasMessage: boolean
  /** Whether it asks for a WebSocket, whose messages nobody judges. */
  readonly upgrades: boolean
}

const refused = (code: Code, fault: RpcFault | undefined, why: string, id?: string): McpRefusal => ({
  _tag: "Refused",
  code,
  fault,
  why,
  id
})

const mismatch = (why: string, id?: string): McpRefusal => refused("tool_mismatch", "mismatch", why, id)

const noLists: ReadonlyMap<string, ListMethod> = new Map()

const textOf = (it: Mirrored): string | undefined => it._tag === "Value" ? it.text : undefined

const asksToUpgrade = (rawHeaders: ReadonlyArray<string>): boolean =>
  rawHeaders.some((it, at) =>
    at % 2 === 0 && it.length === 7 && it.toLowerCase() === "upgrade" && /websocket/i.test(rawHeaders[at + 1] ?? "")
  )

const bodiless = new Set(["GET", "HEAD", "DELETE", "OPTIONS"])

/** Reads the head. `method` in upper case. */
export const readMcpHead = (
  addressee: McpAddressee,
  method: string,
  rawHeaders: ReadonlyArray<string>,
  hasBody: boolean
): McpHead | McpRefusal => {
  const hasMessage = method === "POST"
  if (!hasMessage && !bodiless.has(method)) {
    return refused("method_not_allowed", "invalid", "MCP is spoken by POST, GET and DELETE")
  }
  if (!hasMessage && hasBody) return refused("body_invalid", "invalid", `a ${method} has no body`)
  const mirrored = readMirrored(rawHeaders)
  for (const [name, it] of Object.entries(mirrored)) {
    if (it._tag === "Unreadable") return mismatch(`the header of the ${name} is there twice, or cannot be read`)
  }
  const version = textOf(mirrored.version)
  const revision = version === undefined ? unversioned : revisionOf(version, addressee.legacy)
  if (revision === undefined) return refused("request_ambiguous", "version", "this version is not known here")
  const upgrades = asksToUpgrade(rawHeaders)
  return { _tag: "Head", addressee, mirrored, revision, isVersioned: version !== undefined, hasMessage, upgrades }
}

/** Whether a body of this type may be a message; `contentType` as sent. */
export const isMessageType = (contentType: string): boolean => {
  const type = MediaType.parse(contentType)
  return type !== undefined && type.name === "application/json" && MediaType.isUtf8Type(type)
}

const toolOf = ({ addressee }: McpHead, { kind, name }: AskedItem): Tool => ({
  kind,
  server: addressee.server,
  name: itemName(addressee, kind, name)
})

const sessionOf = ({ mirrored: { session } }: McpHead): ReadonlyArray<string> =>
  session._tag === "Value" ? [`session ${session.text}`] : []

const nothingAsked = (head: McpHead): McpCall => ({
  _tag: "Call",
  tool: head.upgrades ? unseenTool(head.addressee.server) : noTool,
  id: undefined,
  asked: undefined,
  templates: [],
  lists: noLists,
  handles: sessionOf(head)
})

const itemsOf = (asks: ReadonlyArray<MethodAsks>): ReadonlyArray<AskedItem> =>
  asks.flatMap((it) => it._tag === "Items" ? it.items : [])

/** How what is asked for is told to whoever asked. */
const told = (asks: ReadonlyArray<MethodAsks>): string | undefined => {
  const items = itemsOf(asks)
  const [first] = items
  return first === undefined
    ? undefined
    : items.length > 1
    ? `${first.kind} ${first.name} and others`
    : `${first.kind} ${first.name}`
}

/** Why the head does not say what this message says. */
const contradiction = ({ isVersioned, mirrored, revision }: McpHead, message: RpcMessage): string | undefined => {
  const { kind, method, params } = message
  const version = textOf(mirrored.version)
  if (params.version !== undefined && (!isVersioned || params.version !== version)) {
    return "the version in _meta is not the one in MCP-Protocol-Version"
  }
  const isBound = mirrors(revision) && kind === "request"
  const told = textOf(mirrored.method)
  if (told === undefined ? isBound : told !== method) return "Mcp-Method is not the method of the body"
  const { isRequired, name } = mirroredName(message)
  const named = textOf(mirrored.name)
  if (named === undefined ? isBound && isRequired : named !== name) return "Mcp-Name is not the name in the body"
  return undefined
}

/** JSON text of the id that an answer to this body has; `undefined` where there is none, or several. */
export const idOf = (body: RpcBody): string | undefined => {
  if (body._tag === "Bad" || body.isBatch) return undefined
  const [message] = body.messages
  return message?.kind === "request" ? message.id : undefined
}

/** What the whole request asks for, once its body was read. */
export const readMcpCall = (head: McpHead, body: RpcBody | undefined): McpCall | McpRefusal => {
  if (!head.hasMessage) return nothingAsked(head)
  if (body === undefined) return refused("body_invalid", "parse", "there is no body")
  if (body._tag === "Bad") return refused("body_invalid", body.error, body.why)
  const { isBatch, messages } = body
  const id = idOf(body)
  if (isBatch && !hasBatches(head.revision)) {
    return refused("body_invalid", "invalid", "this revision has no batches")
  }
  const asks: Array<MethodAsks> = []
  const lists = new Map<string, ListMethod>()
  const handles = new Set(sessionOf(head))
  for (const message of messages) {
    const why = contradiction(head, message)
    if (why !== undefined) return mismatch(why, id)
    const asked = asksOf(message)
    if (asked._tag === "Bad") return refused("body_invalid", "invalid", asked.why, id)
    asks.push(asked)
    const list = message.kind === "request" ? listOf(message.method) : undefined
    if (list !== undefined && message.id !== undefined) lists.set(idKey(message.id), list)
    for (const task of tasksOf(message)) handles.add(`task ${task}`)
  }
  return {
    _tag: "Call",
    tool: requestedBy(head, asks),
    id,
    asked: told(asks),
    templates: itemsOf(asks).filter((it) => it.isTemplate).map((it) => it.name),
    lists,
    handles: [...handles]
  }
}

/** What several messages ask for together: one that cannot be judged leaves the whole unseen. */
const requestedBy = (head: McpHead, asks: ReadonlyArray<MethodAsks>): RequestedTool =>
  asks.some((it) => it._tag === "Unseen")
    ? unseenTool(head.addressee.server)
    : severalTools(itemsOf(asks).filter((it) => !it.isTemplate).map((it) => toolOf(head, it)))

/** What a request asks for whose body nobody sees. */
export const readUnseenCall = (head: McpHead): McpCall | McpRefusal => {
  if (!head.hasMessage) return nothingAsked(head)
  const method = textOf(head.mirrored.method)
  if (!mirrors(head.revision) || method === undefined) {
    return { ...nothingAsked(head), tool: unseenTool(head.addressee.server) }
  }
  const name = textOf(head.mirrored.name)
  const asks = asksOfHeaders(method, name)
  if (asks._tag === "Bad") return mismatch(asks.why)
  const handles = [...sessionOf(head), ...taskOfHeaders(method, name).map((it) => `task ${it}`)]
  return { ...nothingAsked(head), tool: requestedBy(head, [asks]), asked: told([asks]), handles }
}
