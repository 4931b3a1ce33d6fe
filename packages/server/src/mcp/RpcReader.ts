/**
 * Reads JSON-RPC messages of a client in one pass over the bytes, with the walk that finds models (`JsonWalk`).
 *
 * Only what a decision needs is kept: method, id, and the names in `params`. A text that two parsers could read
 * differently is refused: a member that is there twice, its name in escapes or in another case, an id that is neither
 * text nor whole number, a message that is two kinds of message at once.
 */
import { fold } from "../model/JsonPlaces.ts"
import { asText, decodeText, isDone, lineFeed, type Place, startPlace, type Stop, walk } from "../model/JsonWalk.ts"

/** What `params` of a message name. */
export interface RpcParams {
  readonly name?: string
  readonly uri?: string
  readonly taskId?: string
  /** Of `completion/complete`. */
  readonly ref?: { readonly type?: string; readonly name?: string; readonly uri?: string }
  /** `notifications.resourceSubscriptions` of `subscriptions/listen`. */
  readonly subscriptions?: ReadonlyArray<string>
  /** `notifications.taskIds` of `subscriptions/listen`, of the extension of tasks. */
  readonly taskIds?: ReadonlyArray<string>
  /** The version in `_meta`. */
  readonly version?: string
}

/** One message. */
export interface RpcMessage {
  readonly kind: "request" | "notification" | "response"
  /** JSON text, as it was sent; `undefined` for a notification. */
  readonly id: string | undefined
  /** "" for a response. */
  readonly method: string
  readonly params: RpcParams
}

/** The messages of a body, or why it holds none: no JSON, or JSON that is no message. */
export type RpcBody =
  | { readonly _tag: "Messages"; readonly messages: ReadonlyArray<RpcMessage>; readonly isBatch: boolean }
  | { readonly _tag: "Bad"; readonly error: "parse" | "invalid"; readonly why: string }

/** How many messages one body may hold. */
export const maxMessages = 100
/** How many resources, and how many tasks, one message may subscribe to. */
const maxSubscriptions = 100
/** Raw bytes of the longest text that is looked at. */
const longestText = 6 * 1024
/** The longest id, in bytes. */
const longestId = 256

const versionMember = "io.modelcontextprotocol/protocolVersion"

/** What is open, and what its members may be. */
type FrameKind = "batch" | "message" | "params" | "ref" | "notifications" | "subscriptions" | "tasks" | "meta"

/** The members that matter, and those that must be of another spelling than these. */
const members: Readonly<Record<FrameKind, ReadonlySet<string>>> = {
  batch: new Set(),
  message: new Set(["jsonrpc", "id", "method", "params", "result", "error"]),
  params: new Set(["name", "uri", "taskId", "ref", "notifications", "_meta"]),
  ref: new Set(["type", "name", "uri"]),
  notifications: new Set(["resourceSubscriptions", "taskIds"]),
  subscriptions: new Set(),
  tasks: new Set(),
  meta: new Set([versionMember])
}

const folded = Object.fromEntries(
  Object.entries(members).map(([kind, names]) => [kind, new Set([...names].map(fold))])
)

/** The frames that members open; every other object or list is passed over. */
const objects: Readonly<Record<string, FrameKind>> = {
  "message params": "params",
  "params ref": "ref",
  "params notifications": "notifications",
  "params _meta": "meta"
}

/** The lists of texts that members open. */
const texts: Readonly<Record<string, FrameKind>> = {
  "notifications resourceSubscriptions": "subscriptions",
  "notifications taskIds": "tasks"
}

/** Frames that are lists: each of their elements is reported. */
const isList = (kind: FrameKind | undefined): boolean =>
  kind === "batch" || kind === "subscriptions" || kind === "tasks"

/** Members that are passed over whatever they are. */
const free = new Set(["message result", "message error"])

interface Frame {
  readonly kind: FrameKind
  readonly seen: Set<string>
}

