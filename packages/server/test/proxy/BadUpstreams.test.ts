/** Upstreams that answer in ways that a client need not expect. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createServer, type Socket } from "node:net"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

/** An upstream that answers each request with the next of these texts, in the pieces in which they stand. */
const raw = (answers: ReadonlyArray<ReadonlyArray<string>>) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
      const sockets = new Set<Socket>()
      let next = 0
      const server = createServer((socket) => {
        sockets.add(socket)
        socket.setNoDelay(true)
        socket.on("error", () => {})
        socket.on("data", async () => {
          for (const piece of answers[next++ % answers.length] ?? []) {
            socket.write(piece)
            await new Promise((done) => setTimeout(done, 5))
          }
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" ? address?.port : 0
        resume(Effect.succeed({
          url: `http://127.0.0.1:${port}`,
          close: () => {
            for (const it of sockets) it.destroy()
            server.close()
          }
        }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const ask = Effect.fnUntraced(function*(answers: ReadonlyArray<ReadonlyArray<string>>, times = 1) {
  const { url } = yield* raw(answers)
  const world = yield* World.make({ doors: { upstream: { url } } })
  const token = yield* world.token("alice", { groups: ["red"] })
  const got: Array<string> = []
  for (let at = 0; at < times; at++) {
    got.push(yield* Raw.send(world.port, Raw.request("GET /v1/files HTTP/1.1", [`Authorization: Bearer ${token}`])))
  }
  assert.strictEqual(world.telemetry.defects(), 0)
  return got
})

const good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
const interim = "HTTP/1.1 100 Continue\r\n\r\n"

describe("an upstream", () => {
  for (
    const [title, answer] of [
      ["at once", [interim + good]],
      ["before its answer", [interim, good]],
      ["twice", [interim, interim + good]],
      ["with headers", ["HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\n", good]],
      ["in pieces", ["HTT", "P/1.1 10", "0 Continue\r\n\r", "\n", good]]
    ] as const
  ) {
    it.live(`may send 100 Continue unasked: ${title}, and again on the same connection`, () =>
      Effect.gen(function*() {
        for (const it of yield* ask([answer], 3)) {
          assert.deepStrictEqual(Raw.statuses(it), [200], it)
          assert.isTrue(it.endsWith("\r\n\r\n{}"), it)
        }
      }))
  }

  it.live("may begin the body of an answer with what looks like one", () =>
    Effect.gen(function*() {
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${interim.length}\r\n\r\n`
      const [answer = ""] = yield* ask([[head, interim]])
      assert.isTrue(answer.endsWith(`\r\n\r\n${interim}`), answer)
    }))

  for (
    const [title, answer] of [
      ["a first chunk that is none", ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]],
      ["no HTTP", ["hello\r\n\r\n"]],
      ["a status that is none", ["HTTP/1.1 99999 OK\r\n\r\n"]]
    ] as const
  ) {
    it.live(`that sends ${title} is 502`, () =>
      Effect.gen(function*() {
        const [got = ""] = yield* ask([answer])
        assert.deepStrictEqual(Raw.statuses(got), [502], got)
        assert.strictEqual(Raw.problem(got).code, "upstream_unreachable")
      }))
  }
})
