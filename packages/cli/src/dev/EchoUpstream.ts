/**
 * An upstream that speaks the OpenAI API and says what it was told: models,
 * chat (whole and streamed) and embeddings.
 *
 * It shows that requests arrive, streams included, without a provider's key.
 */
import type { ServerResponse } from "node:http"
import * as LocalServer from "./LocalServer.ts"

const models = ["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "text-embedding-3-small"]

/** When the models were made; the value has no meaning. */
const created = 1_700_000_000

const asText = (value: unknown): string => {
  if (typeof value === "string") return value
  if (!Array.isArray(value)) return ""
  return value.map((part: unknown) =>
    typeof part === "object" && part !== null && "text" in part && typeof part.text === "string" ? part.text : ""
  ).join("")
}

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined

const last = (messages: unknown): string => Array.isArray(messages) ? asText(field(messages.at(-1), "content")) : ""

const words = (text: string): number => text.split(/\s+/).filter((it) => it !== "").length

const usageOf = (prompt: string, answer: string) => ({
  prompt_tokens: words(prompt),
  completion_tokens: words(answer),
  total_tokens: words(prompt) + words(answer)
})

const stream = (response: ServerResponse, model: string, prompt: string, answer: string, usage: boolean): void => {
  const chunk = (choices: ReadonlyArray<unknown>, more: object = {}) =>
    `data: ${
      JSON.stringify({ id: "chatcmpl-echo", object: "chat.completion.chunk", created, model, choices, ...more })
    }\n\n`
  const pieces = answer.match(/\S+\s*/g) ?? [""]
  const events = [
    chunk([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]),
    ...pieces.map((content) => chunk([{ index: 0, delta: { content }, finish_reason: null }])),
    chunk([{ index: 0, delta: {}, finish_reason: "stop" }]),
    ...(usage ? [chunk([], { usage: usageOf(prompt, answer) })] : []),
    "data: [DONE]\n\n"
  ]
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
  const next = (index: number): void => {
    const event = events[index]
    if (event === undefined || response.destroyed) {
      response.end()
      return
    }
    response.write(event)
    setTimeout(next, 15, index + 1)
  }
  next(0)
}

const chat = (request: unknown, team: string | undefined, response: ServerResponse): void => {
  const model = String(field(request, "model") ?? "")
  const prompt = last(field(request, "messages"))
  const answer = `You said: ${prompt}${team === undefined ? "" : ` (team ${decodeURIComponent(team)})`}`
  if (field(request, "stream") === true) {
    return stream(response, model, prompt, answer, field(field(request, "stream_options"), "include_usage") !== false)
  }
  LocalServer.json(response, 200, {
    id: "chatcmpl-echo",
    object: "chat.completion",
    created,
    model,
    choices: [{
      index: 0,
      message: { role: "assistant", content: answer, refusal: null },
      logprobs: null,
      finish_reason: "stop"
    }],
    usage: usageOf(prompt, answer)
  })
}

/** A vector that depends on the text, so that two texts can be told apart. */
const vector = (text: string): ReadonlyArray<number> =>
  Array.from(
    { length: 8 },
    (_, index) => Math.sin(text.length + index + (text.charCodeAt(index % Math.max(1, text.length)) || 0))
  )

/** As base64 of 32-bit floats, which is how the OpenAI clients ask for them. */
const packed = (numbers: ReadonlyArray<number>): string =>
  Buffer.from(new Float32Array(numbers).buffer).toString("base64")

const embeddings = (request: unknown, response: ServerResponse): void => {
  const input = field(request, "input")
  const texts = Array.isArray(input) ? input.map((it) => asText(it)) : [asText(input)]
  const base64 = field(request, "encoding_format") === "base64"
  LocalServer.json(response, 200, {
    object: "list",
    model: String(field(request, "model") ?? ""),
    data: texts.map((text, index) => ({
      object: "embedding",
      index,
      embedding: base64 ? packed(vector(text)) : vector(text)
    })),
    usage: { prompt_tokens: words(texts.join(" ")), total_tokens: words(texts.join(" ")) }
  })
}

const refuse = (response: ServerResponse, status: number, message: string): void =>
  LocalServer.json(response, status, { error: { message, type: "invalid_request_error", param: null, code: null } })

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

const modelOf = (id: string) => ({ id, object: "model", created, owned_by: "echo" })

/** Starts the upstream; it ends with the scope. The result is its URL. */
export const make = LocalServer.serve(() => (request, body, response) => {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/"
  const team = request.headers["x-jotgate-team"]
  if (request.method === "GET" && path === "/v1/models") {
    return LocalServer.json(response, 200, { object: "list", data: models.map(modelOf) })
  }
  const named = /^\/v1\/models\/(.+)$/.exec(path)?.[1]
  if (request.method === "GET" && named !== undefined) {
    return models.includes(named)
      ? LocalServer.json(response, 200, modelOf(named))
      : refuse(response, 404, "there is no such model")
  }
  if (request.method !== "POST") return refuse(response, 404, "there is nothing here")
  const value = parsed(body)
  if (value === undefined) return refuse(response, 400, "the body is no JSON")
  if (path === "/v1/chat/completions") return chat(value, typeof team === "string" ? team : undefined, response)
  if (path === "/v1/embeddings") return embeddings(value, response)
  refuse(response, 404, "there is nothing here")
})
