/**
 * A token that lacks scopes is told all of them in one challenge, wherever it is shown: in the proxy and at every door
 * (RFC 6750, RFC 9728). Behind them stand those that it holds, which clients would lose that ask for a challenge's alone.
 */
import { assert, describe, it } from "@effect/vitest"
import { makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Effect } from "effect"
import * as GrpcClient from "../support/GrpcClient.ts"
import { call, message, modern, sendMessage } from "../support/McpMessages.ts"
import * as World from "../support/World.ts"

const resource = "https://gate.test/mcp/files"

const world = World.make({
  grpc: true,
  policy: {
    teamRoutes: ["llm_api_routes", "/mcp/*"],
    mcp: [{ server: "files", path: "/mcp/files", resource, scopes: ["mcp", "files"] }],
    scopes: [
      { scope: "files.read", tools: ["files/get_*"] },
      { scope: "files.write", tools: ["files/put_*"] },
      { scope: "chat", models: ["gpt-4o"] }
    ]
  },
  rows: {
    users: [makeUser({ id: UserId.make("alice"), role: "internal_user", teams: [TeamId.make("red")] })],
    teams: [makeTeam({ id: TeamId.make("red"), models: ["*"], tools: ["files/get_*", "files/put_*"] })]
  }
})

const tokenOf = (it: World.World, scope: string) => it.token("alice", { groups: ["red"], aud: resource, scope })

const metadata = "/.well-known/oauth-protected-resource/mcp/files"

/** The only challenge, in its parts. */
const challengeIn = (headers: { readonly "www-authenticate"?: string | undefined }) => {
  const text = headers["www-authenticate"] ?? ""
  assert.lengthOf(text.match(/Bearer/g) ?? [], 1, text)
  const part = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(text)?.[1]
  assert.isTrue(part("resource_metadata")?.endsWith(metadata), text)
  return { error: part("error"), scope: part("scope") }
}

describe("a token that lacks scopes", () => {
  const lacking: ReadonlyArray<
    readonly [what: string, held: string, body: string, missing: string, kept: ReadonlyArray<string>]
  > = [
    ["of the server", "mcp", message("ping"), "files", ["mcp"]],
    ["of the server, all of them", "", message("server/discover"), "mcp files", []],
    ["of the server and of a tool", "openid chat mcp", call("put_a"), "files files.write", ["mcp"]],
    ["of a tool", "files.read files mcp", call("put_a"), "files.write", ["mcp", "files", "files.read"]],
    [
      "of several tools",
      "mcp files",
      `[${call("put_a", 1)},${call("get_a", 2)},${call("put_b", 3)}]`,
      "files.write files.read",
      ["mcp", "files"]
    ]
  ]
  for (const [what, held, body, missing, kept] of lacking) {
    it.live(`${what}, is challenged once with each, and nothing is sent`, () =>
      Effect.gen(function*() {
        const it = yield* world
        const denied = yield* sendMessage(it, yield* tokenOf(it, held), { body })
        assert.strictEqual(denied.status, 403, denied.text)
        const named = [missing, ...kept].join(" ")
        assert.deepStrictEqual(challengeIn(denied.headers), { error: "insufficient_scope", scope: named })
        const { error } = JSON.parse(denied.text)
        assert.deepStrictEqual(error.data.scope, missing.split(" "))
        assert.strictEqual(error.data.code, "tool_denied")
        assert.include(error.message, `authorize again`)
        assert.lengthOf(it.log.recent(10), 1)
        assert.lengthOf(it.upstream.requests, 0)
        const renewed = yield* sendMessage(it, yield* tokenOf(it, named), { body })
        assert.strictEqual(renewed.status, 200, renewed.text)
      }))
  }

  it.live("is not challenged when no scope would help", () =>
    Effect.gen(function*() {
      const it = yield* world
      const denied = yield* sendMessage(it, yield* tokenOf(it, "mcp files"), { body: call("delete_a") })
      assert.strictEqual(denied.status, 403)
      assert.isUndefined(denied.headers["www-authenticate"])
      assert.isUndefined(JSON.parse(denied.text).error.data.scope)
    }))

  it.live("and a request without a token is told what the server wants", () =>
    Effect.gen(function*() {
      const it = yield* world
      for (const token of ["", "nonsense"]) {
        const denied = yield* sendMessage(it, token, { body: call("get_a") })
        assert.strictEqual(denied.status, 401)
        assert.strictEqual(challengeIn(denied.headers).scope, "mcp files")
      }
    }))
})

describe("at a door", () => {
  /** Whom the caller asked, as every proxy tells it. */
  const proxied = ["x-forwarded-host", "gate.test", "x-forwarded-proto", "https"]
  const original: Readonly<Record<string, readonly [path: string, headers: ReadonlyArray<string>]>> = {
    nginx: ["/_jotgate/auth/nginx", ["x-original-method", "POST", "x-original-uri", "/mcp/files"]],
    "ingress-nginx": [
      "/_jotgate/auth/ingress-nginx",
      ["x-original-method", "POST", "x-original-url", "http://gate.test/mcp/files"]
    ],
    caddy: ["/_jotgate/auth/caddy", ["x-forwarded-method", "POST", "x-forwarded-uri", "/mcp/files"]],
    haproxy: ["/_jotgate/auth/haproxy", ["x-forwarded-method", "POST", "x-forwarded-uri", "/mcp/files"]],
    traefik: ["/_jotgate/auth/traefik", ["x-forwarded-method", "POST", "x-forwarded-uri", "/mcp/files"]],
    envoy: ["/_jotgate/envoy/mcp/files", []]
  }
  for (const [door, [path, headers]] of Object.entries(original)) {
    it.live(`${door}: the challenge is the same`, () =>
      Effect.gen(function*() {
        const it = yield* world
        const seesBody = door === "traefik" || door === "envoy"
        const asked = {
          method: seesBody ? "POST" : "GET",
          path,
          headers: [...headers, ...proxied, ...modern("tools/call", "put_a")],
          ...(seesBody ? { body: call("put_a") } : {})
        }
        const denied = yield* sendMessage(it, yield* tokenOf(it, "mcp"), asked)
        assert.strictEqual(denied.status, 403, denied.text)
        assert.deepStrictEqual(challengeIn(denied.headers), {
          error: "insufficient_scope",
          scope: "files files.write mcp"
        })
        const passed = yield* sendMessage(it, yield* tokenOf(it, "mcp files files.write"), asked)
        assert.strictEqual(passed.status, 200, passed.text)
      }))
  }

  it.live("gRPC: the challenge is the same", () =>
    Effect.gen(function*() {
      const it = yield* world
      const ask = (token: string) =>
        GrpcClient.check(
          it.grpcPort,
          GrpcClient.messageOf({
            method: "POST",
            path: "/mcp/files",
            headers: [["authorization", `Bearer ${token}`], ["content-type", "application/json"]],
            body: call("put_a")
          })
        )
      const denied = yield* ask(yield* tokenOf(it, "mcp"))
      assert.strictEqual(denied.status, 403, denied.body)
      assert.deepStrictEqual(challengeIn(denied.headers), {
        error: "insufficient_scope",
        scope: "files files.write mcp"
      })
      assert.strictEqual((yield* ask(yield* tokenOf(it, "mcp files files.write"))).code, 0)
    }))
})
