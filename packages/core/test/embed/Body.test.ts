import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { runInNewContext } from "node:vm"
import { fromNode } from "../../src/Gate.ts"
import { chat, gateOf, lineOf, settings, teams, tokenOf } from "../support/GateWorld.ts"

describe("the body", () => {
  const streamed = (token: string, chunks: ReadonlyArray<string>, headers: Record<string, string> = {}) => {
    let pulled = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        const chunk = chunks[pulled++]
        if (chunk === undefined) controller.close()
        else controller.enqueue(new TextEncoder().encode(chunk))
      }
    }, { highWaterMark: 0 })
    const request = new Request("https://gate.test/v1/chat/completions", {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
      body,
      duplex: "half"
    } as RequestInit)
    return { request, pulled: () => pulled }
  }

  it.live("of a Fetch request is judged, and is still there for the host", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      const { request } = streamed(yield* tokenOf(), [`{"mod`, `el":"o1"}`])
      assert.strictEqual(lineOf(yield* Effect.promise(() => gate.decide(request))), "403 team_model_denied")
      assert.strictEqual(yield* Effect.promise(() => request.text()), `{"model":"o1"}`)
    }))

  it.live("of 300 MiB is not read without a good token, and with one no further than the limit", () =>
    Effect.gen(function*() {
      const limit = 1024 * 1024
      const gate = yield* gateOf({ directory: teams, bodyLimit: limit })
      const piece = new Uint8Array(64 * 1024).fill(0x20)
      const asking = (token: string | undefined) => {
        let pulled = 0
        const body = new ReadableStream<Uint8Array>({
          pull: (controller) => {
            if (pulled === 300 * 16) return controller.close()
            pulled++
            controller.enqueue(piece)
          }
        }, { highWaterMark: 0 })
        const request = new Request("https://gate.test/v1/chat/completions", {
          method: "POST",
          headers: {
            "content-type": "application/json",
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
          },
          body,
          duplex: "half"
        } as RequestInit)
        return Effect.map(
          Effect.promise(() => gate.decide(request)),
          (it) => [lineOf(it), pulled * piece.length] as const
        )
      }
      assert.deepStrictEqual(yield* asking(undefined), ["401 token_missing", 0])
      assert.deepStrictEqual(yield* asking("a.b.c"), ["401 invalid_token", 0])
      assert.deepStrictEqual(yield* asking(yield* tokenOf({ exp: 1 })), ["401 invalid_token", 0])
      const [line, read] = yield* asking(yield* tokenOf())
      assert.strictEqual(line, "413 body_too_large")
      assert.isAtMost(read, limit + 3 * piece.length)
    }))

  it.live("of a WebSocket is what nobody here sees: its messages name models", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      const token = yield* tokenOf()
      const line = (path: string, upgrade?: string) =>
        Effect.map(
          Effect.promise(() =>
            gate.decide({
              method: "GET",
              path,
              headers: { authorization: `Bearer ${token}`, ...(upgrade === undefined ? {} : { upgrade }) }
            })
          ),
          lineOf
        )
      assert.strictEqual(yield* line("/v1/responses", "websocket"), "403 model_unseen")
      assert.strictEqual(yield* line("/v1/realtime?model=gpt-4o", "h2c, WebSocket"), "403 model_unseen")
      assert.strictEqual(yield* line("/v1/realtime?model=o1", "websocket"), "403 team_model_denied")
      assert.strictEqual(yield* line("/v1/responses/r-1"), "allow ada red")
    }))

  it.live("of a WebSocket over HTTP/2, which is asked for with CONNECT, is not seen either", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      const authorization = `Bearer ${yield* tokenOf()}`
      const headers = [[":method", "CONNECT"], [":protocol", "websocket"], ["authorization", authorization]] as const
      const told = yield* Effect.promise(() => gate.decide({ method: "CONNECT", path: "/v1/realtime", headers }))
      assert.strictEqual(lineOf(told), "403 model_unseen")
    }))

  it.live("under two types is read, whichever comes first", () =>
    Effect.gen(function*() {
      const open = { ...settings, policy: { teamRoutes: ["/own/*"] } }
      const gate = yield* gateOf({ directory: teams }, open)
      const authorization = `Bearer ${yield* tokenOf()}`
      const types = ["application/octet-stream", "application/json"].map((it) => ["content-type", it] as const)
      const asked = (headers: ReadonlyArray<readonly [string, string]>) =>
        Effect.promise(() =>
          gate.decide({
            method: "POST",
            path: "/own/x",
            headers: [["authorization", authorization], ...headers],
            body: () => `{"model":"o1"}`
          })
        )
      assert.strictEqual(lineOf(yield* asked(types)), "403 team_model_denied")
      assert.strictEqual(lineOf(yield* asked(types.toReversed())), "403 team_model_denied")
      assert.strictEqual(
        lineOf(yield* asked([["content-type", "image/png, application/json"]])),
        "403 team_model_denied"
      )
      assert.strictEqual(lineOf(yield* asked(types.slice(0, 1))), "allow ada red")
    }))

  it.live("is asked of its reader when the credential was looked at, once and with the limit", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams, bodyLimit: 64 })
      const limits: Array<number> = []
      const said = (
        token: string,
        answer: () => unknown,
        headers: Record<string, string> = { "content-length": "1" }
      ) => {
        const { headers: own, ...rest } = chat(token)
        const body = async (limit: number) => {
          limits.push(limit)
          return answer()
        }
        return Effect.map(
          Effect.promise(() => gate.decide({ ...rest, headers: { ...own, ...headers }, body })),
          lineOf
        )
      }
      const token = yield* tokenOf()
      const failing = (error: object) => () => {
        throw Object.assign(new Error("no body"), error)
      }
      assert.strictEqual(yield* said("a.b.c", () => `{"model":"gpt-4o"}`), "401 invalid_token")
      assert.deepStrictEqual(limits, [])
      assert.strictEqual(yield* said(token, () => `{"model":"gpt-4o"}`), "allow ada red")
      assert.deepStrictEqual(limits, [64])
      assert.strictEqual(yield* said(token, () => ({ model: "o1" })), "403 team_model_denied")
      assert.strictEqual(yield* said(token, () => new Uint8Array(65)), "413 body_too_large")
      assert.strictEqual(yield* said(token, failing({ status: 413 })), "413 body_too_large")
      assert.strictEqual(yield* said(token, failing({ statusCode: 413 })), "413 body_too_large")
      assert.strictEqual(yield* said(token, failing({ status: 500 })), "400 body_invalid")
      assert.strictEqual(yield* said(token, () => undefined), "403 model_unseen")
      assert.strictEqual(yield* said(token, () => undefined, {}), "403 model_unnamed")
    }))

  it.live("is not read before the credential was looked at", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      for (const token of ["a.b.c", yield* tokenOf({ exp: 1 })]) {
        const { pulled, request } = streamed(token, [`{"model":"gpt-4o"}`])
        assert.strictEqual((yield* Effect.promise(() => gate.decide(request))).status, 401)
        assert.strictEqual(pulled(), 0)
      }
    }))

  it.live("is read up to the limit and no further: 413", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams, bodyLimit: 64 })
      const token = yield* tokenOf()
      const { pulled, request } = streamed(token, Array.from({ length: 1_000 }, () => " ".repeat(16)))
      assert.strictEqual(lineOf(yield* Effect.promise(() => gate.decide(request))), "413 body_too_large")
      assert.isAtMost(pulled(), 8)
      const announced = streamed(token, ["{}"], { "content-length": "1000" })
      assert.strictEqual(lineOf(yield* Effect.promise(() => gate.decide(announced.request))), "413 body_too_large")
      assert.strictEqual(announced.pulled(), 0)
      assert.strictEqual(
        lineOf(yield* Effect.promise(() => gate.decide(chat(token, "x".repeat(65))))),
        "413 body_too_large"
      )
    }))

  it.live("may be text, bytes, or what the host has parsed; none of it is guessed", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      const token = yield* tokenOf()
      const bodies: ReadonlyArray<readonly [unknown, string]> = [
        [{ model: "gpt-4o" }, "allow ada red"],
        [`{"model":"gpt-4o"}`, "allow ada red"],
        [new TextEncoder().encode(`{"model":"gpt-4o"}`), "allow ada red"],
        [`{"model":"gpt-4o","model":"o1"}`, "400 request_ambiguous"],
        [`{"model":`, "400 body_invalid"],
        [{ model: "gpt-4o", fallbacks: ["o1"] }, "403 team_model_denied"],
        [{ model: "gpt-4o", fallbacks: [{ model: "gpt-4o", fallbacks: ["o1"] }] }, "403 team_model_denied"],
        [{ model: "gpt-4o", extra_body: { extra_body: { models: ["o1"] } } }, "403 team_model_denied"],
        [{ model: "gpt-4o", extra_body: { extra_body: { model: "o1" } } }, "400 request_ambiguous"],
        [
          { model: "gpt-4o", dataSources: [{ parameters: { embeddingDeploymentName: "o1" } }] },
          "403 team_model_denied"
        ],
        [{ model: "gpt-4o", Model: "o1" }, "400 request_ambiguous"],
        [{ model: "gpt-4o", models: "o1" }, "400 body_invalid"],
        [{ model: "gpt-4o", extra_body: ["o1"] }, "400 body_invalid"],
        [{ model: "gpt-4o", models: [], extra_body: null, tools: [{ type: "function" }] }, "allow ada red"]
      ]
      for (const [body, line] of bodies) {
        assert.strictEqual(
          lineOf(yield* Effect.promise(() => gate.decide(chat(token, body)))),
          line,
          JSON.stringify(body)
        )
      }
    }))

  it.live("that a host gives in a form that is no JSON is not seen: never the same as none", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      const token = yield* tokenOf()
      const circular: Record<string, unknown> = { model: "gpt-4o" }
      circular["self"] = circular
      const text = `{"model":"o1"}`
      const unseen: ReadonlyArray<readonly [string, unknown]> = [
        ["a stream", new Response(text).body],
        ["a blob", new Blob([text])],
        ["a form", new URLSearchParams({ model: "o1" })],
        ["a map", new Map([["model", "o1"]])],
        [
          "an instance",
          new (class {
            readonly model = "gpt-4o"
          })()
        ],
        ["a reader that answers a reader", () => () => text],
        ["a reader that answers a stream", async () => new Response(text).body],
        ["a symbol", Symbol("body")],
        ["a number that no text has", 1n],
        ["what no text can hold", circular]
      ]
      for (const path of ["/v1/chat/completions", "/v1/threads/t-1/messages"]) {
        for (const [name, body] of unseen) {
          const request = { ...chat(token, body), path }
          assert.strictEqual(lineOf(yield* Effect.promise(() => gate.decide(request))), "403 model_unseen", name)
        }
      }
      const view = new DataView(new TextEncoder().encode(`  ${text}`).buffer, 2)
      assert.strictEqual(
        lineOf(yield* Effect.promise(() => gate.decide(chat(token, view)))),
        "403 team_model_denied",
        "bytes of any view are read"
      )
      const foreign: unknown = runInNewContext(`new Uint8Array(${JSON.stringify([...new TextEncoder().encode(text)])})`)
      assert.strictEqual(
        lineOf(yield* Effect.promise(() => gate.decide(chat(token, foreign)))),
        "403 team_model_denied"
      )
      const parsed: unknown = runInNewContext(`JSON.parse('${text}')`)
      assert.strictEqual(lineOf(yield* Effect.promise(() => gate.decide(chat(token, parsed)))), "403 team_model_denied")
    }))

  it.live("that the headers announce and nobody gives is not seen", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      const token = yield* tokenOf()
      const line = (raw: ReadonlyArray<string>, method = "POST") =>
        Effect.map(
          Effect.promise(() =>
            gate.decide(fromNode({
              method,
              url: "/v1/threads/t-1/messages",
              rawHeaders: [...raw, "authorization", `Bearer ${token}`]
            }))
          ),
          lineOf
        )
      assert.strictEqual(yield* line([]), "allow ada red")
      assert.strictEqual(yield* line(["Content-Length", "0"]), "allow ada red")
      assert.strictEqual(yield* line(["Content-Length", "14"]), "403 model_unseen")
      assert.strictEqual(yield* line(["Transfer-Encoding", "chunked"]), "403 model_unseen")
      assert.strictEqual(yield* line([":method", "POST"]), "403 model_unseen")
      assert.strictEqual(yield* line([":method", "GET"], "GET"), "allow ada red")
    }))

  it.live("that the headers announce and that comes empty was read by another, and is not seen", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      const token = yield* tokenOf()
      for (const body of ["", new Uint8Array(), () => "", async () => new Uint8Array()]) {
        const sent = (more: object) => ({
          ...chat(token, body),
          headers: { authorization: `Bearer ${token}`, ...more }
        })
        const told = yield* Effect.promise(() => gate.decide(sent({ "content-length": "20" })))
        assert.strictEqual(lineOf(told), "403 model_unseen")
        assert.strictEqual(lineOf(yield* Effect.promise(() => gate.decide(sent({})))), "403 model_unnamed")
      }
    }))

  it.live("of a Fetch request that somebody holds, has read, or that breaks is not seen, or 400; never a rejection", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      const token = yield* tokenOf()
      const request = (body: ReadableStream<unknown> | string) =>
        new Request("https://gate.test/v1/chat/completions", {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body,
          duplex: "half"
        } as RequestInit)
      const line = (it: Request) => Effect.map(Effect.promise(() => gate.decide(it)), lineOf)
      const held = request(`{"model":"gpt-4o"}`)
      held.body?.getReader()
      assert.strictEqual(yield* line(held), "403 model_unseen")
      const read = request(`{"model":"gpt-4o"}`)
      yield* Effect.promise(() => read.text())
      assert.strictEqual(yield* line(read), "403 model_unseen")
      const broken = request(
        new ReadableStream({
          pull: (controller) => controller.error(new Error("hung up"))
        })
      )
      assert.strictEqual(yield* line(broken), "400 body_invalid")
      for (const piece of [`{"model":"gpt-4o"}`, 7, { length: 0 }]) {
        const odd = request(
          new ReadableStream({
            start: (controller) => {
              controller.enqueue(piece)
              controller.close()
            }
          })
        )
        assert.strictEqual(yield* line(odd), "400 body_invalid", String(piece))
      }
    }))
})
