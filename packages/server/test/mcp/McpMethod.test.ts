/**
 * Every method of the schemas of the protocol has its place: what a client may send is judged by what it names, or names
 * nothing; what only servers send is nothing that a client could ask for, and unseen.
 */
import { assert, describe, it } from "@effect/vitest"
import { asksOf, asksOfHeaders, listOf, type MethodAsks, taskOfHeaders, tasksOf } from "../../src/mcp/McpMethod.ts"
import type { RpcMessage, RpcParams } from "../../src/mcp/RpcReader.ts"

/** Params that have whatever a method could name. */
const everything: RpcParams = {
  name: "n",
  uri: "file:///u",
  taskId: "t",
  ref: { type: "ref/prompt", name: "p" },
  subscriptions: ["file:///s"],
  taskIds: ["v"]
}

const messageOf = (method: string, params: RpcParams = everything): RpcMessage => ({
  kind: method.startsWith("notifications/") ? "notification" : "request",
  id: method.startsWith("notifications/") ? undefined : "1",
  method,
  params
})

const told = (asks: MethodAsks): string =>
  asks._tag === "Items" ? asks.items.map((it) => `${it.kind} ${it.name}`).join() : asks._tag

/** What clients send, and what it asks for. */
const ofClients: Readonly<Record<string, string>> = {
  "tools/call": "tool n",
  "prompts/get": "prompt n",
  "resources/read": "resource file:///u",
  "resources/subscribe": "resource file:///u",
  "resources/unsubscribe": "resource file:///u",
  "completion/complete": "prompt p",
  "subscriptions/listen": "resource file:///s",
  "tools/list": "None",
  "prompts/list": "None",
  "resources/list": "None",
  "resources/templates/list": "None",
  "initialize": "None",
  "ping": "None",
  "server/discover": "None",
  "logging/setLevel": "None",
  "tasks/get": "None",
  "tasks/result": "None",
  "tasks/list": "None",
  "tasks/cancel": "None",
  "tasks/update": "None",
  "notifications/initialized": "None",
  "notifications/cancelled": "None",
  "notifications/progress": "None",
  "notifications/roots/list_changed": "None",
  "notifications/tasks/status": "None"
}

/** What servers send, and no client. */
const ofServers = [
  "sampling/createMessage",
  "elicitation/create",
  "roots/list",
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
  "notifications/subscriptions/acknowledged",
  "notifications/tasks"
]

/** What each schema lets a client send: its `ClientRequest` and `ClientNotification`, and those of the extension of tasks. */
const first = [
  ...["initialize", "ping", "completion/complete", "logging/setLevel", "prompts/get", "prompts/list", "resources/list"],
  ...["resources/templates/list", "resources/read", "resources/subscribe", "resources/unsubscribe", "tools/call"],
  ...["tools/list", "notifications/cancelled", "notifications/progress", "notifications/initialized"],
  "notifications/roots/list_changed"
]
const revisions: Readonly<Record<string, ReadonlyArray<string>>> = {
  "2024-11-05": first,
  "2025-03-26": first,
  "2025-06-18": first,
  "2025-11-25": [
    ...first,
    ...["tasks/get", "tasks/result", "tasks/list", "tasks/cancel", "notifications/tasks/status"]
  ],
  "2026-07-28": [
    ...["server/discover", "completion/complete", "prompts/get", "prompts/list", "resources/list"],
    ...["resources/templates/list", "resources/read", "subscriptions/listen", "tools/call", "tools/list"],
    "notifications/cancelled"
  ],
  "the extension of tasks": ["tasks/get", "tasks/update", "tasks/cancel"]
}

describe("a method", () => {
  for (const [revision, methods] of Object.entries(revisions)) {
    it(`of ${revision} stands in the table`, () => {
      for (const method of methods) assert.property(ofClients, method)
    })
  }

  it("that a client sends asks for what it names, or for nothing", () => {
    for (const [method, asks] of Object.entries(ofClients)) {
      assert.strictEqual(told(asksOf(messageOf(method))), asks, method)
    }
  })

  it("that only servers send, or nobody, is unseen: with a body, and by its headers", () => {
    const strange = ["tools/callMany", "Tools/call", "tools/call ", "tool/call", "tasks/run", "notifications/x", "a"]
    for (const method of [...ofServers, ...strange, "toString", "__proto__", "constructor"]) {
      assert.strictEqual(told(asksOf(messageOf(method))), "Unseen", method)
      assert.isUndefined(listOf(method), method)
      assert.strictEqual(told(asksOfHeaders(method, "n")), "Unseen", method)
    }
  })

  it("whose names are missing is none that could be sent", () => {
    for (const [method, asks] of Object.entries(ofClients)) {
      const expected = asks === "None" || method === "subscriptions/listen" ? "None" : "Bad"
      assert.strictEqual(told(asksOf(messageOf(method, {}))), expected, method)
    }
  })

  it("by its headers asks for what they can name; what they cannot is unseen", () => {
    const unseen = ["resources/subscribe", "resources/unsubscribe", "completion/complete", "subscriptions/listen"]
    for (const [method, asks] of Object.entries(ofClients)) {
      const expected = unseen.includes(method) ? "Unseen" : asks.replace("file:///u", "file:///h").replace(" n", " h")
      const name = method.startsWith("resources/") ? "file:///h" : "h"
      assert.strictEqual(told(asksOfHeaders(method, name)), expected, method)
    }
  })
})

describe("a task", () => {
  it("is spoken of by its id, in a subscription too", () => {
    assert.deepStrictEqual(tasksOf(messageOf("tasks/get", { taskId: "t" })), ["t"])
    assert.deepStrictEqual(tasksOf(messageOf("subscriptions/listen", { taskIds: ["t", "u"] })), ["t", "u"])
    assert.deepStrictEqual(tasksOf(messageOf("tools/call", { name: "t" })), [])
  })

  it("is what the header of a name speaks of, and must be there for whatever is done with one", () => {
    for (const method of ["tasks/get", "tasks/result", "tasks/cancel", "tasks/update"]) {
      assert.deepStrictEqual(taskOfHeaders(method, "t"), ["t"])
      assert.strictEqual(told(asksOfHeaders(method, undefined)), "Bad", method)
    }
    assert.strictEqual(told(asksOfHeaders("tasks/list", undefined)), "None")
    assert.deepStrictEqual(taskOfHeaders("tools/call", "t"), [])
  })
})
