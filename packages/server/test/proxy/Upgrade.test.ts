import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { connect } from "node:net"
import { WebSocket, WebSocketServer } from "ws"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

const alice = Effect.fnUntraced(function*(options: World.WorldOptions = {}) {
  const world = yield* World.make(options)
  return { world, token: yield* world.token("alice", { groups: ["red"] }) }
})

const until = async (condition: () => boolean, millis = 2_000) => {
  const end = performance.now() + millis
  while (!condition()) {
    if (performance.now() > end) throw new Error("it did not happen in time")
    await new Promise((done) => setTimeout(done, 5))
  }
}

describe("Upgrade", () => {
  const socketServer = Effect.acquireRelease(
    Effect.callback<{ readonly server: WebSocketServer; readonly port: number }>((resume) => {
      const server = new WebSocketServer({ port: 0, host: "127.0.0.1" }, () => {
        const address = server.address()
        resume(Effect.succeed({ server, port: typeof address === "object" ? address?.port ?? 0 : 0 }))
      })
      server.on("connection", (socket, request) => {
        socket.send(JSON.stringify(request.headers))
        socket.on("message", (data) => socket.send(`echo ${String(data)}`))
      })
    }),
    ({ server }) =>
      Effect.promise(() => {
        for (const it of server.clients) it.terminate()
        return new Promise<void>((done) => server.close(() => done()))
      })
  )

  const dial = (url: string, token: string) =>
    Effect.promise(() =>
      new Promise<{ readonly status: number; readonly messages: Array<string> }>((done) => {
        const messages: Array<string> = []
        const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}`, "x-jotgate-user": "root" } })
        socket.on("message", (data) => {
          messages.push(String(data))
          if (messages.length === 1) socket.send(`{"type":"hello"}`)
          else socket.close()
        })
        socket.on("close", () => done({ status: 101, messages }))
        socket.on("unexpected-response", (_, response) => {
          response.resume()
          done({ status: response.statusCode ?? 0, messages })
        })
        socket.on("error", () => {})
      })
    )

  it.live("a listed route switches to WebSocket, with the caller's identity", () =>
    Effect.gen(function*() {
      const { port } = yield* socketServer
      const { token, world } = yield* alice({
        doors: { websocket: ["/v1/realtime"], upstream: { url: `http://127.0.0.1:${port}` } }
      })
      const url = `ws://127.0.0.1:${world.port}/v1/realtime?model=gpt-4o-realtime`
      const { messages, status } = yield* dial(url, token)
      assert.strictEqual(status, 101)
      const headers = JSON.parse(messages[0] ?? "{}")
      assert.strictEqual(headers["x-jotgate-user"], "alice")
      assert.isUndefined(headers.authorization)
      assert.strictEqual(messages[1], `echo {"type":"hello"}`)
      yield* Effect.promise(() => until(() => world.state.inFlight === 0))
      assert.strictEqual((yield* dial(`ws://127.0.0.1:${world.port}/v1/realtime?model=o1`, token)).status, 403)
      assert.strictEqual((yield* dial(url, "bad")).status, 401)
      assert.strictEqual((yield* dial(`ws://127.0.0.1:${world.port}/v1/other`, token)).status, 404)
    }))

  it.live("a caller that hangs up while the upstream is being reached leaves no connection there", () =>
    Effect.gen(function*() {
      const { port, server } = yield* socketServer
      const { token, world } = yield* alice({
        // A name, because looking it up takes its time.
        doors: { websocket: ["/v1/realtime"], upstream: { url: `http://localhost:${port}` } }
      })
      const asked = Raw.request("GET /v1/realtime?model=gpt-4o-realtime HTTP/1.1", [
        `Authorization: Bearer ${token}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
      ])
      const hangUp = () =>
        new Promise<void>((done) => {
          const socket = connect(world.port, "127.0.0.1", () => {
            socket.write(asked)
            setImmediate(() => socket.resetAndDestroy())
          })
          socket.on("error", () => {}).on("close", () => done())
        })
      yield* Effect.promise(async () => {
        for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 20 }, hangUp))
        await new Promise((done) => setTimeout(done, 200))
        await until(() => server.clients.size === 0 && world.state.inFlight === 0)
      })
      assert.strictEqual(world.telemetry.defects(), 0)
    }))

  it.live("an upstream that does not switch has its answer passed on", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice({ doors: { websocket: ["/v1/realtime"] } })
      world.upstream.answer = (_, response) => {
        response.writeHead(426)
        response.end("no")
      }
      assert.strictEqual((yield* dial(`ws://127.0.0.1:${world.port}/v1/realtime?model=gpt-4o`, token)).status, 426)
    }))

  const h2c = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"]

  it.live("an offer of h2c is not taken up: the request is answered as it is, and the offer goes no further", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice()
      const bearer = `Authorization: Bearer ${token}`
      const body = `{"model":"gpt-4o"}`
      const typed = ["Content-Type: application/json", `Content-Length: ${body.length}`]
      for (
        const [line, headers, text] of [
          ["GET /v1/files HTTP/1.1", [...h2c], ""],
          ["POST /v1/chat/completions HTTP/1.1", [...h2c, ...typed], body],
          ["GET /v1/files HTTP/1.1", ["Connection: Upgrade", "Upgrade: TLS/1.3, h2c"], ""],
          ["POST /v1/files HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket"], ""]
        ] as const
      ) {
        const answer = yield* Raw.send(world.port, Raw.request(line, [bearer, ...headers], text))
        assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
        const { body: sent, headers: seen } = world.upstream.last()
        assert.strictEqual(sent.toString(), text)
        assert.isUndefined(seen["upgrade"])
        assert.isUndefined(seen["http2-settings"])
        assert.notMatch(String(seen["connection"]), /upgrade|http2/i)
      }
      const denied = yield* Raw.send(world.port, Raw.request("GET /key/generate HTTP/1.1", [bearer, ...h2c]))
      assert.deepStrictEqual(Raw.statuses(denied), [403])
    }))
})
