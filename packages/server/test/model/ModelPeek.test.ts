import { assert, describe, it } from "@effect/vitest"
import { peek } from "../../src/model/ModelPeek.ts"
import type { Peeked } from "../../src/model/Peeked.ts"
import { targetModel } from "../../src/model/TargetModel.ts"

const found = (name: string): Peeked => ({ _tag: "Found", name })
const nothing: Peeked = { _tag: "Nothing" }
const ambiguous: Peeked = { _tag: "Refused", code: "request_ambiguous" }
const invalid: Peeked = { _tag: "Refused", code: "body_invalid" }

const targets: ReadonlyArray<readonly [string, Peeked]> = [
  ["/v1/chat/completions", nothing],
  ["/v1/models", nothing],
  ["/v1/models/", nothing],
  ["/v1/models/gpt-4o", found("gpt-4o")],
  ["/models/gpt-4o", found("gpt-4o")],
  ["/v1/models/openai/gpt-4o", found("openai/gpt-4o")],
  ["/v1/models/llama3:8b", found("llama3:8b")],
  ["/v1/models/a%20b", found("a b")],
  ["/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", found("gpt-4o")],
  ["/openai/deployments/azure/gpt-4o/chat/completions", found("azure/gpt-4o")],
  ["/openai/deployments/gpt-4o/something/new", found("gpt-4o")],
  ["/azure/openai/deployments/gpt-4o/embeddings", found("gpt-4o")],
  ["/engines/gpt-4o/chat/completions", found("gpt-4o")],
  ["/v1/engines/ada/completions", found("ada")],
  ["/v1beta/models/gemini-2.5-pro:generateContent", found("gemini-2.5-pro")],
  ["/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", found("gemini-2.5-pro")],
  ["/models/gemini/gemini-2.5-pro:countTokens", found("gemini/gemini-2.5-pro")],
  ["/v1beta/models/gemini-2.5-pro", found("gemini-2.5-pro")],
  ["/gemini/v1beta/models/gemini-2.5-pro:generateContent", found("gemini-2.5-pro")],
  ["/v1beta/tunedModels/mine:generateContent", found("mine")],
  ["/vertex_ai/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:rawPredict", found("gemini-2.5-pro")],
  [
    "/vertex-ai/projects/p/locations/l/publishers/anthropic/models/claude@20250101:streamRawPredict",
    found("claude@20250101")
  ],
  ["/bedrock/model/anthropic.claude-v2:1/invoke", found("anthropic.claude-v2:1")],
  ["/bedrock/model/amazon.nova/converse-stream", found("amazon.nova")],
  ["/model/amazon.nova/invoke-with-response-stream", found("amazon.nova")],
  ["/model/7/update", nothing],
  ["/v1/realtime?model=gpt-4o-realtime", found("gpt-4o-realtime")],
  ["/v1/realtime?%6dodel=gpt-4o", found("gpt-4o")],
  ["/v1/realtime?model=a&model=a", ambiguous],
  ["/v1/realtime?model=a&Model=b", ambiguous],
  ["/v1/realtime?model=", invalid],
  ["/v1/models/gpt-4o?model=gpt-4o", found("gpt-4o")],
  ["/v1/models/gpt-4o?model=gpt-5", ambiguous],
  ["/openai/deployments/a,b/chat/completions", ambiguous]
]

const multipart = (...parts: ReadonlyArray<string>) =>
  [...parts.map((it) => `--XX\r\nContent-Disposition: form-data; ${it}\r\n`), "--XX--\r\n"].join("")
const field = (name: string, value: string) => `name="${name}"\r\n\r\n${value}`
const form = "multipart/form-data; boundary=XX"

const bodies: ReadonlyArray<readonly [string, string, string, string, Peeked]> = [
  ["a JSON body", "/v1/chat/completions", "application/json", `{"model":"a"}`, found("a")],
  ["a JSON body without a type", "/v1/chat/completions", "", `{"model":"a"}`, found("a")],
  ["a JSON body that calls itself text", "/v1/chat/completions", "text/plain", `{"model":"a"}`, found("a")],
  [
    "a JSON body that calls itself binary",
    "/v1/chat/completions",
    "application/octet-stream",
    `{"model":"a"}`,
    found("a")
  ],
  ["no JSON on a JSON route", "/v1/chat/completions", "application/octet-stream", `hello`, invalid],
  ["no JSON with a JSON type", "/anything", "application/json", `hello`, invalid],
  ["an empty body", "/v1/batches/b/cancel", "application/json", ``, nothing],
  ["sound elsewhere", "/deepgram/v1/listen", "audio/wav", `RIFF`, nothing],
  ["an object that calls itself sound", "/deepgram/v1/listen", "audio/wav", ` {"model":"a"}`, found("a")],
  ["body and path agree", "/openai/deployments/a/chat/completions", "application/json", `{"model":"a"}`, found("a")],
  ["body and path differ", "/openai/deployments/a/chat/completions", "application/json", `{"model":"b"}`, ambiguous],
  ["body and query differ", "/v1/x?model=a", "application/json", `{"model":"b"}`, ambiguous],
  ["Gemini's own spelling", "/v1beta/models/g:countTokens", "application/json", `{"model":"models/g"}`, found("g")],
  ["a form", "/x", "application/x-www-form-urlencoded", `a=1&model=gpt%2D4o`, found("gpt-4o")],
  ["a form with two models", "/x", "application/x-www-form-urlencoded", `model=a&model=a`, ambiguous],
  [
    "multipart",
    "/v1/audio/transcriptions",
    form,
    multipart(field("model", "whisper"), `name="file"; filename="a.wav"\r\n\r\nRIFF`),
    found("whisper")
  ],
  [
    "multipart, model last",
    "/v1/audio/transcriptions",
    form,
    multipart(`name="file"; filename="model"\r\n\r\n{"model":"x"}`, field("model", "w")),
    found("w")
  ],
  ["multipart without a model", "/v1/files", form, multipart(field("purpose", "batch")), nothing],
  ["multipart with two models", "/v1/x", form, multipart(field("model", "a"), field("model", "a")), ambiguous],
  ["multipart with a model file", "/v1/x", form, multipart(`name="model"; filename="a"\r\n\r\nb`), invalid],
  [
    "multipart with an encoded model",
    "/v1/x",
    form,
    multipart(`name="model"\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ==`),
    ambiguous
  ],
  ["multipart with a quoted name", "/v1/x", form, multipart(field("mo\\del", "a")), ambiguous],
  ["multipart with a name in capitals", "/v1/x", form, multipart(field("Model", "a")), ambiguous],
  ["multipart without an end", "/v1/x", form, `--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\na`, invalid],
  ["multipart without a boundary", "/v1/x", "multipart/form-data", `--XX--`, invalid]
]

describe("ModelPeek", () => {
  for (const [target, expected] of targets) {
    it(`RULES D19: ${target}`, () => {
      assert.deepStrictEqual(targetModel(target), expected)
    })
  }
  for (const [title, target, type, body, expected] of bodies) {
    it(`RULES D19: ${title}`, () => {
      assert.deepStrictEqual(peek(target, type, Buffer.from(body)), expected)
    })
  }
  it("RULES D19: bytes that are no UTF-8 are refused in JSON", () => {
    assert.deepStrictEqual(
      peek("/v1/x", "application/json", Buffer.from([...Buffer.from(`{"a":"`), 0xff, 0x22, 0x7d])),
      invalid
    )
  })
})
