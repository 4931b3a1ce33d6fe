/** What a connection may send, and what it may do while it is answered: it ends alone, and nothing of it stays. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { ServerResponse } from "node:http"
import { connect, type Socket } from "node:net"
import { gzipSync } from "node:zlib"
import * as Raw from "./support/Raw.ts"
import * as World from "./support/World.ts"

const sleep = (millis: number) => new Promise((done) => setTimeout(done, millis))

const until = async (condition: () => boolean, what: string) => {
  const end = performance.now() + 60_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`it did not happen in time: ${what}`)
    await sleep(5)
  }
}

/** Sends a text and resets the connection as soon as `when` says so. */
const reset = async (
  port: number,
  text: string | Uint8Array,
  when: () => boolean | Promise<unknown> = () => sleep(5)
) => {
  const socket: Socket = connect(port, "127.0.0.1")
  socket.on("error", () => {})
  await new Promise((done) => socket.once("connect", done))
  socket.write(text)
  await when()
  socket.resetAndDestroy()
}

const setting = Effect.fnUntraced(function*(options: World.WorldOptions = {}) {
  const world = yield* World.make(options)
  const token = yield* world.token("alice", { groups: ["red"] })
  return { world, bearer: `Authorization: Bearer ${token}` }
})

/** Nothing is left, nobody was surprised, and the next caller is served. */
const isWell = Effect.fnUntraced(
  function*({ bearer, world }: { readonly bearer: string; readonly world: World.World }) {
    yield* Effect.promise(() => until(() => world.state.inFlight === 0 && world.state.held === 0, "nothing stays"))
    assert.strictEqual(world.telemetry.defects(), 0)
    const answer = yield* Raw.send(world.port, Raw.request("GET /v1/files HTTP/1.1", [bearer]))
    assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
  }
)

/** The statuses of answers that follow each other without an end of line. */
const statuses = (answers: string) => [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, it]) => Number(it))

