/**
 * A client without a token finds out whom to ask, signs in, is challenged once, and is let in: RFC 9728, 8414, 8707, as
 * MCP's authorization has it, against an independent provider.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Newest from "@modelcontextprotocol/client"
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { Effect } from "effect"
import { freePort, modernServer } from "../support/McpServers.ts"
import * as ServerWorld from "../support/ServerWorld.ts"
import { signInProvider } from "../support/SignInProvider.ts"

const redirectUrl = "http://127.0.0.1:9/callback"

/** What the SDK asks of an application: it keeps what it is given. */
const application = () => {
  const kept: { tokens?: object; verifier?: string; asked?: URL } = {}
  return {
    kept,
    provider: {
      redirectUrl,
      clientMetadata: { redirect_uris: [redirectUrl], client_name: "test" },
      clientInformation: () => ({ client_id: "mcp-client" }),
      tokens: () => kept.tokens as never,
      saveTokens: (tokens: object) => void (kept.tokens = tokens),
      redirectToAuthorization: (url: URL) => void (kept.asked = url),
      saveCodeVerifier: (verifier: string) => void (kept.verifier = verifier),
      codeVerifier: () => kept.verifier ?? ""
    }
  }
}

/** Follows the provider as a browser would, until it sends the person back with a code and who gave it. */
const callbackOf = async (url: URL): Promise<URLSearchParams> => {
  const cookies = new Map<string, string>()
  let next = url
  for (let hop = 0; hop < 10; hop++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ")
    const answer = await fetch(next, { redirect: "manual", headers: { cookie } })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const location = answer.headers.get("location")
    if (location === null) throw new Error(`${next}: ${answer.status} ${await answer.text()}`)
    next = new URL(location, next)
    if (next.href.startsWith(redirectUrl)) return next.searchParams
  }
  throw new Error("too many redirects")
}

describe("a client without a token", () => {
  it.live(
    "discovers, signs in, is challenged once and succeeds; its token is good for this resource alone",
    () =>
      Effect.gen(function*() {
        const { url: upstream } = yield* modernServer
        const port = yield* freePort
        const resource = `http://127.0.0.1:${port}/mcp`
        const issuer = yield* signInProvider
        const world = yield* ServerWorld.make({
          issuer: { issuer: issuer.origin, audience: "llm-gateway" },
          gateway: { listen: `127.0.0.1:${port}` },
          policy: {
            withoutTeam: "all",
            userRoutes: ["llm_api_routes", "/mcp/*"],
            mcp: [{ server: "modern", path: "/mcp", resource, scopes: ["mcp:tools"], upstream: { url: upstream } }]
          }
        })
        const { kept, provider } = application()
        const statuses: Array<number> = []
        const counting = async (input: string | URL, init?: RequestInit): Promise<Response> => {
          const answer = await fetch(input, init)
          if (String(input) === resource) statuses.push(answer.status)
          return answer
        }
        const transport = () =>
          new StreamableHTTPClientTransport(new URL(resource), { authProvider: provider, fetch: counting })
        const tools = yield* Effect.promise(async () => {
          const first = transport()
          await new Client({ name: "test", version: "1" }).connect(first).then(
            () => assert.fail("let in without a token"),
            (error: unknown) => assert.instanceOf(error, UnauthorizedError)
          )
          assert.strictEqual(kept.asked?.searchParams.get("resource"), resource)
          assert.strictEqual(kept.asked?.searchParams.get("scope"), "mcp:tools")
          await first.finishAuth((await callbackOf(kept.asked ?? new URL(resource))).get("code") ?? "")
          const client = new Client({ name: "test", version: "1" })
          await client.connect(transport())
          const { tools } = await client.listTools()
          await client.close()
          return tools.map((it) => it.name)
        })
        assert.deepStrictEqual(tools, ["one", "two", "three", "four", "five"])
        assert.strictEqual(statuses.filter((it) => it === 401).length, 1)

        const { access_token: token } = kept.tokens as { readonly access_token: string }
        const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
          Effect.promise(async () => {
            const answer = await fetch(`${world.gate}${path}`, { headers })
            return { status: answer.status, body: await answer.text() }
          })
        const elsewhere = yield* get("/v1/models", { authorization: `Bearer ${token}` })
        assert.strictEqual(elsewhere.status, 401, elsewhere.body)
        const document = yield* get("/.well-known/oauth-protected-resource/mcp")
        assert.deepStrictEqual(JSON.parse(document.body), {
          resource,
          authorization_servers: [issuer.origin],
          scopes_supported: ["mcp:tools"],
          bearer_methods_supported: ["header"],
          resource_name: "jotgate"
        })
        for (const path of ["", "/", "/v1/models", "/mcp2"]) {
          assert.strictEqual((yield* get(`/.well-known/oauth-protected-resource${path}`)).status, 404, path)
        }
      })
  )
})

