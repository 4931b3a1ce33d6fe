import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { connect } from "node:net"
import * as ServerWorld from "../support/ServerWorld.ts"

/** Sends `text` as it is, says no more, and gives what came back until the connection ended. */
const sent = (gate: string, text: string) =>
  Effect.promise(() => {
    const { hostname, port } = new URL(gate)
    return new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname)
      let answer = ""
      socket.on("data", (chunk) => void (answer += chunk.toString()))
      socket.on("error", () => {})
      socket.on("close", () => resolve(answer))
      socket.end(text)
    })
  })

it.live(
  "a request whose body breaks off, or expects what nobody knows, has one record: what its caller was told",
  () =>
    Effect.gen(function*() {
      const { admin, gate, token } = yield* ServerWorld.make()
      const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: gate.test\r\nAuthorization: Bearer ${yield* token(
        "alice",
        {
          groups: ["red"]
        }
      )}\r\nContent-Type: application/json\r\n`
      for (
        const rest of [
          "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
          `Content-Length: 500\r\n\r\n{"model":`,
          `Expect: a-miracle\r\nConnection: close\r\nContent-Length: 14\r\n\r\n{"model":"o9"}`
        ]
      ) {
        const list = Effect.promise(() => fetch(`${admin}/admin/v1/decisions?limit=1000`).then((it) => it.json()))
        const before = (yield* list).items.length
        const answer = yield* sent(gate, head + rest)
        const after = (yield* list).items
        const made = after.slice(0, after.length - before)
        assert.strictEqual(made.length, 1, `${rest}\n${JSON.stringify(made)}`)
        const id = /^x-jotgate-decision: (\S+)/im.exec(answer)?.[1]
        const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
        assert.deepStrictEqual([made[0].decision, made[0].status], [id, status], rest)
        assert.strictEqual(made[0].route, "/v1/chat/completions")
      }
    })
)
