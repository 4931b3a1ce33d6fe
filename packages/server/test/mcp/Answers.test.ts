/**
 * What a caller gets of the lists of an MCP server, however the server answers.
 */
import { assert, describe, it } from "@effect/vitest"
import { makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Effect } from "effect"
import { brotliCompressSync, gzipSync } from "node:zlib"
import * as World from "../support/World.ts"

const options: World.WorldOptions = {
  policy: {
    teamRoutes: ["llm_api_routes", "/mcp/*"],
    mcp: [{ server: "files", path: "/mcp/files" }, { server: "old", path: "/mcp/old", legacy: true }]
  },
  rows: {
    users: ["alice", "bob"].map((id) =>
      makeUser({ id: UserId.make(id), role: "internal_user", teams: [TeamId.make("red")] })
    ),
    teams: [makeTeam({
      id: TeamId.make("red"),
      models: ["*"],
      tools: ["*/good_*", "!*/good_but_not"],
      prompts: ["*/hello"],
      resources: ["*/file:///pub/*", "!*/file:///pub/secret*"]
    })]
  }
}

const list = (method: string, id: unknown = 1) => JSON.stringify({ jsonrpc: "2.0", id, method })

const tools = (...names: ReadonlyArray<string>) => names.map((name) => ({ name, inputSchema: { type: "object" } }))

const answer = (result: object, id: unknown = 1) => JSON.stringify({ jsonrpc: "2.0", id, result })

