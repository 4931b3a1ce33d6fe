/**
 * Connections that nobody should make, drawn from a seed: random, cut, mutated, pipelined, dripping, reset; at every
 * listener. What comes back is read, and a 500 is noted.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { connect } from "node:net"
import { gzipSync } from "node:zlib"

/** Numbers from a seed (mulberry32). */
export const drawing = (seed: number) => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (most: number): number => Math.floor(next() * most)
  const of = <A>(list: ReadonlyArray<A>): A => {
    const it = list[below(list.length)]
    if (it === undefined) throw new RangeError("nothing to draw from")
    return it
  }
  return { next, below, of, chance: (share: number): boolean => next() < share }
}
type Drawing = ReturnType<typeof drawing>

const sleep = (millis: number) => new Promise<void>((done) => setTimeout(done, millis))

/** An upstream that answers well half of the time, and otherwise in ways that upstreams do. */
export const upstream = (seed: number): Promise<{ readonly url: string; readonly close: () => void }> =>
  new Promise((done) => {
    const draw = drawing(seed)
    const answers: ReadonlyArray<(request: IncomingMessage, response: ServerResponse) => void> = [
      (_, response) => void response.end(`{"data":[]}`),
      (_, response) => void response.writeHead(200, { "content-type": "application/json" }).end(`{"id":"1"}`),
      (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write("data: 1\n\n")
        setTimeout(() => response.end("data: [DONE]\n\n"), draw.below(30))
      },
      (request) => request.socket.resetAndDestroy(),
      (request) => void request.socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
      (request) =>
        void request.socket.end("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
      (request) => void request.socket.end("no HTTP at all"),
      (request) => void request.socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
      (_, response) => {
        response.write("begun")
        setTimeout(() => response.destroy(), draw.below(20))
      }
    ]
    const server = createServer((request, response) => {
      request.on("error", () => {})
      response.on("error", () => {})
      request.resume()
      const answer = draw.chance(0.5) ? answers[0] : draw.of(answers)
      setTimeout(() => answer?.(request, response), draw.below(10))
    })
    server.on("upgrade", (_, socket) => {
      socket.on("error", () => {})
      if (draw.chance(0.3)) {
        socket.destroy()
        return
      }
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
      socket.on("data", () => {
        if (draw.chance(0.5)) socket.write(Buffer.of(0x81, 2, 0x7b, 0x7d))
        if (draw.chance(0.1)) socket.destroy()
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      done({
        url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
        close: () => {
          server.closeAllConnections()
          server.close()
        }
      })
    })
  })

const bytes = (draw: Drawing, most: number): Buffer =>
  Buffer.from(Array.from({ length: draw.below(most) }, () => draw.below(256)))

const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels)

const bodies = (draw: Drawing): Buffer => {
  const text = draw.of([
    `{"model":"gpt-4o","messages":[]}`,
    `{"model":"gpt-4o","model":"o1"}`,
    `{"model":${nested(50_000)}}`,
    `{"method":"GET","path":"/v1/files","headers":{},"body":${nested(5_000)}}`,
    `[{"method":"GET","path":"/","headers":{}}]`,
    `--B--\r\nContent-Disposition: x\r\n\r\ny\r\n--B--\r\n`,
    `--B\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-4o\r\n--B--\r\n`,
    `--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${"x".repeat(10_000)}\r\n--B--\r\n`,
    `model=gpt-4o&model=o1`,
    `{"model":"gpt-4o","extra_body":${"{\"extra_body\":".repeat(400)}{}${"}".repeat(400)}}`,
    `{"model":"gpt-4o","fallbacks":${"[{\"fallbacks\":".repeat(200)}[]${"}]".repeat(200)}}`,
    `{"jsonrpc":"2.0","id":${
      draw.of(["1", "null", "{}", "1e999", "\"a\""])
    },"method":"tools/call","params":{"name":"x"}}`,
    `[{"jsonrpc":"2.0","method":"tools/list"},{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"${
      "../".repeat(50)
    }"}}]`,
    `{"subject":{"type":"user","id":"alice"},"resource":{"type":"model","id":"gpt-4o"},"action":{"name":"call"}}`,
    `{"evaluations":[{},{"subject":null},7],"options":{"evaluations_semantic":"x"}}`,
    `{"issuer":"x","jti":"a","expiresAt":${draw.of(["-1", "1e400", "\"x\"", "99999999999999999999"])}}`,
    `{"method":"\\u0000","path":"\\ud800","headers":{"a\\nb":["\\u0000"]},"dry":1,"trace":[]}`,
    "",
    "{",
    "\0\0\0",
    `{"model":"${"x".repeat(70_000)}"}`
  ])
  return draw.chance(0.2) ? gzipSync(text) : draw.chance(0.1) ? bytes(draw, 4_000) : Buffer.from(text)
}

const request = (draw: Drawing, tokens: ReadonlyArray<string>): Buffer => {
  const path = draw.of([
    "/v1/chat/completions",
    "/v1/audio/transcriptions",
    "/v1/models",
    "/v1/files?x=%2F",
    "/v1/realtime?model=gpt-4o",
    "/v1/responses",
    "/_jotgate/auth/nginx",
    "/_jotgate/auth/traefik",
    "/_jotgate/auth/caddy",
    "/_jotgate/envoy/v1/chat/completions",
    "/_jotgate/none",
    "/_jotgate/auth/haproxy",
    "/_jotgate/auth/ingress-nginx",
    "/mcp/tools",
    "/mcp/tools?x=%00",
    "/v1/messages",
    "/model/a%2Fb/converse",
    "/v1beta/models/x:generateContent",
    "/access/v1/evaluation",
    "/access/v1/evaluations",
    "/access/v1/search/subject",
    "/admin/v1/decisions?limit=-1&after=%ff&since=x",
    "/admin/v1/decisions/d_x",
    "/admin/v1/users/%00",
    "/admin/v1/deny",
    "/compat/litellm/user/new",
    "/openapi.json",
    "/docs",
    "/livez",
    "/.well-known/oauth-protected-resource/v1",
    "/decide",
    "/decide/batch",
    "/admin/v1/users",
    "/admin/v1/directory",
    "/readyz",
    "/metrics",
    "/",
    "//evil",
    "*",
    `/${"x".repeat(draw.below(70_000))}`
  ])
  const body = draw.chance(0.6) ? bodies(draw) : undefined
  const lines = [
    `${draw.of(["GET", "POST", "POST", "POST", "PUT", "OPTIONS", "TRACE", "CONNECT", "DELETE", "PATCH"])} ${
      draw.chance(0.05) ? `http://${draw.of(["a", "u:p@a", "[::1", "a:99999"])}${path}` : path
    }${
      draw.chance(0.9)
        ? ` HTTP/1.${draw.chance(0.9) ? 1 : 0}`
        : draw.of([" HTTP/2.0", " HTTP/0.9", "", " RTSP/1.0", " ICE/1.0", " HTTP/1.1 x", " http/1.1", "\tHTTP/1.1"])
    }`
  ]
  const add = (share: number, line: string) => {
    if (draw.chance(share)) lines.push(line)
  }
  add(0.9, `Host: ${draw.of(["gate.test", "127.0.0.1", "a b", ""])}`)
  add(0.6, `Authorization: Bearer ${draw.of(tokens)}`)
  add(0.1, `X-Api-Key: ${draw.of(tokens)}`)
  add(0.5, "X-Forwarded-Method: POST")
  add(0.5, `X-Forwarded-Uri: /v1/chat/completions`)
  add(0.3, "X-Original-URI: /v1/files")
  add(0.2, "Connection: Upgrade")
  add(0.2, `Upgrade: ${draw.of(["websocket", "h2c", "foo"])}`)
  add(0.1, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
  add(0.1, "Connection: close")
  add(0.05, `X-Long: ${"x".repeat(draw.below(80_000))}`)
  add(0.05, "Expect: 100-continue")
  add(0.03, "Host: other.test")
  add(0.03, "Content-Length: 5")
  add(0.03, " folded: yes")
  add(0.03, `X-Original-URL: ${draw.of(["http://a", "::", "http://a/%zz", "/v1/files", "//"])}`)
  add(0.03, `X-Original-Method: ${draw.of(["", "GET\tPOST", "\u0000", "x".repeat(300)])}`)
  add(0.05, `X-Team-Id: ${draw.of(["red", "../../etc", "x".repeat(5_000), "\u00ff", ""])}`)
  add(0.05, `Mcp-Session-Id: ${draw.of(["a", "x".repeat(3_000), "\u00ff", ""])}`)
  add(0.05, `Mcp-Protocol-Version: ${draw.of(["2026-07-28", "2025-06-18", "1999", "x".repeat(300)])}`)
  add(0.05, `Mcp-Name: ${draw.of(["=?base64?!!?=", "x", "%ff", "x".repeat(3_000)])}`)
  add(0.05, `Accept: ${draw.of(["text/event-stream", "*/*;q=x", "x".repeat(2_000)])}`)
  add(0.03, `Range: bytes=${draw.of(["0-", "-1", "9-1"])}`)
  add(0.03, "Transfer-Encoding: gzip, chunked")
  add(0.03, "Trailer: authorization")
  add(0.02, "Expect: something")
  if (body === undefined) return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`)
  lines.push(`Content-Type: ${
    draw.of([
      "application/json",
      "application/json",
      "multipart/form-data; boundary=B",
      "application/x-www-form-urlencoded",
      "text/plain",
      "application/octet-stream"
    ])
  }`)
  add(0.3, `Content-Encoding: ${draw.of(["gzip", "gzip", "deflate", "br", "zz"])}`)
  if (draw.chance(0.3)) {
    lines.push("Transfer-Encoding: chunked")
    const size = draw.chance(0.8) ? body.length.toString(16) : draw.of(["zz", "-1", "ffffffffffffffff", "5;x=y"])
    return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n${size}\r\n`), body, Buffer.from("\r\n0\r\n\r\n")])
  }
  lines.push(`Content-Length: ${draw.chance(0.9) ? body.length : draw.of([body.length + 50, 99_999_999_999, -1])}`)
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), body])
}

const websocket = (draw: Drawing, tokens: ReadonlyArray<string>): Buffer => {
  const head = [
    `GET ${draw.of(["/v1/realtime?model=gpt-4o", "/v1/responses"])} HTTP/1.1`,
    "Host: gate.test",
    `Authorization: Bearer ${draw.of(tokens)}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
  ]
  const payload = Buffer.from(draw.of([`{"type":"response.create","model":"gpt-4o"}`, `{"model":"o1"}`, "x"]))
  const frame = Buffer.concat([
    Buffer.of(draw.of([0x81, 0x01, 0x82, 0x88, 0x89, 0xc1, 0x80]), 0x80 | payload.length, 0, 0, 0, 0),
    payload
  ])
  const frames = Array.from({ length: draw.below(6) }, () => draw.chance(0.8) ? frame : bytes(draw, 40))
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), ...frames])
}

