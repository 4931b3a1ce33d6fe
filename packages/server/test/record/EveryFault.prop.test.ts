import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { connect } from "node:net"
import type { AnswerRecord } from "../../src/record/AnswerRecord.ts"
import * as Raw from "../support/Raw.ts"
import { type Answering, echo } from "../support/Upstream.ts"
import * as World from "../support/World.ts"

/** What each door is asked with; those of forward auth that are sent bodies, and one that is not. */
const heads = {
  proxy: ["POST /v1/chat/completions HTTP/1.1"],
  envoy: ["POST /_jotgate/envoy/v1/chat/completions HTTP/1.1"],
  traefik: [
    "POST /_jotgate/auth/traefik HTTP/1.1",
    "X-Forwarded-Method: POST",
    "X-Forwarded-Uri: /v1/chat/completions"
  ],
  nginx: ["POST /_jotgate/auth/nginx HTTP/1.1", "X-Original-Method: POST", "X-Original-URI: /v1/chat/completions"],
  untold: ["POST /_jotgate/auth/caddy HTTP/1.1"],
  ours: ["POST /_jotgate/nothing HTTP/1.1"],
  mcp: ["POST /mcp/github HTTP/1.1"]
} as const

const doors = ["proxy", "envoy", "traefik", "nginx", "untold", "ours", "mcp"] as const

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const chat = `{"model":"gpt-4o"}`
const chunked = ["Content-Type: application/json", "Transfer-Encoding: chunked"]
const long = ["Content-Type: application/json", "Content-Length: 500000"]

/** How a request goes wrong, behind its head: its lines, and what follows them. */
const faults: Readonly<Record<string, readonly [lines: ReadonlyArray<string>, rest: string]>> = {
  "is no chunk": [chunked, "zz\r\n"],
  "a second chunk is none": [chunked, `${chunk(`{"model":`)}zz\r\n`],
  "a late chunk is none": [chunked, `${chunk(" ".repeat(60_000)).repeat(4)}zz\r\n`],
  "a trailer is none": [chunked, `${chunk(chat)}0\r\nx y\r\n\r\n`],
  "a chunk has a long extension": [chunked, `1;${"x".repeat(20_000)}\r\n`],
  "less than was said": [["Content-Type: application/json", "Content-Length: 500"], `{"model":`],
  "much less than was said": [long, `{"model":`],
  "more than is taken": [["Content-Type: application/json", "Content-Length: 5000000"], `{"model":`],
  "is no encoding": [["Content-Type: application/json", "Content-Encoding: gzip", "Content-Length: 4"], "abcd"],
  "an unknown encoding": [["Content-Encoding: rot13", ...chunked], `${chunk(chat)}zz\r\n`],
  "a type of two meanings, and no chunk": [[
    "Content-Type: multipart/form-data; boundary=a; boundary=b",
    "Transfer-Encoding: chunked"
  ], "5\r\nabcdezz"],
  "two models, and no chunk": [chunked, `${chunk(`{"model":"gpt-4o","model":"o1"}`)}zz\r\n`],
  "waits to be told to go on": [["Expect: 100-continue", ...chunked], "zz\r\n"],
  "expects a miracle": [["Expect: a-miracle", ...chunked], "zz\r\n"],
  "wants to switch": [["Connection: Upgrade", "Upgrade: h2c", ...chunked], "zz\r\n"],
  "two lengths": [["Content-Length: 2", "Content-Length: 3"], "{}"],
  "two framings": [["Content-Length: 2", "Transfer-Encoding: chunked"], "{}"],
  "no header": [["no header"], ""],
  "a head without an end": [[`X-Long: ${"y".repeat(9000)}`], ""]
}

/** Whoever says no more is waited for: these say that they are at their end. Node does not tell what is wrong with the last. */
const waits = /^(?:less|much less|a head without|wants to switch)/

/** Requests that never have a body of their own, and several on one connection; how many, and their bytes. */
const bare: Readonly<Record<string, readonly [most: number, text: (bearer: string) => string]>> = {
  "one that is good before one that breaks": [2, (bearer) =>
    Raw.request("GET /v1/files HTTP/1.1", [bearer]) +
    Raw.request("POST /v1/chat/completions HTTP/1.1", [bearer, ...chunked], "zz\r\n")],
  "one that is good before an upgrade": [2, (bearer) =>
    Raw.request("GET /v1/files HTTP/1.1", [bearer]) +
    Raw.request("GET /v1/realtime HTTP/1.1", [bearer, "Connection: Upgrade", "Upgrade: websocket"])],
  "one that is good before what is no request": [
    2,
    (bearer) => `${Raw.request("GET /v1/files HTTP/1.1", [bearer])}zz\r\n\r\n`
  ],
  "an upgrade with a body": [1, (bearer) =>
    Raw.request("GET /v1/realtime HTTP/1.1", [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Content-Length: 5",
      bearer
    ], "12345zz")],
  "an upgrade with half a body": [1, (bearer) =>
    Raw.request("GET /v1/realtime HTTP/1.1", [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Transfer-Encoding: chunked",
      bearer
    ], "zz\r\n")],
  "an upgrade that is refused": [
    1,
    (bearer) => Raw.request("GET /v1/nothing HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket", bearer], "zz")
  ],
  "an upgrade at a door": [1, (bearer) =>
    Raw.request("GET /_jotgate/auth/caddy HTTP/1.1", [
      "X-Forwarded-Method: GET",
      "X-Forwarded-Uri: /v1/realtime",
      "Connection: Upgrade",
      "Upgrade: websocket",
      bearer
    ], "zz")],
  "an upgrade with half a body at a door": [1, (bearer) =>
    Raw.request("GET /_jotgate/auth/caddy HTTP/1.1", [
      "X-Forwarded-Method: GET",
      "X-Forwarded-Uri: /v1/realtime",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Transfer-Encoding: chunked",
      bearer
    ], "zz\r\n")],
  "a tunnel": [1, () => "CONNECT idp.test:443 HTTP/1.1\r\nHost: gate.test\r\n\r\nzz"],
  "no request": [1, () => "zz\r\n\r\n"],
  "a trace": [1, (bearer) => Raw.request("TRACE / HTTP/1.1", [bearer])]
}

