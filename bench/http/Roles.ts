/**
 * The servers that the HTTP benchmark compares, one process each: `node Roles.ts ROLE UPSTREAM_PORT`.
 *
 * A role prints `{ port, path, headers }` once it answers, and its CPU time whenever it is sent a line.
 */
import { Issuer } from "@jotgate/core/testing"
import { DecisionLog } from "@jotgate/server/DecisionLog"
import { Deployments } from "@jotgate/server/Deployment"
import { Gate } from "@jotgate/server/Gate"
import { GateState } from "@jotgate/server/GateState"
import { FileSettings } from "@jotgate/server/GatewaySettings"
import { Judge } from "@jotgate/server/Judge"
import { deploymentOf } from "@jotgate/server/Server"
import { Telemetry } from "@jotgate/server/Telemetry"
import { Context, Effect, Layer, Schema } from "effect"
import { hash } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Pool } from "undici"

const [role = "", upstreamPort = "0"] = process.argv.slice(2)
const upstream = `http://127.0.0.1:${upstreamPort}`

const listen = (listener: RequestListener): Promise<number> =>
  new Promise((done) => {
    const server = createServer({ keepAliveTimeout: 120_000 }, listener)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      done(typeof address === "object" && address !== null ? address.port : 0)
    })
  })

const answer = JSON.stringify({ id: "c-1", choices: [{ message: { role: "assistant", content: "x".repeat(900) } }] })

/** What an upstream answers: 1 kB of JSON, or 20 events. */
const upstreamListener: RequestListener = (request, response) => {
  request.resume()
  request.on("end", () => {
    if (request.url === "/v1/completions") {
      response.writeHead(200, { "content-type": "text/event-stream" })
      let left = 20
      const next = () => {
        if (left-- === 0) return void response.end("data: [DONE]\n\n")
        response.write(`data: {"choices":[{"delta":{"content":"word ${left}"}}]}\n\n`)
        setImmediate(next)
      }
      next()
    } else {
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(answer) })
      response.end(answer)
    }
  })
}

/** The least that forward auth can do: hash the token, look it up, answer. */
const floorListener = (): RequestListener => {
  const known = new Map<string, string>()
  return (request, response) => {
    const digest = hash("sha256", request.headers.authorization ?? "", "binary")
    const user = known.get(digest) ?? "u-1"
    known.set(digest, user)
    response.writeHead(200, { "x-user": user, "content-length": 0 })
    response.end()
  }
}

/** A proxy that checks nothing. */
const bareListener = (): RequestListener => {
  const pool = new Pool(upstream, { connections: 256 })
  return (request, response) => {
    const { connection: _connection, "transfer-encoding": _encoding, ...headers } = request.headers
    pool.stream(
      { method: request.method ?? "GET", path: request.url ?? "/", headers, body: request },
      ({ headers, statusCode }) => {
        response.writeHead(statusCode, headers)
        return response
      }
    ).catch(() => response.destroy())
  }
}

/** The gate as `serve` runs it: rows in SQLite, remembered in memory; decisions kept, no audit lines. */
const gate = Effect.gen(function*() {
  const idp = yield* Issuer.make("https://idp.test", ["ES256"])
  const folder = mkdtempSync(join(tmpdir(), "jotgate-bench-"))
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
  const settings = yield* Schema.decodeUnknownEffect(FileSettings)({
    issuers: [{
      id: "idp",
      issuer: idp.iss,
      audience: "https://api.test",
      jwks: idp.jwks,
      claims: { user: "sub", email: "email", teams: "groups" }
    }],
    directory: { url: `sqlite:${folder}/directory.db` },
    cache: { dir: null },
    gateway: {
      trustedProxies: ["127.0.0.1"],
      upstream: { url: upstream, authorization: { default: "env:KEY" } }
    }
  })
  const deployment = Effect.tap(
    deploymentOf(settings, { env: { KEY: "sk-upstream" }, base: folder }),
    ({ managed }) =>
      Effect.fromNullishOr(managed?.directory).pipe(Effect.flatMap((admin) =>
        admin.apply({
          users: [{ id: "u-1", email: "u-1@acme.test", role: "internal_user" }],
          teams: [{ id: "red", models: ["gpt-4o*"] }]
        }, { actor: "bench", prune: "none", origin: "api" })
      ))
  )
  const services = yield* Layer.build(
    Gate.layer({ host: "127.0.0.1", port: 0, tls: null, headers: 2 ** 16, drain: 0, grace: 0 }).pipe(
      Layer.provide([Judge.layer, GateState.layer]),
      Layer.provide(Layer.mergeAll(DecisionLog.layerMemory, Telemetry.layer, Deployments.layer(deployment)))
    )
  )
  const token = yield* idp.token({
    now: Math.floor(Date.now() / 1000),
    claims: { sub: "u-1", groups: ["red"], exp: Math.floor(Date.now() / 1000) + 3600, email: "u-1@acme.test" }
  })
  return { port: Context.get(services, Gate).address.port, token }
})

const ready = async (): Promise<{ readonly port: number; readonly token: string }> => {
  const token = "a".repeat(600)
  if (role === "upstream") return { port: await listen(upstreamListener), token }
  if (role === "floor") return { port: await listen(floorListener()), token }
  if (role === "bare") return { port: await listen(bareListener()), token }
  return Effect.runPromise(Effect.scoped(Effect.flatMap(gate, (it) => {
    console.log(JSON.stringify(it))
    return Effect.never
  })))
}

createInterface({ input: process.stdin }).on("line", () => {
  const { system, user } = process.cpuUsage()
  console.log(JSON.stringify({ micros: user + system, heap: process.memoryUsage().heapUsed }))
}).on("close", () => process.exit())

console.log(JSON.stringify(await ready()))
