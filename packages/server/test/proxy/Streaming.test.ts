import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { request as httpRequest } from "node:http"
import { connect } from "node:net"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

const body = `{"model":"gpt-4o"}`

const alice = Effect.fnUntraced(function*(options: World.WorldOptions = {}) {
  const world = yield* World.make(options)
  return { world, token: yield* world.token("alice", { groups: ["red"] }) }
})

const post = (world: World.World, token: string, init: RequestInit = {}) =>
  fetch(`${world.url}/v1/chat/completions`, {
    method: "POST",
    body,
    ...init,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...init.headers }
  })

const sleep = (millis: number) => new Promise((done) => setTimeout(done, millis))

const until = async (condition: () => boolean | Promise<boolean>, millis = 2_000) => {
  const end = performance.now() + millis
  while (!(await condition())) {
    if (performance.now() > end) throw new Error("it did not happen in time")
    await sleep(5)
  }
}

describe("Relay", () => {
  it.live("a stream arrives piece by piece", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      let next: (() => void) | undefined
      world.upstream.answer = (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write("data: 1\n\n")
        next = () => response.end("data: [DONE]\n\n")
      }
      yield* Effect.promise(async () => {
        const response = await post(world, token)
        const reader = response.body?.getReader()
        const first = await reader?.read()
        assert.strictEqual(Buffer.from(first?.value ?? []).toString(), "data: 1\n\n")
        next?.()
        const second = await reader?.read()
        assert.strictEqual(Buffer.from(second?.value ?? []).toString(), "data: [DONE]\n\n")
        assert.isTrue((await reader?.read())?.done)
      })
    }))

  it.live("the head of an event stream does not wait for its first event", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      world.upstream.answer = (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.flushHeaders()
      }
      yield* Effect.promise(async () => {
        const controller = new AbortController()
        const response = await post(world, token, { signal: controller.signal })
        assert.strictEqual(response.status, 200)
        controller.abort()
      })
    }))

  it.live("a caller that hangs up aborts the upstream", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      world.upstream.answer = (_, response) => void response.write("data: 1\n\n")
      yield* Effect.promise(async () => {
        const controller = new AbortController()
        const response = await post(world, token, { signal: controller.signal })
        await response.body?.getReader().read()
        controller.abort()
        await until(() => world.upstream.hungUp.count === 1)
        await until(() => world.state.inFlight === 0)
      })
    }))

  it.live("a caller that hangs up before the answer aborts the upstream", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      world.upstream.answer = () => {}
      yield* Effect.promise(async () => {
        const controller = new AbortController()
        const pending = post(world, token, { signal: controller.signal }).catch(() => "aborted")
        await until(() => world.upstream.requests.length === 1)
        controller.abort()
        assert.strictEqual(await pending, "aborted")
        await until(() => world.upstream.hungUp.count === 1)
        await until(() => world.state.inFlight === 0)
      })
    }))

  it.live("an upstream that resets in mid-stream is a broken answer, and the gate goes on", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      world.upstream.answer = (request, response) => {
        response.write("data: 1\n\n")
        setTimeout(() => request.socket.resetAndDestroy(), 20)
      }
      yield* Effect.promise(async () => {
        const response = await post(world, token)
        const outcome = await response.text().catch(() => "broken")
        assert.strictEqual(outcome, "broken")
        world.upstream.answer = (_, next) => void next.end("{}")
        assert.strictEqual((await post(world, token)).status, 200)
        await until(() => world.state.inFlight === 0)
      })
    }))

  it.live("an upstream that ends a chunked answer too early is a broken answer", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      world.upstream.answer = (request) => {
        request.socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
      }
      const outcome = yield* Effect.promise(() => post(world, token).then((it) => it.text()).catch(() => "broken"))
      assert.strictEqual(outcome, "broken")
    }))

  const broken: ReadonlyArray<readonly [string, number, string, (world: World.World) => void]> = [
    ["resets before its answer", 502, "upstream_unreachable", (world) => {
      world.upstream.answer = (request) => void request.socket.resetAndDestroy()
    }],
    ["answers no HTTP", 502, "upstream_unreachable", (world) => {
      world.upstream.answer = (request) => void request.socket.end("hello\r\n\r\n")
    }],
    ["is silent for too long", 504, "upstream_timeout", (world) => {
      world.upstream.answer = () => {}
    }]
  ]
  for (const [title, status, code, arrange] of broken) {
    it.live(`an upstream that ${title} is ${status} ${code}`, () =>
      Effect.gen(function*() {
        const { token, world } = yield* alice({ timeouts: { connect: 500, headers: 300, idle: 300 } })
        arrange(world)
        const answer = yield* Effect.promise(async () => {
          const response = await post(world, token)
          return { status: response.status, text: await response.text() }
        })
        assert.strictEqual(answer.status, status)
        assert.strictEqual(JSON.parse(answer.text).code, code)
        assert.notInclude(answer.text, "127.0.0.1")
      }))
  }

  it.live("a stream that falls silent is kept for `idle`, however long its head may take, and then broken", () =>
    Effect.gen(function*() {
      const kept = yield* alice({ timeouts: { connect: 500, headers: 100, idle: 20_000 } })
      kept.world.upstream.answer = (_, response) => {
        response.write("data: 1\n\n")
        setTimeout(() => response.end("data: 2\n\n"), 500)
      }
      const whole = yield* Effect.promise(() => post(kept.world, kept.token).then((it) => it.text()))
      assert.strictEqual(whole, "data: 1\n\ndata: 2\n\n")
      const cut = yield* alice({ timeouts: { connect: 500, headers: 20_000, idle: 100 } })
      cut.world.upstream.answer = (_, response) => void response.write("data: 1\n\n")
      const outcome = yield* Effect.promise(() =>
        post(cut.world, cut.token).then((it) => it.text()).catch(() => "broken")
      )
      assert.strictEqual(outcome, "broken")
      yield* Effect.promise(() => until(() => cut.world.state.inFlight === 0))
    }))

  it.live("an upstream that nobody listens at is 502", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice({ doors: { upstream: { url: "http://127.0.0.1:1" } } })
      const response = yield* Effect.promise(() => post(world, token))
      assert.strictEqual(response.status, 502)
    }))

  it.live("an answer that nobody reads holds the upstream back", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      const total = 200 * 1024 * 1024
      let sent = 0
      world.upstream.answer = (_, response) => {
        response.writeHead(200, { "content-length": total })
        const chunk = Buffer.alloc(64 * 1024)
        const push = () => {
          while (sent < total) {
            sent += chunk.length
            if (!response.write(chunk)) return void response.once("drain", push)
          }
        }
        push()
      }
      yield* Effect.promise(async () => {
        const socket = connect(world.port, "127.0.0.1")
        socket.pause()
        socket.write(Raw.request("POST /v1/chat/completions HTTP/1.1", [
          `Authorization: Bearer ${token}`,
          "Content-Type: application/json",
          `Content-Length: ${body.length}`
        ], body))
        await until(() => sent > 0)
        const grew = async () => {
          const before = sent
          await sleep(300)
          return sent !== before
        }
        // Until every buffer on the way is full, if ever.
        while (await grew());
        assert.isBelow(sent, 40 * 1024 * 1024)
        socket.destroy()
        await until(() => world.state.inFlight === 0)
      })
    }))

  it.live("trailers arrive, ours do not", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      world.upstream.answer = (_, response) => {
        response.writeHead(200, { trailer: "x-sum, x-jotgate-user" })
        response.write("hello")
        response.addTrailers({ "x-sum": "7", "x-jotgate-user": "root" })
        response.end()
      }
      const trailers = yield* Effect.promise(() =>
        new Promise<NodeJS.Dict<string>>((done, fail) => {
          const request = httpRequest(
            `${world.url}/v1/files`,
            { headers: { authorization: `Bearer ${token}`, te: "trailers" } },
            (response) => response.resume().on("end", () => done(response.trailers))
          )
          request.on("error", fail).end()
        })
      )
      assert.deepStrictEqual({ ...trailers }, { "x-sum": "7" })
      assert.strictEqual(world.upstream.last().headers["te"], "trailers")
    }))

  it.live("HEAD and 204 pass", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      world.upstream.answer = (request, response) => {
        response.writeHead(request.method === "HEAD" ? 200 : 204, { "x-kept": "1" })
        response.end()
      }
      for (const method of ["HEAD", "DELETE"]) {
        const response = yield* Effect.promise(() =>
          fetch(`${world.url}/v1/files/f`, { method, headers: { authorization: `Bearer ${token}` } })
        )
        assert.strictEqual(response.headers.get("x-kept"), "1")
      }
    }))

  it.live("a stream ends at limits.stream", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice({ doors: { limits: { ...World.defaultLimits, stream: 100 } } })
      world.upstream.answer = (_, response) => void response.write("data: 1\n\n")
      const outcome = yield* Effect.promise(() => post(world, token).then((it) => it.text()).catch(() => "broken"))
      assert.strictEqual(outcome, "broken")
      yield* Effect.promise(() => until(() => world.upstream.hungUp.count === 1))
    }))
})

