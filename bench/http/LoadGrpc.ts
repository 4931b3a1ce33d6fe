/**
 * As `Load.ts`, for gRPC: `node LoadGrpc.ts PORT CONNECTIONS`, the tokens on standard input as a JSON list. As many checks
 * are under way at once on one HTTP/2 connection, as a proxy has it, each about a request with one of the tokens. It
 * rests and goes on as `Load.ts` does.
 */
import { readFileSync, writeSync } from "node:fs"
import { connect } from "node:http2"
import { createInterface } from "node:readline"
import protobuf from "protobufjs"
import { Asking } from "./Asking.ts"

const [port = "0", inFlight = "32"] = process.argv.slice(2)
const tell = (it: unknown): void => void writeSync(3, `${JSON.stringify(it)}\n`)

const proto = new URL("../../packages/server/src/doors/grpc/ExtAuthz.proto", import.meta.url)
const type = protobuf.parse(readFileSync(proto, "utf8"), { keepCase: true }).root.lookupType("jotgate.CheckRequest")
const body = JSON.stringify({ messages: [{ role: "user", content: "Say something. ".repeat(20) }], model: "gpt-4o" })

/** One framed message, as Envoy makes it with `pack_as_bytes`. */
const frameOf = (token: string): Buffer => {
  const headers = {
    ":method": "POST",
    ":path": "/v1/chat/completions",
    ":authority": "gate.test",
    "authorization": `Bearer ${token}`,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    "accept": "*/*",
    "user-agent": "bench",
    "x-request-id": "0f3c1f9e-3f0a-4e55-9a55-3c2f6c9d7e10"
  }
  const message = type.encode(type.fromObject({
    attributes: {
      request: {
        http: {
          id: "1",
          method: "POST",
          path: "/v1/chat/completions",
          host: "gate.test",
          scheme: "http",
          size: Buffer.byteLength(body),
          headers,
          raw_body: Buffer.from(body)
        }
      }
    }
  })).finish()
  const frame = Buffer.alloc(5 + message.length)
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, 5)
  return frame
}

let done = 0
let failed = 0
let turn = 0
const asking = new Asking()
const latencies: Array<number> = []
/** What an allow begins with: a status without a code, then the answer for the request. */
const isAllow = (answer: Buffer): boolean => answer.includes("x-jotgate-decision") && !answer.includes("problem+json")

const start = (frames: ReadonlyArray<Buffer>): void => {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on("error", () => failed++)
  const ask = (): void => {
    const sent = performance.now()
    const stream = session.request({
      ":method": "POST",
      ":path": "/envoy.service.auth.v3.Authorization/Check",
      "content-type": "application/grpc",
      "te": "trailers"
    })
    const chunks: Array<Buffer> = []
    stream.on("data", (chunk: Buffer) => {
      if (chunks.length === 0 && latencies.length < 200_000) latencies.push(performance.now() - sent)
      chunks.push(chunk)
    })
    stream.on("error", () => failed++)
    stream.on("end", () => {
      done++
      if (!isAllow(Buffer.concat(chunks))) failed++
      asking.next(ask)
    })
    stream.end(frames[turn++ % frames.length])
  }
  for (let i = 0; i < Number(inFlight); i++) asking.begin(ask)
}

let started = false
createInterface({ input: process.stdin }).on("line", async (line) => {
  if (!started) {
    started = true
    const tokens: unknown = JSON.parse(line)
    if (Array.isArray(tokens)) start(tokens.map((it) => frameOf(String(it))))
  } else {
    await asking.told(line)
    const sorted = latencies.splice(0).toSorted((left, right) => left - right)
    tell({ done, failed, median: sorted[sorted.length >> 1] ?? 0 })
  }
}).on("close", () => process.exit())
