/** The wall clock of a machine may step (NTP, a restored snapshot): what a request may take is measured otherwise. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import type { ServerResponse } from "node:http"
import { connect } from "node:net"
import * as Raw from "./support/Raw.ts"
import * as World from "./support/World.ts"

const HOUR = 3_600_000

/** A clock whose wall time can be set, and which tells how often something has begun to wait on it. */
const stepping = (live: Clock.Clock) => {
  const state = { by: 0, waits: 0 }
  const millis = () => live.currentTimeMillisUnsafe() + state.by
  const nanos = () => live.currentTimeNanosUnsafe() + BigInt(state.by) * 1_000_000n
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: () => live.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: live.monotonicTimeNanos,
    sleep: (duration) => {
      state.waits++
      return live.sleep(duration)
    }
  }
  return { clock, state }
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((done) => setTimeout(done, 5))
}

/** A gate on such a clock, and a token that is good for four hours. */
const setting = Effect.fnUntraced(function*(limits: Partial<typeof World.defaultLimits>) {
  const { clock, state } = stepping(yield* Clock.Clock)
  const world = yield* World.make({ doors: { limits: { ...World.defaultLimits, ...limits } } }).pipe(
    Effect.provideService(Clock.Clock, clock)
  )
  const exp = Math.floor(Date.now() / 1000) + 4 * 3600
  const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["red"], exp })}`
  // What looks through the requests waits after each look.
  const looked = async () => {
    const from = state.waits
    await until(() => state.waits >= from + 2)
  }
  return { bearer, looked, state, world }
})

const chat = ["Content-Type: application/json", "Content-Length: 18"]
const body = `{"model":"gpt-4o"}`

describe("a wall clock that steps", () => {
  it.live("forth by two hours ends no stream, and no body is late", () =>
    Effect.gen(function*() {
      const { bearer, looked, state, world } = yield* setting({})
      let response: ServerResponse | undefined
      world.upstream.answer = (_, it) => {
        response = it
        it.write("data: 1\n\n")
      }
      yield* Effect.promise(async () => {
        const streaming = connect(world.port, "127.0.0.1")
        let told = ""
        streaming.on("data", (chunk: Buffer) => (told += chunk.toString()))
        streaming.write(Raw.request("POST /v1/chat/completions HTTP/1.1", [bearer, ...chat], body))
        await until(() => told.includes("data: 1"))
        const sending = connect(world.port, "127.0.0.1")
        let answer = ""
        sending.on("data", (chunk: Buffer) => (answer += chunk.toString()))
        sending.write(Raw.request("POST /v1/chat/completions HTTP/1.1", [bearer, ...chat], body.slice(0, 9)))
        await until(() => world.state.inFlight === 2)

        state.by = 2 * HOUR
        await looked()
        response?.end("data: 2\n\n")
        await until(() => told.endsWith("0\r\n\r\n"))
        assert.include(told, "data: 2")
        world.upstream.answer = (_, it) => void it.end("{}")
        sending.write(body.slice(9))
        await until(() => answer.endsWith("0\r\n\r\n") || answer.endsWith("{}"))
        assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
        streaming.destroy()
        sending.destroy()
      })
    }))

  it.live("back by two hours gives a body no more time", () =>
    Effect.gen(function*() {
      const { bearer, state, world } = yield* setting({ bodyTimeout: 500 })
      yield* Effect.promise(async () => {
        const sending = connect(world.port, "127.0.0.1")
        let answer = ""
        sending.on("data", (chunk: Buffer) => (answer += chunk.toString()))
        sending.write(Raw.request("POST /v1/chat/completions HTTP/1.1", [bearer, ...chat], body.slice(0, 9)))
        await until(() => world.state.inFlight === 1)
        state.by = -2 * HOUR
        await until(() => answer.includes("\r\n\r\n"))
        assert.deepStrictEqual(Raw.statuses(answer), [400], answer)
        sending.destroy()
      })
    }))
})
