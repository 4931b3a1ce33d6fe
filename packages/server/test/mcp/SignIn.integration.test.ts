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

/** Three tools, each with a scope of its own; the server wants one of them whatever is called. */
const scopedWorld = Effect.gen(function*() {
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
  const options = { authProvider: provider, fetch: counting }
  return { calls, challenges, kept, options, resource }
})

const identity = { name: "test", version: "1" }

type Scoped = Effect.Success<typeof scopedWorld>

/** A client of each generation, and the transport that signs it in. */
const clients = {
  "@modelcontextprotocol/client": ({ options, resource }: Scoped) => {
    const transport = new Newest.StreamableHTTPClientTransport(new URL(resource), options)
    const client = new Newest.Client(identity, { versionNegotiation: { mode: "auto" } })
    return {
      client,
      connect: () => client.connect(transport),
      finish: (callback: URLSearchParams) => transport.finishAuth(callback),
      refusal: Newest.UnauthorizedError
    }
  },
  // It asks for the scopes of a challenge and for nothing else.
  "@modelcontextprotocol/sdk 1.x": ({ options, resource }: Scoped) => {
    const transport = new StreamableHTTPClientTransport(new URL(resource), options)
    const client = new Client(identity)
    return {
      client,
      connect: () => client.connect(transport),
      finish: (callback: URLSearchParams) => transport.finishAuth(callback.get("code") ?? ""),
      refusal: UnauthorizedError
    }
  }
}

describe("a client whose token lacks scopes", () => {
  for (const [name, open] of Object.entries(clients)) {
    it.live(
      `${name}: is challenged once for each call with all that it needs, keeps what it had, and goes on`,
      () =>
        Effect.gen(function*() {
          const world = yield* scopedWorld
          const { calls, challenges, kept, resource } = world
          const signIn = async (finish: (callback: URLSearchParams) => Promise<void>) =>
            finish(await callbackOf(kept.asked ?? new URL(resource)))
          yield* Effect.promise(async () => {
            const first = open(world)
            const refused = (attempt: Promise<unknown>) =>
              attempt.then(() => assert.fail("let in"), (error: unknown) => assert.instanceOf(error, first.refusal))
            await refused(first.connect())
            await signIn(first.finish)
            const { client, connect, finish } = open(world)
            await connect()
            const { tools } = await client.listTools()
            assert.deepStrictEqual(tools.map((it) => it.name), ["one"])
            const held = ["mcp:tools"]
            for (const [tool, scope] of [["two", "files:write"], ["three", "files:delete"]] as const) {
              const [before, called] = [challenges.length, calls.count]
              await refused(client.callTool({ name: tool, arguments: {} }))
              assert.strictEqual(calls.count, called)
              assert.lengthOf(challenges, before + 1)
              const challenge = challenges[before] ?? ""
              assert.match(challenge, /error="insufficient_scope"/)
              assert.include(challenge, `scope="${[scope, ...held].join(" ")}"`)
              assert.match(challenge, /resource_metadata=/)
              held.push(scope)
              const asked = kept.asked?.searchParams
              assert.deepStrictEqual(asked?.get("scope")?.split(" ").toSorted(), held.toSorted())
              assert.strictEqual(asked?.get("resource"), resource)
              await signIn(finish)
              await client.callTool({ name: tool, arguments: {} })
            }
            for (const tool of ["one", "two", "three"]) await client.callTool({ name: tool, arguments: {} })
            await client.close()
          })
          assert.strictEqual(calls.count, 5)
          assert.lengthOf(challenges, 2)
        })
    )
  }
})