type Draft<A> = { -readonly [K in keyof A]: A[K] }

interface Message {
  version: string | undefined
  id: string | undefined
  method: string | undefined
  outcome: boolean
  readonly params: Draft<RpcParams>
}

const whole = /^-?(?:0|[1-9]\d{0,18})$/

const empty = (): Message => ({ version: undefined, id: undefined, method: undefined, outcome: false, params: {} })

/** Reads one body. Feed it with `push`, then ask `end`; after a refusal the rest is not looked at. No input makes it throw. */
export class RpcReader {
  readonly #walk: Place = startPlace()
  readonly #frames: Array<Frame> = []
  readonly #messages: Array<RpcMessage> = []
  readonly #ids = new Set<string>()
  #message = empty()
  /** The member whose value is reported next. */
  #member = ""
  #isBatch = false
  #bad: { readonly error: "parse" | "invalid"; readonly why: string } | undefined

  readonly #onStop = (why: Stop, raw: Uint8Array): boolean => {
    this.#stop(why, raw)
    return this.#bad === undefined
  }

  /** Reads the next bytes. */
  push(chunk: Uint8Array): void {
    if (this.#bad === undefined) walk(this.#walk, chunk, this.#onStop)
  }

  /** What the whole body says. */
  end(): RpcBody {
    this.push(lineFeed)
    if (this.#bad === undefined && !isDone(this.#walk)) this.#refuse("the body is no JSON", "parse")
    if (this.#bad !== undefined) return { _tag: "Bad", ...this.#bad }
    return { _tag: "Messages", messages: this.#messages, isBatch: this.#isBatch }
  }

  #refuse(why: string, error: "parse" | "invalid" = "invalid"): void {
    this.#bad ??= { error, why }
  }

  #stop(why: Stop, raw: Uint8Array): void {
    switch (why) {
      case "Name":
        return this.#name(raw)
      case "Text":
        return this.#text(raw)
      case "Object":
      case "List":
        return this.#open(why === "List")
      case "Other":
        return this.#other(asText(raw))
      case "Left":
        return this.#left()
      default:
        return this.#refuse("the body is no JSON", "parse")
    }
  }

  /** Watches the members of the innermost frame, or the elements of a list. */
  #look(): void {
    const frame = this.#frames.at(-1)
    const depth = this.#frames.length
    const hasElements = isList(frame?.kind)
    this.#walk.floor = Math.max(1, depth)
    this.#walk.elements = hasElements ? depth : 0
    this.#walk.names = frame === undefined || hasElements ? 0 : depth
    this.#walk.allNames = true
  }

  #enter(kind: FrameKind): void {
    this.#frames.push({ kind, seen: new Set() })
    this.#look()
  }

  #name(raw: Uint8Array): void {
    const frame = this.#frames.at(-1)
    if (frame === undefined) return this.#refuse("the body is no JSON", "parse")
    const { kind, seen } = frame
    const name = decodeText(raw)
    if (seen.has(name)) return this.#refuse("a member is there twice")
    seen.add(name)
    const matters = members[kind].has(name)
    if (!matters) {
      if (folded[kind]?.has(fold(name)) === true) this.#refuse("a member is spelt in another case")
      return
    }
    // `raw` is longer than the name when a byte of it was escaped.
    if (raw.length !== name.length) return this.#refuse("the name of a member is escaped")
    this.#member = name
    this.#walk.wanted = true
  }

  /** Where the value stands that was reported: `message id`, or the list that it is an element of. */
  #where(): string {
    const kind = this.#frames.at(-1)?.kind
    return kind === undefined || isList(kind) ? kind ?? "" : `${kind} ${this.#member}`
  }

  #open(opensList: boolean): void {
    const where = this.#where()
    if (where === "") {
      this.#isBatch = opensList
      return this.#enter(opensList ? "batch" : "message")
    }
    // A list in a batch has no members, and so is a message that lacks them all.
    if (where === "batch") return this.#enter("message")
    if (where === "message result" || where === "message error") this.#message.outcome = true
    if (free.has(where)) return
    const kind = opensList ? texts[where] : objects[where]
    if (kind === undefined) return this.#refuse(`${where} is no such value`)
    this.#enter(kind)
  }

  /** A number, a literal, or an object or a list that is empty. */
  #other(text: string): void {
    const where = this.#where()
    if (where === "message id" && whole.test(text)) this.#message.id = text
    else if (free.has(where)) this.#message.outcome = true
    else if (text.startsWith("[") && texts[where] !== undefined) return
    // An empty object, which says nothing; whoever needs a member of it will miss it.
    else if (text.startsWith("{") && objects[where] !== undefined) return
    else this.#refuse(where === "" || where === "batch" ? "the body is no message" : `${where} is no such value`)
  }

  #text(raw: Uint8Array): void {
    if (raw.length > longestText) return this.#refuse("a text is too long")
    const text = decodeText(raw)
    if (!text.isWellFormed()) return this.#refuse("a text is not well-formed")
    this.#take(this.#where(), text, raw)
  }

  #take(where: string, text: string, raw: Uint8Array): void {
    const message = this.#message
    const { params } = message
    switch (where) {
      case "message jsonrpc":
        message.version = text
        break
      case "message id":
        if (raw.length > longestId) return this.#refuse("an id is too long")
        message.id = `"${asText(raw)}"`
        break
      case "message method":
        message.method = text
        break
      case "message result":
      case "message error":
        message.outcome = true
        break
      case "params name":
        params.name = text
        break
      case "params uri":
        params.uri = text
        break
      case "params taskId":
        params.taskId = text
        break
      case "ref type":
        params.ref = { ...params.ref, type: text }
        break
      case "ref name":
        params.ref = { ...params.ref, name: text }
        break
      case "ref uri":
        params.ref = { ...params.ref, uri: text }
        break
      case `meta ${versionMember}`:
        params.version = text
        break
      case "subscriptions":
        params.subscriptions = this.#longer(params.subscriptions, text)
        break
      case "tasks":
        params.taskIds = this.#longer(params.taskIds, text)
        break
      default:
        this.#refuse(where === "" || where === "batch" ? "the body is no message" : `${where} is no such value`)
    }
  }

  #longer(list: ReadonlyArray<string> = [], text: string): ReadonlyArray<string> {
    if (list.length === maxSubscriptions) this.#refuse("too many subscriptions")
    return [...list, text]
  }

  #left(): void {
    const frame = this.#frames.pop()
    this.#look()
    if (frame?.kind === "message") this.#close()
    else if (frame?.kind === "batch" && this.#messages.length === 0) this.#refuse("the batch is empty")
  }

  /** Looks whether what was read is one message. */
  #close(): void {
    const { id, method, outcome, params, version } = this.#message
    this.#message = empty()
    if (version !== "2.0") return this.#refuse("jsonrpc is not 2.0")
    if (method === undefined ? !outcome : outcome) return this.#refuse("a message is a call or an answer")
    if (method === undefined && id === undefined) return this.#refuse("an answer has the id of its question")
    if (method !== undefined && (method === "" || method.length > 256)) return this.#refuse("the method has no name")
    const kind = method === undefined ? "response" : id === undefined ? "notification" : "request"
    if (kind === "request" && id !== undefined) {
      const key = id.startsWith(`"`) ? decodeText(Buffer.from(id.slice(1, -1))) : Number(id)
      const told = `${typeof key} ${key}`
      if (this.#ids.has(told)) return this.#refuse("two calls have the same id")
      this.#ids.add(told)
    }
    this.#messages.push({ kind, id, method: method ?? "", params })
    if (this.#messages.length > maxMessages) this.#refuse("too many messages")
  }
}
