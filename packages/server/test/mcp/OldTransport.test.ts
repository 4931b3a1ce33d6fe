/** HTTP+SSE of 2024-11-05, with the SDK's own server and client: lists on its stream are filtered, and calls are judged. */
import { assert, describe, it } from "@effect/vitest"
import { makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js"
import { Effect } from "effect"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import * as World from "../support/World.ts"

const names = ["one", "two", "three", "four", "five"]

/** A server of the old transport below `/mcp/old`. */
const oldServer = Effect.gen(function*() {
  const calls = { count: 0 }
  const sessions = new Map<string, SSEServerTransport>()
  const server = yield* Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const made = createServer((request, response) => {
        const url = new URL(request.url ?? "", "http://old.test")
        if (request.method === "GET" && url.pathname === "/mcp/old/sse") {
          const transport = new SSEServerTransport("/mcp/old/messages", response)
          const mcp = new McpServer({ name: "old", version: "1.0.0" })
          for (const name of names) {
            mcp.registerTool(name, { description: name }, () => {
              calls.count++
              return { content: [{ type: "text", text: name }] }
            })
          }
          sessions.set(transport.sessionId, transport)
          return void mcp.connect(transport)
        }
        const session = sessions.get(url.searchParams.get("sessionId") ?? "")
        if (session === undefined) return void response.writeHead(404).end()
        void session.handlePostMessage(request, response)
      })
      made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
    }),
    (it) =>
      Effect.sync(() => {
        it.close()
        it.closeAllConnections()
      })
  )
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls, sessions }
})

describe("a server of the old transport behind the gate", () => {
  it.live("lists and runs what its caller may, and keeps sessions apart", () =>
    Effect.gen(function*() {
      const { calls, sessions, url } = yield* oldServer
      const world = yield* World.make({
        policy: { teamRoutes: ["/mcp/*"], mcp: [{ server: "old", path: "/mcp/old", legacy: true }] },
        rows: {
          users: [["alice", "red"], ["bob", "blue"]].map(([id = "", team = ""]) =>
            makeUser({ id: UserId.make(id), role: "internal_user", teams: [TeamId.make(team)] })
          ),
          teams: [
            makeTeam({ id: TeamId.make("red"), tools: ["old/one", "old/t*"] }),
            makeTeam({ id: TeamId.make("blue"), tools: [] })
          ]
        },
        mcp: { old: { url } }
      })
      const tokens = [yield* world.token("alice", { groups: ["red"] }), yield* world.token("bob", { groups: ["blue"] })]
      for (const [at, mine] of [["one", "two", "three"], []].entries()) {
        calls.count = 0
        const headers = { authorization: `Bearer ${tokens[at]}` }
        const [listed, called] = yield* Effect.promise(async () => {
          const client = new Client({ name: "test", version: "1" })
          await client.connect(
            new SSEClientTransport(new URL(`${world.url}/mcp/old/sse`), {
              requestInit: { headers },
              eventSourceInit: {
                fetch: (input: string | URL, { signal }: { readonly signal?: AbortSignal }) =>
                  fetch(input, {
                    ...(signal === undefined ? {} : { signal }),
                    headers: { ...headers, accept: "text/event-stream" }
                  })
              }
            })
          )
          const { tools } = await client.listTools()
          const called: Array<string> = []
          for (const name of names) await client.callTool({ name }).then(() => called.push(name), () => {})
          // Another's session takes no message, however its address is written.
          const [session = ""] = [...sessions.keys()].slice(-1)
          for (
            const address of [
              session,
              session.toUpperCase(),
              `%${session.charCodeAt(0).toString(16)}${session.slice(1)}`
            ]
          ) {
            const answer = await fetch(`${world.url}/mcp/old/messages?sessionId=${address}`, {
              method: "POST",
              headers: { authorization: `Bearer ${tokens[1 - at]}`, "content-type": "application/json" },
              body: `{"jsonrpc":"2.0","id":9,"method":"ping"}`
            })
            assert.strictEqual(answer.status, 403, address)
          }
          await client.close()
          return [tools.map((it) => it.name), called] as const
        })
        assert.deepStrictEqual(listed, mine)
        assert.deepStrictEqual(called, mine)
        assert.strictEqual(calls.count, mine.length)
      }
    }))
})
