/**
 * What has two readings, or none, is refused before anything is sent: by its status, a JSON-RPC error for its id, and
 * one record.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { gzipSync } from "node:zlib"
import { call, message, modern, sendMessage, type Sent } from "../support/McpMessages.ts"
import * as World from "../support/World.ts"

const world = World.make({
  policy: {
    teamRoutes: ["llm_api_routes", "/mcp/*"],
    mcp: [{ server: "files", path: "/mcp/files" }]
  }
})

/** What is sent, the error that is answered, and the id where it is not 1. */
type Row = readonly [what: string, error: number, sent: Sent, id?: unknown]

const parse = -32_700
const invalid = -32_600
const differs = -32_020
const version = -32_022

const statusOf: Readonly<Record<number, number>> = { [parse]: 400, [invalid]: 400, [differs]: 400, [version]: 400 }

const versioned = (text: string) => ["mcp-protocol-version", text]
const meta = (text: string) => ({ _meta: { "io.modelcontextprotocol/protocolVersion": text } })
const base64 = (text: string | Uint8Array) => `=?base64?${Buffer.from(text).toString("base64")}?=`
const raw = (members: string) => `{"jsonrpc":"2.0",${members}}`
const latin1 = (text: string) => Buffer.from(text, "latin1")
const deep = (open: string, close: string, times: number) => open.repeat(times) + close.repeat(times)

