import { assert, describe, it } from "@effect/vitest"
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { AgentId, makeAgent, makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import * as Door from "@jotgate/core/Door"
import { HttpSecurity } from "@jotgate/core/HttpSecurity"
import { Clock, Context, Effect, Layer, Logger, Schema } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import * as World from "../support/World.ts"

/** One request of the table, as every way of asking gets it. */
interface Question {
  readonly title: string
  readonly method: "GET" | "POST"
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** What a caller is answered, without the id of the decision. */
interface Told {
  readonly status: number
  readonly headers: Readonly<Record<string, string | null>>
  readonly body: unknown
}

const compared = ["content-type", "www-authenticate", "retry-after", "cache-control"]

const toldOf = async (response: Response): Promise<Told> => {
  if (response.ok) {
    await response.body?.cancel()
    return { status: 200, headers: {}, body: null }
  }
  const headers = Object.fromEntries(compared.map((it) => [it, response.headers.get(it)]))
  const text = await response.text()
  const { decision } = JSON.parse(text)
  assert.strictEqual(decision, response.headers.get("x-jotgate-decision"))
  const body: unknown = JSON.parse(text.replaceAll(decision, "d_…"))
  return { status: response.status, headers, body }
}

const names = (count: number) => Array.from({ length: count }, (_, i) => `gpt-4o-${i}`)

const requests: ReadonlyArray<readonly [title: string, method: "GET" | "POST", path: string, body?: unknown]> = [
  ["a model of the team", "POST", "/v1/chat/completions?x=1", { model: "gpt-4o", messages: [] }],
  ["another model", "POST", "/v1/chat/completions", { model: "o1", messages: [] }],
  ["a model twice", "POST", "/v1/chat/completions", `{"model":"gpt-4o","model":"gpt-4o"}`],
  ["no JSON", "POST", "/v1/chat/completions", "model=gpt-4o"],
  ["another model for Anthropic's clients", "POST", "/v1/messages", { model: "o1", messages: [] }],
  ["a model in the path", "POST", "/openai/deployments/gpt-4o/chat/completions", {}],
  ["another model in the path", "POST", "/openai/deployments/o1/chat/completions", {}],
  ["a path that contradicts the body", "POST", "/openai/deployments/gpt-4o/chat/completions", { model: "o1" }],
  ["a model by its name", "GET", "/v1/models/o1"],
  ["a model in the query", "GET", "/v1/models?model=o1"],
  ["a route of administrators", "POST", "/key/generate", {}],
  ["no model at all", "GET", "/v1/files"],
  ["a path of two readings", "GET", "/v1/files/%2e%2e/x"],
  ["another model to fall back to", "POST", "/v1/chat/completions", { model: "gpt-4o", fallbacks: ["o1"] }],
  ["one by name", "POST", "/v1/chat/completions", { model: "gpt-4o", fallbacks: [{ "gpt-4o": { o1: 1 } }] }],
  ["a body in the body", "POST", "/v1/chat/completions", { model: "gpt-4o", extra_body: { model: "o1" } }],
  ["settings of a router", "POST", "/v1/chat/completions", {
    model: "gpt-4o",
    router_settings_override: { model: "o1" }
  }],
  ["a prompt", "POST", "/v1/chat/completions", { model: "gpt-4o", prompt_id: "p-1" }],
  ["an agent", "POST", "/v1/responses", { model: "gpt-4o", agent: { name: "helper" } }],
  ["a tool with a model", "POST", "/v1/responses", {
    model: "gpt-4o",
    tools: [{ type: "image_generation", model: "o1" }]
  }],
  ["a provider's own route", "POST", "/bedrock/some/new/route", { model: "gpt-4o" }],
  ["a model of two segments", "POST", "/bedrock/model/acme%2Fgpt-4o/invoke", {}],
  ["a verb behind a model", "POST", "/v1beta/models/o1:generateContent", {}],
  ["a slash at the end", "POST", "/v1/chat/completions/", { model: "o1" }],
  ["an MCP server", "POST", "/mcp/github", { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "x" } }],
  ["another agent", "POST", "/a2a/helper", { jsonrpc: "2.0", id: 1, method: "message/send", params: {} }],
  ["a trial", "POST", "/prompts/test", { model: "gpt-4o" }],
  ["as many models as may be", "POST", "/v1/chat/completions", { model: "gpt-4o", fallbacks: names(100) }],
  ["one more", "POST", "/v1/chat/completions", { model: "gpt-4o", fallbacks: names(101) }]
]

/** Routes that run no model, which a deployment has opened: what some upstream could obey there is judged all the same. */
const ownRoutes: ReadonlyArray<readonly [title: string, type: string | null, body: string]> = [
  ["a model of the team", "application/json", `{"model":"gpt-4o"}`],
  ["another model", "application/json", `{"model":"o1"}`],
  ["no model", "application/json", `{"text":"x"}`],
  ["a model that is no text", "application/json", `{"model":7}`],
  ["a model twice", "application/json", `{"model":"gpt-4o","model":"o1"}`],
  ["a list", "application/json", `[{"model":"o1"}]`],
  ["no JSON", "application/json", `{"model":`],
  ["nothing", "application/json", ""],
  ["a type of its own", "application/vnd.acme+json", `{"model":"o1"}`],
  ["without a type", null, `{"model":"o1"}`],
  ["under another type", "text/plain", `{"model":"o1"}`],
  ["under another type, a model of the team", "text/plain", ` {"model":"gpt-4o"}`],
  ["under another type, no JSON", "text/plain", `{"model":`],
  ["text", "text/plain", "model=o1"],
  ["other text", "text/csv", "o1"],
  ["a form", "application/x-www-form-urlencoded", "model=o1&x=1"],
  ["a form, a model of the team", "application/x-www-form-urlencoded", "model=gpt-4o"],
  ["a form with two", "application/x-www-form-urlencoded", "model=gpt-4o&model=o1"],
  ["a form without", "application/x-www-form-urlencoded", "x=1"]
]

const Any = Schema.Unknown

class Api extends HttpApi.make("host").add(
  HttpApiGroup.make("any")
    .add(HttpApiEndpoint.get("get", "*", { success: Any }))
    .add(HttpApiEndpoint.post("post", "*", { success: Any }))
    .middleware(HttpSecurity)
) {}

const Routes = HttpApiBuilder.layer(Api).pipe(
  Layer.provide(
    HttpApiBuilder.group(
      Api,
      "any",
      (handlers) => handlers.handle("get", () => Effect.succeed({})).handle("post", () => Effect.succeed({}))
    )
  ),
  Layer.provide(HttpSecurity.layer)
)

/** The same request through the proxy, the gate of a host, and the middleware of a host. */
const setting = Effect.fnUntraced(function*(options: World.WorldOptions) {
  const world = yield* World.make(options)
  const door = Door.make(world.auth, yield* Clock.Clock)
  const { dispose, handler } = HttpRouter.toWebHandler(
    Routes.pipe(
      Layer.provide(Layer.succeed(AuthBuilder, world.auth)),
      Layer.provide(HttpServer.layerServices),
      Layer.provide(Logger.layer([]))
    ),
    { disableLogger: true }
  )
  yield* Effect.addFinalizer(() => Effect.promise(dispose))
  const requestOf = ({ body, headers, method, path }: Question) =>
    new Request(`${world.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
  return {
    token: world.token,
    proxy: (question: Question) => Effect.promise(() => fetch(requestOf(question)).then(toldOf)),
    gate: (question: Question) =>
      Effect.flatMap(
        Effect.suspend(() => door(Door.judged(requestOf(question)))),
        ({ verdict }) => Effect.promise(() => toldOf(verdict.toResponse()))
      ),
    middleware: (question: Question) =>
      Effect.promise(() => handler(requestOf(question), Context.empty()).then(toldOf)),
    identity: (question: Question) =>
      Effect.gen(function*() {
        yield* Effect.promise(async () => (await fetch(requestOf(question))).text())
        const sent = world.upstream.last().headers
        const { verdict } = yield* Effect.suspend(() => door(Door.judged(requestOf(question))))
        return { sent, told: verdict.headers }
      })
  }
})

const questions = (tokens: Readonly<Record<string, string | undefined>>): ReadonlyArray<Question> =>
  Object.entries(tokens).flatMap(([who, token]) =>
    requests.map(([title, method, path, body]) => ({
      title: `${who}: ${title}`,
      method,
      path,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" })
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    }))
  )

/** A host that holds a stream looks at the credential before the body: what is wrong with both has one of two names. */
const early = /^(?:nobody|a bad token|an expired token): (?:no JSON|one more)$/

const codeOf = (body: unknown): string =>
  typeof body === "object" && body !== null && "code" in body ? String(body.code) : ""

/** Agents with lists of their own, and a server that rows alone name. */
const byRows: World.WorldOptions = {
  claims: { agent: { actor: "act" } },
  policy: {
    teamRoutes: ["llm_api_routes", "/mcp/*"],
    agents: { unknown: "deny" },
    mcp: [{ server: "files", path: "/mcp/files" }]
  },
  rows: {
    users: [makeUser({ id: UserId.make("alice"), role: "internal_user", teams: [TeamId.make("red")] })],
    teams: [makeTeam({ id: TeamId.make("red"), models: ["gpt-4o*"], tools: ["github/get_*"] })],
    agents: [
      makeAgent({ id: AgentId.make("helper"), models: ["gpt-4o*"], tools: ["github/get_issue"] }),
      makeAgent({ id: AgentId.make("idle"), models: [] }),
      makeAgent({ id: AgentId.make("rogue"), blocked: true }),
      makeAgent({ id: AgentId.make("blue-only"), teams: [TeamId.make("blue")] })
    ]
  }
}

describe("a host is answered as the proxy's callers are", () => {
  const worlds: Readonly<Record<string, World.WorldOptions>> = {
    "teams by groups": {},
    "models by scopes": { policy: { requireScope: true, scopes: [{ scope: "llm.chat", models: ["gpt-4o"] }] } }
  }
  for (const [name, options] of Object.entries(worlds)) {
    it.live(`${name}: status, headers and body`, () =>
      Effect.gen(function*() {
        const { gate, middleware, proxy, token } = yield* setting(options)
        const table = questions({
          "nobody": undefined,
          "a bad token": "a.b.c",
          "an expired token": yield* token("alice", { exp: 1 }),
          "alice for red": yield* token("alice", { groups: ["red"] }),
          "alice for both": yield* token("alice", { groups: ["red", "blue"], scope: "llm.chat" }),
          "carol without a team": yield* token("carol"),
          "a team that nobody has": yield* token("alice", { groups: ["none"] }),
          "a stranger": yield* token("mallory")
        })
        assert.isAtLeast(table.length, 60)
        for (const question of table.filter(({ title }) => !early.test(title))) {
          const expected = yield* proxy(question)
          assert.deepStrictEqual(yield* gate(question), expected, `Gate: ${question.title}`)
          assert.deepStrictEqual(yield* middleware(question), expected, `HttpSecurity: ${question.title}`)
        }
      }))
  }

  it.live("routes of the deployment's own: status, headers and body", () =>
    Effect.gen(function*() {
      const { gate, middleware, proxy, token } = yield* setting({
        policy: { teamRoutes: ["llm_api_routes", "/own/*", "/v1/*"] }
      })
      const authorization = `Bearer ${yield* token("alice", { groups: ["red"] })}`
      const statuses = new Set<number>()
      for (const path of ["/own/notes", "/v1/chat/completions%20"]) {
        for (const [title, type, body] of ownRoutes) {
          const headers = { authorization, ...(type === null ? {} : { "content-type": type }) }
          const question = { title, method: "POST" as const, path, headers, body }
          const expected = yield* proxy(question)
          statuses.add(expected.status)
          assert.deepStrictEqual(yield* gate(question), expected, `Gate: ${path}: ${title}`)
          assert.deepStrictEqual(yield* middleware(question), expected, `HttpSecurity: ${path}: ${title}`)
        }
      }
      assert.sameMembers([...statuses], [200, 400, 403])
    }))

  it.live("agents and tools by rows: status, headers and body", () =>
    Effect.gen(function*() {
      const { gate, middleware, proxy, token } = yield* setting(byRows)
      const acting = (...chain: ReadonlyArray<string>) =>
        token("alice", {
          groups: ["red"],
          act: chain.reduceRight<object | undefined>((act, sub) => ({ sub, ...(act && { act }) }), undefined)
        })
      const table = questions({
        "alice herself": yield* token("alice", { groups: ["red"] }),
        "an agent": yield* acting("helper"),
        "an agent without models": yield* acting("idle"),
        "a blocked one": yield* acting("rogue"),
        "one for another": yield* acting("helper", "idle"),
        "one that nobody knows": yield* acting("stranger"),
        "an agent in another team": yield* acting("blue-only"),
        "a broken chain": yield* token("alice", { groups: ["red"], act: "helper" })
      })
      const statuses = new Set<string>()
      for (const question of table) {
        const expected = yield* proxy(question)
        // The chain is wrong with the token, and the body is besides: see above.
        if (question.title.startsWith("a broken chain") && expected.status === 400) continue
        statuses.add(`${expected.status} ${codeOf(expected.body)}`)
        assert.deepStrictEqual(yield* gate(question), expected, `Gate: ${question.title}`)
        assert.deepStrictEqual(yield* middleware(question), expected, `HttpSecurity: ${question.title}`)
      }
      for (const code of ["agent_blocked", "agent_unknown", "agent_model_denied", "team_denied", "tool_unseen"]) {
        assert.include([...statuses], `403 ${code}`)
      }
    }))

  it.live("tells the next hop what the proxy tells the upstream", () =>
    Effect.gen(function*() {
      const { identity, token } = yield* setting({})
      const [question] = questions({ alice: yield* token("alice", { groups: ["red"], email: "alice@acme.test" }) })
      if (question === undefined) return assert.fail()
      const { sent, told } = yield* identity(question)
      const ours = Object.fromEntries(Object.entries(sent).filter(([it]) => it.startsWith("x-jotgate-")))
      const without = ({ "x-jotgate-decision": id, ...rest }: Readonly<Record<string, unknown>>) => ({
        id: typeof id,
        ...rest
      })
      assert.deepStrictEqual(without(told), without(ours))
    }))
})
