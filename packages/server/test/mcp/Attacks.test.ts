/**
 * What somebody tries who knows the gate: another's session in every spelling, depth and size, and servers whose answers
 * are cut, folded, compressed or dressed up so that an unfiltered list could slip through.
 */
import { assert, describe, it } from "@effect/vitest"
import { makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Effect } from "effect"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import { call, message, modern, sendMessage } from "../support/McpMessages.ts"
import * as World from "../support/World.ts"

const world = World.make({
  policy: {
    teamRoutes: ["llm_api_routes", "/mcp/*"],
    mcp: [{ server: "files", path: "/mcp/files" }, { server: "old", path: "/mcp/old", legacy: true }]
  },
  rows: {
    users: ["alice", "bob"].map((id) =>
      makeUser({ id: UserId.make(id), role: "internal_user", teams: [TeamId.make("red")] })
    ),
    teams: [makeTeam({ id: TeamId.make("red"), models: ["*"], tools: ["*/good*"] })]
  }
})

const codeIn = (text: string): unknown => JSON.parse(text).error?.data?.code

const tokens = (it: World.World) =>
  Effect.all([it.token("alice", { groups: ["red"] }), it.token("bob", { groups: ["red"] })])

describe("another's session", () => {
  const id = "1868a90c-DEAD-4b21-9e33-7f0a4c5d6e7f"

  it.live("is denied for every method and in every spelling, and nothing is sent", () =>
    Effect.gen(function*() {
      const it = yield* world
      const [alice, bob] = yield* tokens(it)
      it.upstream.answer = (_, response) => {
        response.writeHead(200, { "content-type": "application/json", "mcp-session-id": id })
        response.end("{}")
      }
      yield* sendMessage(it, alice, { body: message("initialize") })
      const spellings = [
        id,
        id.toLowerCase(),
        id.toUpperCase(),
        id.replace("1", "%31"),
        id.replaceAll("-", "%2D"),
        id.replace("1", "%2531")
      ]
      for (const session of spellings) {
        const headers = ["mcp-session-id", session]
        for (
          const sent of [
            { headers, body: call("good") },
            { headers, body: message("tools/list") },
            { headers, body: message("initialize") },
            { headers, body: `{"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}` },
            { headers, body: `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}` },
            { headers, method: "GET" },
            { headers: [...headers, "last-event-id", "7"], method: "GET" },
            { headers, method: "DELETE" },
            { headers, method: "HEAD" },
            { headers, path: "/mcp/files/", body: call("good") },
            { headers, path: `/mcp/files?sessionId=${session}`, body: call("good") }
          ]
        ) {
          const denied = yield* sendMessage(it, bob, sent)
          assert.strictEqual(denied.status, 403, `${session} ${JSON.stringify(sent)}`)
          if (sent.method !== "HEAD") assert.strictEqual(codeIn(denied.text), "session_denied")
        }
      }
      // A list of two, or a mark of quotes, is no id that anybody was given.
      for (const headers of [["mcp-session-id", id, "Mcp-Session-Id", "x"], ["mcp_session_id", id]]) {
        assert.strictEqual((yield* sendMessage(it, bob, { headers, body: call("good") })).status, 400)
      }
      assert.lengthOf(it.upstream.requests, 1)
      assert.strictEqual(
        (yield* sendMessage(it, alice, { headers: ["mcp-session-id", id], method: "DELETE" })).status,
        200
      )
      // Who ended it is still its owner.
      assert.strictEqual(
        (yield* sendMessage(it, bob, { headers: ["mcp-session-id", id], method: "DELETE" })).status,
        403
      )
    }))

  it.live("is another's too when an agent acts for its owner, and its tasks are", () =>
    Effect.gen(function*() {
      const it = yield* world
      const [alice, bob] = yield* tokens(it)
      it.upstream.answer = (_, response) => {
        response.writeHead(200, { "content-type": "application/json" })
        response.end("{}")
      }
      assert.strictEqual((yield* sendMessage(it, alice, { body: message("tasks/get", { taskId: "T-1" }) })).status, 200)
      for (const method of ["tasks/get", "tasks/result", "tasks/cancel", "tasks/update"]) {
        for (const taskId of ["T-1", "t-1", "%54-1"]) {
          const denied = yield* sendMessage(it, bob, { body: message(method, { taskId }) })
          assert.strictEqual(codeIn(denied.text), "session_denied", `${method} ${taskId}`)
        }
      }
      for (const taskIds of [["T-1"], ["T-9", "t-1"]]) {
        const body = message("subscriptions/listen", { notifications: { toolsListChanged: true, taskIds } })
        assert.strictEqual(codeIn((yield* sendMessage(it, bob, { body })).text), "session_denied")
      }
      const own = message("subscriptions/listen", { notifications: { taskIds: ["T-1"] } })
      assert.strictEqual((yield* sendMessage(it, alice, { body: own })).status, 200)
      const both = `[${message("ping", {}, 1)},${message("tasks/get", { taskId: "T-1" }, 2)}]`
      assert.strictEqual((yield* sendMessage(it, bob, { body: both })).status, 403)
    }))
})