const kinds: Readonly<Record<string, ReadonlyArray<Row>>> = {
  "a header that says another thing than the body": [
    ["another name", differs, { body: call("a"), headers: modern("tools/call", "b") }],
    ["another method", differs, { body: call("a"), headers: modern("tools/list", "a") }],
    ["another version", differs, { body: call("a", 1, meta("2025-11-25")), headers: modern("tools/call", "a") }],
    ["a version in the body alone", differs, { body: call("a", 1, meta("2026-07-28")) }],
    ["the name of a prompt", differs, {
      body: message("prompts/get", { name: "a" }),
      headers: modern("prompts/get", "b")
    }],
    ["the URI of a resource", differs, {
      body: message("resources/read", { uri: "file:///a" }),
      headers: modern("resources/read", "file:///A")
    }],
    ["a name where there is none", differs, { body: message("tools/list"), headers: modern("tools/list", "a") }],
    ["no name where there is one", differs, { body: call("a"), headers: modern("tools/call") }],
    ["a name that is only alike", differs, { body: call("caf\u00e9"), headers: modern("tools/call", "cafe") }],
    ["an older revision", differs, { body: call("a"), headers: [...versioned("2025-06-18"), "mcp-method", "ping"] }],
    ["the first of a batch", differs, {
      body: `[${call("a")},${call("b", 2)}]`,
      headers: ["mcp-method", "tools/call", "mcp-name", "a"]
    }, null]
  ],
  "a header that is there twice": [
    ["names", differs, { body: call("a"), headers: [...modern("tools/call", "a"), "mcp-name", "b"] }],
    ["the same name", differs, { body: call("a"), headers: [...modern("tools/call", "a"), "Mcp-Name", "a"] }],
    ["methods", differs, { body: call("a"), headers: [...modern("tools/call", "a"), "MCP-METHOD", "tools/list"] }],
    ["methods in one line", differs, { body: call("a"), headers: modern("tools/call,tools/call", "a") }],
    ["versions", differs, { body: call("a"), headers: [...versioned("2025-11-25"), ...versioned("2025-11-25")] }],
    ["versions in one line", differs, { body: call("a"), headers: versioned("2025-11-25, 2025-06-18") }],
    ["sessions", differs, { body: call("a"), headers: ["mcp-session-id", "a", "mcp-session-id", "b"] }],
    ["with an underscore", differs, { body: call("a"), headers: [...modern("tools/call", "a"), "mcp_name", "b"] }],
    ["with an underscore alone", differs, { body: call("a"), headers: ["mcp_protocol_version", "2025-11-25"] }]
  ],
  "a name in base64 that has another spelling": [
    ["no padding", differs, { body: call("a"), headers: modern("tools/call", "=?base64?YQ?=") }],
    ["too much padding", differs, { body: call("a"), headers: modern("tools/call", "=?base64?YQ===?=") }],
    ["bits behind the end", differs, { body: call("a"), headers: modern("tools/call", "=?base64?YR==?=") }],
    ["another alphabet", differs, {
      body: call("\u00ff"),
      headers: modern("tools/call", `=?base64?${Buffer.from("\u00ff").toString("base64url")}?=`)
    }],
    ["spaces", differs, { body: call("aaaa"), headers: modern("tools/call", "=?base64?YWFh YQ==?=") }],
    ["no UTF-8", differs, { body: call("a"), headers: modern("tools/call", base64(Uint8Array.of(0xff, 0xfe))) }],
    ["capitals in the mark", differs, { body: call("a"), headers: modern("tools/call", "=?BASE64?YQ==?=") }],
    ["no end", differs, { body: call("a"), headers: modern("tools/call", "=?base64?YQ==") }],
    ["nothing inside", differs, { body: call("a"), headers: modern("tools/call", "=?base64??=") }],
    ["the marks over each other", differs, { body: call("a"), headers: modern("tools/call", "=?base64?=") }],
    ["twice", differs, { body: call("a"), headers: modern("tools/call", base64(base64("a"))) }],
    ["in the method", differs, { body: call("a"), headers: modern(base64("tools/call"), "a") }]
  ],
  "a text that is no UTF-8": [
    ["a name in Latin-1", parse, { body: latin1(call("caf\u00e9")) }, null],
    ["an argument in Latin-1", parse, { body: latin1(call("a", 1, { arguments: { x: "\u00fc" } })) }, null],
    ["an overlong letter", parse, { body: latin1(call("\u00c1\u0081")) }, null],
    ["half of a pair", parse, { body: latin1(call("\u00ed\u00a0\u0080")) }, null],
    ["a letter that breaks off", parse, { body: latin1(call("\u00e2\u0082")) }, null],
    [
      "half of a pair, escaped",
      invalid,
      { body: raw(`"id":1,"method":"tools/call","params":{"name":"\\ud800"}`) },
      null
    ],
    ["UTF-16", parse, { body: Buffer.from(call("a"), "utf16le") }, null],
    ["a mark in front", parse, { body: `\uFEFF${call("a")}` }, null],
    ["bytes in a header", differs, { body: call("a"), headers: modern("tools/call", "\u00ff") }]
  ],
  "a name with wildcards, control or invisible characters": [
    ...[
      "get-*",
      "*",
      "get\u0000sum",
      "get\nsum",
      "get\u007fsum",
      "get\u0085sum",
      "get\u200bsum",
      "\u202eget",
      "get\u2028sum"
    ]
      .map((name): Row => [JSON.stringify(name), invalid, { body: call(name) }]),
    ...[" get", "get ", "\u00a0get", "cafe\u0301", "a".repeat(2049), ""]
      .map((name): Row => [JSON.stringify(name).slice(0, 20), invalid, { body: call(name) }]),
    ["a prompt", invalid, { body: message("prompts/get", { name: "hello*" }) }],
    ["a prompt that is completed", invalid, {
      body: message("completion/complete", { ref: { type: "ref/prompt", name: "h\u0007" } })
    }],
    ...["file:///a b", "file:///a\u0000", "file:///a/../b", "file:///a/%2e%2e/b", "file:///a/%252e%252e/b"]
      .map((uri): Row => [uri, invalid, { body: message("resources/read", { uri }) }]),
    ...["FILE:///a", "file:///%61", "file:\\\\a", "/etc/passwd", "file:///a\u202e"]
      .map((uri): Row => [uri, invalid, { body: message("resources/subscribe", { uri }) }]),
    ["a URI among others", invalid, {
      body: message("subscriptions/listen", { notifications: { resourceSubscriptions: ["file:///a", "file:///.."] } })
    }],
    ["in the header", invalid, { body: call("get-*"), headers: modern("tools/call", "get-*") }]
  ],
  "a batch where there is none": [
    ...["2025-06-18", "2025-11-25"].map((
      it
    ): Row => [it, invalid, { body: `[${call("a")}]`, headers: versioned(it) }, null]),
    ["2026-07-28", invalid, { body: `[${call("a")}]`, headers: modern("tools/call", "a") }, null],
    ["of nothing", invalid, { body: "[]" }, null],
    ["of no messages", invalid, { body: "[1]" }, null],
    ["in a batch", invalid, { body: `[[${call("a")}]]` }, null],
    ["with one id twice", invalid, { body: `[${call("a")},${call("b")}]` }, null],
    [
      "with one id in two spellings",
      invalid,
      { body: `[${call("a", "x")},${call("b", "x").replace("x", "\\u0078")}]` },
      null
    ],
    ["of a thousand", invalid, { body: `[${Array.from({ length: 1000 }, (_, id) => call("a", id)).join()}]` }, null]
  ],
  "a revision that nobody knows": [
    ...["2031-01-01", "2024-11-05", "2025-3-26", "latest", "2026-07-28-draft", "2026-07-28;q=1", "0"].map((
      it
    ): Row => [it, version, { body: call("a"), headers: versioned(it) }]),
    ["in a GET", version, { method: "GET", headers: versioned("1999-01-01") }, null],
    ["in a DELETE", version, { method: "DELETE", headers: versioned("1999-01-01") }, null]
  ],
  "a message that is none, or two": [
    ["an object", invalid, { body: "{}" }, null],
    ["a text", invalid, { body: `"tools/call"` }, null],
    ["two texts", parse, { body: `${call("a")}\n${call("b")}` }, null],
    ["a comment", parse, { body: `/* */${call("a")}` }, null],
    ["a comma at the end", parse, { body: call("a").replace(/\}$/, ",}") }, null],
    ["another version", invalid, { body: `{"jsonrpc":"1.0","id":1,"method":"ping"}` }, null],
    ["no version", invalid, { body: `{"id":1,"method":"ping"}` }, null],
    [
      "a call that answers",
      invalid,
      { body: raw(`"id":1,"method":"tools/call","params":{"name":"a"},"result":{}`) },
      null
    ],
    [
      "an open depth",
      parse,
      { body: raw(`"id":1,"method":"ping","params":{"arguments":${"[".repeat(100_000)}}`) },
      null
    ],
    ["a depth that is closed twice", parse, { body: `${call("a")}${"]".repeat(1000)}` }, null],
    ["a depth of params", invalid, { body: raw(`"id":1,"method":"ping","params":${deep("[", "]", 100_000)}`) }, null],
    ["a depth of ids", invalid, {
      body: raw(`"id":${deep(`{"a":`, "}", 20_000).replace(":}", ":1}")},"method":"ping"`)
    }, null],
    ["compressed", invalid, {
      body: gzipSync("{"),
      headers: ["content-type", "text/plain", "content-encoding", "gzip"]
    }, null]
  ],
  "an id of an odd type": [
    ...[
      "null",
      "1.5",
      "1.0",
      "1e3",
      "true",
      "{}",
      "[]",
      "[1]",
      `{"a":1}`,
      "1".repeat(40),
      `"${"a".repeat(300)}"`,
      `"\\udfff"`
    ]
      .map((id): Row => [id.slice(0, 20), invalid, { body: raw(`"id":${id},"method":"ping"`) }, null])
  ],
  "a member in two spellings": [
    ...[
      `"id":1,"method":"ping","Method":"tools/call"`,
      `"id":1,"METHOD":"tools/call","method":"ping"`,
      `"id":1,"method":"ping","m\\u0065thod":"tools/call"`,
      `"id":1,"method":"ping","method":"tools/call"`,
      `"id":1,"ID":2,"method":"ping"`,
      `"id":1,"method":"tools/call","params":{"name":"a"},"Params":{"name":"b"}`,
      `"id":1,"method":"tools/call","params":{"name":"a","Name":"b"}`,
      `"id":1,"method":"tools/call","params":{"name":"a","\\u006eame":"b"}`,
      `"id":1,"method":"tools/call","params":{"name":"a","name":"b"}`,
      `"id":1,"method":"tools/call","params":{"name":"a","arguments":{},"arguments":{}}`,
      `"id":1,"method":"resources/read","params":{"uri":"file:///a","URI":"file:///b"}`,
      `"id":1,"method":"tasks/get","params":{"taskId":"a","ta\u017FkId":"b"}`,
      `"id":1,"method":"tools/call","params":{"name":"a"},"x":1,"x":2`,
      `"JSONRPC":"1.0","id":1,"method":"ping"`
    ].map((members): Row => [members, invalid, { body: raw(members) }, null])
  ]
}

describe("bad input to an MCP server", () => {
  for (const [kind, rows] of Object.entries(kinds)) {
    it.live(`${kind} is refused, noted once and not sent`, () =>
      Effect.gen(function*() {
        const it = yield* world
        const token = yield* it.token("alice", { groups: ["red"] })
        for (const [what, error, sent, id = 1] of rows) {
          const before = it.log.recent(1000).length
          const answer = yield* sendMessage(it, token, sent)
          const isMedia = sent.headers?.includes("text/plain") === true
          assert.strictEqual(answer.status, isMedia ? 415 : statusOf[error], `${what}: ${answer.text}`)
          const body = JSON.parse(answer.text)
          assert.strictEqual(body.error.code, error, `${what}: ${answer.text}`)
          assert.strictEqual(body.jsonrpc, "2.0", what)
          assert.strictEqual(body.id, id, what)
          assert.strictEqual(body.error.data.decision, answer.headers["x-jotgate-decision"], what)
          const records = it.log.recent(1000)
          assert.lengthOf(records, before + 1, what)
          assert.strictEqual(records[0]?.decision, body.error.data.decision, what)
          assert.strictEqual(records[0]?.status, answer.status, what)
        }
        assert.lengthOf(it.upstream.requests, 0)
      }))
  }
})
