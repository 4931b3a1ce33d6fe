import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type IncomingMessage, request as httpRequest } from "node:http"
import { make, mebibyte } from "../support/BodyWorld.ts"
import type * as World from "../support/World.ts"

const form = "multipart/form-data; boundary=B"
const field = (name: string, value: string) =>
  `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`

/** An upload whose file comes in pieces when it is told to. */
const upload = (world: World.World, token: string, path: string) => {
  const request = httpRequest(`${world.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": form, "transfer-encoding": "chunked" }
  })
  request.on("error", () => {})
  const answer = new Promise<{ readonly status: number; readonly text: string }>((done) => {
    request.on("response", (response: IncomingMessage) => {
      let text = ""
      response.setEncoding("utf8").on("data", (it: string) => {
        text += it
      }).on("end", () => done({ status: response.statusCode ?? 0, text }))
    })
  })
  const head = `--B\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n`
  return { request, answer, head }
}

const piece = Buffer.alloc(mebibyte, 0x61)

describe("a large upload", () => {
  it.live("is sent on while it still comes, once it is judged", () =>
    Effect.gen(function*() {
      const { alice, world } = yield* make(64 * mebibyte)
      let arrived: (() => void) | undefined
      const begun = new Promise<void>((done) => {
        arrived = done
      })
      let most = 0
      world.upstream.early = (request) => {
        request.once("data", () => arrived?.())
        request.on("data", () => {
          most = Math.max(most, world.state.held)
        })
        return false
      }
      const it = upload(world, alice, "/v1/audio/transcriptions")
      it.request.write(field("model", "gpt-4o-transcribe") + it.head)
      for (let i = 0; i < 3; i++) it.request.write(piece)
      yield* Effect.promise(() => begun)
      for (let i = 0; i < 21; i++) it.request.write(piece)
      it.request.end(`\r\n${field("language", "de")}--B--\r\n`)
      const answer = yield* Effect.promise(() => it.answer)
      assert.strictEqual(answer.status, 200)
      const body = world.upstream.last().body.toString("latin1")
      assert.strictEqual(body.split("a".repeat(mebibyte)).length - 1, 24)
      assert.isBelow(most, 8 * mebibyte)
      assert.include(body, "name=\"language\"\r\n\r\nde\r\n")
      assert.match(body, /--jotgate-[\da-f-]{36}--\r\n$/)
    }))

  it.live("RULES D55: whose rest names another model is broken off, and is never whole to the upstream", () =>
    Effect.gen(function*() {
      const { alice, world } = yield* make(64 * mebibyte)
      const it = upload(world, alice, "/v1/audio/transcriptions")
      it.request.write(field("model", "gpt-4o-transcribe") + it.head)
      for (let i = 0; i < 3; i++) it.request.write(piece)
      it.request.end(`\r\n${field("model", "o1")}--B--\r\n`)
      const answer = yield* Effect.promise(() => it.answer)
      assert.strictEqual(answer.status, 400)
      assert.include(answer.text, "request_ambiguous")
      assert.lengthOf(world.upstream.requests, 0)
    }))

  it.live("is held until its model is there, when the model comes behind the file", () =>
    Effect.gen(function*() {
      const { alice, world } = yield* make(64 * mebibyte)
      for (const [model, status] of [["gpt-4o-transcribe", 200], ["o1", 403]] as const) {
        const it = upload(world, alice, "/v1/audio/transcriptions")
        it.request.write(it.head)
        for (let i = 0; i < 3; i++) it.request.write(piece)
        it.request.end(`\r\n${field("model", model)}--B--\r\n`)
        assert.strictEqual((yield* Effect.promise(() => it.answer)).status, status)
      }
      assert.lengthOf(world.upstream.requests, 1)
    }))

  it.live("that goes on beyond the limit is 413, and never whole to the upstream", () =>
    Effect.gen(function*() {
      const { alice, world } = yield* make(4 * mebibyte)
      const it = upload(world, alice, "/v1/audio/transcriptions")
      it.request.write(field("model", "gpt-4o-transcribe") + it.head)
      for (let i = 0; i < 5; i++) it.request.write(piece)
      it.request.end(`\r\n--B--\r\n`)
      assert.strictEqual((yield* Effect.promise(() => it.answer)).status, 413)
      assert.lengthOf(world.upstream.requests, 0)
    }))

  it.live("leaves nothing held when it is broken off at any point", () =>
    Effect.gen(function*() {
      const { alice, world } = yield* make(64 * mebibyte)
      for (const pieces of [0, 1, 3]) {
        const it = upload(world, alice, "/v1/audio/transcriptions")
        it.request.write(field("model", "gpt-4o-transcribe") + it.head)
        for (let i = 0; i < pieces; i++) it.request.write(piece)
        yield* Effect.promise(() => new Promise<void>((done) => it.request.write("a", () => done())))
        it.request.destroy()
      }
      while (world.state.inFlight > 0 || world.state.held > 0) yield* Effect.sleep(5)
      assert.lengthOf(world.upstream.requests, 0)
    }))
})
