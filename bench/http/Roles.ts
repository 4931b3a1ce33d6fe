/**
 * The peers of the HTTP benchmark, one process each: `node Roles.ts ROLE UPSTREAM_PORT`.
 *
 * A role writes `{ port }` to file descriptor 3 once it answers, and its CPU time whenever it is sent a line.
 */
import { hash } from "node:crypto"
import { writeSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import { createInterface } from "node:readline"
import { Pool } from "undici"

const [role = "", upstreamPort = "0"] = process.argv.slice(2)
const upstream = `http://127.0.0.1:${upstreamPort}`

/** Standard output is the audit's. */
const tell = (it: unknown): void => void writeSync(3, `${JSON.stringify(it)}\n`)

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
    const user = known.get(digest) ?? `u-${known.size}`
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

const ready = (): Promise<number> =>
  role === "upstream"
    ? listen(upstreamListener)
    : role === "floor"
    ? listen(floorListener())
    : role === "grpc"
    ? import("./BareGrpc.ts").then((it) => it.listen())
    : listen(bareListener())

createInterface({ input: process.stdin }).on("line", () => {
  const { system, user } = process.cpuUsage()
  tell({ micros: user + system, heap: process.memoryUsage().heapUsed })
}).on("close", () => process.exit())

tell({ port: await ready() })