/** One frame of HTTP/2. */
const http2 = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const literal = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.of(0, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)])

/** Messages within messages. */
const deepMessage = (levels: number): Buffer => {
  let message = Buffer.alloc(0)
  for (let i = 0; i < levels && message.length < 16_000; i++) {
    const size = message.length
    const length = size < 128 ? [size] : [(size & 0x7f) | 0x80, size >> 7]
    message = Buffer.concat([Buffer.of(0x0a, ...length), message])
  }
  return message
}

/** Calls of the gRPC door: good heads, and messages that are none. */
const grpcCalls = (draw: Drawing): Buffer => {
  const calls = Array.from({ length: 1 + draw.below(3) }, (_, at) => {
    const message = draw.of([bytes(draw, 400), deepMessage(draw.below(4_000)), Buffer.alloc(0)])
    const head = Buffer.alloc(5)
    head.writeUInt8(draw.chance(0.9) ? 0 : 1)
    head.writeUInt32BE(draw.chance(0.8) ? message.length : draw.of([0xffff_ffff, message.length + 9, 0]), 1)
    const fields = Buffer.concat([
      literal(":method", "POST"),
      literal(":scheme", "http"),
      literal(
        ":path",
        draw.of(["/envoy.service.auth.v3.Authorization/Check", "/grpc.health.v1.Health/Watch", "/x", "/"])
      ),
      literal("content-type", draw.of(["application/grpc", "application/grpc", "text/plain"])),
      literal("te", "trailers")
    ])
    const stream = 2 * at + 1
    return Buffer.concat([
      http2(1, 4, stream, fields),
      http2(draw.chance(0.9) ? 0 : draw.below(12), draw.chance(0.8) ? 1 : 0, stream, Buffer.concat([head, message]))
    ])
  })
  return Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), http2(4, 0, 0, Buffer.alloc(0)), ...calls])
}

