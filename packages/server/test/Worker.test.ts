/** A process of `gateway.workers`, as its owner meets it over the channel. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { FileSettings } from "../src/config/GatewaySettings.ts"
import * as Worker from "../src/Worker.ts"
import type { Channel } from "../src/workers/Channel.ts"
import type { Serving, ToOwner, ToWorker } from "../src/workers/Message.ts"

const serving = Effect.map(
  Schema.decodeUnknownEffect(FileSettings)({
    issuers: [{ id: "a", issuer: "https://idp.test", jwks: "http://127.0.0.1:9/keys", audience: "x" }],
    directory: { url: "memory:" },
    cache: { dir: null },
    gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", drain: "0s" }
  }),
  (settings): Serving => ({
    settings,
    lines: new Map(),
    base: "/",
    grace: 0,
    keepsQuestions: false,
    keepsRecords: false,
    refuses: false
  })
)

/** An owner that answers each message of a worker with those that `tell` says, at once. */
const owner = (tell: (it: ToOwner) => ReadonlyArray<ToWorker>) => {
  const heard: Array<ToOwner["_tag"]> = []
  const listeners = new Set<(message: ToWorker) => void>()
  const channel: Channel = {
    send: (message, done) => {
      heard.push(message._tag)
      for (const it of tell(message)) for (const listener of listeners) listener(it)
      done?.()
    },
    listen: (listener) =>
      Effect.asVoid(Effect.acquireRelease(
        Effect.sync(() => listeners.add(listener)),
        () => Effect.sync(() => listeners.delete(listener))
      )),
    close: Effect.void
  }
  return { channel, heard }
}

const run = (channel: Channel) => Worker.run(channel, {}, () => Effect.void)
const stop: ToWorker = { _tag: "Stop", lingers: true }

describe("a worker that is told to stop", () => {
  it.live("before it knows what to serve, ends", () =>
    Effect.gen(function*() {
      const { channel, heard } = owner((it) => it._tag === "Here" ? [stop] : [])
      yield* run(channel)
      assert.deepStrictEqual(heard, ["Here"])
    }))

  it.live("while it starts, ends without having served", () =>
    Effect.gen(function*() {
      const it = yield* serving
      const { channel, heard } = owner(({ _tag }) => _tag === "Here" ? [{ _tag: "Serve", serving: it }, stop] : [])
      yield* run(channel)
      assert.notInclude(heard, "Ready")
      assert.notInclude(heard, "Failed")
    }))

  it.live("when it serves, ends", () =>
    Effect.gen(function*() {
      const it = yield* serving
      const { channel, heard } = owner(({ _tag }) =>
        _tag === "Here" ? [{ _tag: "Serve", serving: it }] : _tag === "Ready" ? [stop] : []
      )
      yield* run(channel)
      assert.include(heard, "Ready")
      assert.notInclude(heard, "Failed")
    }))
})
