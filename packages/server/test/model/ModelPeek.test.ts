import { assert, describe, it } from "@effect/vitest"
import { asked, peek } from "../../src/model/ModelPeek.ts"
import { namesOf, type Peeked } from "../../src/model/Peeked.ts"
import { readTarget } from "../../src/model/RequestModel.ts"

/** The names alone, or what else was found. */
const names = (peeked: Peeked): Peeked | string =>
  peeked._tag === "Found"
    ? namesOf(peeked).join(" ")
    : peeked._tag === "Refused"
    ? { _tag: "Refused", code: peeked.code }
    : peeked
const found = (...all: ReadonlyArray<string>): string => all.join(" ")
const nothing: Peeked = { _tag: "Nothing" }
const unnamed: Peeked = { _tag: "Unnamed" }
const ambiguous: Peeked = { _tag: "Refused", code: "request_ambiguous" }
const invalid: Peeked = { _tag: "Refused", code: "body_invalid" }

const targets: ReadonlyArray<readonly [string, Peeked | string]> = [
  ["/v1/chat/completions", nothing],
  ["/v1/models", nothing],
  ["/v1/models/", nothing],
  ["/v1/models/gpt-4o", found("gpt-4o")],
  ["/models/gpt-4o", found("gpt-4o")],
  ["/v1/models/openai/gpt-4o", found("openai/gpt-4o")],
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
  ["/v1/realtime?model=gpt-4o-realtime", found("gpt-4o-realtime")],
  ["/v1/realtime?%6dodel=gpt-4o", found("gpt-4o")],
  ["/v1/realtime?model=a&model=a", ambiguous],
  ["/v1/realtime?model=a&Model=b", ambiguous],
  ["/v1/realtime?model=", invalid],
  ["/v1/models/gpt-4o?model=gpt-4o", found("gpt-4o")],
  ["/v1/models/gpt-4o?model=gpt-5", ambiguous],
  ["/openai/deployments/a,b/chat/completions", ambiguous],
  ["/v1/batches/%ff/cancel", ambiguous],
  ["/v1/chat/completions?a=1;model=b", ambiguous],
  ["/v1/chat/completions?a;model=b", ambiguous],
  ["/v1/chat/completions?a=1&amp;model=b", ambiguous],
  ["/v1/realtime?model=claude-x;model=b", ambiguous],
  ["/v1/realtime?model=claude-x;a=b", found("claude-x;a=b")],
  ["/v1/chat/completions?a=1;b=2", nothing]
]

const multipart = (...parts: ReadonlyArray<string>) =>
  [...parts.map((it) => `--XX\r\nContent-Disposition: form-data; ${it}\r\n`), "--XX--\r\n"].join("")
const field = (name: string, value: string) => `name="${name}"\r\n\r\n${value}`
const form = "multipart/form-data; boundary=XX"

