/**
 * MCP at the doors: the body is judged where it comes whole, the two headers where the server must compare them.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as World from "../support/World.ts"

const policy = { teamRoutes: ["llm_api_routes", "/mcp/*"], mcp: [{ server: "files", path: "/mcp/files" }] }

const call = (name: string) =>
  JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/call", params: { name, arguments: {} } })

const modern = (name: string) => ({
  "mcp-protocol-version": "2026-07-28",
  "mcp-method": "tools/call",
  "mcp-name": name
})

/** How each proxy tells the request. */
const told: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nginx: { "x-original-method": "POST", "x-original-uri": "/mcp/files" },
  "ingress-nginx": { "x-original-method": "POST", "x-original-url": "http://gate.test/mcp/files" },
  caddy: { "x-forwarded-method": "POST", "x-forwarded-uri": "/mcp/files" },
  traefik: { "x-forwarded-method": "POST", "x-forwarded-uri": "/mcp/files" },
  haproxy: { "x-forwarded-method": "POST", "x-forwarded-uri": "/mcp/files" }
}

const ask = Effect.fnUntraced(function*(
  world: World.World,
  dialect: string,
  headers: Readonly<Record<string, string>>,
  body?: string
) {
  const token = yield* world.token("alice", { groups: ["red"] })
  return yield* Effect.promise(async () => {
    const target = dialect === "envoy" ? "/_jotgate/envoy/mcp/files" : `/_jotgate/auth/${dialect}`
    const response = await fetch(`${world.url}${target}`, {
      method: body === undefined && dialect !== "envoy" ? "GET" : "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...told[dialect], ...headers },
      ...(body === undefined ? {} : { body })
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text }
  })
})

const world = World.make({ policy })

describe("a request to an MCP server at a door", () => {
  for (const dialect of ["traefik", "envoy"]) {
    it.live(`${dialect}: a body that comes whole is judged, and must agree with its headers`, () =>
      Effect.gen(function*() {
        const it = yield* world
        const good = yield* ask(it, dialect, modern("get-sum"), call("get-sum"))
        assert.strictEqual(good.status, 200, good.text)
        assert.isNotNull(good.headers.get("x-jotgate-tools"))
        const other = yield* ask(it, dialect, modern("echo"), call("get-sum"))
        assert.strictEqual(other.status, 400)
        assert.strictEqual(JSON.parse(other.text).error.code, -32_020)
        assert.strictEqual(JSON.parse(other.text).id, 7)
        const bad = yield* ask(it, dialect, {}, `{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}`)
        assert.strictEqual(JSON.parse(bad.text).error.code, -32_600)
      }))
  }

  it.live("headers that cannot be relied upon are refused where nobody sees the body", () =>
    Effect.gen(function*() {
      const it = yield* world
      for (const dialect of ["nginx", "ingress-nginx", "caddy", "haproxy"]) {
        const status = dialect.endsWith("nginx") ? 403 : 400
        for (
          const headers of [
            { ...modern("get-*") },
            { ...modern("=?base64?YQ?=") },
            { ...modern("a"), "mcp-protocol-version": "2031-01-01" },
            { ...modern("a"), "mcp-method": "tools/call, tools/list" }
          ]
        ) {
          const answer = yield* ask(it, dialect, headers)
          assert.strictEqual(answer.status, status, `${dialect} ${JSON.stringify(headers)}`)
        }
        assert.strictEqual((yield* ask(it, dialect, modern("get-sum"))).status, 200)
      }
    }))

  it.live("a session, and a task, is its caller's at every door and in the proxy", () =>
    Effect.gen(function*() {
      const it = yield* world
      const session = { ...modern("a"), "mcp-session-id": "s-1" }
      assert.strictEqual((yield* ask(it, "nginx", session)).status, 200)
      const bob = yield* it.token("bob", { groups: ["red", "blue"] })
      for (const dialect of ["caddy", "nginx"]) {
        const answer = yield* ask(it, dialect, { ...session, authorization: `Bearer ${bob}` })
        assert.strictEqual(answer.status, 403)
      }
      const task = (name: string) => ({ ...modern(name), "mcp-method": "tasks/get" })
      assert.strictEqual((yield* ask(it, "nginx", task("t-1"))).status, 200)
      for (const dialect of ["caddy", "haproxy"]) {
        const other = { ...task("T-1"), authorization: `Bearer ${bob}` }
        assert.strictEqual((yield* ask(it, dialect, other)).status, 403, dialect)
        const { "mcp-name": _, ...nameless } = task("t-1")
        assert.strictEqual((yield* ask(it, dialect, nameless)).status, 400, dialect)
      }
      const proxied = yield* Effect.promise(() =>
        fetch(`${it.url}/mcp/files`, {
          method: "POST",
          headers: { ...session, authorization: `Bearer ${bob}`, "content-type": "application/json" },
          body: call("a")
        }).then((response) => response.json())
      )
      assert.propertyVal(proxied, "id", 7)
      assert.include(JSON.stringify(proxied), "session_denied")
    }))
})
