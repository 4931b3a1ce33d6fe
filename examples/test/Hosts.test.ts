import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Server } from "node:http"
import { forwarded } from "../src/adapters/fetch.ts"
import * as FastifyApp from "../src/fastify/app.ts"
import * as FetchApp from "../src/fetch/app.ts"
import * as HonoApp from "../src/hono/app.ts"
import * as Lambda from "../src/lambda/handler.ts"
import { remote } from "../src/remote/Directory.ts"
import { page } from "../src/why/page.ts"
import * as World from "./support/World.ts"

type Gate = Effect.Success<ReturnType<typeof World.make>>["gate"]
type Ask = (path: string, init?: RequestInit) => Promise<Response>

const requestTo = (path: string, init?: RequestInit) => new Request(`https://api.test${path}`, init)

const listening = (server: Server): number => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

/** Every host, as something that can be asked. */
const hosts: Readonly<
  Record<string, (gate: Gate) => Effect.Effect<Ask, never, Effect.Services<ReturnType<typeof World.make>>>>
> = {
  Hono: (gate) => Effect.sync(() => async (path, init) => HonoApp.app(gate).request(requestTo(path, init))),
  Fetch: (gate) => Effect.sync(() => (path, init) => FetchApp.app(gate)(requestTo(path, init))),
  Fastify: (gate) =>
    Effect.gen(function*() {
      const app = FastifyApp.app(gate)
      yield* Effect.acquireRelease(
        Effect.promise(() => app.listen({ host: "127.0.0.1", port: 0 })),
        () => Effect.promise(() => app.close())
      )
      return (path, init) =>
        fetch(`http://127.0.0.1:${listening(app.server)}${path}`, {
          ...init,
          headers: { ...Object.fromEntries(new Headers(init?.headers)), connection: "close" }
        })
    }),
  Lambda: (gate) =>
    Effect.sync(() => {
      const run = Lambda.handler(gate, async ({ body, rawPath }, { models, team, user }) => ({
        statusCode: 200,
        headers: {},
        body: rawPath === "/v1/models"
          ? JSON.stringify({ user: user?.id, team: team?.id, models })
          : JSON.stringify({ model: JSON.parse(body ?? "{}").model })
      }))
      return async (path, init) => {
        const request = requestTo(path, init)
        const { search } = new URL(request.url)
        const { body, headers, statusCode } = await run({
          rawPath: path,
          rawQueryString: search.slice(1),
          headers: Object.fromEntries(request.headers),
          requestContext: { domainName: "api.test", http: { method: request.method } },
          ...(init?.body === undefined ? {} : { body: await request.text() }),
          isBase64Encoded: false
        })
        return new Response(body, { status: statusCode, headers })
      }
    })
}

for (const [name, host] of Object.entries(hosts)) {
  describe(`the ${name} program`, () => {
    it.live("lets in whom the gate allows, and is told who it is", () =>
      Effect.gen(function*() {
        const { chat, gate, models } = yield* World.make()
        const ask = yield* host(gate)
        const list = yield* Effect.promise(async () => (await ask(models.path, models.init)).json())
        assert.deepStrictEqual(list, { user: "ada", team: "red", models: ["gpt-4o*"] })
        const { init, path } = chat("gpt-4o")
        assert.deepStrictEqual(yield* Effect.promise(async () => (await ask(path, init)).json()), { model: "gpt-4o" })
      }))

    it.live("answers everybody else with the gate's problem", () =>
      Effect.gen(function*() {
        const { chat, gate } = yield* World.make()
        const ask = yield* host(gate)
        const { init, path } = chat("o1")
        const denied = yield* Effect.promise(() => ask(path, init))
        assert.strictEqual(denied.status, 403)
        assert.strictEqual(denied.headers.get("content-type"), "application/problem+json")
        const problem = yield* Effect.promise(() => denied.json())
        assert.strictEqual(problem.code, "team_model_denied")
        assert.strictEqual(problem.decision, denied.headers.get("x-jotgate-decision"))
        const missing = yield* Effect.promise(() => ask("/v1/models"))
        assert.strictEqual(missing.status, 401)
        assert.match(
          missing.headers.get("www-authenticate") ?? "",
          /^Bearer realm="jotgate", resource_metadata="https?:/
        )
        yield* Effect.promise(async () => missing.body?.cancel())
      }))
  })
}

it.live("the next hop is told who is calling, and nothing that the caller made up", () =>
  Effect.gen(function*() {
    const { gate, models } = yield* World.make()
    const headers = {
      ...models.init.headers,
      "x-jotgate-user": "root",
      "x-jotgate-admin": "true",
      X_Jotgate_Role: "root",
      accept: "*/*"
    }
    const request = requestTo(models.path, { headers })
    const sent = forwarded(request, yield* Effect.promise(() => gate.decide(request))).headers
    assert.deepStrictEqual([sent.get("x-jotgate-user"), sent.get("x-jotgate-team")], ["ada", "red"])
    const gone = ["x-jotgate-admin", "x_jotgate_role", "authorization"].map((it) => sent.get(it))
    assert.deepStrictEqual([...gone, sent.get("accept")], [null, null, null, "*/*"])
  }))

it.live("a page shows why, and its question writes nothing", () =>
  Effect.gen(function*() {
    const { chat, gate } = yield* World.make()
    const { init, path } = chat("<o1>")
    const html = yield* Effect.promise(() => page(gate, requestTo(path, init)))
    assert.match(html, /This request is denied: team_model_denied/)
    assert.match(html, /✘ <b>team<\/b>/)
    assert.notInclude(html, "<o1>")
  }))

describe("a directory behind HTTP", () => {
  const { createServer } = process.getBuiltinModule("node:http")
  const serving = (status: number, row: unknown) =>
    Effect.acquireRelease(
      Effect.callback<Server>((resume) => {
        const server = createServer((_, response) => {
          response.writeHead(status, { "content-type": "application/json", connection: "close" })
          response.end(JSON.stringify(row))
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.promise(() => new Promise<void>((done) => server.close(() => done())))
    )
  const cases = [
    [200, { id: "red", models: ["gpt-4o"] }, "allowed"],
    [404, {}, "team_not_found"],
    [500, {}, "directory_unavailable"],
    [200, { id: "red", models: 1 }, "directory_unavailable"]
  ] as const
  for (const [status, row, expected] of cases) {
    it.live(`that answers ${status} ${JSON.stringify(row)}: ${expected}`, () =>
      Effect.gen(function*() {
        const { team } = remote(`http://127.0.0.1:${listening(yield* serving(status, row))}`)
        const { chat, gate } = yield* World.make(team === undefined ? {} : { directory: { team } })
        const { init, path } = chat("gpt-4o")
        const verdict = yield* Effect.promise(() => gate.decide(requestTo(path, init)))
        assert.strictEqual(verdict.code ?? "allowed", expected)
      }))
  }
})
