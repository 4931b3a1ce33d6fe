/**
 * Filters answers to list requests to what their caller may call: listed exactly when a call would be allowed.
 *
 * An answer is walked over once; what stays, stays byte for byte and in its order, cursors included, because numbers
 * and texts that are written anew are not always the same. What is shared between callers of one server is not the
 * same list for all of them, so a list that says it may be shared says no longer so.
 */
import {
  asText,
  decodeText,
  isDone,
  lineFeed,
  type Place,
  startPlace,
  type Stop,
  walk,
  watch
} from "../model/JsonWalk.ts"
import { listMembers, type ListMethod } from "./McpMethod.ts"

/** What is to be done with the answers of one request, or of one stream. */
export interface ListPlan {
  /** The lists that were asked for, by the key of the request's id (`idKey`). */
  readonly lists: ReadonlyMap<string, ListMethod>
  /** Whether an entry may be called. */
  readonly may: (list: ListMethod, name: string) => boolean
  /** What is answered instead of a list that is none: a whole JSON-RPC error for this id, as JSON text. */
  readonly instead: (id: string | undefined) => string
}

/** The text that is passed on. */
export interface FilteredAnswer {
  /** The very same bytes when nothing had to go. */
  readonly text: Buffer
  /** Whether an answer was replaced, because it was to be a list and is none. */
  readonly isBroken: boolean
  /** Whether every list that was asked for is answered, be it with an error. */
  readonly isComplete: boolean
}

/** Ids that are equal have equal keys, however they are written. */
export const idKey = (id: string): string => {
  const value: unknown = JSON.parse(id)
  return typeof value === "string" ? `s${value}` : `n${String(value)}`
}

for (const name of ["name", "uri", "uriTemplate"]) watch(name)

const memberOf = new Map(listMembers.map((it) => [it.member as string, it]))

type FrameKind = "batch" | "message" | "result" | "list" | "entry"

/** A part of the text, in bytes. */
interface Span {
  readonly from: number
  to: number
}

interface Entry extends Span {
  name: string | undefined
  /** Whether the member was met that names it. */
  isNamed: boolean
}

interface List extends Span {
  readonly method: ListMethod
  readonly entries: Array<Entry>
}

interface Message extends Span {
  id: string | undefined
  /** Whether a member that matters is there twice, or is no such value. */
  isOdd: boolean
  hasError: boolean
  hasResult: boolean
  readonly lists: Array<List>
  scope: Span | undefined
}

const unused: Set<string> = new Set()

/** Finds the lists of one text. */
class Lists {
  readonly messages: Array<Message> = []
  readonly #walk: Place = startPlace()
  readonly #frames: Array<FrameKind> = []
  /** The members that were met, of each frame but those of entries, which have one that matters. */
  readonly #seen: Array<Set<string>> = []
  #member = ""
  #isBad = false

