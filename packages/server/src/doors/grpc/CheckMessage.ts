/**
 * The messages of Envoy's external authorization (`envoy.service.auth.v3`): bytes → what is asked, an answer → bytes.
 *
 * A message is read by field numbers (`ExtAuthz.proto`) and then checked by a schema, so that nothing of a library's
 * loose objects goes further. Header values are text of one character a byte, as Node has them: nothing is decoded
 * that a credential or a path could hide in.
 */
import { Result, Schema } from "effect"
import { readFileSync } from "node:fs"
import protobuf from "protobufjs"

const { root } = protobuf.parse(readFileSync(new URL("ExtAuthz.proto", import.meta.url), "utf8"), { keepCase: true })
const types = {
  request: root.lookupType("jotgate.CheckRequest"),
  response: root.lookupType("jotgate.CheckResponse"),
  healthRequest: root.lookupType("jotgate.HealthCheckRequest"),
  healthResponse: root.lookupType("jotgate.HealthCheckResponse")
}

const Bytes = Schema.Uint8Array

const HttpRequest = Schema.Struct({
  method: Schema.String,
  path: Schema.String,
  host: Schema.String,
  scheme: Schema.String,
  headers: Schema.Record(Schema.String, Schema.String),
  body: Schema.String,
  raw_body: Bytes,
  header_map: Schema.NullOr(Schema.Struct({
    headers: Schema.Array(Schema.Struct({ key: Schema.String, value: Schema.String, raw_value: Bytes }))
  }))
})

const CheckRequest = Schema.Struct({
  attributes: Schema.NullOr(Schema.Struct({
    request: Schema.NullOr(Schema.Struct({ http: Schema.NullOr(HttpRequest) }))
  }))
})

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
}

/** Why a message that is one cannot be judged; the place is for the operator. */
export type Unreadable = "no HTTP attributes" | "body and raw_body differ" | "headers and header_map differ"

const decodeSchema = Schema.decodeUnknownResult(CheckRequest)

/** Bytes of a text as one character each: what Node makes of a header line. */
const octets = (text: string): string => Buffer.from(text, "utf8").toString("latin1")

const isPseudo = (name: string): boolean => name.startsWith(":")

const ofMap = (headers: Readonly<Record<string, string>>): Array<string> =>
  Object.entries(headers).flatMap(([name, value]) => isPseudo(name) ? [] : [name, octets(value)])

const ofList = (list: ReadonlyArray<{ key: string; value: string; raw_value: Uint8Array }>): Array<string> =>
  list.flatMap(({ key, raw_value, value }) =>
    isPseudo(key)
      ? []
      : [key, raw_value.length > 0 ? Buffer.from(raw_value).toString("latin1") : octets(value)]
  )

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

const headersOf = (http: typeof HttpRequest.Type): ReadonlyArray<string> | undefined => {
  const listed = ofList(http.header_map?.headers ?? [])
  const mapped = ofMap(http.headers)
  if (listed.length === 0) return mapped
  return mapped.length === 0 || sameHeaders(listed, mapped) ? listed : undefined
}

const bodyOf = ({ body, raw_body }: typeof HttpRequest.Type): Uint8Array | undefined => {
  const text = Buffer.from(body, "utf8")
  if (raw_body.length === 0) return text
  return text.length === 0 || text.equals(raw_body) ? raw_body : undefined
}

/**
 * What a decoded message asks about, or why it cannot be judged. Two ways to say the same thing that differ are refused:
 * the proxy and the gate would each believe another one.
 */
export const read = (message: unknown): Result.Result<CheckedRequest, Unreadable> => {
  const checked = decodeSchema(message)
  const http = Result.isSuccess(checked) ? checked.success.attributes?.request?.http ?? undefined : undefined
  if (http === undefined || http.method === "" || http.path === "") return Result.fail("no HTTP attributes")
  const rawHeaders = headersOf(http)
  if (rawHeaders === undefined) return Result.fail("headers and header_map differ")
  const body = bodyOf(http)
  if (body === undefined) return Result.fail("body and raw_body differ")
  return Result.succeed({
    method: http.method,
    target: octets(http.path),
    scheme: http.scheme,
    host: http.host,
    rawHeaders,
    body
  })
}

/** Bytes → a message; throws when they are none, which the transport answers as a gRPC error. */
export const decode = (bytes: Uint8Array): unknown =>
  types.request.toObject(types.request.decode(bytes), { defaults: true, objects: true, arrays: true, oneofs: false })

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