/** How an upstream fails whoever waits for it. */
const upstreams: Readonly<Record<string, Answering>> = {
  "goes without a byte": (request) => void request.socket.destroy(),
  "says what is no answer": (request) => void request.socket.end("zz\r\n\r\n"),
  "goes in the middle of its head": (request) => void request.socket.end("HTTP/1.1 200 OK\r\nContent-"),
  "goes behind its head": (request) => void request.socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
  "goes in the middle": (request) => void request.socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
  "breaks its chunks": (request) =>
    void request.socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n"),
  "goes in the middle of a stream": (request) =>
    void request.socket.end(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n: 1\n\r\n"
    ),
  "says what is no list": (_, response) => void response.end("zz"),
  "says that it cannot": (_, response) => void response.writeHead(500).end("zz"),
  "is well": echo
}

class Setting extends Context.Service<Setting, {
  readonly world: World.World
  readonly bearers: Readonly<Record<string, ReadonlyArray<string>>>
  /** Every record, as it was written. */
  readonly told: Array<AnswerRecord>
}>()("test/EveryFault") {
  static readonly layer = Layer.effect(
    Setting,
    Effect.gen(function*() {
      const world = yield* World.make({
        doors: {
          trustedProxies: ["127.0.0.1"],
          websocket: ["/v1/realtime"],
          limits: { ...World.defaultLimits, body: 1_000_000, headers: 8192 }
        },
        policy: {
          mcp: [{ server: "github", path: "/mcp/github" }],
          teamRoutes: ["llm_api_routes", "info_routes", "/mcp/*"]
        }
      })
      const told: Array<AnswerRecord> = []
      yield* Effect.acquireRelease(
        Effect.sync(() => world.log.follow((it) => void told.push(it))),
        (stop) => Effect.sync(stop)
      )
      return {
        world,
        told,
        bearers: {
          none: [],
          bad: ["Authorization: Bearer a.b.c"],
          red: [`Authorization: Bearer ${yield* world.token("alice", { groups: ["red"] })}`],
          stranger: [`Authorization: Bearer ${yield* world.token("nobody")}`]
        }
      }
    })
  )
}

/** Sends a text, then nothing more or an end of the connection, and gives all that came back until `isTold` and answered. */
const sent = (port: number, text: string, end: "nothing" | "fin" | "reset", isTold: () => boolean) =>
  Effect.callback<{ readonly answer: string; readonly isWhole: boolean }>((resume) => {
    let answer = ""
    let isWhole = end !== "reset"
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(text, () => {
        if (end === "fin") socket.end()
        else if (end === "reset") setImmediate(() => socket.resetAndDestroy())
      })
    })
    const look = setInterval(() => {
      if (isTold() && Raw.isWhole(answer)) socket.destroy()
    }, 2)
    socket.on("data", (bytes) => void (answer += bytes.toString("latin1")))
    socket.on("close", () => {
      clearInterval(look)
      resume(Effect.succeed({ answer, isWhole }))
    })
    socket.on("error", () => void (isWhole = false))
    return Effect.sync(() => socket.destroy())
  })

