/**
 * MCP through the proxy: what is refused before anything is sent, whose a session is, and how an agent is told.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as World from "../support/World.ts"

const policy = {
  teamRoutes: ["llm_api_routes", "/mcp/*"],
  mcp: [{ server: "files", path: "/mcp/files" }, { server: "old", path: "/mcp/old", legacy: true }]
}

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined
}

const send = (world: World.World, token: string, { body, headers, method = "POST", path = "/mcp/files" }: Sent) =>
  Effect.promise(async () => {
    const response = await fetch(`${world.url}${path}`, {
      method,
      headers: {
        ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        accept: "application/json, text/event-stream",
        ...headers
      },
      ...(body === undefined ? {} : { body })
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: response.headers.get("content-type") === "application/json" ? JSON.parse(text) : undefined
    }
  })

const call = (name: string, id: unknown = 1, more: object = {}) =>
  JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: {}, ...more } })

const modern = (method: string, name?: string) => ({
  "mcp-protocol-version": "2026-07-28",
  "mcp-method": method,
  ...(name === undefined ? {} : { "mcp-name": name })
})

const world = World.make({ policy })

describe("a request to an MCP server", () => {
  it.live("is sent on byte for byte, below the same path, and a denial is a JSON-RPC error for its id", () =>
    Effect.gen(function*() {
      const it = yield* world
      const token = yield* it.token("alice", { groups: ["red"] })
      const body = ` ${call("get-sum")}\n`
      const answer = yield* send(it, token, { body, path: "/mcp/files?x=1", headers: modern("tools/call", "get-sum") })
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(it.upstream.last().url, "/mcp/files?x=1")
      assert.strictEqual(it.upstream.last().body.toString(), body)
      assert.strictEqual(it.upstream.last().headers["mcp-name"], "get-sum")
      const denied = yield* send(it, "", { body: call("get-sum", "a\"b") })
      assert.strictEqual(denied.status, 401)
      assert.include(denied.headers.get("www-authenticate"), "resource_metadata=")
      assert.strictEqual(denied.json.id, "a\"b")
      assert.strictEqual(denied.json.error.code, -32_003)
      assert.strictEqual(denied.json.error.data.code, "token_missing")
      assert.strictEqual(denied.json.error.data.decision, denied.headers.get("x-jotgate-decision"))
    }))

  const refused: ReadonlyArray<readonly [string, number, Sent]> = [
    ["no JSON", -32_700, { body: "{" }],
    ["no body", -32_700, {}],
    ["no UTF-8", -32_700, { body: Buffer.from(call("caf\u00e9"), "latin1") }],
    ["two methods", -32_600, { body: `{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}` }],
    ["an empty batch", -32_600, { body: "[]" }],
    ["a name with a wildcard", -32_600, { body: call("get-*") }],
    ["a name with a control character", -32_600, { body: call("get\u0000sum") }],
    ["no name", -32_600, { body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}` }],
    ["a version that nobody knows", -32_022, { body: call("a"), headers: { "mcp-protocol-version": "2031-01-01" } }],
    ["the version of the old transport", -32_022, {
      body: call("a"),
      headers: { "mcp-protocol-version": "2024-11-05" }
    }],
    ["two versions", -32_020, { body: call("a"), headers: { "mcp-protocol-version": "2025-11-25, 2025-11-25" } }],
    ["another method in the header", -32_020, { body: call("a"), headers: modern("tools/list", "a") }],
    ["another name in the header", -32_020, { body: call("a"), headers: modern("tools/call", "b") }],
    ["no name in the header", -32_020, { body: call("a"), headers: modern("tools/call") }],
    ["no method in the header", -32_020, {
      body: call("a"),
      headers: { "mcp-protocol-version": "2026-07-28", "mcp-name": "a" }
    }],
    ["a method in another case", -32_020, { body: call("a"), headers: modern("Tools/Call", "a") }],
    ["a name in another case", -32_020, { body: call("a"), headers: modern("tools/call", "A") }],
    ["a name that is no base64", -32_020, { body: call("a"), headers: modern("tools/call", "=?base64?YQ?=") }],
    ["a name in another alphabet", -32_020, {
      body: call("ÿ"),
      headers: modern("tools/call", `=?base64?${Buffer.from("ÿ").toString("base64url")}?=`)
    }],
    ["another version in _meta", -32_020, {
      body: call("a", 1, { _meta: { "io.modelcontextprotocol/protocolVersion": "2025-11-25" } }),
      headers: modern("tools/call", "a")
    }],
    ["a version in _meta alone", -32_020, {
      body: call("a", 1, { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } })
    }],
    ["an older revision whose header contradicts", -32_020, {
      body: call("a"),
      headers: { "mcp-protocol-version": "2025-06-18", "mcp-name": "b" }
    }],
    ["a batch in a revision without", -32_600, {
      body: `[${call("a")}]`,
      headers: { "mcp-protocol-version": "2025-06-18" }
    }],
    ["a resource with dot segments", -32_600, {
      body: `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///a/%2e%2E/b"}}`
    }],
    ["another type", -32_600, { body: call("a"), headers: { "content-type": "text/plain" } }],
    ["another charset", -32_600, { body: call("a"), headers: { "content-type": "application/json; charset=utf-16" } }],
    ["another method of HTTP", -32_600, { method: "PUT", body: call("a") }],
    ["a DELETE with a body", -32_600, { method: "DELETE", body: call("a") }]
  ]

  it.live("with more than one reading is refused by its error, and nothing is sent", () =>
    Effect.gen(function*() {
      const it = yield* world
      const token = yield* it.token("alice", { groups: ["red"] })
      for (const [what, code, sent] of refused) {
        const answer = yield* send(it, token, sent)
        assert.include([400, 405, 415], answer.status, what)
        assert.strictEqual(answer.json?.error.code, code, `${what}: ${answer.text}`)
        assert.strictEqual(answer.json.jsonrpc, "2.0", what)
        if (code === -32_020 || code === -32_022) assert.strictEqual(answer.json.id, 1, what)
        if (code === -32_020) assert.strictEqual(answer.json.error.data.code, "tool_mismatch", what)
        if (code === -32_022) assert.include(answer.json.error.data.supported, "2026-07-28")
      }
      assert.lengthOf(it.upstream.requests, 0)
      assert.lengthOf(it.log.recent(100), refused.length)
    }))

  it.live("whose path is a server's in another case is refused", () =>
    Effect.gen(function*() {
      const it = yield* world
      const token = yield* it.token("alice", { groups: ["red"] })
      for (const path of ["/MCP/files", "/mcp/Files", "/mcp/FILES/x"]) {
        assert.strictEqual((yield* send(it, token, { body: call("a"), path })).status, 400, path)
      }
      assert.lengthOf(it.upstream.requests, 0)
    }))

  it.live("may have a name that is no plain text, in base64", () =>
    Effect.gen(function*() {
      const it = yield* world
      const token = yield* it.token("alice", { groups: ["red"] })
      for (const name of ["größe", "=?base64?literal?="]) {
        const encoded = `=?base64?${Buffer.from(name).toString("base64")}?=`
        const answer = yield* send(it, token, { body: call(name), headers: modern("tools/call", encoded) })
        assert.strictEqual(answer.status, 200, answer.text)
      }
    }))
})

describe("a session", () => {
  it.live("is its caller's who used it first, or who was given it", () =>
    Effect.gen(function*() {
      const it = yield* world
      const alice = yield* it.token("alice", { groups: ["red"] })
      const bob = yield* it.token("bob", { groups: ["red", "blue"] })
      it.upstream.answer = (_, response) => {
        response.writeHead(200, { "content-type": "application/json", "mcp-session-id": "given" })
        response.end("{}")
      }
      assert.strictEqual((yield* send(it, alice, { body: call("a") })).status, 200)
      for (const session of ["given", "first"]) {
        const headers = { "mcp-session-id": session }
        assert.strictEqual((yield* send(it, alice, { body: call("a"), headers })).status, 200)
        for (const method of ["POST", "GET", "DELETE"]) {
          const denied = yield* send(it, bob, { method, headers, body: method === "POST" ? call("a") : undefined })
          assert.strictEqual(denied.status, 403, method)
          assert.strictEqual(denied.json.error.data.code, "session_denied")
        }
        // A token that was renewed is still hers.
        const renewed = yield* it.token("alice", { groups: ["red"], jti: "2" })
        assert.strictEqual((yield* send(it, renewed, { body: call("a"), headers })).status, 200)
      }
      const sent = it.upstream.requests.length
      assert.strictEqual(sent, 5)
    }))
})
