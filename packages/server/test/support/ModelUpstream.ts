/** A model that says "Hello" in the dialects of OpenAI (chat, responses), Anthropic and Gemini, whole and streamed. */
import { Option, Schema } from "effect"
import type { Answering } from "./Upstream.ts"

const Asked = Schema.fromJsonString(
  Schema.Struct({ model: Schema.optionalKey(Schema.String), stream: Schema.optionalKey(Schema.Boolean) })
)

const asked = Schema.decodeUnknownOption(Asked)

const said = "Hello"

const chat = (model: string, object: string, choice: object, finished: string | null) => ({
  id: "c-1",
  object,
  created: 1,
  model,
  choices: [{ index: 0, ...choice, finish_reason: finished, logprobs: null }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
})

const chatWhole = (model: string) =>
  chat(model, "chat.completion", { message: { role: "assistant", content: said, refusal: null } }, "stop")

const chatEvents = (model: string) => [
  ...["Hel", "lo"].map((content) =>
    chat(model, "chat.completion.chunk", { delta: { role: "assistant", content } }, null)
  ),
  chat(model, "chat.completion.chunk", { delta: {} }, "stop")
]

const output = {
  id: "m-1",
  type: "message",
  role: "assistant",
  status: "completed",
  content: [{ type: "output_text", text: said, annotations: [] }]
}

const responseWhole = (model: string) => ({
  id: "r-1",
  object: "response",
  created_at: 1,
  status: "completed",
  model,
  output: [output],
  parallel_tool_calls: true,
  tool_choice: "auto",
  tools: [],
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: {},
  usage: {
    input_tokens: 1,
    output_tokens: 1,
    total_tokens: 2,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 0 }
  }
})

const responseEvents = (model: string) =>
  [
    { type: "response.created", response: { ...responseWhole(model), status: "in_progress", output: [] } },
    { type: "response.output_item.added", output_index: 0, item: { ...output, status: "in_progress", content: [] } },
    { type: "response.output_text.delta", output_index: 0, content_index: 0, item_id: "m-1", delta: said },
    { type: "response.output_item.done", output_index: 0, item: output },
    { type: "response.completed", response: responseWhole(model) }
  ].map((it, at) => ({ ...it, sequence_number: at }))

const messageWhole = (model: string) => ({
  id: "m-1",
  type: "message",
  role: "assistant",
  model,
  content: [{ type: "text", text: said }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 }
})

const messageEvents = (model: string) => [
  { type: "message_start", message: { ...messageWhole(model), content: [], stop_reason: null } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: said } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 1 } },
  { type: "message_stop" }
]

const generated = {
  candidates: [{ content: { role: "model", parts: [{ text: said }] }, finishReason: "STOP", index: 0 }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 }
}

/** What one API answers, whole and streamed. */
interface Dialect {
  readonly whole: (model: string) => unknown
  readonly events: (model: string) => ReadonlyArray<object>
  /** What follows the last event. */
  readonly end?: string
}

const dialects: Readonly<Record<string, Dialect>> = {
  "/v1/chat/completions": { whole: chatWhole, events: chatEvents, end: "data: [DONE]\n\n" },
  "/v1/responses": { whole: responseWhole, events: responseEvents },
  "/v1/messages": { whole: messageWhole, events: messageEvents },
  "/v1/messages/count_tokens": { whole: () => ({ input_tokens: 1 }), events: () => [] },
  "/v1/models": { whole: () => ({ object: "list", data: [{ id: "gpt-4o", object: "model" }] }), events: () => [] }
}

const gemini: Dialect = { whole: () => generated, events: () => [generated] }
const counting: Dialect = { whole: () => ({ totalTokens: 1 }), events: () => [] }

const dialectOf = (path: string): Dialect | undefined =>
  path.endsWith(":generateContent") || path.endsWith(":streamGenerateContent")
    ? gemini
    : path.endsWith(":countTokens")
    ? counting
    : dialects[path]

/** Answers in the dialect of the path; what has none is 404. */
export const answer: Answering = (_, response, { body, url }) => {
  const [path = ""] = url.split("?", 1)
  const dialect = dialectOf(path)
  const { model = "", stream = path.endsWith(":streamGenerateContent") } = Option.getOrElse(
    asked(body.toString("utf8")),
    (): typeof Asked.Type => ({})
  )
  if (dialect !== undefined && stream) {
    response.writeHead(200, { "content-type": "text/event-stream" })
    for (const it of dialect.events(model)) {
      response.write(`${"type" in it ? `event: ${String(it.type)}\n` : ""}data: ${JSON.stringify(it)}\n\n`)
    }
    response.end(dialect.end ?? "")
  } else {
    response.writeHead(dialect === undefined ? 404 : 200, { "content-type": "application/json" })
    response.end(JSON.stringify(dialect?.whole(model) ?? { error: { message: "not here" } }))
  }
}
