/** Whose a path is, what patterns call a server, and what of a name is the server's own. */
import { assert, describe, it } from "@effect/vitest"
import { bareName, byAnyName, compile, isElsewhere, routesOf } from "../../src/rules/McpServer.ts"

describe("the server of a path", () => {
  const of = compile([{ path: "/mcp" }, { path: "/mcp/github" }, { path: "/other" }])

  it("is the one with the longest prefix, at a segment boundary", () => {
    assert.strictEqual(of("/mcp/github/x")?.path, "/mcp/github")
    assert.strictEqual(of("/mcp/github")?.path, "/mcp/github")
    assert.strictEqual(of("/mcp/github2")?.path, "/mcp")
    assert.isUndefined(of("/others"))
  })

  it("may be asked for at its path and below, and nowhere else", () => {
    assert.deepStrictEqual(routesOf({ path: "/mcp/github" }), ["/mcp/github", "/mcp/github/*"])
  })
})

describe("the names of a server", () => {
  it("its aliases count as its name does", () => {
    const matches = byAnyName([{ server: "github", aliases: ["0a1b", "group:dev"] }, { server: "jira", aliases: [] }])
    const taken = (pattern: string) => ["github", "jira"].filter(matches((it) => pattern === "*" || it === pattern))
    assert.deepStrictEqual(["github", "0a1b", "group:dev", "jira", "x"].map(taken), [
      ["github"],
      ["github"],
      ["github"],
      ["jira"],
      []
    ])
  })

  it("the longest prefix is no part of an item's name, once", () => {
    const prefixes = ["gh-", "gh-x-"]
    const names = ["get", "gh-get", "gh-x-get", "gh-gh-get", "gh-", "GH-get"]
    assert.deepStrictEqual(names.map((it) => bareName({ prefixes }, it)), [
      "get",
      "get",
      "get",
      "gh-get",
      "gh-",
      "GH-get"
    ])
    assert.strictEqual(bareName({ prefixes: [] }, "gh-get"), "gh-get")
  })
})

it("MCP may be spoken wherever a LiteLLM speaks it", () => {
  const paths = ["/mcp", "/mcp/", "/mcp/a,b", "/mcp-rest/tools/call", "/github/mcp", "/github/mcp/x", "/toolset/a/mcp"]
  assert.deepStrictEqual(paths.filter((it) => !isElsewhere(it)), [])
  const others = ["/", "/v1/mcp/server", "/v1/models", "/mcps", "/a/b/mcp", "/a/mcp2", "/v1/chat/completions"]
  assert.deepStrictEqual(others.filter(isElsewhere), [])
})
