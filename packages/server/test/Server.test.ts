import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { request } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect } from "node:tls"
import * as Raw from "./support/Raw.ts"
import * as ServerWorld from "./support/ServerWorld.ts"
import * as Upstream from "./support/Upstream.ts"

const status = (url: string) =>
  Effect.promise(() => fetch(url, { headers: { connection: "close" } }).then((it) => it.status, () => 0))

describe("the end of a server", () => {
  it.live(
    "not ready at once, listening while it drains, running requests end, then the ports are closed",
    () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const world = yield* Scope.provide(ServerWorld.make({ gateway: { drain: "1s" } }), scope)
        const headers = { authorization: `Bearer ${yield* world.token("alice", { groups: ["red"] })}` }
        let end: (() => void) | undefined
        world.upstream.answer = (_, response) => {
          response.write("begun ")
          end = () => response.end("ended")
        }
        const running = yield* Effect.promise(() => fetch(`${world.gate}/v1/files`, { headers }))
        assert.strictEqual(yield* status(`${world.admin}/readyz`), 200)
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        yield* Effect.sleep(200)
        assert.strictEqual(yield* status(`${world.admin}/readyz`), 503)
        assert.strictEqual(yield* status(`${world.admin}/livez`), 200)
        assert.strictEqual(yield* status(`${world.gate}/v1/files`), 401)
        yield* Effect.sleep(1_000)
        assert.strictEqual(yield* status(`${world.gate}/v1/files`), 0)
        end?.()
        assert.strictEqual(yield* Effect.promise(() => running.text()), "begun ended")
        yield* Fiber.join(closing)
        assert.strictEqual(yield* status(`${world.admin}/livez`), 0)
      })
  )

  it.live("several requests of a connection are all answered; what comes behind its last answer goes nowhere", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const world = yield* Scope.provide(ServerWorld.make({ gateway: { drain: "1s" } }), scope)
      const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["red"] })}`
      const asked = (url: string) => Raw.request(`GET ${url} HTTP/1.1`, [bearer])
      const { requests } = world.upstream
      world.upstream.answer = (_, response, { url }) => void setTimeout(() => response.end(url), 400)
      const send = (...urls: ReadonlyArray<string>) =>
        Effect.map(
          Raw.send(world.server.gate.port, urls.map(asked).join(""), 600),
          (text) => text.toLowerCase().match(/connection: close|\/v1\/files\?\d/g)
        )
      const before = yield* Effect.forkChild(send("/v1/files?1", "/v1/files?2"))
      while (requests.length < 2) yield* Effect.sleep(5)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* Effect.sleep(100)
      assert.deepStrictEqual(yield* send("/v1/files?3", "/v1/files?4"), ["connection: close", "/v1/files?3"])
      assert.deepStrictEqual(yield* Fiber.join(before), ["/v1/files?1", "connection: close", "/v1/files?2"])
      assert.deepStrictEqual(requests.map(({ url }) => url).toSorted(), ["/v1/files?1", "/v1/files?2", "/v1/files?3"])
      yield* Fiber.join(closing)
    }))

  it.live("what still runs after the grace is broken off", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const world = yield* Scope.provide(ServerWorld.make(), scope)
      const headers = { authorization: `Bearer ${yield* world.token("alice", { groups: ["red"] })}` }
      world.upstream.answer = (_, response) => void response.write("begun ")
      const running = yield* Effect.promise(() => fetch(`${world.gate}/v1/files`, { headers }))
      const text = running.text().catch(() => "broken")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* Effect.promise(() => text), "broken")
    }))
})

describe("a port that is taken", () => {
  it.live("is a failure that names it", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make()
      const taken = `127.0.0.1:${world.server.gate.port}`
      const failed = yield* Effect.flip(ServerWorld.make({ gateway: { listen: taken } }))
      assert.include(String(failed), "EADDRINUSE")
    }))
})

describe("TLS", () => {
  /** A gate that speaks it with a certificate of its own. */
  const secured = Effect.gen(function*() {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-tls-"))),
      (it) => Effect.sync(() => rmSync(it, { recursive: true }))
    )
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")]
    execFileSync("openssl", [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "1",
      "-subj",
      "/CN=localhost",
      "-keyout",
      key,
      "-out",
      cert
    ], { stdio: "ignore" })
    return yield* ServerWorld.make({ gateway: { tls: { cert: `file:${cert}`, key: `file:${key}` } } })
  })

  it.live("the gate speaks it with certificate and key from secrets", () =>
    Effect.gen(function*() {
      const world = yield* secured
      const token = yield* world.token("alice", { groups: ["red"] })
      const answer = yield* Effect.promise(() =>
        new Promise<number | undefined>((done, fail) => {
          request({
            host: "127.0.0.1",
            port: world.server.gate.port,
            path: "/v1/files",
            rejectUnauthorized: false,
            headers: { authorization: `Bearer ${token}` }
          }, (response) => {
            response.resume()
            done(response.statusCode)
          }).on("error", fail).end()
        })
      )
      assert.strictEqual(answer, 200)
      assert.strictEqual(world.upstream.last().headers["x-forwarded-proto"], "https")
    }))

  it.live("whoever ends its side with its question gets the answer that is at hand", () =>
    Effect.gen(function*() {
      const world = yield* secured
      const ask = () =>
        new Promise<string>((done, fail) => {
          let answer = ""
          const socket = connect({ host: "127.0.0.1", port: world.server.gate.port, rejectUnauthorized: false }, () => {
            socket.end("GET /v1/files HTTP/1.1\r\nHost: gate.test\r\n\r\n")
          })
          socket.on("data", (chunk) => (answer += chunk.toString()))
          socket.on("error", fail).on("close", () => done(answer.split(" ", 2).join(" ")))
        })
      const answers = yield* Effect.promise(() => Promise.all(Array.from({ length: 20 }, ask)))
      assert.deepStrictEqual(answers, Array.from({ length: 20 }, () => "HTTP/1.1 401"))
    }))
})

describe("telemetry", () => {
  it.live("a collector gets a span of each decision and the metrics, and never a token", () =>
    Effect.gen(function*() {
      const collector = yield* Upstream.make
      const scope = yield* Scope.make()
      const world = yield* Scope.provide(ServerWorld.make({ telemetry: { otlp: collector.url } }), scope)
      const token = yield* world.token("alice", { groups: ["red"] })
      const authorization = `Bearer ${token}`
      yield* Effect.promise(() => fetch(`${world.gate}/v1/files`, { headers: { authorization } }))
      yield* Effect.promise(() => fetch(`${world.gate}/key/generate`, { headers: { authorization } }))
      yield* Scope.close(scope, Exit.void)
      const sent = collector.requests.map((it) => `${it.url} ${it.body.toString()}`).join("\n")
      assert.match(sent, /\/v1\/traces .*"name":"decision"/)
      assert.include(sent, "team_route_denied")
      assert.match(sent, /\/v1\/metrics .*jotgate_decisions_total/)
      assert.notInclude(sent, token)
      assert.notInclude(sent, token.split(".")[2] ?? token)
    }))
})
