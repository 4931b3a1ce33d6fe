import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, type Scope } from "effect"
import { createServer } from "node:http"
import { dirname } from "node:path"
import { main, start } from "../support/Process.ts"

const configuration = (more = "") => `
issuers: [{ id: a, issuer: "http://127.0.0.1:9", audience: x }]
directory: { url: "memory:" }
cache: { dir: null }
gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", drain: 0s, upstream: { url: "http://127.0.0.1:9" } }
audit: { to: none }
${more}`

const folder = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const path = yield* files.makeTempDirectoryScoped()
  return { file: `${path}/jotgate.yaml`, files }
})

const get = (url: string) => Effect.promise(() => fetch(url))

/** Asks until the answer has this status. */
const until = (url: string, status: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    while ((yield* get(url)).status !== status) yield* Effect.sleep("50 millis")
  }).pipe(
    Effect.timeoutOrElse({ duration: "1 minute", orElse: () => Effect.die(new Error(`${url} is never ${status}`)) })
  )

const run = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>) =>
  effect.pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("jotgate serve", { concurrent: true }, () => {
  it.live(
    "prints one ready line, reloads on change and on SIGHUP, keeps what was when the file is bad, ends with 0",
    () =>
      run(Effect.gen(function*() {
        const { file, files } = yield* folder
        yield* files.writeFileString(file, configuration())
        const serve = yield* start(["serve", "--config", file])
        const [, gate = "", admin = ""] = yield* serve.until(/^ready gate=(\S+) admin=(\S+)\n/)
        assert.strictEqual((yield* get(`${gate}/status`)).status, 401)
        assert.strictEqual((yield* get(`${admin}/livez`)).status, 200)

        yield* files.writeFileString(file, configuration("policy: { openRoutes: [/status] }"))
        yield* until(`${gate}/status`, 502)

        yield* files.writeFileString(file, configuration("policy: { openRoute: [/other] }"))
        yield* serve.until(/policy\.openRoute: unknown key, did you mean \\"openRoutes\\"\?/)
        yield* serve.until(/what was stays/)
        assert.strictEqual((yield* get(`${gate}/status`)).status, 502)

        yield* files.writeFileString(`${file}.new`, configuration())
        yield* files.rename(`${file}.new`, file)
        yield* until(`${gate}/status`, 401)

        serve.process.kill("SIGHUP")
        yield* serve.until(/is in force[\s\S]*is in force[\s\S]*is in force/)
        serve.process.kill("SIGTERM")
        assert.strictEqual(yield* serve.ended, 0)
        assert.strictEqual(serve.out(), `ready gate=${gate} admin=${admin}\n`)
      }))
  )

  it.live("needs nothing beside itself, Redis and gRPC included", () =>
    run(Effect.gen(function*() {
      const { file, files } = yield* folder
      const alone = `${dirname(file)}/alone/dist/command`
      yield* files.copy(dirname(main), alone)
      yield* files.writeFileString(`${alone}/../../package.json`, JSON.stringify({ type: "module", version: "0.0.0" }))
      yield* files.writeFileString(
        file,
        configuration()
          .replace("dir: null", "dir: null, redis: env:CACHE")
          .replace("drain: 0s", "drain: 0s, grpc: { listen: \"127.0.0.1:0\" }")
      )
      const serve = yield* start(["serve", "--config", file], { CACHE: "redis://127.0.0.1:9" }, `${alone}/main.js`)
      yield* serve.until(/^ready gate=\S+ admin=\S+ grpc=\S+\n/)
      serve.process.kill("SIGTERM")
      assert.strictEqual(yield* serve.ended, 0)
    })))

  it.live("a taken port is one line that names the setting, exit 2", () =>
    run(Effect.gen(function*() {
      const { file, files } = yield* folder
      const server = createServer()
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.sync(() => server.close())
      )
      const address = server.address()
      const port = typeof address === "object" ? address?.port : 0
      yield* files.writeFileString(file, configuration().replace("127.0.0.1:0", `127.0.0.1:${port}`))
      const serve = yield* start(["serve", "--config", file])
      assert.strictEqual(yield* serve.ended, 2)
      assert.match(serve.err(), new RegExp(`^gateway\\.listen: port ${port} is taken$`, "m"))
      assert.strictEqual(serve.out(), "")
    })))

  it.live("--litellm serves what the importer writes, and flags go before the file", () =>
    run(Effect.gen(function*() {
      const { file, files } = yield* folder
      yield* files.writeFileString(
        file,
        `general_settings:
  enable_jwt_auth: true
  public_routes: [/status]
  litellm_jwtauth:
    user_id_jwt_field: sub
    issuers: [{ issuer: "http://127.0.0.1:9", audience: x }]
`
      )
      const flags = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--upstream", "http://127.0.0.1:9"]
      const serve = yield* start(["serve", "--litellm", file, ...flags])
      const [, gate = ""] = yield* serve.until(/^ready gate=(\S+)/)
      assert.strictEqual((yield* get(`${gate}/status`)).status, 502)
      assert.strictEqual((yield* get(`${gate}/v1/models`)).status, 401)
      serve.process.kill("SIGTERM")
      assert.strictEqual(yield* serve.ended, 0)
    })))

  it.live("--litellm with a key that needs a decision is not served, exit 1", () =>
    run(Effect.gen(function*() {
      const { file, files } = yield* folder
      yield* files.writeFileString(
        file,
        `general_settings:
  enable_jwt_auth: true
  litellm_jwtauth:
    virtual_key_claim_field: client_id
    issuers: [{ issuer: "http://127.0.0.1:9", audience: x }]
`
      )
      const serve = yield* start(["serve", "--litellm", file])
      assert.strictEqual(yield* serve.ended, 1)
      assert.match(serve.err(), /needs a decision +litellm_jwtauth\.virtual_key_claim_field/)
    })))

  it.live(
    "telemetry.otlp: what happened is told to the collector, at the end at the latest",
    () =>
      run(Effect.gen(function*() {
        const { file, files } = yield* folder
        const told = new Set<string>()
        const collector = createServer((request, response) => {
          told.add(request.url ?? "")
          request.resume().on("end", () => response.end("{}"))
        })
        yield* Effect.acquireRelease(
          Effect.callback<void>((resume) => void collector.listen(0, "127.0.0.1", () => resume(Effect.void))),
          () => Effect.sync(() => collector.close())
        )
        const address = collector.address()
        const port = typeof address === "object" ? address?.port : 0
        yield* files.writeFileString(file, configuration(`telemetry: { otlp: "http://127.0.0.1:${port}" }`))
        const serve = yield* start(["serve", "--config", file])
        const [, gate = ""] = yield* serve.until(/^ready gate=(\S+)/)
        assert.strictEqual((yield* get(`${gate}/v1/models`)).status, 401)
        serve.process.kill("SIGTERM")
        assert.strictEqual(yield* serve.ended, 0)
        assert.includeMembers([...told], ["/v1/metrics", "/v1/logs"])
      }))
  )
})