const json = (body: string) => ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`]
const chat = "POST /v1/chat/completions HTTP/1.1"

describe("a socket that Node hands over", () => {
  for (
    const [title, text] of [
      ["CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"],
      ["an upgrade to another protocol", Raw.request("GET /v1/x HTTP/1.1", ["Connection: Upgrade", "Upgrade: foo"])],
      ["an upgrade without a token", Raw.request("GET /v1/x HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket"])],
      [
        "an upgrade at a door",
        Raw.request("GET /_jotgate/auth/caddy HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket"])
      ]
    ] as const
  ) {
    it.live(`may be reset at any moment: ${title}`, () =>
      Effect.gen(function*() {
        const it = yield* setting({ doors: { websocket: ["/v1/x"] } })
        yield* Effect.promise(async () => {
          for (let at = 0; at < 20; at++) await reset(it.world.port, text, () => sleep(at % 4))
        })
        yield* isWell(it)
      }))
  }

  it.live("behind a request that is answered at once is closed, after that answer", () =>
    Effect.gen(function*() {
      const it = yield* setting({ doors: { websocket: ["/v1/x"] } })
      const upgrade = Raw.request("GET /v1/x HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket"])
      const answer = yield* Raw.send(it.world.port, Raw.request(chat, json("{}"), "{}") + upgrade)
      assert.deepStrictEqual(Raw.statuses(answer), [401], answer)
      yield* isWell(it)
    }))

  it.live("behind a request that takes its time is closed, after that answer", () =>
    Effect.gen(function*() {
      const it = yield* setting({ doors: { websocket: ["/v1/x"] } })
      it.world.upstream.answer = (_, response) => void setTimeout(() => response.end("late"), 50)
      const body = `{"model":"gpt-4o"}`
      const upgrade = Raw.request("GET /v1/x HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket"])
      const answer = yield* Raw.send(it.world.port, Raw.request(chat, [it.bearer, ...json(body)], body) + upgrade)
      assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
      yield* isWell(it)
    }))

  it.live("garbage behind a request that takes its time never stands before its answer", () =>
    Effect.gen(function*() {
      const it = yield* setting()
      it.world.upstream.answer = (_, response) => void setTimeout(() => response.end("late"), 50)
      const body = `{"model":"gpt-4o"}`
      const answer = yield* Raw.send(
        it.world.port,
        `${Raw.request(chat, [it.bearer, ...json(body)], body)}\0\0\r\n\r\n`
      )
      assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
      assert.match(answer, /^connection: close\r?$/im)
      yield* isWell(it)
    }))

  for (
    const [title, question, status] of [
      ["that is allowed", ["GET /_jotgate/auth/caddy HTTP/1.1", "X-Forwarded-Uri: /v1/models/gpt-4o"], 200],
      ["that is denied", ["GET /_jotgate/auth/caddy HTTP/1.1", "X-Forwarded-Uri: /v1/models/o1"], 403],
      ["of nobody", ["GET /v1/files HTTP/1.1"], 401]
    ] as const
  ) {
    it.live(`garbage in one packet with a question ${title} never stands before its answer`, () =>
      Effect.gen(function*() {
        const it = yield* setting()
        const [line, ...headers] = question
        const one = Raw.request(line, [
          ...headers,
          ...(status === 401 ? [] : [it.bearer, "X-Forwarded-Method: GET", "X-Forwarded-Host: gate.test"])
        ])
        for (const [many, behind] of [[1, "\0\0\r\n\r\n"], [3, "GARBAGE\r\n\r\n"], [40, "\0"]] as const) {
          const answer = yield* Raw.send(it.world.port, one.repeat(many) + behind)
          const told = statuses(answer)
          assert.deepStrictEqual(told.slice(0, many), Array.from({ length: many }, () => status), answer)
          assert.isTrue(told.slice(many).every((it) => it === 400), answer)
        }
        yield* isWell(it)
      }))
  }

  for (
    const [title, behind] of [
      ["garbage", "GARBAGE\r\n\r\n"],
      [
        "a body that is none",
        Raw.request(chat, ["Content-Type: application/json", "Transfer-Encoding: chunked"], "zz\r\n")
      ],
      ["CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"],
      ["an upgrade", Raw.request("GET /v1/x HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket"])]
    ] as const
  ) {
    it.live(`${title} behind several requests takes the answer of none of them away`, () =>
      Effect.gen(function*() {
        const it = yield* setting({ doors: { websocket: ["/v1/x"] } })
        it.world.upstream.answer = (_, response, { url }) => void setTimeout(() => response.end(url), 30)
        const urls = ["/v1/files?1", "/v1/files?2", "/v1/files?3"]
        const asked = urls.map((url) => Raw.request(`GET ${url} HTTP/1.1`, [it.bearer])).join("")
        const answer = yield* Raw.send(it.world.port, asked + behind)
        assert.deepStrictEqual(answer.match(/\/v1\/files\?\d/g), urls, answer)
        assert.deepStrictEqual(statuses(answer), [200, 200, 200], answer)
        yield* isWell(it)
      }))
  }

  it.live("a request behind one that ends its connection is not decided, and goes nowhere", () =>
    Effect.gen(function*() {
      const it = yield* setting()
      const ambiguous = Raw.request("GET /v1/files HTTP/1.1", [it.bearer, "Host: a", "Host: b"])
      const answer = yield* Raw.send(it.world.port, ambiguous + Raw.request("GET /v1/files HTTP/1.1", [it.bearer]))
      assert.deepStrictEqual(Raw.statuses(answer), [400], answer)
      assert.deepStrictEqual(it.world.log.recent(10).map(({ status }) => status), [400])
      assert.deepStrictEqual(it.world.upstream.requests, [])
      yield* isWell(it)
    }))
})

describe("a connection that ends", () => {
  const zipped = gzipSync(JSON.stringify({ model: "gpt-4o", pad: "x".repeat(200_000) }))

  it.live("gives back what its body held, however far it had come", () =>
    Effect.gen(function*() {
      const it = yield* setting()
      const head = (length: number, more: ReadonlyArray<string> = []) =>
        Raw.request(chat, [it.bearer, "Content-Type: application/json", `Content-Length: ${length}`, ...more])
      const gzip = Buffer.concat([Buffer.from(head(zipped.length + 10, ["Content-Encoding: gzip"])), zipped])
      yield* Effect.promise(async () => {
        for (let at = 0; at < 24; at++) {
          await reset(it.world.port, gzip.subarray(0, gzip.length - at * 20), () => sleep(at % 3))
          await reset(it.world.port, `${head(200_000)}{"model":"${"x".repeat(at * 4_000)}`, () => sleep(at % 3))
        }
      })
      yield* isWell(it)
    }))

  it.live("ends the requests that waited for their turn on it", () =>
    Effect.gen(function*() {
      const it = yield* setting()
      it.world.upstream.answer = () => {}
      const one = Raw.request("GET /v1/files HTTP/1.1", [it.bearer])
      yield* Effect.promise(() =>
        reset(it.world.port, one + one + one, () => until(() => it.world.state.inFlight === 3, "three in flight"))
      )
      it.world.upstream.answer = (_, response) => void response.end("{}")
      yield* isWell(it)
    }))

  it.live("in the middle of an answer takes the upstream's side with it", () =>
    Effect.gen(function*() {
      const it = yield* setting()
      it.world.upstream.answer = (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write("data: 1\n\n")
      }
      const body = `{"model":"gpt-4o"}`
      yield* Effect.promise(async () => {
        for (let at = 0; at < 8; at++) {
          const before = it.world.upstream.requests.length
          await reset(it.world.port, Raw.request(chat, [it.bearer, ...json(body)], body), () =>
            until(() =>
              it.world.upstream.requests.length > before, "the upstream is asked"))
        }
        await until(() =>
          it.world.upstream.hungUp.count === 8, "the upstream was told")
      })
      it.world.upstream.answer = (_, response) => void response.end("{}")
      yield* isWell(it)
    }))
})

