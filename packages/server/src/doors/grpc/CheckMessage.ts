/**
 * What a proxy asks about (`envoy.service.auth.v3.CheckRequest`): bytes → one HTTP request.
 *
 * The fields of `ExtAuthz.proto` are read where they stand and nothing else is. Texts have one character a byte, as Node
 * has them: nothing is decoded that a credential or a path could hide in. Two ways to say the same thing that differ are
 * refused, and so is a field that stands there twice: the proxy and the gate would each believe another one.
 */
import { Result } from "effect"
import { isMethod } from "../Dialect.ts"
import { delimited, varint, Wire } from "./Wire.ts"

/** What a proxy asks about. */
export interface CheckedRequest {
  readonly method: string
  /** Path and query, byte for byte. */
  readonly target: string
  readonly scheme: string
  readonly host: string
  /** Name, value, name, value …: one character a byte, pseudo headers left out. */
  readonly rawHeaders: ReadonlyArray<string>
  /** What method, target and headers take as the head of a request in HTTP/1.1, in bytes. */
  readonly headSize: number
  /** Empty when the message carries none. */
  readonly body: Uint8Array
  /** Whether the proxy says that it does not know how large the body is: agentgateway, of one that it has cut. */
  readonly isOfUnknownSize: boolean
}

/** Why a message that is one cannot be judged; for the operator. */
export type Unreadable =
  | "no HTTP attributes"
  | "body and raw_body differ"
  | "headers and header_map differ"
  | "value and raw_value differ"
  | "attributes and pseudo headers differ"
  | "a field that is there twice"
  | "a method that HTTP does not have"
  | "a header that HTTP does not have"

const tag = {
  attributes: delimited(1),
  request: delimited(4),
  http: delimited(2),
  method: delimited(2),
  headers: delimited(3),
  path: delimited(4),
  host: delimited(5),
  scheme: delimited(6),
  size: varint(9),
  body: delimited(11),
  rawBody: delimited(12),
  headerMap: delimited(13),
  listed: delimited(1),
  key: delimited(1),
  value: delimited(2),
  rawValue: delimited(3)
} as const

/** Fields of a request that are read, as bits by their numbers: each may be there once. */
const single = [tag.method, tag.path, tag.host, tag.scheme, tag.size, tag.body, tag.rawBody, tag.headerMap]
  .reduce((bits, it) => bits | 1 << (it >>> 3), 0)

const nothing: Buffer = Buffer.alloc(0)

/** RFC 9110 section 5.6.2. */
const token = /^[\w!#$%&'*+.^`|~-]+$/

/** RFC 9110 section 5.5: what ends a line, or a text, is in no value. */
const isValue = (text: string): boolean => !text.includes("\n") && !text.includes("\r") && !text.includes("\0")

/** Names and joined values, for the comparison of two ways to say the same. */
const joined = (raw: ReadonlyArray<string>): ReadonlyMap<string, string> => {
  const all = new Map<string, string>()
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? "").toLowerCase()
    const before = all.get(name)
    const value = raw[i + 1] ?? ""
    all.set(name, before === undefined ? value : `${before},${value}`)
  }
  return all
}

const sameHeaders = (one: ReadonlyArray<string>, other: ReadonlyArray<string>): boolean => {
  const [a, b] = [joined(one), joined(other)]
  return a.size === b.size && Array.from(a).every(([name, value]) => b.get(name) === value)
}

/** What was read of a message so far. */
class Reading {
  readonly #wire: Wire
  /** Fields that were there, as bits. */
  #seen = 0
  #refused: Unreadable | undefined
  #method = ""
  #path = ""
  #host = ""
  #scheme = ""
  #body: Buffer = nothing
  #rawBody: Buffer = nothing
  #isOfUnknownSize = false
  readonly #mapped: Array<string> = []
  readonly #listed: Array<string> = []
  /** Pseudo headers that say what the attributes say too. */
  readonly #methods: Array<string> = []
  readonly #paths: Array<string> = []

  constructor(bytes: Buffer) {
    this.#wire = new Wire(bytes)
  }

