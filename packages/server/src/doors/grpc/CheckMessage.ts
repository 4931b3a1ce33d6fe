/**
 * The messages of Envoy's external authorization (`envoy.service.auth.v3`): bytes → what is asked, an answer → bytes.
 *
 * A message is read by field numbers (`ExtAuthz.proto`), and nothing of the library's loose objects goes further. Header values are text of one character a byte, as Node has them: nothing is decoded
 * that a credential or a path could hide in.
 */
import { Result } from "effect"
import { readFileSync } from "node:fs"
import protobuf from "protobufjs"

const { root } = protobuf.parse(readFileSync(new URL("ExtAuthz.proto", import.meta.url), "utf8"), { keepCase: true })
const types = {
  request: root.lookupType("jotgate.CheckRequest"),
  response: root.lookupType("jotgate.CheckResponse"),
  healthRequest: root.lookupType("jotgate.HealthCheckRequest"),
  healthResponse: root.lookupType("jotgate.HealthCheckResponse")
}

/** What a proxy asks about. */
export interface CheckedRequest {
  readonly method: string
  /** Path and query, byte for byte. */
  readonly target: string
  readonly scheme: string
  readonly host: string
  /** Name, value, name, value …: one character a byte, pseudo headers left out. */
  readonly rawHeaders: ReadonlyArray<string>
  /** Empty when the message carries none. */
  readonly body: Uint8Array
  /** Whether the proxy says that it does not know how large the body is: agentgateway, of one that it has cut. */
  readonly isOfUnknownSize: boolean
}

/** Why a message that is one cannot be judged; the place is for the operator. */
export type Unreadable = "no HTTP attributes" | "body and raw_body differ" | "headers and header_map differ"

/** Bytes of a text as one character each: what Node makes of a header line. */
const octets = (text: string): string => isAscii.test(text) ? text : Buffer.from(text, "utf8").toString("latin1")

const isAscii = /^[\x00-\x7f]*$/

const isPseudo = (name: string): boolean => name.startsWith(":")

/**
 * A member of a message: messages are read member by member, each checked where it is used, because a schema over the
 * whole costs as much as everything else of a check.
 */
const member = (it: unknown, name: string): unknown =>
  typeof it === "object" && it !== null ? Reflect.get(it, name) : undefined

const textOf = (it: unknown, name: string): string => {
  const value = member(it, name)
  return typeof value === "string" ? value : ""
}

const bytesOf = (it: unknown, name: string): Uint8Array => {
  const value = member(it, name)
  return value instanceof Uint8Array ? value : nothing
}

const nothing = new Uint8Array(0)

const ofMap = (headers: unknown): Array<string> => {
  const raw: Array<string> = []
  if (typeof headers !== "object" || headers === null) return raw
  for (const [name, value] of Object.entries(headers)) {
    if (!isPseudo(name)) raw.push(name, octets(String(value)))
  }
  return raw
}

const ofList = (list: unknown): Array<string> => {
  const raw: Array<string> = []
  for (const it of Array.isArray(list) ? list : []) {
    const name = textOf(it, "key")
    if (isPseudo(name)) continue
    const value = bytesOf(it, "raw_value")
    raw.push(name, value.length > 0 ? asBuffer(value).toString("latin1") : octets(textOf(it, "value")))
  }
  return raw
}

const asBuffer = (it: Uint8Array): Buffer => Buffer.from(it.buffer, it.byteOffset, it.byteLength)

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

const headersOf = (http: unknown): ReadonlyArray<string> | undefined => {
  const listed = ofList(member(member(http, "header_map"), "headers"))
  const mapped = ofMap(member(http, "headers"))
  if (listed.length === 0) return mapped
  return mapped.length === 0 || sameHeaders(listed, mapped) ? listed : undefined
}

