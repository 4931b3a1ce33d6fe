/**
 * Proves the folder's example against a real LiteLLM with the npm clients of OpenAI and Anthropic:
 *
 *   node examples/litellm/proof.mjs /tmp/litellm/bin/litellm
 *
 * Starts LiteLLM and the gate on free ports in a temporary folder, asks as alice and as bob, prints a line for each
 * expectation, and exits 1 when one does not hold. LiteLLM takes about half a minute to start.
 */
import Anthropic from "@anthropic-ai/sdk"
import { spawn } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import OpenAI from "openai"

const [litellm] = process.argv.slice(2)
if (litellm === undefined) {
  console.error("which LiteLLM? node examples/litellm/proof.mjs /tmp/litellm/bin/litellm")
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), "jotgate-litellm-"))
const running = []
process.on("exit", () => {
  for (const it of running) it.kill("SIGKILL")
  rmSync(folder, { recursive: true, force: true })
})

const start = (program, args, env = {}) => {
  const child = spawn(program, args, { cwd: folder, env: { ...process.env, ...env } })
  let text = ""
  child.stdout.on("data", (chunk) => (text += chunk))
  child.stderr.on("data", (chunk) => (text += chunk))
  running.push(child)
  return {
    until: async (pattern) => {
      const end = Date.now() + 180_000
      while (!pattern.test(text)) {
        if (child.exitCode !== null || Date.now() > end) throw new Error(`${program} did not start:\n${text}`)
        await sleep(50)
      }
      return pattern.exec(text)
    }
  }
}

const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })

const token = (...who) =>
  new Promise((done) => {
    const child = spawn(process.execPath, ["issue.mjs", ...who], { cwd: folder })
    let text = ""
    child.stdout.on("data", (chunk) => (text += chunk)).on("end", () => done(text.trim()))
  })

let failed = 0
const expect = async (title, wanted, ask) => {
  const got = await Promise.resolve().then(ask).catch((error) => `${error.status} ${error.code ?? error.type}`)
  const holds = typeof wanted === "function" ? wanted(got) : JSON.stringify(got) === JSON.stringify(wanted)
  if (!holds) failed++
  console.log(`${holds ? "ok    " : "FAILED"}  ${title}: ${JSON.stringify(got)}`)
}

cpSync(import.meta.dirname, folder, {
  recursive: true,
  filter: (path) => !/jotgate\.db|jotgate-cache|keys|\.key$/.test(path)
})
mkdirSync(join(folder, "keys"))
writeFileSync(join(folder, "keys/red"), "sk-master")
const port = await freePort()
const settings = readFileSync(join(folder, "jotgate.yaml"), "utf8")
  .replace("listen: 127.0.0.1:4180", "listen: 127.0.0.1:0\n  admin: 127.0.0.1:0")
  .replace("http://localhost:4000", `http://127.0.0.1:${port}`)
writeFileSync(join(folder, "jotgate.yaml"), settings)
const alice = await token("alice", "red", "blue")
const bob = await token("bob", "blue")
const carol = await token("carol")

const upstream = start(litellm, ["--config", "litellm.yaml", "--host", "127.0.0.1", "--port", String(port)])
const jotgate = join(import.meta.dirname, "../../packages/cli/bin/jotgate.js")
const gate = start(process.execPath, [jotgate, "serve", "--config", "jotgate.yaml"], { UPSTREAM_KEY: "sk-master" })
const [, url] = await gate.until(/^ready gate=(\S+)/m)
await upstream.until(/Uvicorn running/)

const messages = [{ role: "user", content: "hello" }]
const openai = (apiKey) => new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 })
const said = async (apiKey, model) =>
  (await openai(apiKey).chat.completions.create({ model, messages })).choices[0].message.content
const streamed = async (apiKey, model) => {
  let text = ""
  for await (const { choices } of await openai(apiKey).chat.completions.create({ model, messages, stream: true })) {
    text += choices[0]?.delta.content ?? ""
  }
  return text
}
const models = async (apiKey) => (await openai(apiKey).models.list()).data.map(({ id }) => id).toSorted()
const embedded = async (apiKey) => {
  const body = { model: "text-embedding-3-small", input: "hello", encoding_format: "float" }
  return (await openai(apiKey).embeddings.create(body)).data.length
}
const message = async (authToken, model) => {
  const client = new Anthropic({ authToken, apiKey: null, baseURL: url, maxRetries: 0 })
  return (await client.messages.create({ model, max_tokens: 16, messages })).content[0].text
}

await expect(
  "alice lists what her teams may call",
  ["gpt-4o", "gpt-4o-mini", "text-embedding-3-small"],
  () => models(alice)
)
await expect("bob lists what his team may call", ["gpt-4o-mini"], () => models(bob))
await expect("alice chats", "Hello from a mock", () => said(alice, "gpt-4o"))
await expect("bob may not chat with that model", "403 team_model_denied", () => said(bob, "gpt-4o"))
await expect("alice streams", "Hello from a small mock", () => streamed(alice, "gpt-4o-mini"))
await expect("bob streams", "Hello from a small mock", () => streamed(bob, "gpt-4o-mini"))
await expect("alice embeds", 1, () => embedded(alice))
await expect("bob may not embed", "403 team_model_denied", () => embedded(bob))
await expect("alice sends a message", "Hello from a mock", () => message(alice, "gpt-4o"))
await expect(
  "bob may not send one to that model",
  (it) => it.startsWith("403 permission_error"),
  () => message(bob, "gpt-4o")
)
await expect("carol, who is in no group, may nothing", "403 team_required", () => said(carol, "gpt-4o-mini"))
await expect("a token that is none is refused", "401 invalid_token", () => said("none", "gpt-4o"))
// LiteLLM without a database knows its master key only, and answers 400 to any other.
writeFileSync(join(folder, "keys/blue"), "sk-of-blue")
await expect(
  "the key of the team blue is what LiteLLM gets for bob",
  (it) => it.startsWith("400"),
  () => said(bob, "gpt-4o-mini")
)
await expect("and the key of red for alice", "Hello from a mock", () => said(alice, "gpt-4o"))

console.log(failed === 0 ? "all hold" : `${failed} FAILED`)
process.exit(failed === 0 ? 0 : 1)
