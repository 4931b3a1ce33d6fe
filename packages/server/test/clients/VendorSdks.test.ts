/** Clients that nobody here wrote, through the gate. */
import Anthropic, { PermissionDeniedError as AnthropicDenied } from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import OpenAI, { AuthenticationError, PermissionDeniedError } from "openai"
import * as ModelUpstream from "../support/ModelUpstream.ts"
import * as World from "../support/World.ts"

/** What is answered besides: uploads, embeddings, transcriptions, and a list with a model that the team may not call. */
const further: Readonly<Record<string, unknown>> = {
  "/v1/models": {
    object: "list",
    data: ["gpt-4o", "claude-x"].map((id) => ({ id, object: "model", created: 1, owned_by: "x" }))
  },
  "/v1/embeddings": {
    object: "list",
    model: "gpt-4o",
    data: [{ object: "embedding", index: 0, embedding: [0.1, 0.2] }],
    usage: { prompt_tokens: 1, total_tokens: 1 }
  },
  "/v1/files": {
    id: "f-1",
    object: "file",
    bytes: 1,
    created_at: 1,
    filename: "a",
    purpose: "batch",
    status: "processed"
  },
  "/v1/audio/transcriptions": { text: "hi" }
}

const setting = Effect.fnUntraced(function*(options: World.WorldOptions = {}) {
  const world = yield* World.make(options)
  world.upstream.answer = (request, response, noted) => {
    const it = further[noted.url]
    if (it === undefined) return ModelUpstream.answer(request, response, noted)
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify(it))
  }
  return world
})

const openai = (world: World.World, token: string) =>
  new OpenAI({ apiKey: token, baseURL: `${world.url}/v1`, maxRetries: 0 })

describe("the OpenAI client", () => {
  it.live("lists models, chats, streams, embeds and uploads", () =>
    Effect.gen(function*() {
      const world = yield* setting()
      const client = openai(world, yield* world.token("alice", { groups: ["red"] }))
      yield* Effect.promise(async () => {
        const models = await client.models.list()
        assert.deepStrictEqual(models.data.map((it) => it.id), ["gpt-4o"])
        const messages = [{ role: "user" as const, content: "Hi" }]
        const chat = await client.chat.completions.create({ model: "gpt-4o", messages })
        assert.strictEqual(chat.choices[0]?.message.content, "Hello")
        const response = await client.responses.create({ model: "gpt-4o", input: "Hi" })
        assert.strictEqual(response.output_text, "Hello")
        let streamed = ""
        for await (const chunk of await client.chat.completions.create({ model: "gpt-4o", messages, stream: true })) {
          streamed += chunk.choices[0]?.delta.content ?? ""
        }
        assert.strictEqual(streamed, "Hello")
        const embedded = await client.embeddings.create({ model: "gpt-4o", input: "Hi", encoding_format: "float" })
        assert.lengthOf(embedded.data, 1)
        const upload = (line: unknown, purpose: "batch" | "fine-tune") =>
          client.files.create({ file: new File([JSON.stringify(line)], "a.jsonl"), purpose })
        assert.strictEqual((await upload({ body: { model: "gpt-4o", messages } }, "batch")).id, "f-1")
        assert.strictEqual((await upload({ messages }, "fine-tune")).id, "f-1")
        const unnamed = await upload({ body: { messages } }, "batch").catch((it: unknown) => it)
        assert.instanceOf(unnamed, PermissionDeniedError)
        assert.strictEqual(unnamed.code, "model_unnamed")
        const heard = await client.audio.transcriptions.create({ model: "gpt-4o", file: new File(["RIFF"], "a.wav") })
        assert.strictEqual(heard.text, "hi")
      })
    }))

  it.live("reads the reason of a denial", () =>
    Effect.gen(function*() {
      const world = yield* setting()
      const client = openai(world, yield* world.token("alice", { groups: ["red"] }))
      const error = yield* Effect.promise(() =>
        client.chat.completions.create({ model: "o1", messages: [] }).catch((it: unknown) => it)
      )
      assert.instanceOf(error, PermissionDeniedError)
      assert.strictEqual(error.code, "team_model_denied")
      assert.match(error.message, /\(team_model_denied, d_\w{26}\)$/)
      const unknown = yield* Effect.promise(() => openai(world, "bad").models.list().catch((it: unknown) => it))
      assert.instanceOf(unknown, AuthenticationError)
      assert.strictEqual(unknown.code, "invalid_token")
    }))
})

describe("the Anthropic client", () => {
  it.live("sends and streams messages, and reads the reason of a denial", () =>
    Effect.gen(function*() {
      const world = yield* setting({ doors: { credentials: ["authorization", "x-api-key"] } })
      const token = yield* world.token("bob", { groups: ["blue"] })
      const client = new Anthropic({ authToken: token, apiKey: null, baseURL: world.url, maxRetries: 0 })
      const question = { model: "claude-x", max_tokens: 10, messages: [{ role: "user" as const, content: "Hi" }] }
      yield* Effect.promise(async () => {
        for (
          const it of [client, new Anthropic({ apiKey: token, authToken: null, baseURL: world.url, maxRetries: 0 })]
        ) {
          const message = await it.messages.create(question)
          assert.strictEqual(message.content[0]?.type === "text" ? message.content[0].text : "", "Hello")
          assert.strictEqual(await it.messages.stream(question).finalText(), "Hello")
        }
        const error = await client.messages.create({ ...question, model: "gpt-4o" }).catch((it: unknown) => it)
        assert.instanceOf(error, AnthropicDenied)
        assert.strictEqual(error.type, "permission_error")
        assert.match(error.message, /\(team_model_denied, d_\w{26}\)/)
      })
      assert.strictEqual(world.upstream.last().headers["x-jotgate-team"], "blue")
    }))
})

describe("curl", () => {
  it.live("streams, and posts a large body after 100 Continue", () =>
    Effect.gen(function*() {
      const world = yield* setting()
      const token = yield* world.token("alice", { groups: ["red"] })
      const curl = (args: ReadonlyArray<string>, input = "") =>
        Effect.promise(() =>
          new Promise<string>((done, fail) => {
            const child = execFile("curl", ["-sS", "--max-time", "10", ...args], (error, stdout) =>
              error === null ? done(stdout) : fail(error))
            child.stdin?.end(input)
          })
        )
      const to = [
        `${world.url}/v1/chat/completions`,
        "-H",
        `authorization: Bearer ${token}`,
        "-H",
        "content-type: application/json"
      ]
      const streamed = yield* curl(["-N", ...to, "-d", `{"model":"gpt-4o","stream":true}`])
      assert.match(streamed, /data: \[DONE\]/)
      const large = JSON.stringify({ messages: ["x".repeat(3_000_000)], model: "gpt-4o" })
      const answered = yield* curl([...to, "-H", "expect: 100-continue", "--data-binary", "@-"], large)
      assert.match(answered, /Hello/)
      assert.strictEqual(world.upstream.last().body.length, large.length)
      const denied = yield* curl(["-o", "/dev/null", "-w", "%{http_code}", ...to, "-d", `{"model":"o1"}`])
      assert.strictEqual(denied, "403")
    }))
})