describe("a client whose token lacks scopes", () => {
  it.live(
    "is challenged once with all of them, signs in again for those that it had and those, and goes on",
    () =>
      Effect.gen(function*() {
        const { calls, url: upstream } = yield* modernServer
        const port = yield* freePort
        const resource = `http://127.0.0.1:${port}/mcp`
        const issuer = yield* signInProvider
        yield* ServerWorld.make({
          issuer: { issuer: issuer.origin, audience: "llm-gateway" },
          gateway: { listen: `127.0.0.1:${port}` },
          policy: {
            withoutTeam: "all",
            userRoutes: ["llm_api_routes", "/mcp/*"],
            mcp: [{ server: "modern", path: "/mcp", resource, scopes: ["mcp:tools"], upstream: { url: upstream } }],
            scopes: [
              { scope: "mcp:tools", tools: ["modern/one"] },
              { scope: "files:write", tools: ["modern/two"] },
              { scope: "files:delete", tools: ["modern/three"] }
            ]
          }
        })
        const { kept, provider } = application()
        const challenges: Array<string> = []
        const counting = async (input: string | URL, init?: RequestInit): Promise<Response> => {
          const answer = await fetch(input, init)
          if (answer.status === 403) challenges.push(answer.headers.get("www-authenticate") ?? "")
          return answer
        }
        const open = () =>
          new Newest.StreamableHTTPClientTransport(new URL(resource), { authProvider: provider, fetch: counting })
        yield* Effect.promise(async () => {
          const identity = { name: "test", version: "1" }
          const first = open()
          await new Newest.Client(identity, { versionNegotiation: { mode: "auto" } }).connect(first).then(
            () => assert.fail("let in without a token"),
            (error: unknown) => assert.instanceOf(error, Newest.UnauthorizedError)
          )
          await first.finishAuth(await callbackOf(kept.asked ?? new URL(resource)))
          const transport = open()
          const client = new Newest.Client(identity, { versionNegotiation: { mode: "auto" } })
          await client.connect(transport)
          assert.deepStrictEqual((await client.listTools()).tools.map((it) => it.name), ["one"])
          await client.callTool({ name: "two", arguments: {} }).then(
            () => assert.fail("called without its scope"),
            (error: unknown) => assert.instanceOf(error, Newest.UnauthorizedError)
          )
          assert.strictEqual(calls.count, 0)
          assert.lengthOf(challenges, 1)
          assert.match(challenges[0] ?? "", /error="insufficient_scope"/)
          assert.match(challenges[0] ?? "", /scope="files:write"/)
          assert.match(challenges[0] ?? "", /resource_metadata=/)
          const asked = kept.asked?.searchParams
          assert.deepStrictEqual(asked?.get("scope")?.split(" ").toSorted(), ["files:write", "mcp:tools"])
          assert.strictEqual(asked?.get("resource"), resource)
          await transport.finishAuth(await callbackOf(kept.asked ?? new URL(resource)))
          await client.callTool({ name: "two", arguments: {} })
          await client.callTool({ name: "one", arguments: {} })
          await client.close()
        })
        assert.strictEqual(calls.count, 2)
        assert.lengthOf(challenges, 1)
      })
  )
})