const bodyOf = (http: unknown): Uint8Array | undefined => {
  const raw = bytesOf(http, "raw_body")
  const text = textOf(http, "body")
  if (text === "") return raw
  const bytes = Buffer.from(text, "utf8")
  return raw.length === 0 || bytes.equals(raw) ? bytes : undefined
}

/**
 * What a decoded message asks about, or why it cannot be judged. Two ways to say the same thing that differ are refused:
 * the proxy and the gate would each believe another one.
 */
export const read = (message: unknown): Result.Result<CheckedRequest, Unreadable> => {
  const http = member(member(member(message, "attributes"), "request"), "http")
  const method = textOf(http, "method")
  const path = textOf(http, "path")
  if (method === "" || path === "") return Result.fail("no HTTP attributes")
  const rawHeaders = headersOf(http)
  if (rawHeaders === undefined) return Result.fail("headers and header_map differ")
  const body = bodyOf(http)
  if (body === undefined) return Result.fail("body and raw_body differ")
  return Result.succeed({
    method,
    target: octets(path),
    scheme: textOf(http, "scheme"),
    host: textOf(http, "host"),
    rawHeaders,
    body,
    isOfUnknownSize: Number(String(member(http, "size") ?? 0)) < 0
  })
}

/** Bytes → a message; throws when they are none, which the transport answers as a gRPC error. */
export const decode = (bytes: Uint8Array): unknown => types.request.decode(bytes)

/** A value of dynamic metadata. */
export type MetadataValue = string | boolean | ReadonlyArray<string> | { readonly [name: string]: MetadataValue }

/** What a proxy is answered. Headers are `[name, value]`. */
export type CheckAnswer =
  | {
    readonly _tag: "Allowed"
    readonly set: ReadonlyArray<readonly [string, string]>
    readonly remove: ReadonlyArray<string>
    readonly metadata: { readonly [name: string]: MetadataValue }
  }
  | {
    readonly _tag: "Denied"
    readonly status: number
    readonly headers: ReadonlyArray<readonly [string, string]>
    readonly body: string
  }

/** `OVERWRITE_IF_EXISTS_OR_ADD`: what a caller sent under one of our names does not stay. */
const OVERWRITE = 2

const option = ([key, value]: readonly [string, string]) => ({ header: { key, value }, append_action: OVERWRITE })

const valueOf = (it: MetadataValue): object => {
  if (typeof it === "string") return { string_value: it }
  if (typeof it === "boolean") return { bool_value: it }
  return isList(it) ? { list_value: { values: it.map(valueOf) } } : { struct_value: structOf(it) }
}

const isList = (it: MetadataValue): it is ReadonlyArray<string> => Array.isArray(it)

const structOf = (it: { readonly [name: string]: MetadataValue }): object => ({
  fields: Object.fromEntries(Object.entries(it).map(([name, value]) => [name, valueOf(value)]))
})

/** The codes of google.rpc that proxies log; never 0 for a denial, because 0 is an allow. */
const rpcCodes: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  413: 8,
  415: 3,
  429: 8,
  431: 8,
  503: 14
}

/** An answer → bytes. */
export const encode = (answer: CheckAnswer): Uint8Array =>
  types.response.encode(
    answer._tag === "Allowed"
      ? {
        status: { code: 0 },
        ok_response: { headers: answer.set.map(option), headers_to_remove: answer.remove },
        dynamic_metadata: structOf(answer.metadata)
      }
      : {
        status: { code: rpcCodes[answer.status] ?? 7 },
        denied_response: {
          status: { code: answer.status },
          headers: answer.headers.map(option),
          body: answer.body
        }
      }
  ).finish()

/** The messages of `grpc.health.v1`. */
export const Health = {
  read: (bytes: Uint8Array): { readonly service: string } => {
    const { service } = types.healthRequest.toObject(types.healthRequest.decode(bytes), { defaults: true })
    return { service: typeof service === "string" ? service : "" }
  },
  answer: (status: "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN"): Uint8Array =>
    types.healthResponse.encode({ status: { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 }[status] }).finish()
}