/** Changes, takes or adds some bytes. */
const mutated = (draw: Drawing, text: Buffer): Buffer => {
  const copy = Buffer.from(text)
  for (let left = draw.below(4); left >= 0; left--) {
    if (copy.length > 0) copy.writeUInt8(draw.below(256), draw.below(Math.min(copy.length, 400)))
  }
  return draw.chance(0.3) ? copy.subarray(0, draw.below(copy.length + 1)) : copy
}

const drawn = (draw: Drawing, tokens: ReadonlyArray<string>): Buffer => {
  const kind = draw.below(10)
  if (kind === 0) return bytes(draw, 3_000)
  if (kind === 1) return websocket(draw, tokens)
  const many = Array.from({ length: kind < 6 ? 1 : 1 + draw.below(4) }, () => request(draw, tokens))
  const whole = Buffer.concat(many)
  return kind === 2 || kind === 9 ? mutated(draw, whole) : whole
}

/** One connection, to its end; the answer as text. */
const connection = async (draw: Drawing, port: number, sent: Buffer): Promise<string> => {
  const socket = connect(port, "127.0.0.1")
  let answer = ""
  const over = new Promise<void>((done) => socket.once("close", () => done()))
  socket.on("error", () => {})
  socket.on("data", (chunk) => {
    if (answer.length < 65_536) answer += chunk.toString("latin1")
  })
  const step = draw.chance(0.7) ? sent.length : 1 + draw.below(2_000)
  const ending = draw.of(["reset", "reset", "destroy", "end", "wait", "wait"])
  const wait = ending === "wait" ? 60 : draw.below(15)
  for (let at = 0, pieces = 0; at < sent.length && !socket.destroyed && pieces < 40; at += step, pieces++) {
    socket.write(sent.subarray(at, at + step))
    if (step < sent.length) await sleep(0)
    if (draw.chance(0.02)) break
  }
  await Promise.race([over, sleep(wait)])
  if (ending === "reset") socket.resetAndDestroy()
  else if (ending === "end") {
    socket.end()
    await Promise.race([over, sleep(30)])
    socket.destroy()
  } else socket.destroy()
  return answer
}

