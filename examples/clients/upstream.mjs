/**
 * An upstream that says "Hello" in the dialects of OpenAI (chat, responses), Anthropic and Gemini, whole and streamed,
 * and notes what it was sent: `startUpstream()` answers `{ url, requests, close }`.
 */
import { createServer } from "node:http"

const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }

const chat = (model) => ({
  id: "c-1",
  object: "chat.completion",
  created: 1,
  model,
  choices: [{ index: 0, message: { role: "assistant", content: "Hello", refusal: null }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
})

const chatEvents = (model) =>
  [
    {
      id: "c-1",
      object: "chat.completion.chunk",
      created: 1,
      model,
      choices: [{ index: 0, delta: { role: "assistant", content: "Hello" }, finish_reason: null }]
    },
    {
      id: "c-1",
      object: "chat.completion.chunk",
      created: 1,
      model,
      choices: [{ index: 0, delta: {}, finish_reason: "stop" }]
    }
  ].map((it) => `data: ${JSON.stringify(it)}\n\n`).concat("data: [DONE]\n\n")

const output = {
  id: "m-1",
  type: "message",
  role: "assistant",
  status: "completed",
  content: [{ type: "output_text", text: "Hello", annotations: [] }]
}
const answered = (model) => ({
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
  usage: { ...usage, input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } }
})
const responseEvents = (model) =>
  [
    { type: "response.created", response: { ...answered(model), status: "in_progress", output: [] } },
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { ...output, status: "in_progress", content: [] }
    },
    { type: "response.output_text.delta", output_index: 0, content_index: 0, item_id: "m-1", delta: "Hello" },
    { type: "response.output_item.done", output_index: 0, item: output },
    { type: "response.completed", response: answered(model) }
  ].map((it, sequence_number) => `event: ${it.type}\ndata: ${JSON.stringify({ ...it, sequence_number })}\n\n`)

const message = (model) => ({
  id: "m-1",
  type: "message",
  role: "assistant",
  model,
  content: [{ type: "text", text: "Hello" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 }
})
const messageEvents = (model) =>
  [
    { type: "message_start", message: { ...message(model), content: [], stop_reason: null } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 1 } },
    { type: "message_stop" }
  ].map((it) => `event: ${it.type}\ndata: ${JSON.stringify(it)}\n\n`)

const generated = {
  candidates: [{ content: { role: "model", parts: [{ text: "Hello" }] }, finishReason: "STOP", index: 0 }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 }
}

const parsed = (text) => {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** Starts it on a free port of loopback. */
export const startUpstream = () =>
  new Promise((done) => {
    const requests = []
    const server = createServer((request, response) => {
      const chunks = []
      request.on("data", (chunk) => chunks.push(chunk))
      request.on("end", () => {
        const body = parsed(Buffer.concat(chunks).toString())
        const path = request.url.split("?", 1)[0]
        requests.push({ method: request.method, path, headers: request.headers, body })
        const json = (it) => {
          response.writeHead(200, { "content-type": "application/json" })
          response.end(JSON.stringify(it))
        }
        const events = (all) => {
          response.writeHead(200, { "content-type": "text/event-stream" })
          for (const it of all) response.write(it)
          response.end()
        }
        const { model, stream } = body
        const said = (streamed, whole) => {
          if (stream) events(streamed(model))
          else json(whole(model))
        }
        if (path === "/v1/chat/completions") said(chatEvents, chat)
        else if (path === "/v1/responses") said(responseEvents, answered)
        else if (path === "/v1/messages") said(messageEvents, message)
        else if (path === "/v1/messages/count_tokens") json({ input_tokens: 1 })
        else if (path.endsWith(":streamGenerateContent")) events([`data: ${JSON.stringify(generated)}\n\n`])
        else if (path.endsWith(":generateContent")) json(generated)
        else if (path.endsWith(":countTokens")) json({ totalTokens: 1 })
        else if (path === "/v1/models") json({ object: "list", data: [{ id: "gpt-4o", object: "model" }] })
        else {
          response.writeHead(404, { "content-type": "application/json" })
          response.end(JSON.stringify({ error: { message: "not here" } }))
        }
      })
    })
    server.listen(0, "127.0.0.1", () => {
      done({ url: `http://127.0.0.1:${server.address().port}`, requests, close: () => server.close() })
    })
  })
