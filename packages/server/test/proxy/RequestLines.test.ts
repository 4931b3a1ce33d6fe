/** First lines of requests that servers read in their own ways: nothing but HTTP/1.0 and HTTP/1.1 is a request. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Raw from "../support/Raw.ts"
import * as ServerWorld from "../support/ServerWorld.ts"

const path = "/v1/chat/completions"

/** None of these is a request. */
const refused = [
  `POST ${path} HTTP/2.0`,
  `POST ${path} HTTP/0.9`,
  `POST ${path}`,
  `POST ${path} HTTP/1.2`,
  `POST ${path} HTTP/1.10`,
  `POST ${path} HTTP/3.0`,
  `POST ${path} HTTP/01.1`,
  `POST ${path} http/1.1`,
  `post ${path} HTTP/1.1`,
  `POST\t${path}\tHTTP/1.1`,
  `POST ${path} HTTP/1.1 x`,
  `POST ${path} HTTP/1.1\rGET / HTTP/1.1`,
  `SOURCE ${path} ICE/1.0`,
  `DESCRIBE ${path} RTSP/1.0`,
  `SETUP ${path} RTSP/1.0`,
  `NEW ${path} HTTP/1.1`,
  "PRI * HTTP/2.0",
  `POST http://gate.test${path} HTTP/1.1`,
  `POST https://user:password@gate.test${path} HTTP/1.1`,
  "POST gate.test:443 HTTP/1.1",
  "POST v1/models HTTP/1.1",
  "POST ?model=gpt-4o HTTP/1.1",
  "POST * HTTP/1.1",
  "OPTIONS * HTTP/1.1",
  "POST //gate.test/v1/models HTTP/1.1",
  `POST ${path}#a HTTP/1.1`,
  `POST ${path}%zz HTTP/1.1`,
  "POST /v1/\u00e9 HTTP/1.1"
]

const body = `{"model":"gpt-4o"}`
const headers = ["Content-Type: application/json", `Content-Length: ${body.length}`]

describe("the first line of a request", () => {
  it.live("what is none of HTTP/1 is refused and the connection closed, at the gate and at the admin listener", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make({ gateway: { websocket: [path] } })
      const bearer = `Authorization: Bearer ${yield* world.token("root")}`
      const ask = (port: number, line: string, more: ReadonlyArray<string>) =>
        Raw.send(port, Buffer.from(Raw.request(line, [bearer, ...more], more === headers ? body : ""), "latin1"), 60)
      const gate = Number(new URL(world.gate).port)
      const admin = Number(new URL(world.admin).port)
      const upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
      yield* Effect.forEach(refused, (line) =>
        Effect.gen(function*() {
          const [first = "", ...others] = Raw.statuses(yield* ask(gate, line, headers))
          assert.deepStrictEqual([first, ...others.filter((it) => it < 400)], [400], line)
          const atDoor = Raw.statuses(
            yield* ask(gate, line.replace(path, "/_jotgate/auth/nginx"), [
              `X-Original-URI: ${path}`,
              "X-Original-Method: POST"
            ])
          )
          assert.isTrue(atDoor.every((it) => it >= 400 && it < 500), line)
          const upgraded = Raw.statuses(yield* ask(gate, line.replace("POST", "GET"), upgrade))
          assert.isTrue(upgraded.every((it) => it >= 400 && it < 500), line)
          if (line.includes(path)) {
            const decided = Raw.statuses(yield* ask(admin, line.replace(path, "/decide"), headers))
            assert.isTrue(
              decided.every((it) => it === 400 || it === 404 || it === 405),
              `${line} at /decide: ${decided}`
            )
          }
        }), { concurrency: 8, discard: true })
      assert.strictEqual(world.upstream.requests.length, 0)
      // They are refused for their lines alone.
      assert.deepStrictEqual(Raw.statuses(yield* ask(gate, `POST ${path} HTTP/1.1`, headers)), [200])
      assert.deepStrictEqual(Raw.statuses(yield* ask(gate, `POST ${path} HTTP/1.0`, headers)), [200])
      assert.deepStrictEqual(Raw.statuses(yield* ask(admin, "GET /livez HTTP/1.1", [])), [200])
    }))
})
