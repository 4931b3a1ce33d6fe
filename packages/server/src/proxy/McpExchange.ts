/**
 * What a request to an MCP server adds to an exchange: how its body is read, what its denials look like, whose its
 * session is, and what of the server's lists its caller gets.
 */
import type { Allowed } from "@jotgate/core/Decision"
import { statusOf } from "@jotgate/core/Errors"
import type { Refusal } from "@jotgate/core/ProblemResponse"
import { type RequestedTool, toolKinds } from "@jotgate/core/Request"
import { isUtf8 } from "node:buffer"
import type { IncomingHttpHeaders } from "node:http"
import type { ErrorBody } from "../answer/Answer.ts"
import { addressOf } from "../mcp/Address.ts"
import { EventStream } from "../mcp/EventStream.ts"
import { isItemName, isResourceUri, literalPrefix } from "../mcp/ItemName.ts"
import { filterAnswer, type FilteredAnswer, type ListPlan } from "../mcp/ListAnswer.ts"
import type { ListMethod } from "../mcp/McpMethod.ts"
import {
  idOf,
  isMessageType,
  itemName,
  type McpCall,
  type McpHead,
  type McpRefusal,
  readMcpCall,
  readMcpHead,
  readUnseenCall
} from "../mcp/McpRequest.ts"
import type { McpServer } from "../mcp/McpServers.ts"
import { RpcBodyReader } from "../mcp/RpcBodyReader.ts"
import { rpcError, type Whom } from "../mcp/RpcError.ts"
import type { RpcBody } from "../mcp/RpcReader.ts"
import type { Sessions } from "../mcp/Sessions.ts"
import type { BodyReader, Send } from "../model/BodyReader.ts"
import { decoded, encodingOf, filteredHeaders, maxListBytes, withoutLength } from "./ModelsAnswer.ts"
import type { AnswerReader, AnswerStream } from "./Relay.ts"

/** A request to an MCP server. */
export interface McpAsked {
  readonly server: McpServer
  /** Upper case. */
  readonly method: string
  /** Path and query, without the prefix of the gate. */
  readonly target: string
  readonly rawHeaders: ReadonlyArray<string>
  /** As sent; "" for none. */
  readonly contentType: string
  readonly hasBody: boolean
  readonly sessions: Sessions
}

/** An address that an old server gives for messages: as the caller is to use it, and as its requests will name it here. */
export interface Endpoint {
  readonly address: string
  readonly target: string
}

/** How an answer is handed over that was read here. */
export interface ListAnswered {
  /** The id of the decision. */
  readonly decision: string
  /** Turns the address that an old server gives into the caller's; `undefined` when it leads elsewhere. */
  readonly place: (address: string) => Endpoint | undefined
  readonly write: (status: number, headers: Array<string>, text: Buffer) => void
  /** The answer is no list. */
  readonly deny: () => void
}

const isEventStream = (headers: IncomingHttpHeaders): boolean =>
  /^\s*text\/event-stream\s*(?:;|$)/i.test(headers["content-type"] ?? "")

const isPlain = ({ "content-encoding": encoding }: IncomingHttpHeaders): boolean =>
  encoding === undefined || String(encoding).trim().toLowerCase() === "identity"

/** What stands in every answer, or could stand for it; all other data passes unread. */
const marks = [Buffer.from("result"), Buffer.from("\\u")]

/** The old transport tells an address in an event of its own. */
const everything = [Buffer.alloc(0)]

const noText: RpcBody = { _tag: "Bad", error: "parse", why: "the body is no UTF-8" }

/** One request to an MCP server. */
export class McpExchange {
  readonly #it: McpAsked
  readonly #head: McpHead | McpRefusal
  #reader: RpcBodyReader | undefined
  #call: McpCall | undefined

  constructor(it: McpAsked) {
    this.#it = it
    this.#head = readMcpHead(it.server, it.method, it.rawHeaders, it.hasBody)
  }

  get server(): McpServer {
    return this.#it.server
  }