/** What was done, and what should not have come back. */
export interface Told {
  readonly connections: number
  readonly answers: number
  /** Beginnings of answers with the status 500. */
  readonly wrong: ReadonlyArray<string>
}

/** Makes such connections for `millis`, sixteen at once. */
export const run = async (options: {
  readonly ports: ReadonlyArray<number>
  /** Where calls over HTTP/2 are taken. */
  readonly grpc: number
  readonly tokens: ReadonlyArray<string>
  readonly seed: number
  readonly millis: number
  /** How long each of them waits before the next, in milliseconds: none unless said. */
  readonly pause?: number
}): Promise<Told> => {
  const draw = drawing(options.seed)
  const end = performance.now() + options.millis
  const wrong: Array<string> = []
  let connections = 0
  let answers = 0
  const worker = async () => {
    while (performance.now() < end) {
      const isGrpc = draw.chance(0.15)
      const calls = isGrpc && draw.chance(0.8) ? grpcCalls(draw) : undefined
      const sent = calls === undefined
        ? drawn(draw, options.tokens)
        : draw.chance(0.5)
        ? calls
        : mutated(draw, calls)
      if (options.pause !== undefined) await sleep(options.pause)
      const answer = await connection(draw, isGrpc ? options.grpc : draw.of(options.ports), sent)
      connections++
      for (const [line] of answer.matchAll(/^HTTP\/1\.[01] \d{3}.*/gm)) {
        answers++
        if (/ 500/.test(line)) wrong.push(`${line.trim()} to ${JSON.stringify(sent.toString("latin1").slice(0, 300))}`)
      }
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
  return { connections, answers, wrong }
}
