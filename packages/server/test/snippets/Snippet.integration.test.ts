import { assert, it } from "@effect/vitest"
import { describeWith } from "@jotgate/servers"
import { Effect } from "effect"
import { createServer, type Socket } from "node:net"
import { WebSocket, WebSocketServer } from "ws"
import * as Doors from "../support/Doors.ts"
import { names, proxies, setting } from "../support/Proxies.ts"
import * as Raw from "../support/Raw.ts"
import * as Upstream from "../support/Upstream.ts"
import * as World from "../support/World.ts"

/** A gate that takes connections and says nothing. */
const silent = Effect.acquireRelease(
  Effect.callback<{ readonly url: URL; readonly close: () => void }>((resume) => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on("error", () => socket.destroy())
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const url = new URL(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`)
      const close = () => {
        for (const it of sockets) it.destroy()
        server.close()
      }
      resume(Effect.succeed({ url, close }))
    })
  }),
  (it) => Effect.sync(it.close)
).pipe(Effect.map((it) => it.url))

/** An upstream that speaks WebSocket: it says who is calling, then echoes. */
const socketServer = Effect.acquireRelease(
  Effect.callback<WebSocketServer>((resume) => {
    const server: WebSocketServer = new WebSocketServer(
      { port: 0, host: "127.0.0.1" },
      () => resume(Effect.succeed(server))
    )
    server.on("connection", (socket, request) => {
      socket.send(String(request.headers["x-jotgate-user"]))
      socket.on("message", (data) => socket.send(`echo ${String(data)}`))
    })
  }),
  (it) =>
    Effect.sync(() => {
      for (const client of it.clients) client.terminate()
      it.close()
    })
).pipe(Effect.map((it) => {
  const address = it.address()
  return typeof address === "object" ? address?.port ?? 0 : 0
}))

/** What a WebSocket client is sent, or the status that it gets instead. */
const dial = (url: string, token: string) =>
  Effect.callback<ReadonlyArray<string>>((resume) => {
    const said: Array<string> = []
    const socket = new WebSocket(url.replace("http:", "ws:"), { headers: { authorization: `Bearer ${token}` } })
    socket.on("message", (data) => {
      said.push(String(data))
      if (said.length === 1) socket.send("hello")
      else socket.close()
    })
    socket.on("unexpected-response", (_, response) => {
      said.push(`status ${response.statusCode}`)
      response.destroy()
      resume(Effect.succeed(said))
    })
    socket.on("close", () => resume(Effect.succeed(said)))
    socket.on("error", () => {})
  })

const seesTheModel = new Set<string>(["traefik", "envoy", "envoy over gRPC"])

for (const name of names) {
  describeWith(proxies[name].needs, `the snippet of ${name}`, () => {
    it.live(
      "doors rule 4, 5, 14: lets an allowed request through with the caller's identity, without its credentials",
      () =>
        Effect.gen(function*() {
          const { call, records, world } = yield* setting(name)
          const answer = yield* call("/v1/files?a=%2F&b=1", {
            headers: {
              "x-jotgate-user": "root",
              "x-jotgate-admin": "true",
              "x-jotgate-organization": "evil",
              "x_jotgate_admin": "true",
              "x-api-key": "sk-mine",
              "x-litellm-api-key": "sk-mine",
              "x-http-method-override": "DELETE"
            }
          })
          assert.strictEqual(answer.status, 200, answer.text)
          const { headers, rawHeaders, url } = world.upstream.last()
          // Exactly one record, with the id that was told and the status that the proxy was told.
          assert.deepStrictEqual(records().map((it) => [it.decision, it.status, it.code]), [
            [headers["x-jotgate-decision"], 200, null]
          ])
          assert.strictEqual(url, "/v1/files?a=%2F&b=1")
          assert.strictEqual(headers["x-jotgate-user"], "alice")
          assert.strictEqual(headers["x-jotgate-team"], "red")
          assert.strictEqual(headers["x-jotgate-models"], "gpt-4o*")
          assert.isEmpty(headers["x-jotgate-admin"] ?? "")
          assert.isEmpty(headers["x-jotgate-organization"] ?? "")
          assert.isUndefined(headers["x-http-method-override"])
          for (const [name, value] of Object.entries(headers)) {
            if (/^x[^a-z0-9]jotgate[^a-z0-9]admin$/.test(name)) assert.isEmpty(value ?? "", name)
          }
          assert.notInclude(rawHeaders.join("\n"), "sk-mine")
          assert.notInclude(rawHeaders.join("\n"), "Bearer")
        })
    )

    it.live("hands status, body and challenge of a denial to the caller", () =>
      Effect.gen(function*() {
        const { call, records, world } = yield* setting(name)
        const missing = yield* call("/v1/files", { headers: { authorization: "" } })
        assert.strictEqual(missing.status, 401)
        assert.match(missing.headers.get("www-authenticate") ?? "", /Bearer realm="jotgate"/)
        assert.strictEqual(JSON.parse(missing.text).code, "token_missing")
        const denied = yield* call("/key/generate")
        assert.strictEqual(denied.status, 403)
        assert.deepStrictEqual(
          records().map((it) => [it.decision, it.status, it.code]),
          [denied, missing].map((it) => {
            const { code, decision } = JSON.parse(it.text)
            return [decision, it.status, code]
          })
        )
        assert.strictEqual(JSON.parse(denied.text).error.code, "team_route_denied")
        const unknown = yield* call("/v1/files", {
          headers: { authorization: `Bearer ${yield* world.token("nobody")}` }
        })
        assert.strictEqual(unknown.status, 404)
        assert.strictEqual(JSON.parse(unknown.text).code, "user_not_found")
        assert.strictEqual(world.upstream.requests.length, 0)
      }))

    it.live(
      "RFC 9728: the challenge leads to the gate's document about what was asked for, without a token",
      () =>
        Effect.gen(function*() {
          const { call, proxy, world } = yield* setting(name)
          const denied = yield* call("/v1/files", { headers: { authorization: "" } })
          const url = /resource_metadata="([^"]+)"/.exec(denied.headers.get("www-authenticate") ?? "")?.[1] ?? ""
          assert.strictEqual(url, `${proxy.url}/.well-known/oauth-protected-resource/v1/files`)
          const document = yield* Effect.promise(() =>
            fetch(url).then(async (it) => ({ status: it.status, body: await it.json() }))
          )
          assert.strictEqual(document.status, 200)
          assert.strictEqual(document.body.resource, `${proxy.url}/v1/files`)
          assert.deepStrictEqual(document.body.authorization_servers, ["https://idp.test"])
          const beside = yield* call("/.well-known/other", { headers: { authorization: "" } })
          assert.strictEqual(beside.status, 401)
          assert.strictEqual(world.upstream.requests.length, 0)
        })
    )

    it.live("sends a body on as it was, and lets a stream through piece by piece", () =>
      Effect.gen(function*() {
        const { proxy, token, world } = yield* setting(name)
        let next: (() => void) | undefined
        world.upstream.answer = (_, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" })
          response.write("data: 1\n\n")
          next = () => response.end("data: 2\n\n")
        }
        const body = JSON.stringify({ messages: [{ content: "x".repeat(100_000) }], model: "gpt-4o" })
        yield* Effect.promise(async () => {
          const response = await fetch(`${proxy.url}/v1/chat/completions`, {
            method: "POST",
            headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
            body
          })
          assert.strictEqual(response.status, 200)
          const reader = response.body?.getReader()
          assert.strictEqual(Buffer.from((await reader?.read())?.value ?? []).toString(), "data: 1\n\n")
          next?.()
          assert.strictEqual(Buffer.from((await reader?.read())?.value ?? []).toString(), "data: 2\n\n")
        })
        assert.strictEqual(world.upstream.last().body.toString(), body)
      }))

    it.live(
      seesTheModel.has(name) ? "the model of the body is judged" : "the model of the body is not seen",
      () =>
        Effect.gen(function*() {
          const { call } = yield* setting(name)
          const init = { method: "POST", headers: { "content-type": "application/json" }, body: `{"model":"o1"}` }
          assert.strictEqual((yield* call("/v1/chat/completions", init)).status, seesTheModel.has(name) ? 403 : 200)
        })
    )

    it.live("decides as every door does: one table of questions", () =>
      Effect.gen(function*() {
        const { proxy, world } = yield* setting(name)
        const ask = Doors.http(proxy.url)
        for (const { question, seen, title, unseen } of yield* Doors.cases(world.token)) {
          assert.deepStrictEqual(yield* ask(question), seesTheModel.has(name) ? seen : unseen, title)
        }
      }))

    it.live("is closed while the gate is down", () =>
      Effect.gen(function*() {
        const { call, close, world } = yield* setting(name)
        assert.strictEqual((yield* call("/v1/files")).status, 200)
        const asked = world.upstream.requests.length
        yield* close
        const answer = yield* call("/v1/files")
        assert.include([502, 503, 500, 403], answer.status)
        assert.strictEqual(world.upstream.requests.length, asked)
      }))

    it.live("doors rule 7: is closed within seconds while the gate hangs", () =>
      Effect.gen(function*() {
        const upstream = yield* Upstream.make
        const hanging = yield* silent
        const proxy = yield* proxies[name].start({
          gate: hanging,
          grpc: { host: "127.0.0.1", port: Number(hanging.port) },
          upstream: new URL(upstream.url)
        })
        // Traefik waits for half a minute whatever it is told; until then nothing comes through. The others wait five
        // seconds, as they are told: by themselves it would be a minute.
        const answer = yield* Raw.send(
          proxy.port,
          Raw.request("GET /v1/files HTTP/1.1", ["Authorization: Bearer x", "Connection: close"]),
          150,
          name === "traefik" ? 5_000 : 50_000
        )
        assert.include(name === "traefik" ? [undefined] : [403, 500, 502, 503, 504], Raw.statuses(answer)[0], answer)
        assert.strictEqual(upstream.requests.length, 0)
      }))

    it.live("doors rule 18: judges a request for any host", () =>
      Effect.gen(function*() {
        const { proxy, world } = yield* setting(name)
        for (const host of ["other.example", "127.0.0.1:1", "localhost"]) {
          const lines = [`Host: ${host}`, "Connection: close"]
          const answer = yield* Raw.send(proxy.port, Raw.request("GET /v1/files HTTP/1.1", lines), 1_000)
          assert.deepStrictEqual(Raw.statuses(answer), [401], `${host}: ${answer}`)
        }
        assert.strictEqual(world.upstream.requests.length, 0)
      }))

    it.live("doors rule 16: a WebSocket is judged, and joined when it is allowed", () =>
      Effect.gen(function*() {
        const world = yield* World.make({ grpc: true })
        const port = yield* socketServer
        const proxy = yield* proxies[name].start({
          gate: new URL(world.url),
          grpc: { host: "127.0.0.1", port: world.grpcPort },
          upstream: new URL(`http://127.0.0.1:${port}`)
        })
        const token = yield* world.token("alice", { groups: ["red"] })
        assert.deepStrictEqual(yield* dial(`${proxy.url}/v1/realtime?model=gpt-4o`, token), ["alice", "echo hello"])
        assert.deepStrictEqual(yield* dial(`${proxy.url}/v1/realtime?model=o1`, token), ["status 403"])
        assert.deepStrictEqual(yield* dial(`${proxy.url}/v1/realtime?model=gpt-4o`, "bad"), ["status 401"])
      }))

    it.live("doors rule 10: two credentials and ambiguous paths do not get through", () =>
      Effect.gen(function*() {
        const { proxy, token, world } = yield* setting(name)
        const bearer = `Authorization: Bearer ${token}`
        for (const second of ["Authorization: Bearer other", bearer]) {
          const answer = yield* Raw.send(
            proxy.port,
            Raw.request("GET /v1/files HTTP/1.1", [bearer, second, "Connection: close"]),
            1_000
          )
          assert.include([400, 401, 403], Raw.statuses(answer)[0], answer)
        }
        for (const path of ["/v1/files/%2e%2e/%2e%2e/key/generate", "/v1/files;x=1", "/v1/files%2Fx"]) {
          const answer = yield* Raw.send(
            proxy.port,
            Raw.request(`GET ${path} HTTP/1.1`, [bearer, "Connection: close"]),
            1_000
          )
          assert.include([400, 403, 404], Raw.statuses(answer)[0], `${path} ${answer}`)
        }
        assert.strictEqual(world.upstream.requests.length, 0)
      }))
  }, { concurrent: true })
}
