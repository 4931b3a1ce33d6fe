/** Tools and agents in records: what is written, found again, asked again, and planned with. */
import { assert, describe, it } from "@effect/vitest"
import { RecordStore } from "@jotgate/store/RecordStore"
import { Effect, Option, Schema } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { KeptQuestion } from "../../src/record/KeptQuestion.ts"
import * as ServerWorld from "../support/ServerWorld.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-tools-"))),
  (it) => Effect.sync(() => rmSync(it, { recursive: true }))
)

const mcp = [{ server: "files", path: "/mcp/files" }]
const policy = {
  mcp,
  roles: [{ role: "internal_user" as const, tools: ["files/get_*", "files/put"], prompts: ["files/*"] }]
}

const rpc = (method: string, params: object, id = 1) => ({ jsonrpc: "2.0", id, method, params })
const call = (name: string, id = 1) => rpc("tools/call", { name, arguments: {} }, id)

/** A gate with one MCP server, in which the role may use some tools and the agent fewer. */
const world = Effect.gen(function*() {
  const store = join(yield* folder, "records.db")
  const world = yield* ServerWorld.make({
    policy,
    issuer: { claims: { user: "sub", teams: "groups", agent: { actor: "act" } } },
    decisions: { store: `sqlite:${store}` },
    gateway: { adminToken: "env:ADMIN" }
  }, { ADMIN: "let-me-in" })
  const admin = (path: string, init: RequestInit = {}) =>
    Effect.promise(async () => {
      const response = await fetch(`${world.admin}${path}`, {
        ...init,
        headers: { "content-type": "application/json", authorization: "Bearer let-me-in" }
      })
      return { status: response.status, body: await response.json() }
    })
  const post = (path: string, body: object) => admin(path, { method: "POST", body: JSON.stringify(body) })
  const made = yield* post("/admin/v1/agents", { id: "agent-7", tools: ["files/get_*"] })
  assert.strictEqual(made.status, 201)
  const last = Effect.map(
    admin("/admin/v1/decisions?limit=1"),
    ({ body }): string | undefined => body.items[0]?.decision
  )
  /** Sends one message; the id of its decision. */
  const ask = Effect.fnUntraced(function*(body: object, claims: object = {}) {
    const before = yield* last
    const token = yield* world.token("alice", { groups: ["red"], ...claims })
    yield* Effect.promise(() =>
      fetch(`${world.gate}/mcp/files`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          "mcp-protocol-version": "2025-03-26"
        },
        body: JSON.stringify(body)
      }).then((response) => response.text())
    )
    return yield* Effect.repeat(last, { until: (id) => id !== before }).pipe(Effect.timeout("1 minute"))
  })
  return { ...world, ask, get: admin, post, store }
})

const agent = { act: { sub: "agent-7" } }
const ids = (page: { readonly body: { readonly items: ReadonlyArray<{ readonly decision: string }> } }) =>
  page.body.items.map((it) => it.decision)

const kept = Schema.decodeUnknownOption(Schema.fromJsonString(KeptQuestion))