const bodies: ReadonlyArray<readonly [string, string, string, string, Peeked | string]> = [
  ["a JSON body", "/v1/chat/completions", "application/json", `{"model":"a"}`, found("a")],
  ["a JSON body without a type", "/v1/chat/completions", "", `{"model":"a"}`, found("a")],
  ["JSON that calls itself text", "/v1/chat/completions", "text/plain", `{"model":"a"}`, unnamed],
  ["JSON that calls itself binary", "/v1/chat/completions", "application/octet-stream", `{"model":"a"}`, unnamed],
  ["no JSON on a JSON route", "/v1/chat/completions", "application/octet-stream", `hello`, unnamed],
  ["JSON with a charset", "/v1/chat/completions", "application/json;charset=UTF-8", `{"model":"a"}`, found("a")],
  ["JSON with another charset", "/v1/chat/completions", "application/json; charset=utf-16", `{"model":"a"}`, invalid],
  ["JSON with two types", "/v1/chat/completions", "application/json, text/plain", `{"model":"a"}`, invalid],
  [
    "JSON that calls itself a form",
    "/v1/chat/completions",
    "application/x-www-form-urlencoded",
    `{"model":"a"}`,
    invalid
  ],
  [
    "JSON with a sign that calls itself a form",
    "/v1/images/edits",
    "application/x-www-form-urlencoded",
    `{"model":"a="}`,
    invalid
  ],
  [
    "JSON that calls itself a form of parts",
    "/v1/images/edits",
    "multipart/form-data; boundary=X",
    `{"model":"a"}`,
    invalid
  ],
  ["a form that calls itself JSON", "/v1/images/edits", "application/json", `model=a`, invalid],
  ["no JSON with a JSON type", "/anything", "application/json", `hello`, invalid],
  ["an empty body", "/v1/batches/b/cancel", "application/json", ``, nothing],
  ["sound elsewhere", "/deepgram/v1/listen", "audio/wav", `RIFF`, nothing],
  ["an object that calls itself sound", "/v1/audio/transcriptions", "audio/wav", ` {"model":"a"}`, invalid],
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
  ["multipart without a model", "/v1/files", form, multipart(field("purpose", "user_data")), nothing],
  ["a batch without a file", "/v1/files", form, multipart(field("purpose", "batch")), unnamed],
  ["multipart with two models", "/v1/x", form, multipart(field("model", "a"), field("model", "a")), ambiguous],
  ["multipart with a model file", "/v1/x", form, multipart(`name="model"; filename="a"\r\n\r\nb`), invalid],
  [
    "multipart with an encoded model",
    "/v1/x",
    form,
    multipart(`name="model"\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ==`),
    invalid
  ],
  ["multipart with a quoted name", "/v1/x", form, multipart(field("mo\\del", "a")), invalid],
  ["multipart with a name in capitals", "/v1/x", form, multipart(field("Model", "a")), ambiguous],
  ["multipart without an end", "/v1/x", form, `--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\na`, invalid],
  ["multipart without a boundary", "/v1/x", "multipart/form-data", `--XX--`, invalid]
]

const encoded = (text: string): string => `file-${Buffer.from(text).toString("base64url")}`
const fileOf = (model: string): string => encoded(`litellm:file-1;model,${model}`)

/** What leads to a model without being its name (RULES D53, D54). */
const leading: ReadonlyArray<readonly [string, string, object, Peeked | string]> = [
  ["a batch's file", "/v1/batches", { model: "a", input_file_id: fileOf("b") }, found("a", "b")],
  ["a batch's file, in the other spelling", "/batches", { inputFileId: fileOf("b") }, found("b")],
  ["a file for training", "/v1/fine_tuning/jobs", { model: "a", training_file: fileOf("b") }, found("a", "b")],
  ["a file in a body inside a body", "/v1/batches", { extra_body: { input_file_id: fileOf("b") } }, found("b")],
  ["another's file", "/v1/batches", { model: "a", input_file_id: "file-abc123" }, found("a")],
  ["a file that says nothing", "/v1/batches", { model: "a", input_file_id: encoded("litellm_proxy:x") }, unnamed],
  ["a file for what can be no model", "/v1/batches", { input_file_id: fileOf("\u0000") }, unnamed],
  ["a file for too many models", "/v1/batches", {
    input_file_id: encoded(
      `litellm_proxy:x;target_model_names,${Array.from({ length: 101 }, (_, at) => `m${at}`).join()}`
    )
  }, invalid],
  ["a prompt", "/v1/chat/completions", { model: "a", prompt_id: "p" }, unnamed],
  ["no prompt", "/v1/chat/completions", { model: "a", prompt_id: null }, found("a")],
  ["an agent of Mistral", "/v1/agents/completions", { model: "a", agent_id: "ag" }, unnamed],
  ["a conversation with it", "/mistral/v1/conversations", { inputs: "hi", agent_id: "ag" }, unnamed],
  ["a conversation with it, elsewhere", "/v1/conversations", { inputs: "hi", agent_id: "ag" }, unnamed],
  ["a conversation of OpenAI", "/v1/conversations", { items: [] }, nothing],
  ["models that the server chooses when one declines", "/v1/messages", { model: "a", fallbacks: "default" }, unnamed],
  ["none of them", "/v1/messages", { model: "a", fallbacks: null, messages: [{ content: "hi" }] }, found("a")],
  ["a dream whose model is an object", "/v1/dreams", { model: { id: "a", speed: "standard" } }, found("a")],
  ["a request that is only written out", "/utils/transform_request", { request_body: { model: "b" } }, found("b")],
  ["an agent of Gemini", "/v1beta/interactions", { model: "a", agent: "deep-research" }, unnamed]
]

