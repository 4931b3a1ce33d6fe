/** A host's own program knows tools as the proxy does: the same requests, the same codes, through each way in. */
import { assert, describe, it } from "@effect/vitest"
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import * as Door from "@jotgate/core/Door"
import { GateOptions } from "@jotgate/core/Gate"
import { HttpSecurity } from "@jotgate/core/HttpSecurity"
import { Clock, Effect, Redacted } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { toolReader } from "../../src/mcp/McpPeek.ts"
import * as World from "../support/World.ts"

const mcp = [{ server: "files", path: "/mcp/files" }]

const options: World.WorldOptions = {
  policy: { teamRoutes: ["llm_api_routes", "/mcp/*"], mcp },
  rows: {
    users: [makeUser({ id: UserId.make("alice"), role: "internal_user", teams: [TeamId.make("red")] })],
    teams: [makeTeam({
      id: TeamId.make("red"),
      models: ["*"],
      tools: ["*/good_*", "!*/good_but_not"],
      prompts: ["*/hello"],
      resources: ["*/file:///pub/*"]
    })]
  }
}

interface Sent {
  readonly method?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

const rpc = (method: string, params: object = {}) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })
const call = (name: string) => rpc("tools/call", { name, arguments: {} })
const modern = (method: string, name: string) => ({
  "mcp-protocol-version": "2026-07-28",
  "mcp-method": method,
  "mcp-name": name
})

const table: Readonly<Record<string, readonly [sent: Sent, code: string | null]>> = {
  "a tool that is listed": [{ body: call("good_one") }, null],
  "one that is not": [{ body: call("bad") }, "tool_denied"],
  "one that is taken away": [{ body: call("good_but_not") }, "tool_denied"],
  "a prompt": [{ body: rpc("prompts/get", { name: "hello" }) }, null],
  "another prompt": [{ body: rpc("prompts/get", { name: "other" }) }, "tool_denied"],
  "a resource": [{ body: rpc("resources/read", { uri: "file:///pub/a" }) }, null],
  "another resource": [{ body: rpc("resources/read", { uri: "file:///etc/passwd" }) }, "tool_denied"],
  "a list": [{ body: rpc("tools/list") }, null],
  "a batch with one that is not listed": [{
    body: `[${call("good_one")},${call("bad").replace(`"id":1`, `"id":2`)}]`,
    headers: { "mcp-protocol-version": "2025-03-26" }
  }, "tool_denied"],
  "a method that nobody knows": [{ body: rpc("tools/callMany", { name: "good_one" }) }, "tool_unseen"],
  "the newest revision": [{ body: call("good_one"), headers: modern("tools/call", "good_one") }, null],
  "a header that names another tool": [
    { body: call("bad"), headers: modern("tools/call", "good_one") },
    "tool_mismatch"
  ],
  "two names": [
    { body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"good_one","name":"bad"}}` },
    "body_invalid"
  ],
  "no JSON": [{ body: "{" }, "body_invalid"],
  "no body": [{ body: "" }, "body_invalid"],
  "a pattern for a name": [{ body: call("good_*") }, "body_invalid"],
  "a version that nobody knows": [{
    body: call("good_one"),
    headers: { "mcp-protocol-version": "2031-01-01" }
  }, "request_ambiguous"],
  "the stream of a session": [{ method: "GET" }, null]
}

describe("a request to an MCP server in a host's own program", () => {
  it.live("is judged as the proxy judges it, by the door of createGate and by HttpSecurity", () =>
    Effect.gen(function*() {
      const { auth, token, upstream, url } = yield* World.make(options)
      upstream.answer = (_, response) => {
        response.writeHead(200, { "content-type": "application/json" })
        response.end(`{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}`)
      }
      const alice = yield* token("alice", { groups: ["red"] })
      const tools = toolReader(mcp.map((it) => ({ ...it, prefixes: [], legacy: false })))
      const door = Door.make(auth, yield* Clock.Clock, { tools })
      const guard = yield* HttpSecurity.makeBearer.pipe(
        Effect.provideService(AuthBuilder, auth),
        Effect.provideService(GateOptions, { tools })
      )
      const request = ({ body, headers, method = "POST" }: Sent) =>
        new Request(`${url}/mcp/files`, {
          method,
          headers: {
            authorization: `Bearer ${alice}`,
            accept: "application/json, text/event-stream",
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            ...headers
          },
          ...(body === undefined ? {} : { body })
        })
      const proxied = (sent: Sent) =>
        Effect.promise(async () => {
          const response = await fetch(request(sent))
          const text = await response.text()
          return response.status === 200 ? null : String(JSON.parse(text).error?.data?.code ?? response.status)
        })
      const guarded = (sent: Sent) =>
        guard(Effect.succeed(HttpServerResponse.text("ok")), { credential: Redacted.make(alice) }).pipe(
          Effect.provideService(HttpServerRequest.HttpServerRequest, HttpServerRequest.fromWeb(request(sent))),
          Effect.map(({ status }) => status)
        )
      for (const [title, [sent, code]] of Object.entries(table)) {
        const { verdict } = yield* door(Door.judged(request(sent)))
        assert.strictEqual(verdict.code, code, `${title}, by the door`)
        if (sent.method !== "GET") assert.strictEqual(yield* proxied(sent), code, `${title}, by the proxy`)
        assert.strictEqual(yield* guarded(sent), verdict.status, `${title}, by HttpSecurity`)
      }
    }))

  it.live("is not seen without a reader, and denied where a rule could concern it (RULES D53)", () =>
    Effect.gen(function*() {
      const { auth, token, url } = yield* World.make(options)
      const alice = yield* token("alice", { groups: ["red"] })
      const door = Door.make(auth, yield* Clock.Clock)
      const headers = { authorization: `Bearer ${alice}`, "content-type": "application/json" }
      const request = new Request(`${url}/mcp/files`, { method: "POST", headers, body: call("good_one") })
      assert.strictEqual((yield* door(Door.judged(request))).verdict.code, "tool_unseen")
    }))
})
