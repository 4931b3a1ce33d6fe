import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import { make, mebibyte } from "../support/BodyWorld.ts"
import type * as World from "../support/World.ts"

interface Sent {
  readonly path?: string
  readonly type?: string
  readonly encoding?: string
  readonly body: string | Uint8Array
}

const send = (world: World.World, token: string, { body, encoding, path = "/v1/chat/completions", type }: Sent) =>
  Effect.promise(async () => {
    const response = await fetch(`${world.url}${path}`, {
      method: "POST",
      body: typeof body === "string" ? Buffer.from(body) : Buffer.from(body),
      headers: {
        authorization: `Bearer ${token}`,
        ...(type === undefined ? {} : { "content-type": type }),
        ...(encoding === undefined ? {} : { "content-encoding": encoding })
      }
    })
    const text = await response.text()
    const code = response.ok ? null : (JSON.parse(text) as { readonly code: string }).code
    return { status: response.status, code }
  })

const form = "multipart/form-data; boundary=B"
const field = (name: string, value: string) =>
  `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (content: string) =>
  `--B\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n${content}\r\n`
const line = (model: string) => JSON.stringify({ custom_id: "1", body: { model } })
const json = "application/json"

/** What a caller sends who may call `gpt-4o` and wants `o1`. */
const attempts: ReadonlyArray<readonly [string, number, string, Sent]> = [
  ["a form with a line feed before its first boundary", 400, "body_invalid", {
    path: "/v1/images/edits",
    type: form,
    body: `\n${field("model", "o1")}--B--\r\n`
  }],
  ["a boundary with a backslash", 400, "body_invalid", {
    path: "/v1/images/edits",
    type: "multipart/form-data; boundary=\"A\\B\"",
    body: `${field("model", "o1")}--B--\r\n`.replaceAll("--B", "--AB")
  }],
  ["a boundary with a backslash, taken as it stands", 400, "body_invalid", {
    path: "/v1/images/edits",
    type: "multipart/form-data; boundary=\"A\\B\"",
    body: `${field("model", "o1")}--B--\r\n`.replaceAll("--B", "--A\\B")
  }],
  ["a form whose part is none", 400, "body_invalid", {
    path: "/v1/images/edits",
    type: form,
    body: "--B\r\nContent-Disposition: x\r\n\r\ny\r\n--B--\r\n"
  }],
  ["JSON that calls itself a form", 400, "body_invalid", {
    path: "/api/chat",
    type: "application/x-www-form-urlencoded",
    body: `{"model":"o1"}`
  }],
  ["JSON in UTF-16", 400, "body_invalid", { type: json, body: Buffer.from(`{"model":"o1"}`, "utf16le") }],
  ["JSON with a mark", 400, "body_invalid", { type: json, body: `\ufeff{"model":"gpt-4o"}` }],
  ["a list of models", 403, "team_model_denied", { type: json, body: `{"model":"gpt-4o","models":["gpt-4o","o1"]}` }],
  ["a list of models alone", 403, "team_model_denied", { type: json, body: `{"models":["o1"]}` }],
  ["further models", 403, "team_model_denied", { type: json, body: `{"model":"gpt-4o","fallbacks":["o1"]}` }],
  ["further models, as the names of members", 403, "team_model_denied", {
    type: json,
    body: `{"model":"gpt-4o","fallbacks":[{"gpt-4o":{"o1":1}}]}`
  }],
  ["a tool that asks another model", 403, "team_model_denied", {
    type: json,
    body: `{"model":"gpt-4o","tools":[{"type":"openrouter:advisor","parameters":{"model":"o1"}}]}`
  }],
  ["a tool of a tool", 403, "team_model_denied", {
    type: json,
    body: `{"model":"gpt-4o","tools":[{"parameters":{"tools":[{"parameters":{"tools":[{"model":"o1"}]}}]}}]}`
  }],
  ["a preset", 403, "model_unnamed", { type: json, body: `{"model":"gpt-4o","preset":"p"}` }],
  ["an agent in place of the model", 403, "model_unnamed", {
    path: "/v1/responses",
    type: json,
    body: `{"model":"gpt-4o","input":"a","agent_reference":{"type":"agent_reference","name":"a"}}`
  }],
  ["a token for another model", 403, "team_model_denied", {
    path: "/v1alpha/auth_tokens",
    type: json,
    body: `{"uses":1,"bidiGenerateContentSetup":{"model":"o1"}}`
  }],
  ["the settings of a router", 403, "team_model_denied", {
    type: json,
    body: `{"model":"gpt-4o","router_settings_override":{"fallbacks":[{"gpt-4o":["o1"]}]}}`
  }],
  ["a session", 403, "team_model_denied", {
    path: "/v1/realtime/client_secrets",
    type: json,
    body: `{"session":{"model":"o1"}}`
  }],
  ["a session in a form", 403, "team_model_denied", {
    path: "/v1/realtime/calls",
    type: form,
    body: `${field("sdp", "v=0")}${field("session", `{"model":"o1"}`)}--B--\r\n`
  }],
  ["a batch of messages", 403, "team_model_denied", {
    path: "/v1/messages/batches",
    type: json,
    body: `{"requests":[{"params":{"model":"gpt-4o"}},{"params":{"model":"o1"}}]}`
  }],
  ["the lines of a batch", 403, "team_model_denied", {
    path: "/v1/files",
    type: form,
    body: `${field("purpose", "batch")}${file(`${line("gpt-4o")}\n${line("o1")}`)}--B--\r\n`
  }],
  ["a form inside gzip", 403, "team_model_denied", {
    path: "/v1/images/edits",
    type: form,
    encoding: "gzip",
    body: gzipSync(`${field("model", "o1")}--B--\r\n`)
  }],
  ["two encodings", 403, "team_model_denied", {
    type: json,
    encoding: "gzip, br",
    body: brotliCompressSync(gzipSync(`{"model":"o1"}`))
  }],
  ["four encodings", 400, "body_invalid", { type: json, encoding: "gzip, gzip, gzip, gzip", body: "x" }],
  ["a small body that is large inflated", 413, "body_too_large", {
    type: json,
    encoding: "zstd",
    body: zstdCompressSync(Buffer.alloc(6 * mebibyte, 0x20))
  }],
  ...([
    ["a second frame behind the first", zstdCompressSync(`{"model":"o1"}`)],
    ["what is no frame behind it", Buffer.from("xx")]
  ] as const).map(([what, behind]) =>
    [`zstd, with ${what}`, 400, "body_invalid", {
      type: json,
      encoding: "zstd",
      body: Buffer.concat([zstdCompressSync(`{"model":"gpt-4o"}`), behind])
    }] as const
  ),
  ["zstd below gzip, with something behind it", 400, "body_invalid", {
    type: json,
    encoding: "zstd, gzip",
    body: gzipSync(Buffer.concat([zstdCompressSync(`{"model":"gpt-4o"}`), Buffer.from("xx")]))
  }],
  ["an encoding that is none", 400, "body_invalid", { type: json, encoding: "zstd", body: "hello" }],
  ["JSON that calls itself text", 415, "media_type_unsupported", { type: "text/plain", body: `{"model":"gpt-4o"}` }],
  ["the id of a model", 403, "team_model_denied", {
    path: "/watsonx/ml/v1/text/chat",
    type: json,
    body: `{"model_id":"o1"}`
  }],
  ["Bedrock's model with a slash at the end", 403, "team_model_denied", {
    path: "/bedrock/model/o1/converse/",
    type: json,
    body: "{}"
  }],
  ["Bedrock's model before a count of tokens", 403, "team_model_denied", {
    path: "/bedrock/model/o1/invoke/COUNT_TOKENS",
    type: json,
    body: "{}"
  }],
  ["Bedrock's model named by an ARN", 403, "team_model_denied", {
    path: "/bedrock/model/arn%3Aaws%3Abedrock%3Aeu%3A1%3Ainference-profile%2Fo1/converse",
    type: json,
    body: "{}"
  }],
  ["a session of a call", 403, "team_model_denied", {
    path: "/v1/realtime/calls",
    type: json,
    body: `{"session":{"model":"o1"}}`
  }],
  ["a deployment in the query", 403, "team_model_denied", {
    path: "/v1/chat/completions?deployment=o1",
    type: json,
    body: "{}"
  }],
  ["a deployment in the query beside a model", 400, "request_ambiguous", {
    path: "/v1/chat/completions?deployment=o1",
    type: json,
    body: `{"model":"gpt-4o"}`
  }],
  ["the deployment that embeds for Azure's own data", 403, "team_model_denied", {
    path: "/openai/deployments/gpt-4o/chat/completions",
    type: json,
    body: `{"data_sources":[{"parameters":{"embedding_dependency":{"type":"deployment_name","deployment_name":"o1"}}}]}`
  }],
  ["a router of the caller's own", 403, "team_model_denied", {
    type: json,
    body: `{"model":"gpt-4o","user_config":{"model_list":[{"model_name":"gpt-4o","litellm_params":{"model":"o1"}}]}}`
  }],
  ["a model that says nothing of the one that runs", 403, "model_unnamed", {
    path: "/bedrock/agents/a/agentAliases/b/sessions/c/text",
    type: json,
    body: `{"model":"gpt-4o"}`
  }],
  ["no model", 403, "model_unnamed", { type: json, body: "{}" }],
  ["a line of a batch that names none", 403, "model_unnamed", {
    path: "/v1/files",
    type: form,
    body: `${field("purpose", "batch")}${file(`${line("gpt-4o")}\n{}`)}--B--\r\n`
  }]
]

describe("what a caller sends who may not", () => {
  it.live("RULES D53, D54, D55: is refused, and nothing of it reaches the upstream", () =>
    Effect.gen(function*() {
      const { alice, world } = yield* make()
      for (const [title, status, code, sent] of attempts) {
        assert.deepStrictEqual(yield* send(world, alice, sent), { status, code }, title)
      }
      assert.lengthOf(world.upstream.requests, 0)
    }))

  it.live("RULES D53: a caller who may call everything passes without a model, and with types that no route knows", () =>
    Effect.gen(function*() {
      const { dora, world } = yield* make()
      for (const sent of [{ type: json, body: "{}" }, { type: "text/plain", body: `{"model":"o1"}` }]) {
        assert.strictEqual((yield* send(world, dora, sent)).status, 200)
        assert.strictEqual(world.upstream.last().body.toString(), sent.body)
      }
    }))
})

describe("what is sent", () => {
  it.live("RULES D55: a form is written anew, whatever came", () =>
    Effect.gen(function*() {
      const { alice, world } = yield* make()
      const body = `${
        field("model", "gpt-4o").replace("Content-Disposition", "X-Other: 1\r\ncontent-disposition")
      }--B--`
      const type = "Multipart/Form-Data; charset=utf-8; boundary=B"
      assert.strictEqual((yield* send(world, alice, { path: "/v1/images/edits", type, body })).status, 200)
      const { body: sent, headers } = world.upstream.last()
      const boundary = /^multipart\/form-data; boundary=(jotgate-[\da-f-]{36})$/.exec(String(headers["content-type"]))
        ?.[1]
      assert.strictEqual(
        sent.toString(),
        `--${boundary}\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-4o\r\n--${boundary}--\r\n`
      )
      assert.strictEqual(headers["content-length"], String(sent.length))
      const fields = {
        path: "/v1/images/edits",
        type: "application/x-www-form-urlencoded",
        body: "model=gpt%2d4o&n=a%20b"
      }
      assert.strictEqual((yield* send(world, alice, fields)).status, 200)
      assert.strictEqual(world.upstream.last().body.toString(), "model=gpt-4o&n=a+b")
    }))

  it.live("RULES D55: the media type is sent in one spelling, and JSON without a type gets it", () =>
    Effect.gen(function*() {
      const { alice, world } = yield* make()
      const body = `{"model":"gpt-4o"}`
      for (const type of ["application/json;charset=UTF-8", " APPLICATION/JSON ", undefined]) {
        const sent = type === undefined ? { body } : { body, type }
        assert.strictEqual((yield* send(world, alice, sent)).status, 200)
        assert.strictEqual(world.upstream.last().headers["content-type"], json)
      }
    }))

  const encodings = [["gzip", gzipSync], ["deflate", deflateSync], ["br", brotliCompressSync], [
    "zstd",
    zstdCompressSync
  ]] as const
  for (const [encoding, encode] of encodings) {
    it.live(`RULES D55: a ${encoding} body is judged inflated, and sent inflated`, () =>
      Effect.gen(function*() {
        const { alice, world } = yield* make()
        const body = `{"model":"gpt-4o"}`
        const twice = { type: json, encoding: `gzip, ${encoding}`, body: encode(gzipSync(body)) }
        for (const sent of [{ type: json, encoding, body: encode(body) }, twice]) {
          assert.strictEqual((yield* send(world, alice, sent)).status, 200)
          const { body: arrived, headers } = world.upstream.last()
          assert.strictEqual(arrived.toString(), body)
          assert.isUndefined(headers["content-encoding"])
          assert.strictEqual(headers["content-length"], String(body.length))
        }
      }))
  }
})
