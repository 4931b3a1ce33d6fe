/**
 * Routes of a host's own, below a prefix and in the spelling that its router forgives: the model of a body is judged there
 * too, and the body is still the handler's.
 */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Gate } from "@jotgate/core/Gate"
import { HttpSecurity } from "@jotgate/core/HttpSecurity"
import { Effect, Layer, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpRouter } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import express from "express"
import Fastify from "fastify"
import { Hono } from "hono"
import { createServer, type Server } from "node:http"
import * as ExpressAdapter from "../src/adapters/express.ts"
import * as FastifyAdapter from "../src/adapters/fastify.ts"
import * as HonoAdapter from "../src/adapters/hono.ts"
import * as World from "./support/World.ts"

const Payload = Schema.Struct({ model: Schema.String })

class Api extends HttpApi.make("host").add(
  HttpApiGroup.make("own")
    .add(HttpApiEndpoint.post("own", "/api/echo", { payload: Payload, success: Payload }))
    .middleware(HttpSecurity)
) {}

const Routes = HttpApiBuilder.layer(Api).pipe(
  Layer.provide(
    HttpApiBuilder.group(Api, "own", (handlers) => handlers.handle("own", ({ payload }) => Effect.succeed(payload)))
  ),
  Layer.provide(HttpSecurity.layer)
)

const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.callback<string>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`))
      })
    }),
    () => Effect.promise(() => new Promise<void>((done) => server.close(() => done()).closeAllConnections()))
  )

type Ask = (path: string, init: RequestInit) => Promise<Response>

const over = (url: string): Ask => (path, init) => fetch(`${url}${path}`, init)

/** Each host echoes JSON below `/api`. */
const hosts = {
  Express: (gate: World.World["gate"]) => {
    const app = express()
    const api = express.Router()
    api.use(ExpressAdapter.guard(gate))
    api.post("/echo", (request, response) => void response.json(request.body))
    app.use("/api", api)
    return Effect.map(listening(createServer(app)), over)
  },
  Fastify: (gate: World.World["gate"]) =>
    Effect.promise(async (): Promise<Ask> => {
      const app = Fastify({ routerOptions: { caseSensitive: false } })
      await app.register(async (api) => {
        api.addHook("preParsing", FastifyAdapter.guard(gate))
        api.route({ method: "POST", url: "/echo", handler: async (request) => request.body })
      }, { prefix: "/api" })
      return async (path, { body, headers }) => {
        const answer = await app.inject({
          method: "POST",
          url: path,
          headers: Object.fromEntries(new Headers(headers)),
          payload: String(body)
        })
        return new Response(answer.body, { status: answer.statusCode })
      }
    }),
  Hono: (gate: World.World["gate"]) =>
    Effect.sync((): Ask => {
      const api = new Hono<HonoAdapter.Guarded>().basePath("/api")
      api.use(HonoAdapter.guard(gate))
      api.post("/echo", async (context) => context.json(await context.req.json()))
      return async (path, init) => api.fetch(new Request(`https://api.test${path}`, init))
    })
}

const policy = { teamRoutes: ["llm_api_routes", "/api/*", "/API/*"] }

/** How a request comes out, with what the handler found of its body. */
const answerOf = async (response: Response): Promise<string> => {
  const body = await response.json()
  return `${response.status} ${response.ok ? body.model : body.code}`
}

const sent = (authorization: string, body: string): RequestInit => ({
  method: "POST",
  headers: { authorization, "content-type": "application/json" },
  body
})

describe("a route of the host's own", () => {
  for (const [name, host] of Object.entries(hosts)) {
    it.live(`below a prefix, in ${name}: its body is judged, and is the handler's`, () =>
      Effect.gen(function*() {
        const world = yield* World.make()
        const gate = yield* Effect.promise(() => Gate.make({ ...world.settings, policy }, world.parts))
        const ask = yield* host(gate)
        const of = (path: string, body: string, authorization = world.authorization) =>
          Effect.promise(async () => answerOf(await ask(path, sent(authorization, body))))
        assert.strictEqual(yield* of("/api/echo", `{"model":"gpt-4o"}`), "200 gpt-4o")
        assert.strictEqual(yield* of("/api/echo", `{"model":"o1"}`), "403 team_model_denied")
        assert.strictEqual(yield* of("/api/echo?model=o1", `{}`), "403 team_model_denied")
        if (name !== "Hono") assert.strictEqual(yield* of("/API/Echo", `{"model":"o1"}`), "403 team_model_denied")
        assert.strictEqual(yield* of("/api/echo", `{"model":"gpt-4o"}`, "Bearer x"), "401 invalid_token")
      }))
  }

  it.live("of an HttpApi program, too", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const services = yield* Layer.build(
        HttpRouter.serve(Routes, { disableLogger: true, disableListenLog: true }).pipe(
          Layer.provide(Gate.layer({ ...world.settings, policy }, world.parts)),
          Layer.provideMerge(NodeHttpServer.layerTest)
        )
      )
      const of = (body: string) =>
        HttpClientRequest.post("/api/echo").pipe(
          HttpClientRequest.setHeader("authorization", world.authorization),
          HttpClientRequest.bodyText(body, "application/json"),
          HttpClient.execute,
          Effect.flatMap((it) => Effect.map(it.text, (text) => new Response(text, { status: it.status }))),
          Effect.flatMap((it) => Effect.promise(() => answerOf(it))),
          Effect.provide(services)
        )
      assert.strictEqual(yield* of(`{"model":"gpt-4o"}`), "200 gpt-4o")
      assert.strictEqual(yield* of(`{"model":"o1"}`), "403 team_model_denied")
    }))
})
