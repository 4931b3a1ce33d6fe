/** What a caller sends over WebSocket is judged message by message, as real clients and servers send it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { WebSocket, WebSocketServer } from "ws"
import * as World from "../support/World.ts"

const upstream = Effect.acquireRelease(
  Effect.callback<{ readonly server: WebSocketServer; readonly port: number; readonly got: Array<string> }>(
    (resume) => {
      const got: Array<string> = []
      const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: true }, () => {
        const address = server.address()
        resume(Effect.succeed({ server, got, port: typeof address === "object" ? address?.port ?? 0 : 0 }))
      })
      server.on("connection", (socket) => {
        socket.on("error", () => {})
        socket.on("message", (data) => {
          got.push(String(data))
          socket.send(`got ${String(data).length}`)
        })
      })
    }
  ),
  ({ server }) =>
    Effect.promise(() => {
      for (const it of server.clients) it.terminate()
      return new Promise<void>((done) => server.close(() => done()))
    })
)

interface Ended {
  readonly code: number
  readonly reason: string
  readonly messages: ReadonlyArray<string>
}

/** Sends messages, each when the one before was answered; ends when the gate does, or all are answered. */
const talk = (url: string, token: string, sent: ReadonlyArray<string>, fragments = false) =>
  Effect.promise(() =>
    new Promise<Ended>((done) => {
      const messages: Array<string> = []
      let next = 0
      const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } })
      const send = () => {
        const text = sent[next++]
        if (text === undefined) return socket.close(1000)
        if (!fragments) return socket.send(text)
        const half = Math.floor(text.length / 2)
        socket.send(text.slice(0, half), { fin: false })
        socket.ping()
        socket.send(text.slice(half), { fin: true })
      }
      socket.on("open", send)
      socket.on("message", (data) => {
        messages.push(String(data))
        if (messages.at(-1)?.startsWith("got") === true) send()
      })
      socket.on("close", (code, reason) => done({ code, reason: String(reason), messages }))
      socket.on("error", () => {})
    })
  )

const setting = Effect.fnUntraced(function*(path = "/v1/responses") {
  const { got, port } = yield* upstream
  const world = yield* World.make({
    doors: {
      websocket: [path],
      upstream: { url: `http://127.0.0.1:${port}` },
      limits: { ...World.defaultLimits, body: 100_000 }
    }
  })
  return {
    world,
    got,
    token: yield* world.token("alice", { groups: ["red"] }),
    url: `ws://127.0.0.1:${world.port}${path}`
  }
})

const create = (model: string | undefined, more: object = {}) =>
  JSON.stringify({ type: "response.create", ...(model === undefined ? {} : { model }), ...more })

describe("messages over WebSocket", () => {
  it.live("with an allowed model, or none, pass as they were sent, whole or in fragments", () =>
    Effect.gen(function*() {
      const { got, token, url, world } = yield* setting("/v1/realtime?model=gpt-4o".split("?")[0])
      const sent = [
        JSON.stringify({ type: "session.update", session: { model: "gpt-4o", pad: "é".repeat(20_000) } }),
        JSON.stringify({ type: "input_audio_buffer.append", audio: "AAAA" })
      ]
      for (const fragments of [false, true]) {
        const ended = yield* talk(`${url}?model=gpt-4o`, token, sent, fragments)
        assert.strictEqual(ended.code, 1000, ended.reason)
      }
      assert.deepStrictEqual(got, [...sent, ...sent])
      assert.strictEqual(world.telemetry.defects(), 0)
    }))

  const denied: ReadonlyArray<readonly [string, string, string]> = [
    ["a model that is not the caller's", create("o1"), "team_model_denied"],
    ["one within the response", create(undefined, { response: { model: "o1" } }), "team_model_denied"],
    ["none where each answer needs one", create(undefined, { input: "hello" }), "model_unnamed"],
    [
      "none, its type spelt with an escape",
      String.raw`{"typ\u0065":"response\u002ecreate","input":""}`,
      "request_ambiguous"
    ],
    ["two of them", `{"type":"response.create","model":"gpt-4o","model":"o1"}`, "request_ambiguous"],
    ["no JSON", "model=o1", "body_invalid"]
  ]
  for (const [title, message, code] of denied) {
    for (const fragments of [false, true]) {
      it.live(`${title}${fragments ? ", in fragments," : ""}: a problem, then 1008; the upstream gets nothing of it`, () =>
        Effect.gen(function*() {
          const { got, token, url, world } = yield* setting()
          const ended = yield* talk(url, token, [create("gpt-4o"), message], fragments)
          assert.strictEqual(ended.code, 1008, JSON.stringify(ended))
          assert.match(ended.reason, new RegExp(`^${code} d_`))
          const problem = JSON.parse(ended.messages.at(-1) ?? "{}")
          assert.strictEqual(problem.code, code)
          assert.deepStrictEqual(got, [create("gpt-4o")])
          // Who sees the reason finds the record.
          yield* Effect.sleep(20)
          assert.strictEqual(world.log.find(problem.decision)?.code, code)
          assert.strictEqual(world.telemetry.defects(), 0)
        }))
    }
  }

  it.live("that name no model pass for a caller who may call everything", () =>
    Effect.gen(function*() {
      const { got, url, world } = yield* setting()
      const token = yield* world.token("root")
      const ended = yield* talk(url, token, [create(undefined)])
      assert.strictEqual(ended.code, 1000, JSON.stringify(ended))
      assert.deepStrictEqual(got, [create(undefined)])
    }))

  it.live("a message that is too large ends with 1009", () =>
    Effect.gen(function*() {
      const { got, token, url } = yield* setting()
      const ended = yield* talk(url, token, [create("gpt-4o", { pad: "x".repeat(200_000) })])
      assert.strictEqual(ended.code, 1009)
      assert.deepStrictEqual(got, [])
    }))

  it.live("on a route that runs no model we know, what names one is judged, and what is no JSON passes", () =>
    Effect.gen(function*() {
      const { got, token, url } = yield* setting("/v1/files")
      assert.strictEqual((yield* talk(url, token, ["hello"])).code, 1000)
      assert.strictEqual((yield* talk(url, token, [JSON.stringify({ session: { model: "o1" } })])).code, 1008)
      assert.deepStrictEqual(got, ["hello"])
    }))
})
