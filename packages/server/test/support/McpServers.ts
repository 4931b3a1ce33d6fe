/** MCP servers as people run them: the reference server of every feature, and one of the newest revision. */
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import { Effect, Exit, Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { createServer, type Server } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll } from "vitest"
import * as z from "zod/v4"

export interface Served {
  readonly url: string
  /** Calls of tools that have reached the server. */
  readonly calls: { count: number }
}

const everything = createRequire(import.meta.url).resolve("@modelcontextprotocol/server-everything/dist/index.js")

/** A port that nobody listens on. */
export const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** `@modelcontextprotocol/server-everything` over Streamable HTTP, below `/mcp`. */
export const everythingServer = Effect.gen(function*() {
  const port = yield* freePort
  yield* Effect.acquireRelease(
    Effect.callback<ChildProcess>((resume) => {
      const child = spawn(process.execPath, [everything, "streamableHttp"], {
        env: { ...process.env, PORT: String(port) },
        stdio: ["ignore", "ignore", "pipe"]
      })
      child.stderr.on("data", (chunk: Buffer) => {
        if (chunk.includes("listening")) resume(Effect.succeed(child))
      })
    }),
    (child) => Effect.sync(() => child.kill())
  )
  return { url: `http://127.0.0.1:${port}` }
})

/** One of it for the tests of a file: each client has a session of its own. */
export const sharedEverythingServer = (): typeof everythingServer => {
  const scope = Effect.runSync(Scope.make())
  let served: Effect.Success<typeof everythingServer> | undefined
  beforeAll(async () => {
    served = await Effect.runPromise(Scope.provide(everythingServer, scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return Effect.suspend(() =>
    served === undefined ? Effect.die(new Error("the server is not started")) : Effect.succeed(served)
  )
}

const names = ["one", "two", "three", "four", "five"]

/** A server of revision 2026-07-28 with five tools, which also speaks the revisions before it, without sessions. */
export const modernServer = Effect.gen(function*() {
  const calls = { count: 0 }
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: "modern", version: "1.0.0" })
    for (const name of names) {
      server.registerTool(name, { description: name, inputSchema: z.object({}) }, () => {
        calls.count++
        return { content: [{ type: "text", text: name }] }
      })
    }
    return server
  })
  const server = yield* Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const made = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const headers = new Headers()
          for (let i = 0; i < request.rawHeaders.length; i += 2) {
            headers.append(request.rawHeaders[i] ?? "", request.rawHeaders[i + 1] ?? "")
          }
          const body = request.method === "POST" ? { body: Buffer.concat(chunks) } : {}
          void handler
            .fetch(new Request(`http://127.0.0.1${request.url}`, { method: request.method ?? "GET", headers, ...body }))
            .then(async (answer) => {
              response.writeHead(answer.status, Object.fromEntries(answer.headers))
              response.end(Buffer.from(await answer.arrayBuffer()))
            })
        })
      })
      made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
    }),
    (it) => Effect.sync(() => void it.close())
  )
  const served: Served = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls }
  return served
})