  /** Why the request is refused before its body is read. What is wrong with a message is told to its id, so that waits. */
  get refusal(): McpRefusal | undefined {
    if (this.#head._tag === "Refused" && this.#it.method !== "POST") return this.#head
    return this.#it.hasBody && !isMessageType(this.#it.contentType)
      ? {
        _tag: "Refused",
        code: "media_type_unsupported",
        fault: "invalid",
        why: "send application/json",
        id: undefined
      }
      : undefined
  }

  /** The reader of the body. */
  bodyReader(send: Send): BodyReader {
    return this.#reader = new RpcBodyReader(send)
  }

  /** What is asked for, the body included; `isNoText`: it is no UTF-8, whatever it says. */
  read(isNoText: boolean): RequestedTool | McpRefusal {
    const body = isNoText ? noText : this.#reader?.body
    return this.#head._tag === "Head"
      ? this.#take(readMcpCall(this.#head, body))
      : { ...this.#head, id: body === undefined ? undefined : idOf(body) }
  }

  /** What is asked for by a request whose body nobody sees. */
  readUnseen(): RequestedTool | McpRefusal {
    return this.#head._tag === "Refused" ? this.#head : this.#take(readUnseenCall(this.#head))
  }

  #take(call: McpCall | McpRefusal): RequestedTool | McpRefusal {
    if (call._tag === "Refused") return call
    this.#call = call
    return call.tool
  }

  /** What the rules of tools say no word about: templates, and whose a session is. */
  objection(allowed: Allowed): Refusal | undefined {
    const call = this.#call
    if (call === undefined) return undefined
    const { server: { server }, sessions } = this.#it
    if (call.templates.some((it) => !allowed.reach.mayUseEvery("resource", server, literalPrefix(it)))) {
      return { code: "tool_denied" }
    }
    return sessions.takes(server, call.handles, allowed) && this.#mayPost(allowed)
      ? undefined
      : { code: "session_denied" }
  }

  /** In the old transport the address of messages is the session. */
  #mayPost(allowed: Allowed): boolean {
    const { method, server: { legacy, server }, sessions, target } = this.#it
    return !legacy || method !== "POST" || sessions.mayPost(server, addressOf(target), allowed)
  }

  /** The server gives its caller the address for messages. What it only repeats of what was asked names no session. */
  #given(allowed: Allowed, target: string): void {
    const { server: { server }, sessions } = this.#it
    const asked = new Set(addressOf(this.#it.target).values)
    const { path, values } = addressOf(target)
    const own = values.filter((it) => !asked.has(it))
    if (own.length > 0 || values.length === 0) sessions.gives(server, { path, values: own }, allowed)
  }

  /** The challenge to a caller without a good token says what the server wants, so that nobody is asked twice. */
  challenged(refusal: Refusal): Refusal {
    const { scopes } = this.#it.server
    return statusOf(refusal.code) === 401 && scopes.length > 0 ? { ...refusal, scope: scopes } : refusal
  }

  /** The body of a denial. */
  errorBody(refusal: Refusal, whom: Whom, refused?: McpRefusal): (decision: string) => ErrorBody {
    const call = this.#call
    return (decision) => ({
      type: "application/json",
      text: rpcError({
        id: refused?.id ?? call?.id,
        code: refusal.code,
        decision,
        fault: refused?.fault,
        why: refused?.why,
        asked: statusOf(refusal.code) === 403 && refusal.code !== "session_denied" ? call?.asked : undefined,
        whom,
        scope: refusal.scope
      })
    })
  }

  /** Whether what this caller gets of the server's lists is not everything. */
  #isFiltered(allowed: Allowed): boolean {
    const { server: { server } } = this.#it
    const lists = this.#call?.lists
    const kinds = lists === undefined || lists.size === 0 ? toolKinds : [...lists.values()].map((it) => it.kind)
    return kinds.some((it) => !allowed.reach.mayUseEvery(it, server, ""))
  }

