/** What callers choose, paths and tokens, is held within bounds in bytes: measured on the heap. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Agent, request } from "node:http"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as World from "../support/World.ts"

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

/** Bytes of the heap that something holds on to. */
const held = (): number => {
  for (let i = 0; i < 3; i++) collect()
  return process.memoryUsage().heapUsed
}

const get = (url: string, path: string, headers: Readonly<Record<string, string>>, agent: Agent) =>
  Effect.promise(() =>
    new Promise<number>((done, fail) => {
      request(`${url}${path}`, { agent, headers }, (answer) => {
        answer.resume()
        answer.once("end", () => done(answer.statusCode ?? 0))
      }).once("error", fail).end()
    })
  )

/** What stays on the heap of `count` requests, once a few have come before. */
const retained = Effect.fnUntraced(function*(count: number, ask: (at: number) => Effect.Effect<unknown>) {
  for (let at = 0; at < 20; at++) yield* ask(at)
  const before = held()
  for (let at = 20; at < 20 + count; at++) yield* ask(at)
  return held() - before
})

const MIB = 1024 * 1024

const agent = Effect.acquireRelease(
  Effect.sync(() => new Agent({ keepAlive: true, maxSockets: 4 })),
  (it) => Effect.sync(() => it.destroy())
)

describe("what a gate holds on to", () => {
  it.live("740 denied requests with paths of 60 kB leave a tenth of them at most", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const sockets = yield* agent
      const bytes = yield* retained(740, (at) => {
        const path = `/${at}-${"x".repeat(60_000)}`
        return Effect.map(get(world.url, path, {}, sockets), (status) => assert.strictEqual(status, 401))
      })
      assert.strictEqual(world.log.recent(1)[0]?.verdictCode, "token_missing")
      assert.isBelow(bytes, 4.5 * MIB, `${bytes} bytes of ${740 * 60_000}`)
    }), 30_000)

  it.live(
    "a thousand tokens of 16 kB hold no more than they are reckoned to, four times their length",
    () =>
      Effect.gen(function*() {
        const world = yield* World.make()
        const sockets = yield* agent
        const pad = "x".repeat(11_500)
        const tokens = yield* Effect.forEach(
          Array.from({ length: 1_070 }),
          (_, at) => world.token("alice", { groups: ["red"], jti: `${at}`, pad })
        )
        const length = tokens[0]?.length ?? 0
        assert.isAbove(length, 15_000)
        const bytes = yield* retained(1_050, (at) =>
          Effect.map(
            get(world.url, "/v1/files", { authorization: `Bearer ${tokens[at]}` }, sockets),
            (status) => assert.strictEqual(status, 200)
          ))
        assert.isBelow(bytes, 1_050 * (2_048 + 4 * length), `${bytes} bytes`)
      }),
    30_000
  )
})