describe("depth and size", () => {
  it.live("an argument of usual depth is passed byte for byte; endless depth and huge names are refused", () =>
    Effect.gen(function*() {
      const it = yield* world
      const [alice] = yield* tokens(it)
      const nested = (depth: number) =>
        `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":${"[".repeat(depth)}${
          "]".repeat(depth)
        },"name":"good"}}`
      const answer = yield* sendMessage(it, alice, { body: nested(400) })
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(it.upstream.last().body.toString(), nested(400))
      for (const depth of [1_000, 200_000]) {
        const denied = yield* sendMessage(it, alice, { body: nested(depth) })
        assert.strictEqual(JSON.parse(denied.text).error.code, -32_700)
      }
      for (const size of [2_049, 100_000, 1_000_000]) {
        const denied = yield* sendMessage(it, alice, { body: call(`good${"a".repeat(size)}`) })
        assert.strictEqual(denied.status, 400)
        // A text that is larger than a piece of what is read is told as no JSON.
        assert.strictEqual(JSON.parse(denied.text).error.code, size < 65_536 ? -32_600 : -32_700)
      }
      const long = yield* sendMessage(it, alice, { body: message("x".repeat(5_000)) })
      assert.strictEqual(JSON.parse(long.text).error.code, -32_600)
      assert.lengthOf(it.upstream.requests, 1)
    }))

  it.live("a compressed message is judged by what it says, and one that cannot be read is refused", () =>
    Effect.gen(function*() {
      const it = yield* world
      const [alice] = yield* tokens(it)
      for (
        const [encoding, pack] of [["gzip", gzipSync], ["deflate", deflateSync], ["br", brotliCompressSync]] as const
      ) {
        const headers = ["content-encoding", encoding]
        const denied = yield* sendMessage(it, alice, { headers, body: pack(call("bad")) })
        assert.include([403, 415], denied.status, encoding)
        const broken = yield* sendMessage(it, alice, { headers, body: pack(call("bad")).subarray(0, -3) })
        assert.include([400, 415], broken.status, encoding)
      }
      for (const encoding of ["gzip, gzip", "zstd", "identity, gzip", "x"]) {
        const denied = yield* sendMessage(it, alice, {
          headers: ["content-encoding", encoding],
          body: gzipSync(call("bad"))
        })
        assert.isAtLeast(denied.status, 400, encoding)
      }
      assert.lengthOf(it.upstream.requests, 0)
    }))

  it.live("headers alone call nothing", () =>
    Effect.gen(function*() {
      const it = yield* world
      const [alice] = yield* tokens(it)
      for (const method of ["GET", "DELETE", "HEAD"]) {
        yield* sendMessage(it, alice, { method, headers: modern("tools/call", "bad") })
      }
      assert.isTrue(it.upstream.requests.every(({ body }) => body.length === 0))
      const sent = it.upstream.requests.length
      for (const method of ["PUT", "PATCH", "QUERY", "TRACE"]) {
        const denied = yield* sendMessage(it, alice, {
          method,
          headers: modern("tools/call", "bad"),
          body: call("bad")
        })
        assert.isAtLeast(denied.status, 400, method)
      }
      assert.lengthOf(it.upstream.requests, sent)
    }))
})