/** Models that judge, embed or are tuned beside the one that is named. */
const beside: ReadonlyArray<readonly [string, object]> = [
  ["/v1/fine_tuning/jobs", { method: { reinforcement: { grader: { model: "b" } } } }],
  ["/v1/fine_tuning/jobs", { method: { reinforcement: { grader: { graders: { x: { model: "b" } } } } } }],
  ["/v1/fine_tuning/alpha/graders/run", { grader: { model: "b" } }],
  ["/v1/fine_tuning/alpha/graders/validate", { grader: { graders: { x: { model: "b" } } } }],
  ["/v1/fine_tuning/alpha/graders/run", { grader: { graders: { model: "b" } } }],
  ["/v1/responses", { tools: [{ svg: { model: "b" } }] }],
  ["/v1/responses", { input: [{ tools: [{ model: "b" }] }] }],
  ["/v1/responses/compact", { input: [{ type: "message" }, { tools: [{}, { svg: { model: "b" } }] }] }],
  ["/v1/responses", { moderation: { model: "b" } }],
  ["/v1/chat/completions", { moderation: { model: "b" } }],
  ["/v1/conversations/c/items", { items: [{ tools: [{ model: "b" }] }] }],
  ["/v1/images/generations", { svg: { model: "b" } }],
  ["/v1/evals/e/runs", { data_source: { sampling_params: { tools: [{ model: "b" }] } } }],
  ["/v1/live/sessions", { session: { delegation: { responses: { model: "b" } } } }],
  ["/v1/live/sessions/s/accept", { session: { delegation: { decisions: { model: "b" } } } }],
  ["/v1/messages", { fallbacks: [{ model: "b" }] }],
  ["/v1/messages", { messages: [{ role: "user", content: [{ tool: { definition: { model: "b" } } }] }] }],
  ["/v1/messages", { messages: [{ content: [{ tool_changes: [{ tool: { definition: { model: "b" } } }] }] }] }],
  ["/v1/messages/batches", { requests: [{ params: { fallbacks: [{ model: "b" }] } }] }],
  ["/v1/messages/batches", {
    requests: [{ params: { messages: [{ content: [{ tool: { definition: { model: "b" } } }] }] } }]
  }],
  ["/v1/agents", { multiagent: { agents: [{ type: "self" }, { model: "b" }], advisor: null } }],
  ["/v1/agents/a", { multiagent: { advisor: { model: { id: "b", speed: "standard" } } } }],
  ["/v1beta1/projects/p/locations/l/tuningJobs", { preTunedModel: { tunedModelName: "b" } }],
  ["/agents/s", { foundationModel: "a", collaborators: [{ foundationModel: "b" }] }],
  ["/agents/s", { promptOverrideConfiguration: { promptConfigurations: [{ foundationModel: "b" }] } }],
  ["/agents/s", {
    knowledgeBases: [{
      retrievalConfiguration: { vectorSearchConfiguration: { implicitFilterConfiguration: { modelArn: "b" } } }
    }]
  }],
  ["/retrieveAndGenerate", {
    retrieveAndGenerateConfiguration: {
      knowledgeBaseConfiguration: {
        retrievalConfiguration: {
          managedSearchConfiguration: {
            rerankingConfiguration: { bedrockRerankingConfiguration: { modelConfiguration: { modelArn: "b" } } }
          }
        }
      }
    }
  }],
  ["/v1/evals", { testing_criteria: [{ graders: { x: { model: "b" } } }] }],
  ["/v1/rag/query", { retrieval_config: { embedding_model: "b" } }],
  ["/v1/rag/query", { retrieval_config: { litellm_embedding_config: { model: "b" } } }],
  ["/rag/ingest", { ingest_options: { vector_store: { litellm_embedding_model: "b" } } }],
  ["/v1beta/tunedModels", { tunedModelSource: { tunedModel: "b" } }],
  ["/rerank", {
    rerankingConfiguration: { bedrockRerankingConfiguration: { modelConfiguration: { modelArn: "b" } } }
  }]
]

