import { assert, describe, it } from "@effect/vitest"
import { readMcpCall, readMcpHead, readUnseenCall } from "../../src/mcp/McpRequest.ts"
import { RpcReader } from "../../src/mcp/RpcReader.ts"

const addressee = { server: "files", prefixes: [], legacy: false }

/** What is asked for, told shortly; `body` absent: nobody sees it. */
const asked = (headers: ReadonlyArray<string>, body?: string, method = "POST"): string => {
  const head = readMcpHead(addressee, method, headers, false)
  if (head._tag === "Refused") return `refused ${head.fault}`
  const reader = new RpcReader()
  reader.push(Buffer.from(body ?? ""))
  const call = body === undefined ? readUnseenCall(head) : readMcpCall(head, reader.end())
  if (call._tag === "Refused") return `refused ${call.fault}`
  const { tool } = call
  return tool._tag === "Known" ? `${tool.tool.kind} ${tool.tool.server}/${tool.tool.name}` : tool._tag
}

const modern = (method: string, ...name: ReadonlyArray<string>) => [
  "mcp-protocol-version",
  "2026-07-28",
  "mcp-method",
  method,
  ...name.flatMap((it) => ["mcp-name", it])
]

describe("a request whose body nobody sees", () => {
  it("is judged by its headers where the server must compare them", () => {
    assert.strictEqual(asked(modern("tools/call", "get-sum")), "tool files/get-sum")
    assert.strictEqual(asked(modern("prompts/get", "=?base64?R3LDtsOfZQ==?=")), "prompt files/Größe")
    assert.strictEqual(asked(modern("resources/read", "file:///a")), "resource files/file:///a")
    for (const method of ["tools/list", "server/discover", "ping"]) assert.strictEqual(asked(modern(method)), "None")
  })

  it("is unseen in every revision before, and where its headers name nothing that could be judged", () => {
    for (const version of ["2025-03-26", "2025-06-18", "2025-11-25"]) {
      assert.strictEqual(asked(["mcp-protocol-version", version, "mcp-method", "ping"]), "Unseen")
    }
    assert.strictEqual(asked(["mcp-method", "tools/call", "mcp-name", "get-sum"]), "Unseen")
    assert.strictEqual(asked([]), "Unseen")
    assert.strictEqual(asked(["mcp-protocol-version", "2026-07-28"]), "Unseen")
    for (const method of ["completion/complete", "subscriptions/listen", "resources/subscribe", "tools/callMany"]) {
      assert.strictEqual(asked(modern(method, "file:///a")), "Unseen", method)
    }
  })

  it("is refused when its headers cannot be relied upon", () => {
    assert.strictEqual(asked(modern("tools/call")), "refused mismatch")
    assert.strictEqual(asked(modern("tools/call", "a", "b")), "refused mismatch")
    assert.strictEqual(asked(modern("resources/read", "file:///a/../b")), "refused mismatch")
    assert.strictEqual(asked(["mcp-protocol-version", "2031-01-01"]), "refused version")
  })

  it("that may become a WebSocket is unseen, any other GET asks for nothing", () => {
    assert.strictEqual(asked([], undefined, "GET"), "None")
    assert.strictEqual(asked(["Upgrade", "websocket"], undefined, "GET"), "Unseen")
    assert.strictEqual(asked(["upgrade", "h2c, WebSocket"], undefined, "GET"), "Unseen")
    assert.strictEqual(asked([], undefined, "DELETE"), "None")
  })
})

describe("a header of a message", () => {
  const message = (method: string, params: object) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })

  it("repeats what this method names, where it is there", () => {
    const uri = "file:///a"
    assert.strictEqual(
      asked(modern("resources/read", uri), message("resources/read", { name: "b", uri })),
      "resource files/file:///a"
    )
    assert.strictEqual(
      asked(modern("resources/read", "b"), message("resources/read", { name: "b", uri })),
      "refused mismatch"
    )
    assert.strictEqual(asked(modern("tasks/get", "t"), message("tasks/get", { taskId: "t" })), "None")
    assert.strictEqual(asked(modern("tasks/get", "u"), message("tasks/get", { taskId: "t" })), "refused mismatch")
    const ref = { type: "ref/prompt", name: "p" }
    assert.strictEqual(
      asked(modern("completion/complete", "p"), message("completion/complete", { ref })),
      "prompt files/p"
    )
    assert.strictEqual(asked(modern("completion/complete"), message("completion/complete", { ref })), "prompt files/p")
    assert.strictEqual(asked(modern("tools/list", "x"), message("tools/list", {})), "refused mismatch")
  })

  it("a completion names one prompt, or a template; what is read is no template, whatever it looks like", () => {
    const complete = (ref: object) => asked([], message("completion/complete", { ref }))
    assert.strictEqual(complete({ type: "ref/prompt", name: "p", uri: "file:///a" }), "refused invalid")
    assert.strictEqual(complete({ type: "ref/resource", uri: "file:///{a}" }), "None")
    assert.strictEqual(complete({ type: "ref/resource", uri: "file:///a" }), "resource files/file:///a")
    assert.strictEqual(asked([], message("resources/read", { uri: "file:///{a}" })), "resource files/file:///{a}")
  })

  it("one of a batch that cannot be judged leaves the whole unseen", () => {
    const batch = (...methods: ReadonlyArray<string>) =>
      `[${
        methods.map((method, id) => JSON.stringify({ jsonrpc: "2.0", id, method, params: { name: "a" } })).join(",")
      }]`
    assert.strictEqual(asked([], batch("tools/call", "tools/callMany")), "Unseen")
    assert.strictEqual(asked([], batch("tools/call", "ping")), "tool files/a")
  })

  it("is not required of a notification", () => {
    const body = JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: {} })
    assert.strictEqual(asked(["mcp-protocol-version", "2026-07-28"], body), "None")
  })
})