describe("a record of a call to an MCP server", () => {
  it.live("names the tool and the agent, is found by both, and its question can be put again", () =>
    Effect.gen(function*() {
      const { ask, get, post, store } = yield* world
      const allowed = yield* ask(call("get_it"), agent)
      const denied = yield* ask(call("put"), agent)
      const prompt = yield* ask(rpc("prompts/get", { name: "hello" }))
      const several = yield* ask([call("get_a"), call("get_b", 2)])
      const list = yield* ask(rpc("tools/list", {}))
      const find = (query: string) => Effect.map(get(`/admin/v1/decisions?${query}`), ids)
      const record = (id: string | undefined) => Effect.map(get(`/admin/v1/decisions/${id}`), ({ body }) => body)
      assert.deepInclude(yield* record(allowed), { tool: "files/get_it", agent: "agent-7", verdict: "allow" })
      assert.deepInclude(yield* record(denied), { tool: "files/put", agent: "agent-7", verdictCode: "tool_denied" })
      assert.deepInclude(yield* record(prompt), { tool: "files/hello", agent: null })
      assert.deepInclude(yield* record(several), { tool: null, tools: ["files/get_a", "files/get_b"] })
      assert.deepInclude(yield* record(list), { tool: null, verdict: "allow" })
      assert.deepStrictEqual(yield* find("tool=files/put"), [denied])
      assert.deepStrictEqual(yield* find("tool=files/get_b"), [several])
      assert.deepStrictEqual(yield* find("agent=agent-7&since=1h"), [denied, allowed])
      assert.deepStrictEqual(yield* find("agent=agent-8"), [])

      // As it is, as it would be with another row, and who acted is still known.
      const again = (id: string | undefined) =>
        Effect.map(post(`/admin/v1/decisions/${id}/again`, {}), ({ body }) => body)
      assert.deepInclude(yield* again(allowed), { allowed: true, tool: "files/get_it" })
      assert.deepInclude(yield* again(denied), { code: "tool_denied", agent: { id: "agent-7", chain: ["agent-7"] } })
      assert.deepInclude(yield* again(prompt), { allowed: true })
      assert.deepInclude(yield* again(list), { allowed: true })
      yield* get("/admin/v1/agents/agent-7", { method: "PATCH", body: JSON.stringify({ tools: ["files/put"] }) })
      assert.deepInclude(yield* again(denied), { allowed: true })
      assert.deepInclude(yield* again(allowed), { code: "tool_denied" })

      const stored = yield* Effect.provide(
        RecordStore.use((it) => it.search({ limit: 100, tool: "files/get_a" })),
        RecordStore.layerSqlite(store)
      ).pipe(Effect.repeat({ until: (rows) => rows.length > 0 }), Effect.timeout("1 minute"))
      assert.deepStrictEqual(stored.map((it): string | undefined => it.id), [several])
      assert.deepStrictEqual(
        stored.flatMap(({ question }) => Option.toArray(kept(question))).map((it) => it.tools),
        [{
          named: [
            { kind: "tool", server: "files", name: "get_a" },
            { kind: "tool", server: "files", name: "get_b" }
          ]
        }]
      )
    }).pipe(Effect.scoped))

  it.live("is planned with: who would gain or lose a tool, and by which agent", () =>
    Effect.gen(function*() {
      const { ask, get, post, settings } = yield* world
      yield* ask(call("get_it"))
      yield* ask(call("get_it"), agent)
      yield* ask(call("delete"))
      yield* ask(rpc("resources/read", { uri: "file:///a" }))
      const recorded = get("/admin/v1/decisions/questions")
      yield* Effect.repeat(recorded, { until: ({ body }) => body.items.length === 4 }).pipe(
        Effect.timeout("1 minute")
      )
      const text = JSON.stringify({
        ...settings,
        directory: { url: "memory:" },
        policy: { ...settings.policy, roles: [{ role: "internal_user", tools: ["files/delete"] }] }
      })
      const { body, status } = yield* post("/admin/v1/config/plan", { text })
      assert.strictEqual(status, 200, JSON.stringify(body))
      const brief = (all: ReadonlyArray<Record<string, unknown>>) =>
        all.map(({ agent, tool, who }) => [who, agent, tool])
      assert.deepStrictEqual(brief(body.gained), [["alice", null, "files/delete"]])
      assert.deepStrictEqual(
        brief(body.lost).toSorted((a, b) => String(a[1]).localeCompare(String(b[1]))),
        [["alice", "agent-7", "files/get_it"], ["alice", null, "files/get_it"]]
      )
      assert.deepInclude(body, { asked: 4, moved: [] })
    }).pipe(Effect.scoped))
})

describe("a question about a tool", () => {
  it.live("names it, or is the request itself; somebody, an agent for somebody, or an agent alone", () =>
    Effect.gen(function*() {
      const { get, post } = yield* world
      const decide = (question: object) =>
        Effect.map(
          post("/decide", { method: "POST", headers: {}, dry: true, trace: true, ...question }),
          (it) => it.body
        )
      const alice = { user: "alice" }
      assert.deepInclude(yield* decide({ tool: "files/put", as: alice }), {
        allowed: true,
        tool: "files/put",
        route: "/mcp/files",
        tools: ["files/get_*", "files/put"]
      })
      const denied = yield* decide({ tool: "files/put", as: { ...alice, agents: ["agent-7"] } })
      assert.deepInclude(denied, { code: "tool_denied", agent: { id: "agent-7", chain: ["agent-7"] } })
      assert.include(
        JSON.stringify(denied.steps),
        "agent-7 may not call files/put for alice: alice may, agent-7 may not"
      )
      assert.include(JSON.stringify(denied.steps), "among the tools of the agent \\\"agent-7\\\"")
      const message = { path: "/mcp/files", as: alice }
      assert.deepInclude(yield* decide({ ...message, body: call("delete") }), {
        code: "tool_denied",
        tool: "files/delete"
      })
      assert.deepInclude(yield* decide({ ...message, body: rpc("tools/list", {}) }), { allowed: true })
      assert.deepInclude(yield* decide({ ...message, body: call("get_*") }), { status: 400, code: "body_invalid" })
      assert.deepInclude(yield* decide(message), { code: "tool_unseen" })
      assert.deepInclude(yield* decide({ tool: "files/get_it", as: { agents: ["agent-7"] } }), {
        code: "principal_required"
      })
      yield* get("/admin/v1/agents/agent-7", { method: "PATCH", body: JSON.stringify({ autonomous: true }) })
      assert.deepInclude(yield* decide({ tool: "files/get_it", as: { agents: ["agent-7"] } }), {
        allowed: true,
        user: null
      })
      for (
        const [bad, why] of [
          [{ tool: "nowhere/put", as: alice }, "policy.mcp has no server \"nowhere\" (it has files)"],
          [
            { tool: "files/get_*", as: alice },
            "\"get_*\" is no name that a request could have: write one, without a pattern"
          ],
          [{ tool: "files/a", prompt: "files/b", as: alice }, "one of tool and prompt is asked for, not all"],
          [{ resource: "files", as: alice }, "the resource must be SERVER/URI"]
        ] as const
      ) assert.strictEqual((yield* decide(bad)).errors[0].message, why)
    }).pipe(Effect.scoped))
})