  /** Reads everything; throws when the bytes are no message. */
  read(): Result.Result<CheckedRequest, Unreadable> {
    this.#way([tag.attributes, tag.request, tag.http], 0)
    if (this.#method === "" || this.#path === "") this.#refused ??= "no HTTP attributes"
    if (!isMethod(this.#method)) this.#refused ??= "a method that HTTP does not have"
    const [body, rawBody] = [this.#body, this.#rawBody]
    if (body.length > 0 && rawBody.length > 0 && !body.equals(rawBody)) this.#refused ??= "body and raw_body differ"
    const [listed, mapped] = [this.#listed, this.#mapped]
    if (listed.length > 0 && mapped.length > 0 && !sameHeaders(listed, mapped)) {
      this.#refused ??= "headers and header_map differ"
    }
    if (!this.#methods.every((it) => it === this.#method) || !this.#paths.every((it) => it === this.#path)) {
      this.#refused ??= "attributes and pseudo headers differ"
    }
    if (this.#refused !== undefined) return Result.fail(this.#refused)
    const rawHeaders = listed.length > 0 ? listed : mapped
    return Result.succeed({
      method: this.#method,
      target: this.#path,
      scheme: this.#scheme,
      host: this.#host,
      rawHeaders,
      headSize: rawHeaders.reduce((size, it) => size + it.length + 2, this.#method.length + this.#path.length + 12),
      body: body.length > 0 ? body : rawBody,
      isOfUnknownSize: this.#isOfUnknownSize
    })
  }

  /** Goes through messages in messages down to the request. */
  #way(way: ReadonlyArray<number>, depth: number): void {
    const wanted = way[depth]
    if (wanted === undefined) return this.#http()
    for (let it = this.#wire.next(); it !== 0; it = this.#wire.next()) {
      if (it !== wanted) {
        this.#wire.skip(it)
        continue
      }
      this.#once(1 << (16 + depth))
      const outer = this.#wire.enter()
      this.#way(way, depth + 1)
      this.#wire.leave(outer)
    }
  }

  /** Notes a field that may be there once, or nothing. */
  #once(bit: number): void {
    if ((this.#seen & bit) !== 0) this.#refused ??= "a field that is there twice"
    this.#seen |= bit
  }

  #http(): void {
    const wire = this.#wire
    for (let it = wire.next(); it !== 0; it = wire.next()) {
      if (it === tag.headers) {
        this.#header(this.#mapped)
        continue
      }
      this.#once(it < 16 << 3 ? single & 1 << (it >>> 3) : 0)
      switch (it) {
        case tag.method:
          this.#method = wire.octets()
          break
        case tag.path:
          this.#path = wire.octets()
          break
        case tag.host:
          this.#host = wire.octets()
          break
        case tag.scheme:
          this.#scheme = wire.octets()
          break
        case tag.size:
          this.#isOfUnknownSize = wire.isNegative()
          break
        case tag.body:
          this.#body = wire.bytes()
          break
        case tag.rawBody:
          this.#rawBody = wire.bytes()
          break
        case tag.headerMap:
          this.#list()
          break
        default:
          wire.skip(it)
      }
    }
  }

  #list(): void {
    const wire = this.#wire
    const outer = wire.enter()
    for (let it = wire.next(); it !== 0; it = wire.next()) {
      if (it === tag.listed) this.#header(this.#listed)
      else wire.skip(it)
    }
    wire.leave(outer)
  }

  /** One header, of the list or of the map: name and value stand alike in both, and the list has raw values too. */
  #header(into: Array<string>): void {
    const wire = this.#wire
    const outer = wire.enter()
    let name: string | undefined
    let value: string | undefined
    let raw: string | undefined
    let isTwice = false
    for (let it = wire.next(); it !== 0; it = wire.next()) {
      if (it === tag.key) {
        isTwice ||= name !== undefined
        name = wire.octets()
      } else if (it === tag.value) {
        isTwice ||= value !== undefined
        value = wire.octets()
      } else if (it === tag.rawValue && into === this.#listed) {
        isTwice ||= raw !== undefined
        raw = wire.octets()
      } else wire.skip(it)
    }
    wire.leave(outer)
    if (isTwice) this.#refused ??= "a field that is there twice"
    const [text, bytes] = [value ?? "", raw ?? ""]
    if (text !== "" && bytes !== "" && text !== bytes) this.#refused ??= "value and raw_value differ"
    this.#add(into, name ?? "", bytes === "" ? text : bytes)
  }

  #add(into: Array<string>, name: string, value: string): void {
    if (name.startsWith(":")) {
      if (name === ":method") this.#methods.push(value)
      else if (name === ":path") this.#paths.push(value)
      return
    }
    if (!token.test(name) || !isValue(value)) this.#refused ??= "a header that HTTP does not have"
    into.push(name, value)
  }
}

/** What a message asks about, or why it cannot be judged. Bytes that are no message throw a `RangeError`. */
export const decode = (bytes: Buffer): Result.Result<CheckedRequest, Unreadable> => new Reading(bytes).read()

/** What is known of a check whose message was not read. */
export const unread: Result.Result<CheckedRequest, Unreadable> = Result.fail("no HTTP attributes")
