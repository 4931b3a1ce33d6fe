/**
 * Asks through the gate with one npm client: `node ask.mjs NAME`, with `GATE` and `TOKEN` in the environment, and the
 * clients installed below `CLIENTS`. Prints what the model said.
 */
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

const { CLIENTS, GATE, TOKEN } = process.env
const { resolve } = createRequire(`${CLIENTS}/package.json`)
const load = (name) => import(pathToFileURL(resolve(name)).href)
const messages = [{ role: "user", content: "hello" }]

const clients = {
  "openai": async () => {
    const { default: OpenAI } = await load("openai")
    const client = new OpenAI({ baseURL: `${GATE}/v1`, apiKey: TOKEN })
    const whole = await client.chat.completions.create({ model: "gpt-4o", messages })
    let streamed = ""
    for await (const it of await client.chat.completions.create({ model: "gpt-4o", messages, stream: true })) {
      streamed += it.choices[0]?.delta.content ?? ""
    }
    const response = await client.responses.create({ model: "gpt-4o", input: "hello" })
    return [whole.choices[0].message.content, streamed, response.output_text]
  },
  "@anthropic-ai/sdk": async () => {
    const { default: Anthropic } = await load("@anthropic-ai/sdk")
    const question = { model: "claude-x", max_tokens: 16, messages }
    const said = []
    for (const credential of [{ authToken: TOKEN, apiKey: null }, { apiKey: TOKEN, authToken: null }]) {
      const client = new Anthropic({ baseURL: GATE, ...credential })
      said.push((await client.messages.create(question)).content[0].text)
      said.push(await client.messages.stream(question).finalText())
    }
    return said
  },
  "ai": async () => {
    const { generateText, streamText } = await load("ai")
    const { createOpenAI } = await load("@ai-sdk/openai")
    const openai = createOpenAI({ baseURL: `${GATE}/v1`, apiKey: TOKEN })
    const { text } = await generateText({ model: openai.chat("gpt-4o"), prompt: "hello" })
    const responded = await generateText({ model: openai("gpt-4o"), prompt: "hello" })
    return [text, responded.text, await streamText({ model: openai.chat("gpt-4o"), prompt: "hello" }).text]
  },
  "@langchain/openai": async () => {
    const { ChatOpenAI } = await load("@langchain/openai")
    const model = new ChatOpenAI({ model: "gpt-4o", apiKey: TOKEN, configuration: { baseURL: `${GATE}/v1` } })
    return [(await model.invoke("hello")).content]
  },
  "@google/genai": async () => {
    const { GoogleGenAI } = await load("@google/genai")
    const client = new GoogleGenAI({ apiKey: TOKEN, httpOptions: { baseUrl: GATE, apiVersion: "v1beta" } })
    const whole = await client.models.generateContent({ model: "gemini-x", contents: "hello" })
    let streamed = ""
    for await (const it of await client.models.generateContentStream({ model: "gemini-x", contents: "hello" })) {
      streamed += it.text ?? ""
    }
    return [whole.text, streamed]
  }
}

console.log((await clients[process.argv[2]]()).join(" "))
