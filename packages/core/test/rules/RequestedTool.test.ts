import { assert, describe, it } from "@effect/vitest"
import * as McpServer from "../../src/rules/McpServer.ts"
import * as RequestedTool from "../../src/rules/RequestedTool.ts"

const { knownTool, noTool, sameTools, severalTools, toolFrom, toolName, toolText, unseenTool } = RequestedTool

const get: RequestedTool.Tool = { kind: "tool", server: "github", name: "get_repo" }
const remove: RequestedTool.Tool = { kind: "tool", server: "github", name: "delete_repo" }

describe("what is asked for of an MCP server", () => {
  it("several that are one are one; none is none", () => {
    assert.deepStrictEqual(severalTools([get, { ...get }]), knownTool(get))
    assert.strictEqual(severalTools([]), noTool)
    assert.strictEqual(severalTools([get, { ...get, kind: "prompt" }])._tag, "Several")
  })

  it("is written SERVER/NAME; the name of a resource may hold slashes", () => {
    assert.strictEqual(toolName(get), "github/get_repo")
    assert.deepStrictEqual(toolFrom("files/file:///a/b", "resource"), {
      kind: "resource",
      server: "files",
      name: "file:///a/b"
    })
    for (const text of ["github", "github/", "/x", ""]) assert.isUndefined(toolFrom(text), text)
    assert.strictEqual(toolText(severalTools([get, remove])), "github/get_repo, github/delete_repo")
    assert.isNull(toolText(unseenTool("github")))
  })

  it("two requests for the same are the same, whoever made them", () => {
    assert.isTrue(sameTools(knownTool(get), knownTool({ ...get })))
    assert.isFalse(sameTools(knownTool(get), knownTool(remove)))
    assert.isFalse(sameTools(knownTool(get), knownTool({ ...get, kind: "resource" })))
    assert.isFalse(sameTools(noTool, unseenTool("github")))
    assert.isFalse(sameTools(unseenTool("jira"), unseenTool("github")))
    assert.isFalse(sameTools(severalTools([get, remove]), severalTools([remove, get])))
  })
})

describe("the server of a path", () => {
  const of = McpServer.compile([{ path: "/mcp/github" }, { path: "/mcp" }])

  it("is the one with the longest prefix at a segment boundary", () => {
    assert.deepStrictEqual(of("/mcp/github"), { path: "/mcp/github" })
    assert.deepStrictEqual(of("/mcp/github/sse"), { path: "/mcp/github" })
    assert.deepStrictEqual(of("/mcp/github2"), { path: "/mcp" })
    assert.isUndefined(of("/mcpx"))
    assert.isUndefined(of("/v1/mcp"))
  })

  it("is nobody's without servers", () => {
    assert.isUndefined(McpServer.compile([])("/mcp/github"))
  })
})
