/** Requests for a model that is denied, one for each place in which LiteLLM may take one (RULES D54). */

/** The model that the caller may call, and the one that it may not. */
export const GRANTED = "gpt-4o"
export const DENIED = "o1-secret"

interface Sent {
  readonly method?: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
}

/** A place and the request that names the denied model there; names that begin with `granted` name the granted one alone. */
export interface AskedPlace {
  readonly name: string
  readonly request: () => Sent
}

const chat = "/v1/chat/completions"
const messages = [{ role: "user", content: "hello" }]
const failing = [{ role: "user", content: "please fail" }]

const json = (path: string, value: unknown, headers: Readonly<Record<string, string>> = {}): Sent => ({
  path,
  headers: { "content-type": "application/json", ...headers },
  body: Buffer.from(typeof value === "string" ? value : JSON.stringify(value))
})

const form = (
  path: string,
  parts: ReadonlyArray<string>,
  type = "multipart/form-data; boundary=X",
  before = ""
): Sent => ({
  path,
  headers: { "content-type": type },
  body: Buffer.from(`${before}${parts.map((it) => `--X\r\n${it}\r\n`).join("")}--X--\r\n`, "latin1")
})

const field = (name: string, value: string): string => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`
const file = (content: string, name = "file"): string =>
  `Content-Disposition: form-data; name="${name}"; filename="a.jsonl"\r\nContent-Type: application/octet-stream\r\n\r\n${content}`

const base = { model: GRANTED, messages }
const transcription = "/v1/audio/transcriptions"

const bodies: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "model": { ...base, model: DENIED },
  "no model": { messages },
  "models": { ...base, models: [DENIED] },
  "model_id": { ...base, model_id: DENIED },
  "fallbacks, a name": { ...base, messages: failing, fallbacks: [DENIED] },
  "fallbacks, a call": { ...base, messages: failing, fallbacks: [{ model: DENIED }] },
  "fallbacks, by name": { ...base, messages: failing, fallbacks: [{ [GRANTED]: [DENIED] }] },
  "fallbacks, by the names of members": { ...base, messages: failing, fallbacks: [{ [GRANTED]: { [DENIED]: 1 } }] },
  "fallbacks of fallbacks": { ...base, messages: failing, fallbacks: [{ model: GRANTED, fallbacks: [DENIED] }] },
  "context_window_fallbacks": { ...base, messages: failing, context_window_fallbacks: [{ [GRANTED]: [DENIED] }] },
  "content_policy_fallbacks": { ...base, messages: failing, content_policy_fallbacks: [{ [GRANTED]: [DENIED] }] },
  "context_window_fallback_dict": { ...base, messages: failing, context_window_fallback_dict: { [GRANTED]: DENIED } },
  "deployment_id": { ...base, deployment_id: DENIED },
  "base_model": { ...base, base_model: DENIED },
  "extra_body": { ...base, extra_body: { model: DENIED } },
  "extra_body in extra_body": { ...base, extra_body: { extra_body: { model: DENIED } } },
  "extra_body of a fallback": {
    ...base,
    messages: failing,
    fallbacks: [{ model: GRANTED, extra_body: { model: DENIED } }]
  },
  "extra_headers": { ...base, extra_headers: { "x-litellm-model": DENIED } },
  "router_settings_override, fallbacks": {
    ...base,
    messages: failing,
    router_settings_override: { fallbacks: [{ [GRANTED]: [DENIED] }] }
  },
  "router_settings_override, aliases": {
    ...base,
    router_settings_override: { model_group_alias: { [GRANTED]: DENIED } }
  },
  "user_config": {
    ...base,
    user_config: { model_list: [{ model_name: GRANTED, litellm_params: { model: `openai/${DENIED}` } }] }
  },
  "model_list": { ...base, model_list: [{ model_name: GRANTED, litellm_params: { model: `openai/${DENIED}` } }] },
  "two in one text": { ...base, model: `${GRANTED},${DENIED}` },
  "a tool's": { ...base, tools: [{ type: "image_generation", model: DENIED }] }
}

const texts: Readonly<Record<string, string>> = {
  "the name twice": `{"model":"${GRANTED}","messages":[{"role":"user","content":"a"}],"model":"${DENIED}"}`,
  "the name with an escape": `{"\\u006dodel":"${DENIED}","messages":[{"role":"user","content":"a"}]}`,
  "behind a mark": `\ufeff{"model":"${DENIED}","messages":[{"role":"user","content":"a"}]}`
}

const paths: Readonly<Record<string, readonly [path: string, value: Readonly<Record<string, unknown>>]>> = {
  "query model": [`${chat}?model=${DENIED}`, { messages }],
  "a deployment": [`/openai/deployments/${DENIED}/chat/completions`, { messages }],
  "a deployment and a body": [`/openai/deployments/${DENIED}/chat/completions`, base],
  "an engine": [`/engines/${DENIED}/chat/completions`, { messages }],
  "Gemini": [`/v1beta/models/${DENIED}:generateContent`, { contents: [{ parts: [{ text: "a" }] }] }],
  "Gemini without a version": [`/models/${DENIED}:generateContent`, { contents: [{ parts: [{ text: "a" }] }] }],
  "Bedrock": [`/bedrock/model/${DENIED}/converse`, { messages: [{ role: "user", content: [{ text: "a" }] }] }],
  "Vertex": [`/vertex_ai/v1/projects/p/locations/l/publishers/google/models/${DENIED}:generateContent`, {
    contents: []
  }],
  "Watsonx": ["/watsonx/ml/v1/text/chat", { model_id: DENIED, messages }],
  "a slash behind": [`${chat}/`, { ...base, model: DENIED }],
  "completions": ["/v1/completions", { model: DENIED, prompt: "a" }],
  "embeddings": ["/v1/embeddings", { model: DENIED, input: "a" }],
  "responses": ["/v1/responses", { model: DENIED, input: "a" }],
  "messages": ["/v1/messages", { model: DENIED, max_tokens: 5, messages }],
  "count_tokens": ["/v1/messages/count_tokens", { model: DENIED, messages }],
  "moderations": ["/v1/moderations", { model: DENIED, input: "a" }],
  "images": ["/v1/images/generations", { model: DENIED, prompt: "a" }],
  "speech": ["/v1/audio/speech", { model: DENIED, input: "a", voice: "b" }],
  "rerank": ["/v1/rerank", { model: DENIED, query: "a", documents: ["b"] }],
  "a realtime secret": ["/v1/realtime/client_secrets", { session: { type: "realtime", model: DENIED } }],
  "a batch of messages": ["/v1/messages/batches", {
    requests: [{ custom_id: "1", params: { model: DENIED, messages } }]
  }],
  "Ollama": ["/api/chat", { model: DENIED, messages }]
}

const batch = { endpoint: chat, completion_window: "24h" }

/** An id as LiteLLM makes it of a file that was uploaded for a model. */
const fileFor = (model: string): string => `file-${Buffer.from(`litellm:file-1;model,${model}`).toString("base64url")}`

/** A request over WebSocket: its path, and the message behind it. */
export interface AskedFrame {
  readonly name: string
  readonly path: string
  readonly message: unknown
}

/** Places in the path of a WebSocket and in its messages. */
export const frames: ReadonlyArray<AskedFrame> = [
  { name: "granted: a session", path: `/v1/realtime?model=${GRANTED}`, message: { type: "response.create" } },
  { name: "WebSocket, query", path: `/v1/realtime?model=${DENIED}`, message: { type: "response.create" } },
  {
    name: "WebSocket, a session's model",
    path: `/v1/realtime?model=${GRANTED}`,
    message: { type: "session.update", session: { model: DENIED } }
  },
  {
    name: "WebSocket, the model of a transcription",
    path: `/v1/realtime?model=${GRANTED}`,
    message: { type: "session.update", session: { input_audio_transcription: { model: DENIED } } }
  },
  {
    name: "WebSocket, a response's model",
    path: `/v1/realtime?model=${GRANTED}`,
    message: { type: "response.create", response: { model: DENIED } }
  }
]

/** Places that no request here can show, and why. */
export const unshown: Readonly<Record<string, string>> = {
  "frames of /v1/responses": "LiteLLM speaks it to providers that it knows by name, not to an address of ours",
  "prompt_id": "a prompt stands in a manager of prompts, which LiteLLM asks for the model in its place",
  "target_model_names, with the lines of its file": "managed files need LiteLLM's database",
  "agent_id": "is read by Mistral itself",
  "training_file, vector_store_id, video_id, character_id": "read as input_file_id is, with LiteLLM's database"
}

const asked = (name: string, sent: Sent): AskedPlace => ({ name, request: () => sent })

/** All of them. */
export const places: ReadonlyArray<AskedPlace> = [
  asked("granted: a chat", json(chat, base)),
  asked("granted: a form", form(transcription, [field("model", GRANTED), file("abc")])),
  ...Object.entries(bodies).map(([name, value]) => asked(`body ${name}`, json(chat, value))),
  ...Object.entries(texts).map(([name, value]) => asked(`body, ${name}`, json(chat, value))),
  ...Object.entries(paths).map(([name, [path, value]]) => asked(`path ${name}`, json(path, value))),
  asked(
    "header x-litellm-model",
    json("/v1/batches", {
      input_file_id: "file-1",
      endpoint: chat,
      completion_window: "24h"
    }, { "x-litellm-model": DENIED })
  ),
  asked(
    "urlencoded JSON",
    json(chat, { ...base, model: DENIED }, { "content-type": "application/x-www-form-urlencoded" })
  ),
  asked("JSON as text", json(chat, { ...base, model: DENIED }, { "content-type": "text/plain" })),
  asked("JSON as nothing", json(chat, { ...base, model: DENIED }, { "content-type": "" })),
  asked("a form's field", form(transcription, [field("model", DENIED), file("abc")])),
  asked("a form's field, twice", form(transcription, [field("model", GRANTED), field("model", DENIED), file("abc")])),
  asked("a form behind a line feed", form(transcription, [field("model", DENIED), file("abc")], undefined, "\n")),
  asked(
    "a form with an escaped boundary",
    form(transcription, [field("model", DENIED), file("abc")], "multipart/form-data; boundary=\"\\X\"")
  ),
  asked(
    "a form's targets",
    form("/v1/files", [
      field("purpose", "batch"),
      field("target_model_names", DENIED),
      file("{}")
    ])
  ),
  asked("id of a file", json("/v1/batches", { ...batch, input_file_id: fileFor(DENIED) })),
  asked(
    "id of a file, with a model",
    json("/v1/batches", { ...batch, model: GRANTED, input_file_id: fileFor(DENIED) })
  ),
  asked(
    "lines of a file for a model",
    form("/v1/files", [
      field("purpose", "batch"),
      field("model", GRANTED),
      file(`{"custom_id":"1","method":"POST","url":"${chat}","body":{"model":"${DENIED}"}}\n`)
    ])
  ),
  asked(
    "lines of a file",
    form("/v1/files", [
      field("purpose", "batch"),
      field("target_model_names", GRANTED),
      file(`{"custom_id":"1","method":"POST","url":"${chat}","body":{"model":"${DENIED}"}}\n`)
    ])
  )
]