  /** Whether the answer may hold a list that is filtered. */
  readsAnswer(allowed: Allowed): boolean {
    const { method, server: { legacy } } = this.#it
    const mayHold = method === "GET" || (this.#call?.lists.size ?? 0) > 0
    return mayHold && (this.#isFiltered(allowed) || (legacy && method === "GET"))
  }

  /** How the answer is read. */
  answerReader(allowed: Allowed, to: ListAnswered): AnswerReader {
    const reads = this.readsAnswer(allowed)
    const plan = this.#plan(allowed, to.decision)
    return {
      limit: maxListBytes,
      wants: (_, headers) => {
        this.#opened(allowed, headers["mcp-session-id"])
        return reads && !isEventStream(headers) && (this.#it.method === "POST" || this.#isFiltered(allowed))
      },
      stream: (_, headers) => {
        if (!reads || !isEventStream(headers)) return undefined
        return isPlain(headers) ? this.#stream(allowed, plan, to) : "unreadable"
      },
      read: (status, headers, bytes) => {
        const isGood = status >= 200 && status < 300
        // The old transport answers on its stream; what it says here is for people, and nobody has judged it.
        if (status === 202 && this.#it.server.legacy) return to.write(status, withoutLength(headers), Buffer.alloc(0))
        // What else is no list says nothing of what there is.
        if (isGood ? status === 202 && bytes.length === 0 : bytes.length === 0) {
          return to.write(status, withoutLength(headers), bytes)
        }
        // A stream is what a GET asks for; whatever else comes was not judged.
        if (isGood && this.#it.method !== "POST") return to.deny()
        decoded(bytes, encodingOf(headers), (plain) => {
          const answer = plain === undefined || !isUtf8(plain) ? undefined : filterAnswer(plain, plan)
          if (!isGood && plain !== undefined && answer === undefined) {
            return to.write(status, withoutLength(headers), plain)
          }
          if (answer === undefined || answer.isBroken || (isGood && !answer.isComplete)) return to.deny()
          to.write(status, filteredHeaders(headers, answer.text), answer.text)
        })
      }
    }
  }

  /** The server opens a session: it is its caller's. */
  #opened(allowed: Allowed, session: string | ReadonlyArray<string> | undefined): void {
    const { server: { server }, sessions } = this.#it
    if (typeof session === "string") sessions.takes(server, [`session ${session}`], allowed)
  }

  #plan(allowed: Allowed, decision: string): ListPlan {
    const { server } = this.#it
    const { reach } = allowed
    return {
      lists: this.#call?.lists ?? new Map<string, ListMethod>(),
      may: ({ kind, names }, name) => {
        // What is refused before any rule sees it cannot be called.
        if (kind === "resource" ? !isResourceUri(name) : !isItemName(name)) return false
        return names === "uriTemplate"
          ? reach.mayUseEvery(kind, server.server, literalPrefix(name))
          : reach.mayUse(kind, server.server, itemName(server, kind, name))
      },
      instead: (id) => rpcError({ id, code: "upstream_unreachable", decision })
    }
  }

  #stream(allowed: Allowed, plan: ListPlan, { place }: ListAnswered): AnswerStream {
    const { server: { legacy } } = this.#it
    const events = new EventStream((event, data) => {
      if (event === "endpoint" && legacy) {
        const given = place(data.toString("utf8"))
        if (given === undefined) return "cut"
        this.#given(allowed, given.target)
        return Buffer.from(given.address)
      }
      if (!marks.some((it) => data.includes(it))) return "same"
      const answer: FilteredAnswer | undefined = isUtf8(data) ? filterAnswer(data, plan) : undefined
      return answer === undefined ? Buffer.from(plan.instead(undefined)) : answer.text === data ? "same" : answer.text
    }, { limit: maxListBytes, marks: legacy ? everything : marks })
    return {
      push: (chunk) => events.push(chunk),
      end: () => events.end(),
      headers: (raw) => [...withoutLength(raw), "cache-control", "private, no-store, no-transform"]
    }
  }
}
