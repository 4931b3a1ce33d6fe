/** Tools and agents in AuthZEN's words: the same answers as `who` and `can`, and as the doors give. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import * as DirectoryWorld from "../../support/DirectoryWorld.ts"

const policy = {
  teamRoutes: ["llm_api_routes", "/mcp/*"],
  userRoutes: ["llm_api_routes", "/mcp/*"],
  mcp: [{ server: "github", path: "/mcp/github" }, { server: "open", path: "/mcp/open" }]
}

const directory = {
  teams: [
    { id: "red", tools: ["github/*", "!github/delete_repo"] },
    { id: "blue", tools: ["github/read_file"] }
  ],
  users: [{ id: "alice" }, { id: "bob" }, { id: "carol" }],
  memberships: [{ user: "alice", team: "red" }, { user: "alice", team: "blue" }, { user: "bob", team: "blue" }],
  agents: [
    { id: "reviewer", tools: ["github/read_file"] },
    { id: "nightly", tools: ["github/read_file"], autonomous: true }
  ]
}

const call = { name: "call" }
const user = (id: string) => ({ type: "user", id })
const tool = (id: string) => ({ type: "tool", id })

const setting = Effect.gen(function*() {
  const world = yield* DirectoryWorld.make({ policy, issuer: { claims: { user: "sub", agent: { actor: "act" } } } })
  const applied = yield* world.client.post("/admin/v1/directory", directory)
  assert.include([200, 204], applied.status, JSON.stringify(applied.body))
  const ask = (path: string, body: object) => world.client.post(`/access/v1/${path}`, body)
  const evaluated = (subject: object, resource: object, context: object = {}) =>
    Effect.map(ask("evaluation", { subject, action: call, resource, context }), ({ body }) => body)
  const may = (subject: object, resource: object, context: object = {}) =>
    Effect.map(evaluated(subject, resource, context), (it): unknown => it.decision)
  const found = (path: string, body: object) =>
    Effect.map(
      ask(`search/${path}`, { action: call, ...body }),
      ({ body }) => body.results.map((it: { readonly id: string; readonly name: string }) => it.id ?? it.name)
    )
  return { world, ask, evaluated, may, found }
})

class Setting extends Context.Service<Setting, Effect.Success<typeof setting>>()("test/AuthZenTools") {
  static readonly layer = Layer.effect(Setting, setting)
}

layer(Setting.layer, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
  it.effect("a tool is named by its server and its name, or by its name at the server of the properties", () =>
    Effect.gen(function*() {
      const { evaluated, may } = yield* Setting
      const named = (id: string, server: string) => ({ ...tool(id), properties: { server } })
      assert.isTrue(yield* may(user("alice"), tool("github/create_issue")))
      assert.isTrue(yield* may(user("alice"), named("create_issue", "github")))
      assert.isFalse(yield* may(user("alice"), tool("github/delete_repo")))
      assert.isFalse(yield* may(user("bob"), tool("github/create_issue")))
      assert.isTrue(yield* may(user("bob"), tool("github/read_file")))
      assert.isFalse(yield* may(user("alice"), tool("github/create_issue"), { team: "blue" }))
      const denied = yield* evaluated(user("bob"), tool("github/create_issue"))
      assert.deepInclude(denied.context, { code: "tool_denied", status: 403 })
      // A server that no row and no rule names is open to whoever may use its route.
      assert.isTrue(yield* may(user("bob"), tool("open/anything")))
      for (
        const resource of [
          ...["create_issue", "nowhere/x", "github/"].map(tool),
          named("x", ""),
          named("x", "a/b"),
          named("", "github")
        ]
      ) {
        const { context, decision } = yield* evaluated(user("alice"), resource)
        assert.deepStrictEqual([decision, context.code], [false, "not_understood"], JSON.stringify(resource))
      }
    }))

  it.effect("an action on a tool is a call, and nothing else", () =>
    Effect.gen(function*() {
      const { ask } = yield* Setting
      const { body } = yield* ask("evaluation", {
        subject: user("alice"),
        action: { name: "GET" },
        resource: tool("github/read_file")
      })
      assert.deepStrictEqual([body.decision, body.context.code], [false, "not_understood"])
    }))

  it.effect("an agent acts for somebody, whom it only narrows, or on its own where its row says so", () =>
    Effect.gen(function*() {
      const { evaluated, may } = yield* Setting
      const agent = (id: string) => ({ type: "agent", id })
      const through = { agent: "reviewer" }
      assert.isTrue(yield* may(user("alice"), tool("github/read_file"), through))
      assert.isFalse(yield* may(user("alice"), tool("github/create_issue"), through))
      assert.isFalse(yield* may(user("carol"), tool("github/read_file"), through))
      assert.isTrue(yield* may({ type: "team", id: "red" }, tool("github/read_file"), through))
      assert.isTrue(yield* may(agent("nightly"), tool("github/read_file")))
      assert.isFalse(yield* may(agent("nightly"), tool("github/create_issue")))
      assert.isFalse(yield* may(agent("reviewer"), tool("github/read_file")))
      assert.isFalse(yield* may(agent("ghost"), tool("github/read_file")))
      for (const subject of [agent("nightly"), { type: "token", id: "whatever" }]) {
        const { context, decision } = yield* evaluated(subject, tool("github/read_file"), through)
        assert.deepStrictEqual([decision, context.code], [false, "not_understood"])
      }
    }))

  it.effect("a token is asked about with what it says, the agent that acts included", () =>
    Effect.gen(function*() {
      const { may, world } = yield* Setting
      const plain = yield* world.token("bob")
      const acted = yield* world.token("alice", { act: { sub: "reviewer" } })
      const token = (id: string) => ({ type: "token", id })
      assert.isTrue(yield* may(token(plain), tool("github/read_file")))
      assert.isFalse(yield* may(token(plain), tool("github/create_issue")))
      assert.isFalse(yield* may(token(acted), tool("github/create_issue")))
    }))

  it.effect("what is not understood has one record, with the answer's id", () =>
    Effect.gen(function*() {
      const { evaluated, world } = yield* Setting
      const { context } = yield* evaluated({ type: "spaceship", id: "x" }, tool("github/read_file"))
      const { body } = yield* world.client.get("/admin/v1/decisions?limit=1000")
      const ids: ReadonlyArray<string> = body.items.map((it: { readonly decision: string }) => it.decision)
      assert.strictEqual(ids.filter((it) => it === context.id).length, 1)
      const record = yield* world.client.get(`/admin/v1/decisions/${context.id}`)
      assert.deepInclude(record.body, { door: "authzen", code: "not_understood", dry: true })
    }))

  it.effect("searches find tools, people, teams and agents, as `who` does, and have no record", () =>
    Effect.gen(function*() {
      const { found, world } = yield* Setting
      const recorded = Effect.map(
        world.client.get("/admin/v1/decisions?limit=1000"),
        ({ body }): number => body.items.length
      )
      const before = yield* recorded
      const resources = (subject: object, properties?: object) =>
        found("resource", { subject, resource: { type: "tool", ...(properties === undefined ? {} : { properties }) } })
      // What is taken away is a name, and allowed to nobody.
      assert.deepStrictEqual(yield* resources(user("alice")), ["github/read_file"])
      assert.deepStrictEqual(yield* resources(user("carol")), [])
      assert.deepStrictEqual(yield* resources(user("alice"), { server: "open" }), [])
      assert.deepStrictEqual(yield* resources({ type: "agent", id: "nightly" }), ["github/read_file"])
      const subjects = (type: string, id: string, context: object = {}) =>
        found("subject", { subject: { type }, resource: tool(id), context })
      assert.deepStrictEqual(yield* subjects("user", "github/create_issue"), ["alice"])
      assert.deepStrictEqual(yield* subjects("user", "github/read_file"), ["alice", "bob"])
      assert.deepStrictEqual(yield* subjects("user", "github/read_file", { team: "red" }), ["alice"])
      assert.deepStrictEqual(yield* subjects("user", "github/create_issue", { agent: "reviewer" }), [])
      assert.deepStrictEqual(yield* subjects("team", "github/create_issue"), ["red"])
      assert.deepStrictEqual(yield* subjects("agent", "github/read_file"), ["nightly"])
      assert.deepStrictEqual(yield* subjects("user", "nowhere/x"), [])
      const actions = (id: string) => found("action", { subject: user("bob"), resource: tool(id) })
      assert.deepStrictEqual(yield* actions("github/read_file"), ["call"])
      assert.deepStrictEqual(yield* actions("github/write"), [])
      assert.strictEqual(yield* recorded, before)
    }))

  it.effect("a search for actions on a route finds methods", () =>
    Effect.gen(function*() {
      const { found } = yield* Setting
      const actions = (id: string) => found("action", { subject: user("alice"), resource: { type: "route", id } })
      assert.includeMembers(yield* actions("/v1/files"), ["GET", "POST", "DELETE"])
      assert.isEmpty(yield* actions("/key/generate"))
    }))
})
