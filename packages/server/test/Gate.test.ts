import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as World from "./support/World.ts"

const chat = (token: string, body: unknown, more: RequestInit = {}) => ({
  method: "POST",
  headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  body: JSON.stringify(body),
  ...more
})

const call = (url: string, init?: RequestInit) =>
  Effect.promise(async () => {
    const response = await fetch(url, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text }
  })

describe("Gate", () => {
  it.live("an allowed call reaches the upstream with the caller's identity", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const token = yield* world.token("alice", { groups: ["red"] })
      const answer = yield* call(`${world.url}/v1/chat/completions?x=1`, chat(token, { messages: [], model: "gpt-4o" }))
      assert.strictEqual(answer.status, 200, answer.text)
      const { body, headers, method, url } = world.upstream.last()
      assert.strictEqual(`${method} ${url}`, "POST /v1/chat/completions?x=1")
      assert.strictEqual(body.toString(), `{"messages":[],"model":"gpt-4o"}`)
      assert.strictEqual(headers["x-jotgate-user"], "alice")
      assert.strictEqual(headers["x-jotgate-team"], "red")
      assert.strictEqual(headers["x-jotgate-email"], "alice%40acme.test")
      assert.match(String(headers["x-jotgate-decision"]), /^d_[0-9A-HJKMNP-TV-Z]{26}$/)
      assert.isUndefined(headers["x-jotgate-admin"])
      assert.isUndefined(headers.authorization)
    }))

  it.live("a denial is a problem that OpenAI clients can read", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const token = yield* world.token("alice", { groups: ["red"] })
      const answer = yield* call(`${world.url}/v1/chat/completions`, chat(token, { model: "o1" }))
      assert.strictEqual(answer.status, 403)
      assert.strictEqual(answer.headers.get("content-type"), "application/problem+json")
      const problem = JSON.parse(answer.text)
      assert.strictEqual(problem.code, "team_model_denied")
      assert.strictEqual(problem.error.code, "team_model_denied")
      assert.strictEqual(world.log.find(problem.decision)?.code, "team_model_denied")
      assert.strictEqual(world.upstream.requests.length, 0)
    }))
})
