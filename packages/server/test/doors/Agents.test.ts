/** Who acts, and which tool: in the headers that a door tells, in what the upstream gets, in metadata and in the record of each answer. */
import { assert, describe, it } from "@effect/vitest"
import { AgentId, makeAgent, makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Effect } from "effect"
import * as GrpcClient from "../support/GrpcClient.ts"
import * as World from "../support/World.ts"

const path = "/mcp/files"

const options: World.WorldOptions = {
  grpc: true,
  policy: { teamRoutes: ["llm_api_routes", "/mcp/*"], mcp: [{ server: "files", path }] },
  claims: { agent: { actor: "act" } },
  rows: {
    users: [makeUser({ id: UserId.make("alice"), role: "internal_user", teams: [TeamId.make("red")] })],
    teams: [makeTeam({ id: TeamId.make("red"), models: ["*"], tools: ["files/*"] })],
    agents: [makeAgent({ id: AgentId.make("agent-7"), tools: ["files/get_*"] })]
  }
}

const call = (name: string) =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: {} } })

/** The headers with which the newest revision binds the server, so that a proxy without a body can be answered. */
const bound = (name: string) => ({
  "content-type": "application/json",
  "mcp-protocol-version": "2026-07-28",
  "mcp-method": "tools/call",
  "mcp-name": name
})

/** How each proxy tells the request. */
const told: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nginx: { "x-original-method": "POST", "x-original-uri": path },
  "ingress-nginx": { "x-original-method": "POST", "x-original-url": `http://gate.test${path}` },
  caddy: { "x-forwarded-method": "POST", "x-forwarded-uri": path },
  haproxy: { "x-forwarded-method": "POST", "x-forwarded-uri": path },
  traefik: { "x-forwarded-method": "POST", "x-forwarded-uri": path }
}

const claims = { groups: ["red"], act: { sub: "agent-7", act: { sub: "orchestrator" } } }

describe("an agent that calls a tool for somebody", () => {
  for (const dialect of [...Object.keys(told), "envoy"]) {
    it.live(`at the ${dialect} door`, () =>
      Effect.gen(function*() {
        const { log, token, url } = yield* World.make(options)
        const bearer = `Bearer ${yield* token("alice", claims)}`
        const ask = (name: string) =>
          Effect.promise(() =>
            fetch(`${url}${dialect === "envoy" ? `/_jotgate/envoy${path}` : `/_jotgate/auth/${dialect}`}`, {
              method: dialect === "envoy" ? "POST" : "GET",
              headers: { authorization: bearer, ...bound(name), ...told[dialect] },
              ...(dialect === "envoy" ? { body: call(name) } : {})
            })
          )
        const allowed = yield* ask("get_it")
        assert.strictEqual(allowed.status, 200)
        assert.strictEqual(allowed.headers.get("x-jotgate-agent"), "agent-7")
        assert.strictEqual(allowed.headers.get("x-jotgate-tools"), "files%2Fget_*")
        assert.deepInclude(log.recent(1)[0], {
          door: dialect,
          tool: "files/get_it",
          agent: "agent-7",
          user: "alice",
          verdict: "allow"
        })
        const denied = yield* ask("put")
        assert.strictEqual(denied.status, 403)
        assert.isNull(denied.headers.get("x-jotgate-agent"))
        const [record] = log.recent(1)
        assert.deepInclude(record, { tool: "files/put", agent: "agent-7", verdictCode: "tool_denied" })
        assert.include(
          JSON.stringify(record?.steps),
          "agent-7 may not call files/put for alice: alice may, agent-7 may not"
        )
      }))
  }

  it.live("over gRPC, in headers and in dynamic metadata", () =>
    Effect.gen(function*() {
      const { grpcPort, log, token } = yield* World.make(options)
      const bearer = ["authorization", `Bearer ${yield* token("alice", claims)}`] as const
      const ask = (name: string) =>
        GrpcClient.check(
          grpcPort,
          GrpcClient.messageOf({
            method: "POST",
            path,
            body: call(name),
            headers: [bearer, ...Object.entries(bound(name))]
          })
        )
      const allowed = yield* ask("get_it")
      assert.deepInclude(allowed.headers, { "x-jotgate-agent": "agent-7", "x-jotgate-tools": "files%2Fget_*" })
      assert.deepInclude(allowed.metadata, { user: "alice", agent: "agent-7", tools: ["files/get_*"] })
      assert.deepInclude(log.recent(1)[0], { door: "grpc", tool: "files/get_it", agent: "agent-7" })
      assert.strictEqual((yield* ask("put")).status, 403)
      assert.deepInclude(log.recent(1)[0], { tool: "files/put", agent: "agent-7", verdictCode: "tool_denied" })
    }))

  it.live("through the proxy: the upstream is told who acts, whatever the caller says of it", () =>
    Effect.gen(function*() {
      const { log, token, upstream, url } = yield* World.make(options)
      const bearer = `Bearer ${yield* token("alice", claims)}`
      const ask = (name: string) =>
        Effect.promise(() =>
          fetch(`${url}${path}`, {
            method: "POST",
            headers: { authorization: bearer, ...bound(name), "x-jotgate-agent": "root" },
            body: call(name)
          }).then((response) => response.text())
        )
      yield* ask("get_it")
      assert.strictEqual(upstream.last().headers["x-jotgate-agent"], "agent-7")
      assert.deepInclude(log.recent(1)[0], { door: "proxy", tool: "files/get_it", agent: "agent-7" })
      yield* ask("put")
      assert.lengthOf(upstream.requests, 1)
      assert.deepInclude(log.recent(1)[0], { tool: "files/put", agent: "agent-7", code: "tool_denied" })
    }))
})
