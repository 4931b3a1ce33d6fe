/**
 * The token comes before the body: at every host a request that cannot be let in has its body left alone, and no body is
 * taken beyond the limit, however much more of it is there.
 */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Gate } from "@jotgate/core/Gate"
import { HttpSecurity } from "@jotgate/core/HttpSecurity"
import { Effect, Layer, Schema, type Scope } from "effect"
import { HttpRouter } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import express from "express"
import Fastify from "fastify"
import { createServer, type Server } from "node:http"
import { connect, type Socket } from "node:net"
import * as ExpressAdapter from "../src/adapters/express.ts"
import * as FastifyAdapter from "../src/adapters/fastify.ts"
import * as FetchApp from "../src/fetch/app.ts"
import * as HonoApp from "../src/hono/app.ts"
import * as Lambda from "../src/lambda/handler.ts"
import * as World from "./support/World.ts"

const path = "/v1/chat/completions"
const limit = 1024
const json = "application/json"

/** Hosts of `Request`s. */
const fetching: Readonly<Record<string, (gate: World.World["gate"]) => (request: Request) => Promise<Response>>> = {
  Fetch: (gate) => FetchApp.app(gate),
  Hono: (gate) => async (request) => HonoApp.app(gate).fetch(request)
}

/** A request whose body never ends, and how many bytes of it were taken. */
const endless = (headers: Readonly<Record<string, string>>) => {
  let taken = 0
  const piece = new TextEncoder().encode(" ".repeat(256))
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      taken += piece.length
      controller.enqueue(piece)
    }
  }, { highWaterMark: 0 })
  const sent = { method: "POST", headers: { "content-type": json, ...headers }, body, duplex: "half" }
  const request = new Request(`https://api.test${path}`, sent)
  return { request, taken: () => taken }
}

for (const [name, host] of Object.entries(fetching)) {
  describe(`the ${name} program`, () => {
    it.live("leaves the body of a request without a token alone", () =>
      Effect.gen(function*() {
        const { gate } = yield* World.make({ bodyLimit: limit })
        const { request, taken } = endless({})
        const { status } = yield* Effect.promise(() => host(gate)(request))
        assert.deepStrictEqual([status, taken()], [401, 0])
      }))

    it.live("takes no more of a body than the limit, and one piece that shows that there is more", () =>
      Effect.gen(function*() {
        const { authorization, gate } = yield* World.make({ bodyLimit: limit })
        const { request, taken } = endless({ authorization })
        const { status } = yield* Effect.promise(() => host(gate)(request))
        assert.strictEqual(status, 413)
        assert.isAtMost(taken(), limit + 2 * 256)
      }))
  })
}

it.live("the Lambda program decodes no body of a request without a token", () =>
  Effect.gen(function*() {
    const { authorization, gate } = yield* World.make()
    const ask = Lambda.handler(gate, async () => ({ statusCode: 200, headers: {}, body: "" }))
    const sent = (headers: Readonly<Record<string, string>>) =>
      ask({
        rawPath: path,
        rawQueryString: "",
        headers: { "content-type": json, ...headers },
        requestContext: { domainName: "api.test", http: { method: "POST" } },
        body: "no base64!",
        isBase64Encoded: true
      })
    assert.strictEqual((yield* Effect.promise(() => sent({}))).statusCode, 401)
    assert.strictEqual((yield* Effect.promise(() => sent({ authorization }))).statusCode, 400)
  }))

const listening = (server: Server): Effect.Effect<Server> =>
  Effect.callback((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server))))

const Api = HttpApi.make("chat").add(
  HttpApiGroup.make("chat").add(HttpApiEndpoint.post("chat", path, { success: Schema.String })).middleware(HttpSecurity)
)

/** Hosts of Node's own server. */
const serving: Readonly<Record<string, (world: World.World) => Effect.Effect<Server, unknown, Scope.Scope>>> = {
  Express: ({ gate }) =>
    listening(
      createServer(express().use(ExpressAdapter.guard(gate)).post(path, (_, response) => void response.send("served")))
    ),
  Fastify: ({ gate }) =>
    Effect.promise(async () => {
      const app = Fastify()
      app.addHook("preParsing", FastifyAdapter.guard(gate))
      app.post(path, () => "served")
      await app.listen({ host: "127.0.0.1", port: 0 })
      return app.server
    }),
  HttpApi: ({ parts, settings }) =>
    Effect.gen(function*() {
      const server = createServer()
      yield* Layer.build(
        HttpRouter.serve(
          HttpApiBuilder.layer(Api).pipe(
            Layer.provide(
              HttpApiBuilder.group(Api, "chat", (it) => it.handle("chat", () => Effect.succeed("served")))
            ),
            Layer.provide(HttpSecurity.layer),
            Layer.provide(Gate.layer(settings, parts))
          ),
          { disableLogger: true, disableListenLog: true }
        ).pipe(Layer.provide(NodeHttpServer.layer(() => server, { host: "127.0.0.1", port: 0 })))
      )
      return server
    })
}

/** What sockets hold on their way: nothing that a server takes. */
const onTheWay = 1024 * 1024

/** Sends a head and a body that never ends; the status that is answered, and how many bytes the server took in all. */
const send = (server: Server, headers: Readonly<Record<string, string>>): Effect.Effect<readonly [string, number]> =>
  Effect.callback((resume) => {
    let taken: Socket | undefined
    server.once("connection", (it: Socket) => void (taken = it))
    const address = server.address()
    const socket = connect(typeof address === "object" ? address?.port ?? 0 : 0, "127.0.0.1")
    let answer = ""
    const lines = Object.entries({ "content-type": json, "transfer-encoding": "chunked", ...headers })
    socket.write(`POST ${path} HTTP/1.1\r\nhost: api.test\r\n${lines.map(([k, v]) => `${k}: ${v}\r\n`).join("")}\r\n`)
    const piece = `4000\r\n${" ".repeat(0x4000)}\r\n`
    const more = () => {
      while (socket.writable && socket.write(piece));
    }
    socket.on("drain", more)
    more()
    socket.on("data", (text) => void (answer += text.toString()))
    // A server that is done with a request it did not read to its end resets the connection.
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed([answer.slice(9, 12), taken?.bytesRead ?? 0])))
  })

for (const [name, host] of Object.entries(serving)) {
  describe(`an ${name} program`, () => {
    it.live("answers a request whose body never ends: without a token at once, else at its limit", () =>
      Effect.gen(function*() {
        const world = yield* World.make({ bodyLimit: limit })
        const server = yield* Effect.acquireRelease(Effect.orDie(host(world)), (it) =>
          Effect.sync(() => {
            it.closeAllConnections()
            it.close()
          }))
        const [missing, unread] = yield* send(server, {})
        assert.strictEqual(missing, "401")
        assert.isBelow(unread, onTheWay)
        const [large, read] = yield* send(server, { authorization: world.authorization })
        assert.strictEqual(large, "413")
        assert.isBelow(read, onTheWay)
      }))
  })
}
