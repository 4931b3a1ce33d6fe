/**
 * The bare handler that checks over gRPC are measured against: the same library as its documentation uses it, messages
 * read and written whole by Protocol Buffers, and an answer with what the gate answers about this workload. It checks
 * nothing.
 */
import * as grpc from "@grpc/grpc-js"
import { readFileSync } from "node:fs"
import protobuf from "protobufjs"

const proto = new URL("../../packages/server/src/doors/grpc/ExtAuthz.proto", import.meta.url)
const { root } = protobuf.parse(readFileSync(proto, "utf8"), { keepCase: true })
const [CheckRequest, CheckResponse] = [
  root.lookupType("jotgate.CheckRequest"),
  root.lookupType("jotgate.CheckResponse")
]

const decision = `d_${"0".repeat(26)}`

const header = (key: string, value: string) => ({ header: { key, value }, append_action: 2 })
const text = (string_value: string) => ({ string_value })
const list = (...values: ReadonlyArray<string>) => ({ list_value: { values: values.map(text) } })

const allow = () => ({
  status: { code: 0 },
  ok_response: {
    headers: [
      header("x-jotgate-decision", decision),
      header("x-jotgate-user", "u-1"),
      header("x-jotgate-email", "u-1%40acme.test"),
      header("x-jotgate-team", "team-9"),
      header("x-jotgate-models", "gpt-4o*,claude-*"),
      header("x-jotgate-tools", "*")
    ],
    headers_to_remove: [
      "authorization",
      "x-team-id",
      "x-litellm-team-id",
      "x-jotgate-organization",
      "x-jotgate-end-user",
      "x-jotgate-agent",
      "x-jotgate-admin"
    ]
  },
  dynamic_metadata: {
    fields: {
      decision: text(decision),
      user: text("u-1"),
      email: text("u-1@acme.test"),
      team: text("team-9"),
      admin: { bool_value: false },
      models: list("gpt-4o*", "claude-*"),
      tools: list("*"),
      route: text("/v1/chat/completions"),
      model: text("gpt-4o")
    }
  }
})

const Check = {
  path: "/envoy.service.auth.v3.Authorization/Check",
  requestStream: false,
  responseStream: false,
  requestDeserialize: (bytes: Buffer) => CheckRequest.decode(bytes),
  requestSerialize: () => Buffer.alloc(0),
  responseSerialize: (it: object) => Buffer.from(CheckResponse.encode(it).finish()),
  responseDeserialize: (bytes: Buffer) => CheckResponse.decode(bytes)
}

/** Listens on a free port of the loopback, which it answers. */
export const listen = (): Promise<number> => {
  const server = new grpc.Server()
  server.addService({ Check }, {
    Check: (_: grpc.ServerUnaryCall<object, object>, done: grpc.sendUnaryData<object>) => done(null, allow())
  })
  return new Promise((done, failed) =>
    server.bindAsync(
      "127.0.0.1:0",
      grpc.ServerCredentials.createInsecure(),
      (error, port) => error === null ? done(port) : failed(error)
    )
  )
}
