/** What a gate holds on to of what callers choose, measured on the heap: so many requests, and the bytes that stay. */
import { Effect, type Scope } from "effect"
import { Agent, request } from "node:http"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as World from "./World.ts"

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

/** Bytes of the heap that something holds on to. */
const held = (): number => {
  for (let i = 0; i < 3; i++) collect()
  return process.memoryUsage().heapUsed
}

type Get = (url: string, path: string, headers?: Readonly<Record<string, string>>) => Effect.Effect<number>

/** Asks over four connections that are kept. */
const getter: Effect.Effect<Get, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => new Agent({ keepAlive: true, maxSockets: 4 })),
    (it) => Effect.sync(() => it.destroy())
  ),
  (agent): Get => (url, path, headers = {}) =>
    Effect.promise(() =>
      new Promise<number>((done, fail) => {
        request(`${url}${path}`, { agent, headers }, (answer) => {
          answer.resume()
          answer.once("end", () => done(answer.statusCode ?? 0))
        }).once("error", fail).end()
      })
    )
)

/** What stays on the heap of `count` requests, once a few have come before; fails at another status. */
const retained = Effect.fnUntraced(
  function*(count: number, status: number, ask: (at: number) => Effect.Effect<number>) {
    const expected = (at: number) =>
      Effect.flatMap(ask(at), (it) => it === status ? Effect.void : Effect.die(new Error(`status ${it}`)))
    for (let at = 0; at < 20; at++) yield* expected(at)
    const before = held()
    for (let at = 20; at < 20 + count; at++) yield* expected(at)
    return held() - before
  }
)

/** Bytes in a path of the ones that are denied. */
export const PATH = 60_000

/** Bytes that stay of so many denied requests with paths of 60 kB, and the last record's code. */
export const deniedPaths = Effect.fnUntraced(function*(count: number) {
  const world = yield* World.make()
  const get = yield* getter
  const bytes = yield* retained(count, 401, (at) => get(world.url, `/${at}-${"x".repeat(PATH)}`))
  return { bytes, code: world.log.recent(1)[0]?.verdictCode }
})

/** Bytes that stay of so many requests to model routes whose paths are as long as one that is remembered may be. */
export const modelPaths = Effect.fnUntraced(function*(count: number) {
  const world = yield* World.make()
  const get = yield* getter
  return yield* retained(count, 401, (at) => get(world.url, `/v1/${at}-${"x".repeat(900)}/chat/completions`))
})

/** Bytes that stay of so many good tokens of 16 kB, and the length of one. */
export const longTokens = Effect.fnUntraced(function*(count: number) {
  const world = yield* World.make()
  const get = yield* getter
  const pad = "x".repeat(11_500)
  const token = (at: number) => world.token("alice", { groups: ["red"], jti: `${at}`, pad })
  const { length } = yield* token(0)
  const bytes = yield* retained(
    count,
    200,
    (at) => Effect.flatMap(token(at), (it) => get(world.url, "/v1/files", { authorization: `Bearer ${it}` }))
  )
  return { bytes, length }
})

/** Bytes that stay of so many tokens of 16 kB that are refused. */
export const refusedTokens = Effect.fnUntraced(function*(count: number) {
  const world = yield* World.make()
  const get = yield* getter
  const token = yield* world.token("alice", { pad: "x".repeat(11_500) })
  return yield* retained(
    count,
    401,
    (at) => get(world.url, "/v1/files", { authorization: `Bearer ${token.slice(0, -8)}${String(at).padStart(8, "A")}` })
  )
})

/** Bytes that stay of so many callers of whom each asks for another team: what their denials are explained by. */
export const hints = Effect.fnUntraced(function*(count: number) {
  const world = yield* World.make()
  const get = yield* getter
  const token = yield* world.token("alice", { groups: ["red"] })
  return yield* retained(
    count,
    403,
    (at) =>
      get(world.url, "/v1/files", { authorization: `Bearer ${token}`, "x-team-id": `${at}-${"x".repeat(30_000)}` })
  )
})
