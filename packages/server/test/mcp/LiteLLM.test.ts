/**
 * MCP servers that a LiteLLM serves: each at a path of its own, its tools with a prefix, and all of them at once at
 * paths that nobody judges.
 */
import { assert, describe, it } from "@effect/vitest"
import { makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Effect } from "effect"
import * as World from "../support/World.ts"

const names = [
  "github-get_repo",
  "gh-get_repo",
  "get_repo",
  "github-delete_repo",
  "delete_repo",
  "github-github-get_repo"
]

const rows = (tools: ReadonlyArray<string> | null) => ({
  users: [makeUser({ id: UserId.make("alice"), role: "internal_user", teams: [TeamId.make("red")] })],
  teams: [makeTeam({ id: TeamId.make("red"), models: ["*"], tools })]
})

const setting = Effect.fnUntraced(function*(tools: ReadonlyArray<string> | null) {
  const world = yield* World.make({
    policy: {
      teamRoutes: ["llm_api_routes", "/mcp-rest/*", "/github/*"],
      mcp: [{ server: "github", path: "/mcp/github", aliases: ["0a1b"], prefixes: ["github-", "gh-"] }]
    },
    rows: rows(tools)
  })
  world.upstream.answer = (_, response) => {
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools: names.map((name) => ({ name })) } }))
  }
  const token = yield* world.token("alice", { groups: ["red"] })
  const post = (path: string, method: string, params: object = {}) =>
    Effect.promise(async () => {
      const answer = await fetch(`${world.url}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })
      })
      return { status: answer.status, text: await answer.text() }
    })
  return { world, post }
})

describe("an MCP server behind a LiteLLM", () => {
  it.live("its prefixes are no part of the names that rules and rows list, of calls and of lists", () =>
    Effect.gen(function*() {
      const { post, world } = yield* setting(["0a1b/get_repo"])
      const listed = JSON.parse((yield* post("/mcp/github", "tools/list")).text)
      assert.deepStrictEqual(listed.result.tools.map((it: { readonly name: string }) => it.name), names.slice(0, 3))
      for (const [index, name] of names.entries()) {
        const { status } = yield* post("/mcp/github", "tools/call", { name, arguments: {} })
        assert.strictEqual(status, index < 3 ? 200 : 403, name)
      }
      yield* post("/mcp/github", "tools/call", { name: "gh-get_repo", arguments: {} })
      const [record] = world.log.recent(1)
      assert.strictEqual(record?.tool, "github/get_repo")
    }))

  it.live("what is taken away stays so with a prefix", () =>
    Effect.gen(function*() {
      const { post } = yield* setting(["github/*", "!github/delete_*"])
      for (const name of ["delete_repo", "github-delete_repo", "gh-delete_repo"]) {
        assert.strictEqual((yield* post("/mcp/github", "tools/call", { name, arguments: {} })).status, 403, name)
      }
    }))

  it.live("at other paths of it nobody sees which tool is called: denied where tools are ruled, else as before", () =>
    Effect.gen(function*() {
      const paths = ["/mcp", "/mcp/", "/mcp/github,jira", "/mcp/0a1b", "/github/mcp", "/mcp-rest/tools/call"]
      const ruled = yield* setting(["github/get_repo"])
      for (const path of paths) {
        const { status, text } = yield* ruled.post(path, "tools/call", { name: "github-delete_repo", arguments: {} })
        assert.strictEqual(status, 403, path)
        assert.include(text, "tool_unseen", path)
      }
      const open = yield* setting(null)
      for (const path of paths) {
        assert.strictEqual((yield* open.post(path, "tools/call", { name: "github-get_repo" })).status, 200, path)
      }
    }))
})
