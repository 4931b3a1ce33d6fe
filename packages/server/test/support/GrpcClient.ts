/** Asks the gRPC door as a proxy does: messages by the field numbers of `ExtAuthz.proto`, over a real client. */
import * as grpc from "@grpc/grpc-js"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import protobuf from "protobufjs"

const file = new URL("../../src/doors/grpc/ExtAuthz.proto", import.meta.url)
const { root } = protobuf.parse(readFileSync(file, "utf8"), { keepCase: true })
const [Request, Response, HealthRequest, HealthResponse] = [
  "CheckRequest",
  "CheckResponse",
  "HealthCheckRequest",
  "HealthCheckResponse"
].map((it) => root.lookupType(`jotgate.${it}`))

/** The bytes of a message with these members. */
export const bytes = (message: object): Buffer =>
  Buffer.from(Request?.encode(Request.fromObject(message)).finish() ?? [])

export interface Answer {
  /** Of google.rpc; 0 is an allow. */
  readonly code: number
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly removed: ReadonlyArray<string>
  readonly body: string
  readonly metadata: Readonly<Record<string, unknown>>
}

const plain = (value: { readonly [kind: string]: unknown }): unknown => {
  const [kind] = Object.keys(value)
  const it = JSON.parse(JSON.stringify(value[kind ?? ""] ?? null))
  return kind === "struct_value" ? struct(it) : kind === "list_value" ? it.values.map(plain) : it
}

const struct = (it: { readonly fields?: Readonly<Record<string, { readonly [kind: string]: unknown }>> } | null) =>
  Object.fromEntries(Object.entries(it?.fields ?? {}).map(([name, value]) => [name, plain(value)]))

const read = (answer: Uint8Array): Answer => {
  const it = JSON.parse(
    JSON.stringify(Response?.toObject(Response.decode(answer), { arrays: true, objects: true }) ?? {})
  )
  const http = it.ok_response ?? it.denied_response ?? {}
  return {
    code: it.status?.code ?? 0,
    status: it.denied_response?.status?.code ?? 200,
    headers: Object.fromEntries(
      (http.headers ?? []).map(({ header }: { readonly header: { readonly key: string; readonly value: string } }) => [
        header.key,
        header.value
      ])
    ),
    removed: http.headers_to_remove ?? [],
    body: http.body ?? "",
    metadata: struct(it.dynamic_metadata)
  }
}

const unary = (
  port: number,
  path: string,
  message: Uint8Array,
  deadline: number,
  credentials = grpc.credentials.createInsecure()
) =>
  Effect.callback<Uint8Array, grpc.ServiceError>((resume) => {
    const client = new grpc.Client(`127.0.0.1:${port}`, credentials, {
      "grpc.max_send_message_length": -1
    })
    const call = client.makeUnaryRequest(
      path,
      (it: Uint8Array) => Buffer.from(it),
      (it) => new Uint8Array(it),
      message,
      { deadline: Date.now() + deadline },
      (error, answer) => {
        client.close()
        resume(error === null ? Effect.succeed(answer ?? new Uint8Array()) : Effect.fail(error))
      }
    )
    return Effect.sync(() => call.cancel())
  })

/** Asks with these bytes; fails with the gRPC error. */
export const check = (
  port: number,
  message: Uint8Array,
  deadline = 10_000,
  credentials?: grpc.ChannelCredentials
): Effect.Effect<Answer, grpc.ServiceError> =>
  Effect.map(unary(port, "/envoy.service.auth.v3.Authorization/Check", message, deadline, credentials), read)

/** The message of one HTTP request, as Envoy makes it of `encode_raw_headers` and `pack_as_bytes`. */
export const messageOf = (
  http: {
    readonly method: string
    readonly path: string
    readonly headers: ReadonlyArray<readonly [string, string]>
    readonly body?: string
  }
): Buffer =>
  bytes({
    attributes: {
      request: {
        http: {
          id: "1",
          method: http.method,
          path: http.path,
          host: "gate.example:8443",
          scheme: "https",
          size: http.body === undefined ? -1 : Buffer.byteLength(http.body),
          raw_body: Buffer.from(http.body ?? ""),
          header_map: {
            headers: [[":method", http.method], [":path", http.path], ...http.headers].map(([key, value]) => ({
              key,
              raw_value: Buffer.from(value ?? "", "latin1")
            }))
          }
        }
      }
    }
  })

/** The health of a service, by its number. */
export const health = (port: number, service = ""): Effect.Effect<number, grpc.ServiceError> =>
  Effect.map(
    unary(port, "/grpc.health.v1.Health/Check", HealthRequest?.encode({ service }).finish() ?? new Uint8Array(), 5_000),
    (answer) => {
      const it = HealthResponse?.toObject(HealthResponse.decode(answer), { enums: Number })
      return Number(it?.["status"] ?? 0)
    }
  )