const request = (target: string, contentType: string, body: string | Uint8Array, method = "POST") => ({
  method,
  target,
  rawHeaders: [],
  contentType,
  body: Buffer.from(body)
})

describe("ModelPeek", () => {
  for (const [target, expected] of targets) {
    it(`RULES D19: ${target}`, () => {
      assert.deepStrictEqual(names(readTarget("POST", target, []).seen), expected)
    })
  }
  for (const [title, target, type, body, expected] of bodies) {
    it(`RULES D19: ${title}`, () => {
      assert.deepStrictEqual(names(peek(request(target, type, body))), expected)
    })
  }
  for (const [title, target, body, expected] of leading) {
    it(`RULES D53: ${title}`, () => {
      assert.deepStrictEqual(names(peek(request(target, "application/json", JSON.stringify(body)))), expected)
    })
  }
  it("RULES D53: what leads to a model in a form", () => {
    const read = (name: string, value: string) =>
      names(peek(request("/v1/files", form, multipart(field("model", "a"), field(name, value)))))
    assert.deepStrictEqual(read("file_id", fileOf("b")), found("a", "b"))
    assert.deepStrictEqual(read("file_id", encoded("litellm_proxy:x")), unnamed)
    assert.deepStrictEqual(read("file_id", "file-1"), found("a"))
    assert.deepStrictEqual(read("prompt_id", "p"), unnamed)
  })
  it("RULES D54: a member of a member in a form", () => {
    const read = (...fields: ReadonlyArray<readonly [string, string]>) =>
      names(peek(request("/v1/images/edits", form, multipart(...fields.map(([name, value]) => field(name, value))))))
    assert.deepStrictEqual(read(["model", "a"], ["svg[model]", "b"], ["svg[effort]", "low"]), found("a", "b"))
    assert.deepStrictEqual(read(["model", "a"], ["svg", `{"model":"b"}`]), found("a", "b"))
    for (
      const name of [
        "svg.model",
        "svg[Model]",
        "svg[model",
        "svg[model]]",
        "svg[][model]",
        "svg[a][model]",
        "Svg[model]"
      ]
    ) {
      assert.deepStrictEqual(read(["model", "a"], [name, "b"]), ambiguous, name)
    }
    assert.deepStrictEqual(read(["model", "a"], ["svg[model]", "b"], ["svg[model]", "b"]), ambiguous)
  })
  it("as many models as one body may name are too many with those of the query", () => {
    const list = (from: number) => Array.from({ length: 60 }, (_, at) => `m${from + at}`).join()
    const read = (target: string) => names(peek(request(target, form, multipart(field("target_model_names", list(0))))))
    assert.deepStrictEqual(read("/v1/files"), found(...list(0).split(",")))
    assert.deepStrictEqual(read(`/v1/files?target_model_names=${list(60)}`), invalid)
  })
  it.each(beside)("RULES D54: %s names another model in %j", (target, body) => {
    const read = names(peek(request(target, "application/json", JSON.stringify({ model: "a", ...body }))))
    assert.deepStrictEqual(read, found("a", "b"))
  })
  it("RULES D55: bytes that are no UTF-8 are refused in JSON", () => {
    const body = Buffer.from([...Buffer.from(`{"a":"`), 0xff, 0x22, 0x7d])
    assert.deepStrictEqual(names(peek(request("/v1/x", "application/json", body))), invalid)
  })
  it("RULES D53: a model route that names none is unnamed, another route asks for none", () => {
    assert.strictEqual(asked(request("/v1/chat/completions", "application/json", "{}"))?._tag, "Unnamed")
    assert.deepStrictEqual(asked(request("/v1/models", "", "", "GET")), { _tag: "None" })
  })
})