const post = Effect.fnUntraced(function*(
  world: World.World,
  body: string | undefined,
  path = "/mcp/files",
  who = "alice",
  headers: Readonly<Record<string, string>> = {}
) {
  const token = yield* world.token(who, { groups: ["red"] })
  return yield* Effect.promise(async () => {
    const response = await fetch(`${world.url}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/json, text/event-stream",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers
      },
      ...(body === undefined ? {} : { body })
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  })
})

/** The server answers like this. */
const answers = (
  world: World.World,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = { "content-type": "application/json" },
  status = 200
) => {
  world.upstream.answer = (_, response) => {
    response.writeHead(status, headers)
    response.end(body)
  }
}

const world = World.make(options)
const mixed = tools("good_one", "bad", "good_but_not", "good_two")
const namesIn = (text: string): ReadonlyArray<string> =>
  JSON.parse(text).result.tools.map((it: { readonly name: string }) => it.name)

describe("a list", () => {
  it.live("is filtered, keeps its cursor, and is nobody else's", () =>
    Effect.gen(function*() {
      const it = yield* world
      answers(it, answer({ tools: mixed, nextCursor: "c", cacheScope: "public", ttlMs: 9 }), {
        "content-type": "application/json; charset=utf-8",
        "cache-control": "public, max-age=60",
        etag: "\"all\""
      })
      const got = yield* post(it, list("tools/list"))
      assert.deepStrictEqual(namesIn(got.text), ["good_one", "good_two"])
      assert.include(got.text, `"nextCursor":"c","cacheScope":"private","ttlMs":9`)
      assert.strictEqual(got.headers.get("cache-control"), "private, no-store")
      assert.isNull(got.headers.get("etag"))
      assert.strictEqual(it.upstream.last().headers["accept-encoding"], "identity")
    }))

  it.live("is filtered when it is compressed all the same, and refused when nobody can read it", () =>
    Effect.gen(function*() {
      const it = yield* world
      const text = answer({ tools: mixed })
      for (const [encoding, bytes] of [["gzip", gzipSync(text)], ["br", brotliCompressSync(text)]] as const) {
        answers(it, bytes, { "content-type": "application/json", "content-encoding": encoding })
        assert.deepStrictEqual(namesIn((yield* post(it, list("tools/list"))).text), ["good_one", "good_two"])
      }
      const unreadable: ReadonlyArray<readonly [string | Buffer, Readonly<Record<string, string>>]> = [
        [gzipSync(text), { "content-type": "application/json", "content-encoding": "zip" }],
        [gzipSync(text), { "content-type": "application/json" }],
        [`data: ${text}\n\n`, { "content-type": "text/event-stream", "content-encoding": "gzip" }],
        [text.replace("tools", "toolz"), { "content-type": "application/json" }],
        [answer({ tools: mixed }, 2), { "content-type": "application/json" }],
        ["", { "content-type": "application/json" }],
        ["<html>", { "content-type": "text/html" }],
        [Buffer.from(text.replace("bad", "b\u00e4d"), "latin1"), { "content-type": "application/json" }],
        [`${text} `.repeat(2), { "content-type": "application/json" }]
      ]
      for (const [body, headers] of unreadable) {
        answers(it, body, headers)
        const got = yield* post(it, list("tools/list", "x"))
        assert.strictEqual(got.status, 502, String(body).slice(0, 80))
        const error = JSON.parse(got.text)
        assert.strictEqual(error.id, "x")
        assert.strictEqual(error.error.code, -32_603)
        assert.strictEqual(error.error.data.decision, got.headers.get("x-jotgate-decision"))
        assert.notInclude(got.text, "good")
      }
    }))

  it.live("is filtered in a stream, whatever its pieces; the rest of the stream stays", () =>
    Effect.gen(function*() {
      const it = yield* world
      const progress = `{"jsonrpc":"2.0","method":"notifications/progress","params":{"message":"bad \\u00fc"}}`
      const text = `: hello\r\nid: 1\ndata:\n\nevent: message\nid: 2\ndata: ${progress}\n\n` +
        `event: message\nid: 3\ndata: ${answer({ tools: [...mixed, ...tools("good_ü")] })}\n\n`
      for (const step of [1, 3, 64, 10_000]) {
        it.upstream.answer = (_, response) => {
          response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" })
          const bytes = Buffer.from(text)
          for (let at = 0; at < bytes.length; at += step) response.write(bytes.subarray(at, at + step))
          response.end()
        }
        const got = yield* post(it, list("tools/list"))
        assert.include(got.text, `: hello\r\nid: 1\ndata:\n\nevent: message\nid: 2\ndata: ${progress}\n\n`)
        const [, data = ""] = /id: 3\ndata: (.*)\n\n$/.exec(got.text) ?? []
        assert.deepStrictEqual(namesIn(data), ["good_one", "good_two", "good_ü"])
        assert.include(got.headers.get("cache-control"), "private")
      }
    }))

  it.live("of a batch, and of prompts, resources and templates, is filtered", () =>
    Effect.gen(function*() {
      const it = yield* world
      const results = [
        answer({ prompts: tools("hello", "other") }, 1),
        answer({ resources: [{ uri: "file:///pub/a" }, { uri: "file:///pub/secret/b" }, { uri: "file:///c" }] }, 2),
        answer({
          resourceTemplates: ["file:///pub/open/{x}", "file:///pub/{x}", "file:///{x}", "file:///pub/secret/{x}"]
            .map((uriTemplate) => ({ uriTemplate, name: uriTemplate }))
        }, 3)
      ]
      answers(it, `[${results.join(",")}]`)
      const methods = ["prompts/list", "resources/list", "resources/templates/list"]
      const got = yield* post(it, `[${methods.map((method, at) => list(method, at + 1)).join(",")}]`)
      assert.strictEqual(got.status, 200, got.text)
      const [prompts, resources, templates] = JSON.parse(got.text)
      assert.deepStrictEqual(prompts.result.prompts.map((one: { name: string }) => one.name), ["hello"])
      assert.deepStrictEqual(resources.result.resources, [{ uri: "file:///pub/a" }])
      assert.deepStrictEqual(
        templates.result.resourceTemplates.map((one: { uriTemplate: string }) => one.uriTemplate),
        ["file:///pub/open/{x}"]
      )
    }))

  it.live("that is resumed, or answered on another stream, is filtered too; a GET that is no stream is not passed", () =>
    Effect.gen(function*() {
      const it = yield* world
      const stream = { "content-type": "text/event-stream" }
      answers(it, `id: 4\ndata: ${answer({ tools: mixed }, 7)}\n\n`, stream)
      const resumed = yield* post(it, undefined, "/mcp/files", "alice", { "last-event-id": "3" })
      assert.strictEqual(it.upstream.last().headers["last-event-id"], "3")
      assert.notInclude(resumed.text, "bad")
      assert.include(resumed.text, "good_one")
      answers(it, answer({ tools: mixed }, 7))
      assert.strictEqual((yield* post(it, undefined)).status, 502)
      answers(it, "{}", { "content-type": "application/json" }, 405)
      assert.strictEqual((yield* post(it, undefined)).status, 405)
    }))

  it.live("of an error of the server is none, and passes", () =>
    Effect.gen(function*() {
      const it = yield* world
      const error = `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}`
      for (const status of [200, 404]) {
        answers(it, error, { "content-type": "application/json" }, status)
        const got = yield* post(it, list("tools/list"))
        assert.strictEqual(got.status, status)
        assert.strictEqual(got.text, error)
      }
      answers(it, "busy", { "content-type": "text/plain" }, 503)
      const busy = yield* post(it, list("tools/list"))
      assert.strictEqual(`${busy.status} ${busy.text}`, "503 busy")
      answers(it, answer({ tools: mixed }), { "content-type": "application/json" }, 400)
      assert.notInclude((yield* post(it, list("tools/list"))).text, "bad")
    }))
})

describe("a call", () => {
  const call = (method: string, params: object) => JSON.stringify({ jsonrpc: "2.0", id: 5, method, params })

  it.live("of what is not listed is denied in words for an agent, and not sent", () =>
    Effect.gen(function*() {
      const it = yield* world
      const denied = [
        call("tools/call", { name: "bad" }),
        call("tools/call", { name: "good_but_not" }),
        call("prompts/get", { name: "other" }),
        call("resources/read", { uri: "file:///pub/secret/x" }),
        call("resources/subscribe", { uri: "file:///c" }),
        call("completion/complete", { ref: { type: "ref/prompt", name: "other" }, argument: { name: "a", value: "" } }),
        call("completion/complete", {
          ref: { type: "ref/resource", uri: "file:///{x}" },
          argument: { name: "x", value: "" }
        }),
        call("subscriptions/listen", { notifications: { resourceSubscriptions: ["file:///pub/a", "file:///c"] } })
      ]
      for (const body of denied) {
        const got = yield* post(it, body)
        assert.strictEqual(got.status, 403, body)
        const { error, id } = JSON.parse(got.text)
        assert.strictEqual(id, 5)
        assert.strictEqual(error.code, -32_003)
        assert.strictEqual(error.data.code, "tool_denied", body)
        assert.match(error.message, /^Access denied: (?:tool|prompt|resource) \S+(?: and others)? for alice\. /)
      }
      const unseen = yield* post(it, call("tools/callMany", { name: "good_one" }))
      assert.strictEqual(JSON.parse(unseen.text).error.data.code, "tool_unseen")
      const batch = yield* post(
        it,
        `[${call("tools/call", { name: "good_one" })},${
          call("tools/call", { name: "bad" }).replace(`"id":5`, `"id":6`)
        }]`
      )
      assert.strictEqual(batch.status, 403)
      assert.isNull(JSON.parse(batch.text).id)
      assert.lengthOf(it.upstream.requests, 0)
    }))

  it.live("of what is listed is sent", () =>
    Effect.gen(function*() {
      const it = yield* world
      const allowed = [
        call("tools/call", { name: "good_one" }),
        call("prompts/get", { name: "hello" }),
        call("resources/read", { uri: "file:///pub/a" }),
        call("completion/complete", { ref: { type: "ref/resource", uri: "file:///pub/open/{x}" } }),
        call("subscriptions/listen", { notifications: { toolsListChanged: true } }),
        call("tasks/get", { taskId: "t-1" }),
        call("ping", {})
      ]
      for (const body of allowed) assert.strictEqual((yield* post(it, body)).status, 200, body)
      assert.lengthOf(it.upstream.requests, allowed.length)
      // A task is whose it was first.
      const bob = yield* post(it, call("tasks/get", { taskId: "t-1" }), "/mcp/files", "bob")
      assert.strictEqual(JSON.parse(bob.text).error.data.code, "session_denied")
    }))
})

describe("the old transport", () => {
  it.live("gives its caller the address for messages, which is the session", () =>
    Effect.gen(function*() {
      const it = yield* World.make({ ...options, doors: { prefix: "/gate" } })
      const stream = { "content-type": "text/event-stream" }
      const get = (endpoint: string) => {
        answers(it, `event: endpoint\ndata: ${endpoint}\n\ndata: ${answer({ tools: mixed }, 1)}\n\n`, stream)
        return post(it, undefined, "/gate/mcp/old/sse")
      }
      const opened = yield* get("/mcp/old/messages?sessionId=s1")
      assert.include(opened.text, "event: endpoint\ndata: /gate/mcp/old/messages?sessionId=s1\n\n")
      assert.notInclude(opened.text, "bad")
      answers(it, "Accepted", { "content-type": "text/plain" }, 202)
      const path = "/gate/mcp/old/messages?sessionId=s1"
      assert.strictEqual((yield* post(it, list("ping"), path)).status, 202)
      for (const other of [path, path.replace("s1", "%731"), `${path}&x=2`, path.replace("?", "?x=3&")]) {
        const denied = yield* post(it, list("ping"), other, "bob")
        assert.strictEqual(`${denied.status} ${JSON.parse(denied.text).error.data.code}`, "403 session_denied", other)
      }
    }))

  it.live("what an address only repeats of the question makes nobody its owner", () =>
    Effect.gen(function*() {
      const it = yield* world
      const open = (who: string, query: string, endpoint: string) => {
        answers(it, `event: endpoint\ndata: ${endpoint}\n\n`, { "content-type": "text/event-stream" })
        return post(it, undefined, `/mcp/old/sse${query}`, who)
      }
      yield* open("alice", "", "/mcp/old/m?sessionId=s1")
      // A server that repeats the query does not give alice's session to bob.
      yield* open("bob", "?sessionId=s1", "/mcp/old/m?sessionId=s1&sessionId=s2")
      answers(it, "Accepted", { "content-type": "text/plain" }, 202)
      assert.strictEqual((yield* post(it, list("ping"), "/mcp/old/m?sessionId=s1", "bob")).status, 403)
      assert.strictEqual((yield* post(it, list("ping"), "/mcp/old/m?sessionId=s2", "bob")).status, 202)
      assert.strictEqual((yield* post(it, list("ping"), "/mcp/old/m?sessionId=s1")).status, 202)
    }))

  it.live("breaks off where the address leads elsewhere", () =>
    Effect.gen(function*() {
      const it = yield* world
      for (
        const endpoint of [
          "/elsewhere?x=1",
          "https://evil.test/mcp/old/m",
          "//evil.test/mcp/old/m",
          "/mcp/old/%2e%2e/x"
        ]
      ) {
        answers(it, `event: endpoint\ndata: ${endpoint}\n\n`, { "content-type": "text/event-stream" })
        const token = yield* it.token("alice", { groups: ["red"] })
        const text = yield* Effect.promise(async () => {
          const response = await fetch(`${it.url}/mcp/old/sse`, { headers: { authorization: `Bearer ${token}` } })
          return response.text().catch(() => "broken")
        })
        assert.notInclude(text, "data:", endpoint)
      }
    }))
})
