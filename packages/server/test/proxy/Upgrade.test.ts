import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { WebSocket, WebSocketServer } from "ws"
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
          if (messages.length === 1) socket.send("hello")
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
      assert.strictEqual(messages[1], "echo hello")
      yield* Effect.promise(() => until(() => world.state.inFlight === 0))
      assert.strictEqual((yield* dial(`ws://127.0.0.1:${world.port}/v1/realtime?model=o1`, token)).status, 403)
      assert.strictEqual((yield* dial(url, "bad")).status, 401)
      assert.strictEqual((yield* dial(`ws://127.0.0.1:${world.port}/v1/other`, token)).status, 404)
    }))

  it.live("an upstream that does not switch has its answer passed on", () =>
    Effect.gen(function*() {
      const { token, world } = yield* alice({ doors: { websocket: ["/v1/realtime"] } })
      world.upstream.answer = (_, response) => {
        response.writeHead(426)
        response.end("no")
      }
      assert.strictEqual((yield* dial(`ws://127.0.0.1:${world.port}/v1/realtime`, token)).status, 426)
    }))
})
