/** How a listener closes: whom it waits for, and whom it does not. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { createServer, type RequestListener, type ServerResponse } from "node:http"
import { createServer as createSecureServer } from "node:https"
import { connect, type Socket } from "node:net"
import { listen } from "../../src/platform/Listener.ts"

/** Longer than anything here may take, in milliseconds: what is waited for without need takes so long. */
const grace = 20_000

/** A listener, what is due on it, and how it closes. */
const listening = Effect.fnUntraced(function*(answer: RequestListener, secure = false) {
  const due = new Set<ServerResponse>()
  const onRequest: RequestListener = (request, response) => {
    due.add(response)
    response.once("close", () => due.delete(response))
    answer(request, response)
  }
  const server = secure ? createSecureServer(onRequest) : createServer(onRequest)
  const scope = yield* Scope.make()
  const { port } = yield* Scope.provide(
    listen(server, { host: "127.0.0.1", port: 0 }, {
      drain: () => 0,
      grace,
      busy: () => new Set([...due].flatMap(({ socket }) => socket ?? [])),
      onDrain: () => {},
      onCut: () => {}
    }),
    scope
  )
  return { port, server, close: Scope.close(scope, Exit.void) }
})

/** A connection that has said this much, once the server has it. */
const said = (
  server: { readonly once: (event: "connection", then: () => void) => unknown },
  port: number,
  text: string
) =>
  Effect.callback<Socket>((resume) => {
    const socket = connect(port, "127.0.0.1")
    socket.on("error", () => {})
    server.once("connection", () => socket.write(text, () => resume(Effect.succeed(socket))))
  })

const millis = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.suspend(() => {
    const begun = performance.now()
    return Effect.map(effect, () => performance.now() - begun)
  })

describe("a listener that closes", () => {
  it.live("does not wait for who asks nothing: without a byte, with a part of a head, before TLS is agreed on", () =>
    Effect.gen(function*() {
      for (const secure of [false, true]) {
        for (const text of ["", "\r\n", "GET / HTTP/1.1\r\nhost: "]) {
          const { close, port, server } = yield* listening((_, response) => void response.end(), secure)
          yield* said(server, port, text)
          assert.isBelow(yield* millis(close), grace / 2, `${secure} ${text}`)
        }
      }
    }))

  it.live("does not wait for a connection whose answer said that it is kept, and has ended since", () =>
    Effect.gen(function*() {
      let end = () => {}
      const { close, port, server } = yield* listening((_, response) => {
        response.write("first")
        end = () => void response.end("last")
      })
      const socket = yield* said(server, port, "GET / HTTP/1.1\r\nhost: x\r\n\r\n")
      let told = ""
      yield* Effect.callback<void>((resume) => {
        socket.on("data", (it) => {
          told += it.toString()
          if (told.includes("first")) resume(Effect.void)
        })
      })
      assert.match(told, /^connection: keep-alive/im)
      const closing = yield* Effect.forkChild(millis(close))
      yield* Effect.sleep(300)
      assert.isUndefined(closing.pollUnsafe())
      end()
      assert.isBelow(yield* Fiber.join(closing), grace / 2)
      assert.include(told, "last")
    }))

  it.live("waits until an answer that is finished has been read, however slowly", () =>
    Effect.gen(function*() {
      const size = 64 * 1024 * 1024
      const { close, port, server } = yield* listening((_, response) => void response.end(Buffer.alloc(size)))
      const socket = yield* said(server, port, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
      yield* Effect.callback<void>((resume) => void socket.once("readable", () => resume(Effect.void)))
      const closing = yield* Effect.forkChild(close)
      yield* Effect.sleep(300)
      let read = 0
      yield* Effect.callback<void>((resume) => {
        socket.on("data", (it) => void (read += it.length))
        socket.once("close", () => resume(Effect.void))
      })
      yield* Fiber.join(closing)
      assert.isAtLeast(read, size)
    }))
})