describe("RequestBody", () => {
  for (
    const [encoding, encode] of [["gzip", gzipSync], ["deflate", deflateSync], ["br", brotliCompressSync]] as const
  ) {
    it.live(`RULES D19: a ${encoding} body is judged inflated, and arrives as it was judged`, () =>
      Effect.gen(function*() {
        const { token, world } = yield* alice()
        const allowed = yield* Effect.promise(() =>
          post(world, token, { body: encode(body), headers: { "content-encoding": encoding } })
        )
        assert.strictEqual(allowed.status, 200)
        assert.strictEqual(world.upstream.last().body.toString(), body)
        assert.isUndefined(world.upstream.last().headers["content-encoding"])
        const denied = yield* Effect.promise(() =>
          post(world, token, { body: encode(`{"model":"o1"}`), headers: { "content-encoding": encoding } })
        )
        assert.strictEqual(denied.status, 403)
      }))
  }

  const refused: ReadonlyArray<readonly [string, number, string, RequestInit]> = [
    ["a bomb", 413, "body_too_large", {
      body: gzipSync(Buffer.alloc(5_000_000, 0x20)),
      headers: { "content-encoding": "gzip" }
    }],
    ["a broken gzip body", 400, "body_invalid", {
      body: Buffer.from("hello"),
      headers: { "content-encoding": "gzip" }
    }],
    ["an unknown encoding", 400, "body_invalid", { headers: { "content-encoding": "zstd" } }],
    ["two encodings", 400, "body_invalid", { headers: { "content-encoding": "gzip, gzip" } }],
    ["a body over the limit", 413, "body_too_large", { body: "x".repeat(1_000_001) }],
    ["two models", 400, "request_ambiguous", { body: `{"model":"gpt-4o","model":"o1"}` }],
    ["no JSON", 400, "body_invalid", { body: "model=gpt-4o" }]
  ]
  for (const [title, status, code, init] of refused) {
    it.live(`${title} is ${status} ${code}`, () =>
      Effect.gen(function*() {
        const { token, world } = yield* alice({ doors: { limits: { ...World.defaultLimits, body: 1_000_000 } } })
        const answer = yield* Effect.promise(async () => {
          const response = await post(world, token, init)
          return { status: response.status, text: await response.text() }
        })
        assert.strictEqual(answer.status, status, answer.text)
        assert.strictEqual(JSON.parse(answer.text).code, code)
        assert.strictEqual(world.upstream.requests.length, 0)
      }))
  }

  it.live("a chunked body over the limit is 413", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice({ doors: { limits: { ...World.defaultLimits, body: 1000 } } })
      const answer = yield* Raw.send(
        world.port,
        Raw.request("POST /v1/chat/completions HTTP/1.1", [
          `Authorization: Bearer ${token}`,
          "Transfer-Encoding: chunked"
        ], `7d0\r\n${" ".repeat(2000)}\r\n`)
      )
      assert.deepStrictEqual(Raw.statuses(answer), [413])
    }))

  it.live("a body of 10 MB arrives byte for byte", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      const big = JSON.stringify({ messages: [{ content: "wörds ".repeat(1_500_000) }], model: "gpt-4o" })
      const response = yield* Effect.promise(() => post(world, token, { body: big }))
      yield* Effect.promise(() => response.arrayBuffer())
      assert.strictEqual(response.status, 200)
      assert.isTrue(world.upstream.last().body.equals(Buffer.from(big)))
    }))

  for (const announced of [100, 1_000_000]) {
    it.live(`a bad token is 401 although a body of ${announced} bytes has only begun`, () =>
      Effect.gen(function*() {
        const { token, world } = yield* alice()
        const begun = (it: string) =>
          Raw.request("POST /v1/chat/completions HTTP/1.1", [
            `Authorization: Bearer ${it}`,
            "Content-Type: application/json",
            `Content-Length: ${announced}`
          ], `{"model":`)
        assert.deepStrictEqual(Raw.statuses(yield* Raw.send(world.port, begun("bad"))), [401])
        assert.deepStrictEqual(Raw.statuses(yield* Raw.send(world.port, begun(token), 50, 500)), [])
      }))
  }

  it.live("Expect: 100-continue is answered 100 for a good token, 401 for a bad one", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      const head = (it: string) =>
        Raw.request("POST /v1/chat/completions HTTP/1.1", [
          `Authorization: Bearer ${it}`,
          "Content-Type: application/json",
          "Expect: 100-continue",
          `Content-Length: ${body.length}`
        ])
      assert.deepStrictEqual(Raw.statuses(yield* Raw.send(world.port, head("bad"))), [401])
      assert.deepStrictEqual(Raw.statuses(yield* Raw.send(world.port, head(token))), [100])
      assert.deepStrictEqual(Raw.statuses(yield* Raw.send(world.port, head(token) + body, 1_000)), [100, 200])
      assert.isUndefined(world.upstream.last().headers["expect"])
    }))

  it.live("a caller is told to go on once the answers before are there, and never in the middle of one", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      const held: Array<() => void> = []
      world.upstream.answer = (_, response, { url }) => {
        const answer = () => response.end(`{"of":"${url}"}`.padEnd(20_000))
        if (url === "/v1/files") held.push(answer)
        else {
          answer()
          for (const it of held) setTimeout(it, 30)
        }
      }
      const bearer = `Authorization: Bearer ${token}`
      const post = ["Content-Type: application/json", "Expect: 100-continue", `Content-Length: ${body.length}`]
      const got = yield* Raw.send(
        world.port,
        Raw.request("GET /v1/files HTTP/1.1", [bearer]) +
          Raw.request("POST /v1/chat/completions HTTP/1.1", [bearer, ...post], body)
      )
      assert.deepStrictEqual(
        got.split(/(?<=\r\n\r\n)|\s*(?=HTTP\/1.1 )/).map((it) => it.split("\r\n", 1)[0]?.trim()),
        ["HTTP/1.1 200 OK", `{"of":"/v1/files"}`, "HTTP/1.1 200 OK", `{"of":"/v1/chat/completions"}`]
      )
    }))

  it.live("an answer that breaks off before its turn ends the connection in its place", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      const held: Array<() => void> = []
      world.upstream.answer = (_, response, { url }) => {
        if (url === "/v1/files") return void held.push(() => response.end("first"))
        response.write("second")
        setTimeout(() => response.destroy(), 20)
        for (const it of held) setTimeout(it, 60)
      }
      const bearer = `Authorization: Bearer ${token}`
      const got = yield* Effect.promise(() =>
        new Promise<string>((resolve, reject) => {
          const socket = connect(world.port, "127.0.0.1")
          let text = ""
          const timer = setTimeout(() => reject(new Error(`it goes on: ${text}`)), 5_000)
          socket.on("data", (chunk) => (text += chunk.toString()))
          socket.on("close", () => {
            clearTimeout(timer)
            resolve(text)
          })
          for (const path of ["/v1/files", "/v1/files/broken", "/v1/files"]) {
            socket.write(Raw.request(`GET ${path} HTTP/1.1`, [bearer]))
          }
        })
      )
      assert.deepStrictEqual(Raw.statuses(got), [200], got)
      assert.include(got, "first")
      yield* Effect.promise(() => until(() => world.state.inFlight === 0))
    }))
})

describe("a header of an answer", () => {
  for (
    const [what, path, type, content] of [
      ["a text", "/v1/files", "application/json", "{}"],
      ["a list that is filtered", "/v1/models", "application/json", `{"object":"list","data":[]}`],
      ["a stream", "/v1/files", "text/event-stream", "data: 1\n\n"],
      ["a large one", "/v1/files", "application/json", "x".repeat(100_000)]
    ] as const
  ) {
    it.live(`has the bytes that the upstream sent: ${what}`, () =>
      Effect.gen(function*() {
        const { token, world } = yield* alice()
        world.upstream.answer = (_, response) => {
          response.writeHead(200, ["content-type", type, "x-name", "\u00c3\u00a9\u00ff"])
          response.write("", "latin1")
          setTimeout(() => response.end(content), 20)
        }
        const request = Raw.request(`GET ${path} HTTP/1.1`, [`Authorization: Bearer ${token}`])
        const got = yield* Raw.send(world.port, request)
        assert.strictEqual(Raw.header(got, "x-name"), "\u00c3\u00a9\u00ff")
      }))
  }
})