  readonly #onStop = (why: Stop, raw: Uint8Array): boolean => {
    this.#stop(why, raw)
    return !this.#isBad
  }

  /** Whether the text is JSON, and one message or several. */
  read(text: Buffer): boolean {
    walk(this.#walk, text, this.#onStop)
    if (!this.#isBad) walk(this.#walk, lineFeed, this.#onStop)
    return !this.#isBad && isDone(this.#walk)
  }

  #stop(why: Stop, raw: Uint8Array): void {
    if (why === "Name") this.#name(decodeText(raw))
    else if (why === "Object" || why === "List") this.#open(why === "List")
    else if (why === "Text") this.#text(raw)
    else if (why === "Other") this.#other(raw)
    else if (why === "Left") this.#left()
    else this.#isBad = true
  }

  #look(): void {
    const depth = this.#frames.length
    const kind = this.#frames.at(-1)
    const isList = kind === "batch" || kind === "list"
    this.#walk.floor = Math.max(1, depth)
    this.#walk.elements = isList ? depth : 0
    this.#walk.names = kind === undefined || isList ? 0 : depth
    this.#walk.allNames = kind !== "entry"
  }

  #enter(kind: FrameKind): void {
    this.#frames.push(kind)
    this.#seen.push(kind === "entry" ? unused : new Set())
    this.#look()
  }

  #name(name: string): void {
    const kind = this.#frames.at(-1)
    const message = this.messages.at(-1)
    if (message === undefined) return
    const matters = kind === "message"
      ? name === "id" || name === "result" || name === "error"
      : kind === "result"
      ? memberOf.has(name) || name === "cacheScope"
      : name === message.lists.at(-1)?.method.names
    if (!matters) return
    this.#member = name
    if (kind === "entry") return this.#nameEntry(message)
    const seen = this.#seen.at(-1)
    if (seen?.has(name) === true) message.isOdd = true
    else {
      seen?.add(name)
      this.#walk.wanted = true
    }
  }

  /** The name of an entry comes; one that has two names has none. */
  #nameEntry({ lists }: Message): void {
    const entry = lists.at(-1)?.entries.at(-1)
    if (entry === undefined) return
    if (entry.isNamed) entry.name = undefined
    else this.#walk.wanted = true
    entry.isNamed = true
  }

  #open(isList: boolean): void {
    const kind = this.#frames.at(-1)
    const from = this.#walk.at - 1
    if (kind === undefined || kind === "batch") {
      if (isList && kind === undefined) return this.#enter("batch")
      if (isList) return void (this.#isBad = true)
      this.messages.push({
        from,
        to: from,
        id: undefined,
        isOdd: false,
        hasError: false,
        hasResult: false,
        lists: [],
        scope: undefined
      })
      return this.#enter("message")
    }
    const message = this.messages.at(-1)
    if (message === undefined) return
    if (kind === "list") {
      message.lists.at(-1)?.entries.push({ from, to: from, name: undefined, isNamed: false })
      // A list has no name: it goes, wherever it ends.
      return isList ? undefined : this.#enter("entry")
    }
    const method = kind === "result" ? memberOf.get(this.#member) : undefined
    if (kind === "message" && this.#member === "error") message.hasError = true
    else if (kind === "message" && this.#member === "result" && !isList) {
      message.hasResult = true
      this.#enter("result")
    } else if (method !== undefined && isList) {
      message.lists.push({ method, from: this.#walk.at, to: from, entries: [] })
      this.#enter("list")
    } else if (kind !== "entry") message.isOdd = true
  }

  #text(raw: Uint8Array): void {
    const kind = this.#frames.at(-1)
    const message = this.messages.at(-1)
    if (kind === undefined || kind === "batch" || message === undefined) return void (this.#isBad = true)
    const to = this.#walk.at
    const from = to - raw.length - 2
    const entry = message.lists.at(-1)?.entries.at(-1)
    if (kind === "list") message.lists.at(-1)?.entries.push({ from, to, name: undefined, isNamed: false })
    else if (kind === "entry" && entry !== undefined) entry.name = decodeText(raw)
    else if (kind === "result" && this.#member === "cacheScope") message.scope = { from, to }
    else if (kind === "message" && this.#member === "id") message.id = `"${asText(raw)}"`
    else message.isOdd = true
  }

  /** A number, a literal, or what is empty. */
  #other(raw: Uint8Array): void {
    const kind = this.#frames.at(-1)
    const message = this.messages.at(-1)
    const text = asText(raw)
    const to = this.#walk.at
    const from = to - raw.length
    if (kind === "batch" && text.startsWith("{")) return
    if (kind === undefined || kind === "batch" || message === undefined) return void (this.#isBad = true)
    const method = kind === "result" ? memberOf.get(this.#member) : undefined
    if (kind === "list") message.lists.at(-1)?.entries.push({ from, to, name: undefined, isNamed: false })
    else if (kind === "message" && this.#member === "id") {
      if (text !== "null") message.id = text
    } else if (kind === "message" && this.#member === "error") message.hasError = text !== "null"
    else if (kind === "message" && this.#member === "result" && text.startsWith("{")) message.hasResult = true
    else if (method !== undefined && text.startsWith("[")) {
      message.lists.push({ method, from: to - 1, to: to - 1, entries: [] })
    } else if (kind !== "entry" && !(kind === "result" && this.#member === "cacheScope")) message.isOdd = true
  }

  #left(): void {
    const kind = this.#frames.pop()
    this.#seen.pop()
    this.#look()
    const message = this.messages.at(-1)
    if (message === undefined) return
    const list = message.lists.at(-1)
    const to = this.#walk.at
    if (kind === "message") message.to = to
    else if (kind === "list" && list !== undefined) list.to = to - 1
    else if (kind === "entry") {
      const entry = list?.entries.at(-1)
      if (entry !== undefined) entry.to = to
    }
  }
}

/** Puts together what stays of a text. */
class Pieces {
  readonly #text: Buffer
  readonly #pieces: Array<Buffer> = []
  #from = 0

  constructor(text: Buffer) {
    this.#text = text
  }

  /** Everything up to here stays. */
  keepTo(at: number): void {
    if (at > this.#from) this.#pieces.push(this.#text.subarray(this.#from, at))
    this.#from = Math.max(this.#from, at)
  }

  /** From the end of what was kept, up to here, this stands instead. */
  replaceTo(at: number, by: string): void {
    if (by !== "") this.#pieces.push(Buffer.from(by))
    this.#from = at
  }

  end(): Buffer {
    if (this.#from === 0) return this.#text
    this.keepTo(this.#text.length)
    return Buffer.concat(this.#pieces)
  }
}

const keyOf = ({ id }: Message): string | undefined => id === undefined ? undefined : idKey(id)

/** Whether an answer was to be a list and is none. */
const isNoList = (message: Message, { lists }: ListPlan): boolean => {
  const key = keyOf(message)
  const asked = key === undefined ? undefined : lists.get(key)
  if (message.isOdd) return message.hasResult || asked !== undefined
  // Requests of the server have ids of their own.
  if (asked === undefined || !(message.hasResult || message.hasError)) return false
  const isList = message.lists.length === 1 && message.lists[0]?.method === asked
  return message.hasError ? message.hasResult : !isList
}

const keepEntries = (pieces: Pieces, list: List, { may }: ListPlan): void => {
  const kept = list.entries.filter(({ name }) => name !== undefined && may(list.method, name))
  if (kept.length === list.entries.length) return
  let isFirst = true
  pieces.keepTo(list.from)
  for (const entry of kept) {
    pieces.replaceTo(entry.from, isFirst ? "" : ",")
    pieces.keepTo(entry.to)
    isFirst = false
  }
  pieces.replaceTo(list.to, "")
}

/**
 * The answers in a JSON text, filtered; `undefined` when it is no JSON-RPC. What is no answer, or is the answer to
 * something else, is passed on as it is.
 */
export const filterAnswer = (text: Buffer, plan: ListPlan): FilteredAnswer | undefined => {
  const found = new Lists()
  if (!found.read(text)) return undefined
  const pieces = new Pieces(text)
  let isBroken = false
  const answered = new Set<string | undefined>()
  for (const message of found.messages) {
    if (message.hasResult || message.hasError) answered.add(keyOf(message))
    if (isNoList(message, plan)) {
      isBroken = true
      pieces.keepTo(message.from)
      pieces.replaceTo(message.to, plan.instead(message.id))
      continue
    }
    const { scope } = message
    const isFiltered = message.lists.length > 0
    const edits: Array<readonly [number, () => void]> = message.lists.map((list) => [
      list.from,
      () => keepEntries(pieces, list, plan)
    ])
    if (isFiltered && scope !== undefined) {
      edits.push([scope.from, () => {
        pieces.keepTo(scope.from)
        pieces.replaceTo(scope.to, `"private"`)
      }])
    }
    for (const [, edit] of edits.toSorted(([a], [b]) => a - b)) edit()
  }
  return { text: pieces.end(), isBroken, isComplete: [...plan.lists.keys()].every((it) => answered.has(it)) }
}
