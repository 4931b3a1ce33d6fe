import { assert, describe, it } from "@effect/vitest"
import { isItemName, isResourceUri, literalPrefix } from "../../src/mcp/ItemName.ts"
import { decodeName, encodeName, readMirrored } from "../../src/mcp/MirroredHeaders.ts"

describe("the name of a tool or prompt", () => {
  it("is any text that rules and servers take for the same", () => {
    for (const name of ["get-sum", "a/b.c_d", "Größe", "名前", "a b", "x".repeat(300)]) {
      assert.isTrue(isItemName(name), name)
    }
    for (
      const name of [
        "",
        " a",
        "a ",
        "a*",
        "*",
        "a\u0000",
        "a\nb",
        "a\u200bb",
        "a\u202eb",
        "\ud800",
        "e\u0301",
        "a\ufe0f",
        "a\u034fb",
        "a\u3164",
        "a\u2800",
        "a\u{e0061}",
        "x".repeat(3000)
      ]
    ) assert.isFalse(isItemName(name), JSON.stringify(name))
  })
})

describe("the URI of a resource", () => {
  it("leads where it says", () => {
    for (
      const uri of [
        "file:///a/b.txt",
        "postgres://db/Table%20One",
        "custom:thing",
        "https://a.test/x?y=1#z",
        "file:///a/{b}",
        "doc://a..b/...x",
        "demo://resource/%2Fa",
        "file:///Gr%C3%B6%C3%9Fe/日本",
        "file:///a…/b",
        "file:///100%25"
      ]
    ) assert.isTrue(isResourceUri(uri), uri)
    for (
      const uri of [
        "",
        "a/b",
        "/a",
        "FILE:///a",
        "file:///a/../b",
        "file:///a/./b",
        "file:///a/..",
        "file:///%2e%2e/b",
        "file:///.%2E/b",
        "file:///%252e%252e/b",
        "file:///a%2f..%2fb",
        "file:///a\\..\\b",
        "file:///a%5c..%5cb",
        "file:///a;/../b",
        "file:///s%65cret",
        "file:///a b",
        "file:///a\u0000",
        "file:///a\u200b",
        "file:///a%00",
        "file:///a%0a",
        "file:///a%2500",
        "file:///%c0%ae%c0%ae/b",
        "file:///%25c0%25ae/b",
        "file:///..%ef%bc%8fb",
        "file:///a/．．/b",
        "file:///a/\u2025/b",
        "file:///a／．．／b",
        "file:///%u002e%u002e/b",
        "file:///a%",
        "file:///a%2",
        "file:///a\ufe0f"
      ]
    ) assert.isFalse(isResourceUri(uri), uri)
  })

  it("begins, as a template, with what stands before its first variable", () => {
    assert.strictEqual(literalPrefix("file:///a/{b}/c/{d}"), "file:///a/")
    assert.strictEqual(literalPrefix("file:///a"), "file:///a")
  })
})

describe("a mirrored header", () => {
  it("of a name has one spelling, and comes back", () => {
    for (const name of ["get-sum", "Größe", " padded ", "a\nb", "=?base64?literal?=", "日本"]) {
      assert.strictEqual(decodeName(encodeName(name)), name)
    }
    assert.strictEqual(encodeName("us-west1"), "us-west1")
    assert.strictEqual(encodeName("Hello, 世界"), "=?base64?SGVsbG8sIOS4lueVjA==?=")
    for (
      const value of [
        "",
        " a",
        "a\u0000",
        "ä",
        "=?base64?YQ?=",
        "=?base64?YR==?=",
        "=?base64?Y_==?=",
        "=?base64?/w==?=",
        "=?base64?7aCA?="
      ]
    ) assert.isUndefined(decodeName(value), value)
    // The marks are exact; what only looks like them is plain text.
    assert.strictEqual(decodeName("=?BASE64?YQ==?="), "=?BASE64?YQ==?=")
  })

  it("counts when it is there once, under its own name", () => {
    const tags = (...raw: ReadonlyArray<string>) => {
      const { method, name, session, version } = readMirrored(raw)
      return [version._tag, method._tag, name._tag, session._tag].join(" ")
    }
    assert.strictEqual(tags("Accept", "x"), "Absent Absent Absent Absent")
    assert.strictEqual(
      tags("MCP-Protocol-Version", "2026-07-28", "mcp-METHOD", "ping", "Mcp-Name", "a", "Mcp-Session-Id", "s"),
      "Value Value Value Value"
    )
    assert.strictEqual(tags("mcp-name", "a", "Mcp-Name", "a"), "Absent Absent Unreadable Absent")
    assert.strictEqual(tags("mcp_name", "a"), "Absent Absent Unreadable Absent")
    assert.strictEqual(tags("Mcp_Method", "ping"), "Absent Unreadable Absent Absent")
    for (const session of ["a, b", "a,b", "a b", "", "ä"]) {
      assert.strictEqual(tags("mcp-session-id", session), "Absent Absent Absent Unreadable", session)
    }
    assert.strictEqual(tags("mcp-method", "a, b", "mcp-protocol-version", "a,a"), "Unreadable Unreadable Absent Absent")
  })
})
