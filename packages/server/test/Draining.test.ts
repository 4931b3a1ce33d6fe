/** How a gate ends, and what it says of itself before. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import * as Raw from "./support/Raw.ts"
import * as ServerWorld from "./support/ServerWorld.ts"

describe("the end of a gate", () => {
  it.live(
    "answers with Connection: close, and takes the drain and the longest request, with busy connections too",
    () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const world = yield* Scope.provide(ServerWorld.make({ gateway: { drain: "300ms" } }), scope)
        const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["red"] })}`
        const request = Raw.request("GET /v1/files HTTP/1.1", [bearer])
        const port = Number(new URL(world.gate).port)
        assert.notMatch(yield* Raw.send(port, request), /^connection: close\r?$/im)
        world.upstream.answer = (_, response) => void setTimeout(() => response.end("late"), 200)
        const before = yield* Effect.forkChild(Raw.send(port, request, 1_000))
        yield* Effect.sleep(50)
        const begun = performance.now()
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        yield* Effect.sleep(20)
        const during = yield* Raw.send(port, request, 1_000)
        for (const answer of [yield* Fiber.join(before), during]) {
          assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
          assert.match(answer, /^connection: close\r?$/im)
        }
        yield* Fiber.join(closing)
        assert.isBelow(performance.now() - begun, 6_000)
      })
  )
})

describe("readiness", () => {
  it.live("is ready, degraded while an issuer is away, and out while nobody could be served", () =>
    Effect.gen(function*() {
      const ready = (admin: string) =>
        Effect.promise(async () => {
          const answer = await fetch(`${admin}/readyz`)
          const { missing, status } = await answer.json()
          return { code: answer.status, missing, status }
        })
      const world = yield* ServerWorld.make()
      const headers = { authorization: `Bearer ${yield* world.token("alice", { groups: ["red"] })}` }
      yield* Effect.promise(() => fetch(`${world.gate}/v1/files`, { headers }))
      assert.deepStrictEqual(yield* ready(world.admin), { code: 200, missing: [], status: "ready" })
      const away = yield* ServerWorld.make({ issuer: { jwks: "http://127.0.0.1:9/keys" } })
      const told = yield* ready(away.admin)
      assert.deepStrictEqual([told.code, told.status], [503, "out"])
      assert.lengthOf(told.missing, 1)
    }))

  it.live("says why the directory is not there", () =>
    Effect.gen(function*() {
      // Nobody listens on port 9.
      const { admin } = yield* ServerWorld.make({ directory: { url: "postgres://gate@127.0.0.1:9/people" } })
      const { directory } = yield* Effect.promise(() => fetch(`${admin}/readyz`).then((it) => it.json()))
      assert.deepStrictEqual(directory, { ready: false, reason: "cannot be asked: ConnectionError" })
    }))
})
