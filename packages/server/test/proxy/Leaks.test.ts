/** What is left when something broke: sockets, listeners, requests in flight are counted before and after. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { EventEmitter } from "node:events"
import { type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http"
import { connect, Socket } from "node:net"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

const body = `{"model":"gpt-4o"}`
/** How often, and how many at once. */
const times = 4
const atOnce = 10

const sleep = (millis: number) => new Promise((done) => setTimeout(done, millis))

const until = async (condition: () => boolean | Promise<boolean>, what: () => string) => {
  const end = performance.now() + 30_000
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`it did not happen in time: ${what()}`)
    await sleep(10)
  }
}

const sockets = (): number => process.getActiveResourcesInfo().filter((it) => it === "TCPSocketWrap").length

/** One streamed chat; answers with how it ended. No connection is kept, so that every socket can be counted. */
const chat = (world: World.World, token: string, hangUp?: "at once" | "in mid-stream" | "reset"): Promise<string> =>
  new Promise((done) => {
    const request = httpRequest(`${world.url}/v1/chat/completions`, {
      method: "POST",
      agent: false,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }
    })
    request.on("response", (response) => {
      response.on("data", () => {
        if (hangUp === "in mid-stream") request.destroy()
        if (hangUp === "reset") request.socket?.resetAndDestroy()
      })
      response.on("end", () => done(response.complete ? `${response.statusCode} whole` : "broken"))
      response.on("error", () => done("broken"))
      response.on("close", () => done("broken"))
    })
    request.on("error", () => done("broken"))
    request.end(body)
    const asked = world.upstream.requests.length
    if (hangUp === "at once") {
      until(() => world.upstream.requests.length > asked, () => "the upstream was not asked").then(
        () => request.destroy(),
        done
      )
    }
  })

type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => void

const begin = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.write("data: 1\n\n")
}

const upstreams: Readonly<Record<string, readonly [string, Misbehaviour]>> = {
  "ends well": ["200 whole", (_, response) => void response.end("{}")],
  "resets before its answer": ["502 whole", (request) => void request.socket.resetAndDestroy()],
  "resets in mid-stream": ["broken", (request, response) => {
    begin(response)
    setTimeout(() => request.socket.resetAndDestroy(), 10)
  }],
  "is killed in mid-stream": ["broken", (request, response) => {
    begin(response)
    setTimeout(() => request.socket.destroy(), 10)
  }],
  "hangs before its answer": ["504 whole", () => {}],
  "hangs in mid-stream": ["broken", (_, response) => begin(response)],
  "is slow, but alive": ["200 whole", (_, response) => {
    begin(response)
    for (let at = 1; at <= 4; at++) setTimeout(() => response.write(`data: ${at}\n\n`), at * 250)
    setTimeout(() => response.end(), 1_250)
  }],
  "sends too little": ["broken", (_, response) => {
    response.writeHead(200, { "content-length": 100 })
    response.write("less")
    setTimeout(() => response.destroy(), 10)
  }]
}

const callers = ["at once", "in mid-stream", "reset"] as const

/** Counts what is there, lets it happen many times, and waits until only that is there again. */
const counted = Effect.fnUntraced(function*(
  world: World.World,
  happen: () => Promise<void>
) {
  yield* Effect.promise(async () => {
    // The first one opens what stays open: connections to the upstream.
    await happen()
    await until(() => world.state.inFlight === 0, () => `${world.state.inFlight} in flight`)
    const warnings: Array<Error> = []
    const onWarning = (it: Error) => void warnings.push(it)
    process.on("warning", onWarning)
    const listeners = () => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
    const before = { sockets: sockets(), listeners: listeners() }
    for (let round = 0; round < times; round++) await happen()
    await until(() => world.state.inFlight === 0, () => `${world.state.inFlight} in flight`)
    // At most the kept connection to the upstream, from both ends, has come since.
    await until(() => sockets() <= before.sockets + 2, () => `${sockets()} sockets, ${before.sockets} before`)
    assert.strictEqual(listeners(), before.listeners)
    process.off("warning", onWarning)
    // Node warns when an emitter has more than ten listeners of a kind: one was added for each request.
    assert.deepStrictEqual(warnings, [])
    assert.strictEqual(EventEmitter.defaultMaxListeners, 10)
  })
})