describe("a body that no reader expects", () => {
  const odd = "--B--\r\nContent-Disposition: x\r\n\r\ny\r\n--B--\r\n"
  const form = ["Content-Type: multipart/form-data; boundary=B", `Content-Length: ${odd.length}`]

  it.live("is answered by the gate and by a door, and ends nothing", () =>
    Effect.gen(function*() {
      const it = yield* setting()
      const proxied = yield* Raw.send(it.world.port, Raw.request(chat, form, odd))
      assert.include([400, 401, 503], Raw.statuses(proxied)[0], proxied)
      const door = yield* Raw.send(
        it.world.port,
        Raw.request("POST /_jotgate/auth/traefik HTTP/1.1", [
          "X-Forwarded-Method: POST",
          "X-Forwarded-Uri: /v1/chat/completions",
          ...form
        ], odd)
      )
      assert.include([400, 401, 503], Raw.statuses(door)[0], door)
      yield* Effect.promise(() => until(() => it.world.state.inFlight === 0 && it.world.state.held === 0, "it is over"))
      assert.deepStrictEqual(
        Raw.statuses(yield* Raw.send(it.world.port, Raw.request("GET /v1/files HTTP/1.1", [it.bearer]))),
        [200]
      )
    }))

  it.live("that does not come in its time is refused, and the connection ends", () =>
    Effect.gen(function*() {
      const it = yield* setting({ doors: { limits: { ...World.defaultLimits, bodyTimeout: 50 } } })
      const answer = yield* Raw.send(
        it.world.port,
        Raw.request(chat, [it.bearer, "Content-Type: application/json", "Content-Length: 100"], "{"),
        2_000
      )
      assert.deepStrictEqual(Raw.statuses(answer), [400], answer)
      assert.strictEqual(Raw.problem(answer).code, "body_invalid")
      assert.match(answer, /^connection: close\r?$/im)
      yield* isWell(it)
    }))
})

describe("admission by budget", () => {
  it.live("many slow bodies of one good token leave everybody else served", () =>
    Effect.gen(function*() {
      const limits = { ...World.defaultLimits, inFlight: 20, inFlightPerCaller: 5 }
      const it = yield* setting({ doors: { limits } })
      const sockets = Array.from({ length: 30 }, () => {
        const socket = connect(it.world.port, "127.0.0.1")
        socket.on("error", () => {})
        socket.write(Raw.request(chat, [it.bearer, "Content-Type: application/json", "Content-Length: 100"], "{"))
        return socket
      })
      yield* Effect.promise(() => until(() => it.world.state.inFlight === 5, "five bodies are waited for"))
      const bob = yield* it.world.token("bob", { groups: ["blue"] })
      const answer = yield* Raw.send(
        it.world.port,
        Raw.request("GET /v1/files HTTP/1.1", [`Authorization: Bearer ${bob}`])
      )
      assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
      const alice = yield* Raw.send(it.world.port, Raw.request("GET /v1/files HTTP/1.1", [it.bearer]))
      assert.include([200, 503], Raw.statuses(alice)[0], alice)
      for (const socket of sockets) socket.destroy()
      yield* isWell(it)
    }))

  it.live("one upstream that hangs leaves the callers of the other one served", () =>
    Effect.gen(function*() {
      const limits = { ...World.defaultLimits, inFlight: 8, inFlightPerCaller: 8 }
      const it = yield* setting({ doors: { limits } })
      const hung: Array<ServerResponse> = []
      it.world.upstream.answer = (_, response) => void hung.push(response)
      const other = yield* setting()
      const both = yield* setting({
        doors: {
          limits,
          upstreams: [{ match: { path: "/v1/hangs" }, url: it.world.upstream.url }],
          upstream: { url: other.world.upstream.url }
        },
        policy: { teamRoutes: ["/v1/hangs", "/v1/files"] }
      })
      const headers = { authorization: both.bearer.slice("Authorization: ".length) }
      const asked = Array.from({ length: 10 }, async () =>
        (await fetch(`${both.world.url}/v1/hangs`, { headers })).status)
      yield* Effect.promise(() =>
        until(() => hung.length === 6, "the hung one has its part")
      )
      const answer = yield* Raw.send(both.world.port, Raw.request("GET /v1/files HTTP/1.1", [both.bearer]))
      assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
      for (const response of hung) response.end("{}")
      const statuses = yield* Effect.promise(() => Promise.all(asked))
      assert.deepStrictEqual(statuses.toSorted(), [200, 200, 200, 200, 200, 200, 503, 503, 503, 503])
    }))
})