describe("a list that is dressed up", () => {
  const entry = (name: string) => `{"name":"${name}","inputSchema":{"type":"object"}}`
  const list = (id = "1") =>
    `{"jsonrpc":"2.0","id":${id},"result":{"tools":[${entry("good_\u00fc")},${entry("bad\u20ac")}]}}`
  const stream = { "content-type": "text/event-stream" }

  const got = Effect.fnUntraced(function*(
    headers: Readonly<Record<string, string>>,
    pieces: ReadonlyArray<string | Buffer>,
    ask: "POST" | "GET" = "POST"
  ) {
    const it = yield* world
    const [alice] = yield* tokens(it)
    it.upstream.answer = (_, response) => {
      response.writeHead(200, headers)
      for (const piece of pieces) response.write(piece)
      response.end()
    }
    const answer = yield* sendMessage(it, alice, ask === "GET" ? { method: "GET" } : { body: message("tools/list") })
    return { ...answer, records: it.log.recent(10).length }
  })

  const bytes = (text: string, step: number): ReadonlyArray<Buffer> => {
    const all = Buffer.from(text)
    return Array.from({ length: Math.ceil(all.length / step) }, (_, at) => all.subarray(at * step, (at + 1) * step))
  }

  const events: Readonly<Record<string, string>> = {
    "within a letter": `data: ${list()}\n\n`,
    "ended by CR alone": `event: message\rdata: ${list()}\r\r`,
    "ended by CR and LF": `id: 1\r\ndata: ${list()}\r\n\r\n`,
    "in several lines": `data: ${list().replaceAll(",", ",\ndata: ")}\n\n`,
    "in lines of mixed ends": `data: ${list().replace(",", ",\rdata:").replace("[", "[\r\ndata: ")}\n\n`,
    "behind a mark": `\uFEFFdata: ${list()}\n\n`,
    "without a space": `data:${list()}\n\n`,
    "with comments between": `data: ${list().replace("[", "[\n: x\ndata: ")}\n\n`,
    "with an id that nobody asked with": `data: ${list(`"other"`)}\n\n`,
    "with another name of the event": `event: other\ndata: ${list()}\n\n`,
    "without an end": `data: ${list()}`,
    "in a batch": `data: [${list()},{"jsonrpc":"2.0","method":"notifications/progress"}]\n\n`,
    "with escaped members": `data: ${list().replace("result", "\\u0072esult").replace("tools", "t\\u006fols")}\n\n`,
    "with what must not be twice": `data: ${list().replace("\"result\"", "\"result\":{},\"result\"")}\n\n`
  }

  for (const [what, text] of Object.entries(events)) {
    it.live(`in a stream, ${what}, tells only what may be called`, () =>
      Effect.gen(function*() {
        for (const step of [1, 10_000]) {
          for (const ask of ["POST", "GET"] as const) {
            const { text: passed } = yield* got(stream, bytes(text, step), ask)
            assert.notInclude(passed, "bad", `${ask} by ${step}`)
            if (!what.includes("twice")) assert.include(passed, "good_\u00fc", `${ask} by ${step}`)
          }
        }
      }))
  }

  it.live("in a stream, together with what the server asks, lets the questions through", () =>
    Effect.gen(function*() {
      const asks = [
        `{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{"tools":[${entry("bad")}],"messages":[]}}`,
        `{"jsonrpc":"2.0","id":"e","method":"elicitation/create","params":{"message":"the result?","name":"bad"}}`,
        `{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`
      ]
      const text = [...asks, list()].map((it) => `data: ${it}\n\n`).join("")
      for (const step of [3, 10_000]) {
        const { text: passed } = yield* got(stream, bytes(text, step))
        for (const ask of asks) assert.include(passed, `data: ${ask}\n\n`)
        assert.notInclude(passed, "bad\u20ac")
      }
    }))

  it.live("compressed, is filtered or refused, never passed", () =>
    Effect.gen(function*() {
      const json = { "content-type": "application/json" }
      const packed: ReadonlyArray<readonly [string, Buffer]> = [
        ["gzip", gzipSync(list())],
        ["x-gzip", gzipSync(list())],
        ["GZIP", gzipSync(list())],
        ["deflate", deflateSync(list())],
        ["br", brotliCompressSync(list())],
        ["gzip, gzip", gzipSync(gzipSync(list()))],
        ["br", gzipSync(list())],
        ["zstd", Buffer.from(list())],
        ["identity, gzip", gzipSync(list())],
        ["gzip", gzipSync(`${list().slice(0, -1)},"x":"${"a".repeat(9_000_000)}"}`)]
      ]
      for (const [encoding, body] of packed) {
        const { records, status, text } = yield* got({ ...json, "content-encoding": encoding }, [body])
        assert.include([200, 502], status, encoding)
        assert.notInclude(text, "bad", encoding)
        assert.strictEqual(records, 1, encoding)
        if (status === 502) assert.strictEqual(JSON.parse(text).error.code, -32_603)
        else assert.include(text, "good_\u00fc")
      }
      const { status } = yield* got({ ...stream, "content-encoding": "gzip" }, [gzipSync(`data: ${list()}\n\n`)])
      assert.strictEqual(status, 502)
    }))

  it.live("by its cursor or by another answer's members tells nothing", () =>
    Effect.gen(function*() {
      const json = { "content-type": "application/json" }
      const tools = `"tools":[${entry("good")},${entry("bad")}]`
      const answer = (result: string) => `{"jsonrpc":"2.0","id":1,"result":{${result}}}`
      const filtered = [
        answer(`${tools},"nextCursor":""`),
        answer(`"nextCursor":"x",${tools}`),
        answer(`"nextCursor":{"tools":["x"]},${tools}`),
        answer(`"nextCursor":"a","nextCursor":"b",${tools}`),
        answer(`"resultType":"complete","ttlMs":0,"cacheScope":"public",${tools}`)
      ]
      for (const body of filtered) {
        const { status, text } = yield* got(json, [body])
        assert.strictEqual(status, 200, body)
        assert.deepStrictEqual(JSON.parse(text).result.tools.map((it: { readonly name: string }) => it.name), ["good"])
        assert.notInclude(text, "public")
        assert.deepStrictEqual(JSON.parse(text).result.nextCursor, JSON.parse(body).result.nextCursor)
      }
      const refused = [
        answer(`${tools},"resources":[{"uri":"file:///x"}]`),
        answer(`"prompts":[${entry("bad")}]`),
        answer(tools).replace("\"id\":1", "\"id\":\"1\""),
        answer(tools).replace("\"id\":1", "\"id\":1.0").replace("bad", "bad").replace("1.0", "2"),
        answer(tools).replace("\"id\":1,", ""),
        `[${answer(tools)},${answer(tools)}`,
        `${answer(tools)}${answer(tools)}`,
        answer(tools).replace("[{", "[[{").replace("}]", "}]]").slice(0, -2),
        `{"jsonrpc":"2.0","id":1,"result":[{${tools}}]}`,
        `{"jsonrpc":"2.0","id":1,"result":{"result":{${tools}}}}`,
        `<html>${answer(tools)}`
      ]
      for (const body of refused) {
        const { records, status, text } = yield* got(json, [body])
        assert.strictEqual(status, 502, body)
        assert.notInclude(text, "bad", body)
        assert.strictEqual(records, 1)
      }
    }))
})