describe("nothing leaks", () => {
  for (const [title, [outcome, misbehave]] of Object.entries(upstreams)) {
    it.live(`when the upstream ${title}, ${times} × ${atOnce} times`, () =>
      Effect.gen(function*() {
        // Who hangs is not waited for; all others have the time of a busy machine. Slow is longer in all than a pause may be.
        const timeouts = {
          connect: 20_000,
          headers: title === "hangs before its answer" ? 150 : 20_000,
          idle: title === "hangs in mid-stream" ? 150 : 1_000
        }
        const world = yield* World.make({ timeouts })
        const token = yield* world.token("alice", { groups: ["red"] })
        world.upstream.answer = misbehave
        yield* counted(world, async () => {
          const ends = await Promise.all(Array.from({ length: atOnce }, () => chat(world, token)))
          assert.deepStrictEqual(ends, Array.from({ length: atOnce }, () => outcome))
        })
        world.upstream.answer = (_, response) => void response.end("{}")
        assert.strictEqual(yield* Effect.promise(() => chat(world, token)), "200 whole")
      }))
  }

  for (const hangUp of callers) {
    it.live(
      `when the caller hangs up ${hangUp === "reset" ? "with a reset" : hangUp}, ${times} × ${atOnce} times`,
      () =>
        Effect.gen(function*() {
          const world = yield* World.make()
          const token = yield* world.token("alice", { groups: ["red"] })
          world.upstream.answer = hangUp === "at once" ? () => {} : (_, response) => begin(response)
          yield* counted(world, async () => {
            const asked = world.upstream.hungUp.count
            assert.strictEqual(await chat(world, token, hangUp), "broken")
            await until(() => world.upstream.hungUp.count > asked, () => "the upstream was not told")
          })
        })
    )
  }

  it.live(`when the caller hangs up in the middle of its body, ${times} times`, () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const token = yield* world.token("alice", { groups: ["red"] })
      yield* counted(world, async () => {
        const socket = connect(world.port, "127.0.0.1")
        socket.on("error", () => {})
        socket.write(Raw.request("POST /v1/chat/completions HTTP/1.1", [
          `Authorization: Bearer ${token}`,
          "Content-Type: application/json",
          "Content-Length: 2000000"
        ], "{"))
        await until(() => world.state.inFlight === 1, () => "it was not begun")
        socket.destroy()
        await until(() => world.state.inFlight === 0, () => "it did not end")
      })
      assert.strictEqual(world.upstream.requests.length, 0)
    }))

  it.live(`when the caller is gone before anything was done with its requests, ${times} times`, () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const token = yield* world.token("alice", { groups: ["red"] })
      const one = Raw.request("POST /v1/chat/completions HTTP/1.1", [
        `Authorization: Bearer ${token}`,
        "Content-Type: application/json",
        `Content-Length: ${body.length}`
      ], body)
      /** What Node tells when it has read the head of a request, before it gives it to the gate. */
      const leaves = (it: unknown) => {
        if (typeof it === "object" && it !== null && "socket" in it && it.socket instanceof Socket) it.socket.destroy()
      }
      let connections = 0
      subscribe("http.server.request.start", leaves)
      yield* counted(world, async () => {
        connections++
        const socket = connect(world.port, "127.0.0.1")
        socket.on("error", () => {})
        socket.write(one.repeat(3))
        await until(() => socket.closed, () => "the connection has not ended")
      })
      unsubscribe("http.server.request.start", leaves)
      const records = world.log.recent(10_000)
      assert.isAtLeast(records.length, connections)
      for (const { aborted, status } of records) {
        assert.deepStrictEqual({ aborted, status }, { aborted: true, status: 499 })
      }
      assert.strictEqual(new Set(records.map((it) => it.decision)).size, records.length)
      assert.strictEqual(world.upstream.requests.length, 0)
    }))
})