/** What each answer tells its caller. */
const answersIn = (text: string) =>
  text.split(/(?=^HTTP\/1\.[01] \d{3} )/m).filter((it) => it !== "" && !it.startsWith("HTTP/1.1 1")).map((it) => ({
    status: Raw.statuses(it)[0] ?? 0,
    id: Raw.header(it, "x-jotgate-decision") ?? /"decision":"(d_\w+)"/.exec(it)?.[1],
    code: /"code":"(\w+)"/.exec(it)?.[1] ?? null
  }))

const until = (condition: () => boolean) =>
  Effect.promise(async () => {
    const end = performance.now() + 15_000
    while (!condition() && performance.now() < end) await new Promise((done) => setTimeout(done, 2))
  })

/** Holds that what was answered and what was recorded are the same; a reset may have taken an answer away. */
const agree = (
  given: string,
  { answer, isWhole }: { readonly answer: string; readonly isWhole: boolean },
  records: ReadonlyArray<AnswerRecord>,
  asked: number
) => {
  const answers = answersIn(answer)
  const seen = `${given}\n${JSON.stringify({ answers, records })}`
  assert.isAtMost(answers.length, asked, seen)
  assert.strictEqual(records.length, asked, seen)
  const left = [...records]
  for (const { code, id, status } of answers) {
    const at = left.findIndex((it) => id === undefined ? it.status === status : it.decision === id)
    const record = left.splice(at, at === -1 ? 0 : 1)[0]
    assert.isDefined(record, seen)
    assert.strictEqual(record?.status, status, seen)
    if (id !== undefined) assert.strictEqual(record?.code, code, seen)
  }
  if (isWhole) { for (const it of left) assert.isTrue(it.aborted, seen) }
}

layer(Setting.layer, { excludeTestServices: true })("a request that goes wrong", (it) => {
  it.effect.prop(
    "has one record at any door, which is what its caller was told, or says that nobody was",
    {
      door: Schema.Literals(doors),
      fault: Schema.Literals(Object.keys(faults)),
      token: Schema.Literals(["none", "bad", "red", "stranger"]),
      end: Schema.Literals(["nothing", "fin", "reset"])
    },
    ({ door, end, fault, token }) =>
      Effect.gen(function*() {
        const { bearers, told, world } = yield* Setting
        const [lines = [], rest = ""] = faults[fault] ?? []
        const [line, ...more] = heads[door]
        told.length = 0
        const text = Raw.request(line, [...more, ...(bearers[token] ?? []), ...lines], rest)
        const ends = end === "nothing" && waits.test(fault) ? "fin" : end
        const answer = yield* sent(world.port, text, ends, () => told.length > 0)
        yield* until(() => told.length > 0 && world.state.inFlight === 0)
        agree(`${door}: ${fault}, ${token}, ${ends}`, answer, told, 1)
      }),
    { arbitrary: { runs: 50 }, timeout: 240_000 }
  )

  for (const [given, [most, text]] of Object.entries(bare)) {
    it.effect(`${given}: as many records as were told, and one for whoever was not`, () =>
      Effect.gen(function*() {
        const { bearers: { red = [] }, told, world } = yield* Setting
        told.length = 0
        const answer = yield* sent(world.port, text(red[0] ?? ""), "nothing", () => most === 1 && told.length > 0)
        yield* until(() => told.length > 0 && world.state.inFlight === 0)
        assert.isAtMost(told.length, most)
        agree(given, answer, told, told.length)
      }))
  }

  it.effect.prop(
    "that the upstream does not answer well has one record: what the caller saw of it",
    {
      what: Schema.Literals(Object.keys(upstreams)),
      ask: Schema.Literals(["GET /v1/files", "POST /v1/chat/completions", "GET /v1/models", "POST /mcp/github"]),
      end: Schema.Literals(["nothing", "fin"])
    },
    ({ ask, end, what }) =>
      Effect.gen(function*() {
        const { bearers: { red = [] }, told, world } = yield* Setting
        told.length = 0
        world.upstream.answer = upstreams[what] ?? echo
        const isMcp = ask.includes("/mcp")
        const body = isMcp ? `{"jsonrpc":"2.0","id":1,"method":"tools/list"}` : ask.startsWith("POST") ? chat : ""
        const lines = body === "" ? [] : ["Content-Type: application/json", `Content-Length: ${body.length}`]
        const text = Raw.request(`${ask} HTTP/1.1`, ["Connection: close", ...red, ...lines], body)
        const answer = yield* sent(world.port, text, end, () => told.length > 0)
        yield* until(() => told.length > 0 && world.state.inFlight === 0)
        agree(`${ask}: ${what}, ${end}`, answer, told, 1)
        world.upstream.answer = echo
      }),
    { arbitrary: { runs: 20 }, timeout: 240_000 }
  )
})
