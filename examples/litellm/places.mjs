/**
 * Asks a real LiteLLM for a model that the caller may not have, in every place in which LiteLLM looks for one, through
 * the gate as proxy, through the printed Traefik and Envoy, and through the printed `custom_auth`:
 *
 *   node --conditions=source examples/litellm/places.mjs /tmp/litellm/bin/litellm
 *
 * The forbidden model lies behind a server that notes each call, so that what counts is what LiteLLM really did. The
 * first column is LiteLLM alone with its master key: which places it obeys. Exits 1 when a forbidden call was served
 * through any door, or when an allowed one was not. LiteLLM takes about half a minute to start, twice.
 */
import { snippet } from "@jotgate/server/Snippet"
import { Catalog } from "@jotgate/servers"
import { spawn, spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { createServer as createTcpServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { gzipSync } from "node:zlib"

const [litellm] = process.argv.slice(2)
if (litellm === undefined) {
  console.error("which LiteLLM? node --conditions=source examples/litellm/places.mjs /tmp/litellm/bin/litellm")
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), "jotgate-places-"))
const running = []
process.on("exit", () => {
  for (const it of running) it.kill("SIGKILL")
  rmSync(folder, { recursive: true, force: true })
})

const start = (program, args, env = {}) => {
  const child = spawn(program, args, { cwd: folder, env: { ...process.env, ...env } })
  running.push(child)
  let text = ""
  child.stdout.on("data", (chunk) => (text += chunk))
  child.stderr.on("data", (chunk) => (text += chunk))
  return async (isReady) => {
    const end = Date.now() + 240_000
    for (;;) {
      const found = await isReady(text)
      if (found) return found
      if (child.exitCode !== null || Date.now() > end) {
        throw new Error(`${program} did not start:\n${text.slice(-4_000)}`)
      }
      await sleep(100)
    }
  }
}
const freePort = () =>
  new Promise((done) => {
    const server = createTcpServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
const answers = (url) => fetch(url, { signal: AbortSignal.timeout(2_000) }).then((it) => it.status !== 404, () => false)

/** What LiteLLM calls: notes which model, and answers as OpenAI would. */
const served = []
const backend = createServer((request, response) => {
  const chunks = []
  request.on("data", (chunk) => chunks.push(chunk))
  request.on("end", () => {
    if (request.url.startsWith("/forbidden")) served.push(request.url)
    const path = request.url.replace(/^\/\w+\/v1/, "")
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
    const message = { index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify(
      path.startsWith("/embeddings")
        ? { object: "list", data: [{ object: "embedding", index: 0, embedding: [0.1] }], model: "m", usage }
        : path.startsWith("/audio")
        ? { text: "Hello" }
        : path.startsWith("/files")
        ? { id: "f-1", object: "file", bytes: 1, created_at: 1, filename: "a", purpose: "batch", status: "processed" }
        : { id: "c-1", object: "chat.completion", created: 1, model: "m", choices: [message], data: [], usage }
    ))
  })
})
await new Promise((done) => backend.listen(0, "127.0.0.1", done))
const behind = `http://127.0.0.1:${backend.address().port}`

const modelList = ["allowed", "forbidden"].map((name) =>
  `  - { model_name: ${name}, litellm_params: { model: openai/${name}, api_key: none, api_base: "${behind}/${name}/v1" } }`
).join("\n")
writeFileSync(
  join(folder, "litellm.yaml"),
  `model_list:\n${modelList}\ngeneral_settings: { master_key: sk-master }\nlitellm_settings: { num_retries: 0, request_timeout: 10 }\n`
)
writeFileSync(
  join(folder, "custom.yaml"),
  `model_list:\n${modelList}\ngeneral_settings: { master_key: sk-master, custom_auth: jotgate_auth.user_api_key_auth }\nlitellm_settings: { num_retries: 0, request_timeout: 10 }\n`
)
cpSync(join(import.meta.dirname, "issue.mjs"), join(folder, "issue.mjs"))
const token = spawnSync(process.execPath, ["issue.mjs", "alice", "red"], { cwd: folder, encoding: "utf8" }).stdout
  .trim()

const [litellmPort, customPort, traefikPort, envoyPort, adminPort] = await Promise.all(
  Array.from({ length: 5 }, freePort)
)
const upstream = new URL(`http://127.0.0.1:${litellmPort}`)
writeFileSync(join(folder, "directory.yaml"), "teams: [{ id: red, models: [allowed] }]\n")
mkdirSync(join(folder, "keys"))
writeFileSync(
  join(folder, "jotgate.yaml"),
  `issuers:
  - { id: okta, issuer: https://acme.okta.com/oauth2/aus1, audience: [llm-gateway], jwks: ["file:keys.json"], claims: { user: sub, teams: groups } }
directory: { url: "memory:", file: directory.yaml, users: { unknown: allow } }
cache: { dir: null }
audit: { to: none }
gateway:
  listen: 127.0.0.1:0
  admin: 127.0.0.1:${adminPort}
  trustedProxies: [127.0.0.1]
  forwardAuth: { authorization: true }
  upstream: { url: "${upstream.origin}", authorization: { default: env:UPSTREAM_KEY } }
`
)
const jotgate = join(import.meta.dirname, "../../packages/cli/src/main.ts")
const gate = new URL(
  await start(process.execPath, ["--conditions=source", jotgate, "serve", "--config", "jotgate.yaml"], {
    UPSTREAM_KEY: "sk-master"
  })((text) => /^ready gate=(\S+)/m.exec(text)?.[1])
)
const listen = (port) => ({ host: "127.0.0.1", port })
writeFileSync(
  join(folder, "jotgate_auth.py"),
  snippet("litellm", { gate: new URL(`http://127.0.0.1:${adminPort}`) })
)
// As the comments of the printed files say: the team's key takes the place of the caller's token.
writeFileSync(
  join(folder, "jotgate-traefik.yaml"),
  snippet("traefik", { gate, upstream, listen: listen(traefikPort) })
    .replace("authResponseHeaders: [", "authResponseHeaders: [authorization, ")
    .replace(/^ +authorization: ""\n/m, "")
)
writeFileSync(
  join(folder, "envoy.yaml"),
  snippet("envoy", { gate, upstream, listen: listen(envoyPort) })
    .replace("- prefix: x-jotgate-\n", "- prefix: x-jotgate-\n                              - exact: authorization\n")
    .replace("request_headers_to_remove: [authorization, ", "request_headers_to_remove: [")
)
writeFileSync(
  join(folder, "traefik.yaml"),
  `entryPoints: { web: { address: "127.0.0.1:${traefikPort}" } }\nproviders: { file: { filename: ${folder}/jotgate-traefik.yaml } }\n`
)
const python = { PATH: `${dirname(litellm)}:${process.env.PATH}`, PYTHONPATH: folder }
const lite = start(litellm, ["--config", "litellm.yaml", "--port", String(litellmPort), "--host", "127.0.0.1"], python)
const custom = start(litellm, ["--config", "custom.yaml", "--port", String(customPort), "--host", "127.0.0.1"], python)
const traefik = start(Catalog.locate("traefik"), ["--configFile=traefik.yaml"])
const envoy = start(Catalog.locate("envoy"), ["-c", "envoy.yaml", "--use-dynamic-base-id"])
await lite(() => answers(`${upstream.origin}/health/liveliness`))
await custom(() => answers(`http://127.0.0.1:${customPort}/health/liveliness`))
await traefik(() => answers(`http://127.0.0.1:${traefikPort}/`))
await envoy(() => answers(`http://127.0.0.1:${envoyPort}/`))

const doors = {
  "LiteLLM alone": { url: upstream.origin, bearer: "sk-master" },
  "proxy": { url: gate.origin, bearer: token },
  "traefik": { url: `http://127.0.0.1:${traefikPort}`, bearer: token },
  "envoy": { url: `http://127.0.0.1:${envoyPort}`, bearer: token },
  "custom_auth": { url: `http://127.0.0.1:${customPort}`, bearer: token }
}

const messages = [{ role: "user", content: "hello" }]
const chat = "/v1/chat/completions"
const json = (path, body, headers = {}) => ({
  path,
  headers: { "content-type": "application/json", ...headers },
  body: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body)
})
const part = (name, value, more = "") =>
  `--B\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
const form = (path, parts, type = "multipart/form-data; boundary=B") => ({
  path,
  headers: { "content-type": type },
  body: `${parts.join("")}--B--\r\n`
})
const file = (text) => part("file", text, `; filename="a.jsonl"\r\nContent-Type: application/jsonl`)
const audio = part("file", "RIFF", `; filename="a.wav"\r\nContent-Type: audio/wav`)
const failing = { mock_testing_fallbacks: true }
const line = JSON.stringify({ custom_id: "1", method: "POST", url: chat, body: { model: "forbidden", messages } })

/** A forbidden model in every place of RULES D54, and in shapes that two parsers could read differently. */
const places = {
  "model": json(chat, { model: "forbidden", messages }),
  "model, streamed": json(chat, { model: "forbidden", messages, stream: true }),
  "models[]": json(chat, { model: "allowed", models: ["forbidden"], messages }),
  "model as a list of names": json(chat, { model: "allowed,forbidden", messages }),
  "fallbacks[]": json(chat, { model: "allowed", fallbacks: ["forbidden"], messages, ...failing }),
  "fallbacks[].model": json(chat, { model: "allowed", fallbacks: [{ model: "forbidden" }], messages, ...failing }),
  "router_settings_override": json(chat, {
    model: "allowed",
    router_settings_override: { fallbacks: [{ allowed: ["forbidden"] }] },
    messages,
    ...failing
  }),
  "extra_body.model": json(chat, { model: "allowed", extra_body: { model: "forbidden" }, messages }),
  "model in the query": json(`${chat}?model=forbidden`, { messages }),
  "model in the query and the body": json(`${chat}?model=forbidden`, { model: "allowed", messages }),
  "model_id in the query": json(`${chat}?model_id=forbidden`, { model: "allowed", messages }),
  "x-litellm-model": json(chat, { messages }, { "x-litellm-model": "forbidden" }),
  "x-litellm-model beside a model": json(chat, { model: "allowed", messages }, { "x-litellm-model": "forbidden" }),
  "deployment in the path": json("/openai/deployments/forbidden/chat/completions", { messages }),
  "deployment against the body": json("/openai/deployments/forbidden/chat/completions", { model: "allowed", messages }),
  "engine in the path": json("/engines/forbidden/chat/completions", { messages }),
  "completions": json("/v1/completions", { model: "forbidden", prompt: "hello" }),
  "responses": json("/v1/responses", { model: "forbidden", input: "hello" }),
  "messages": json("/v1/messages", { model: "forbidden", max_tokens: 9, messages }),
  "embeddings": json("/v1/embeddings", { model: "forbidden", input: "hello" }),
  "moderations": json("/v1/moderations", { model: "forbidden", input: "hello" }),
  "images": json("/v1/images/generations", { model: "forbidden", prompt: "hello" }),
  "speech": json("/v1/audio/speech", { model: "forbidden", input: "hello", voice: "alloy" }),
  "Gemini's path": json("/v1beta/models/forbidden:generateContent", { contents: [{ parts: [{ text: "hi" }] }] }),
  "Gemini's path without a version": json("/models/forbidden:generateContent", {
    contents: [{ parts: [{ text: "hi" }] }]
  }),
  "Bedrock's path": json("/bedrock/model/forbidden/converse", { messages: [] }),
  "Bedrock's path with a slash": json("/bedrock/model/forbidden/converse/", { messages: [] }),
  "session.model": json("/v1/realtime/client_secrets", { session: { type: "realtime", model: "forbidden" } }),
  "form": form("/v1/audio/transcriptions", [audio, part("model", "forbidden")]),
  "form, the model first": form("/v1/audio/transcriptions", [part("model", "forbidden"), audio]),
  "form, twice": form("/v1/audio/transcriptions", [part("model", "allowed"), part("model", "forbidden"), audio]),
  "form, a line feed before it": {
    ...form("/v1/audio/transcriptions", [audio, part("model", "forbidden")]),
    body: `\n${form("", [audio, part("model", "forbidden")]).body}`
  },
  "form, a boundary with a backslash": form(
    "/v1/audio/transcriptions",
    [audio, part("model", "forbidden")],
    `multipart/form-data; boundary="\\B"`
  ),
  "lines of a file": form("/v1/files", [part("purpose", "batch"), file(line)]),
  "lines of a file for a target": form("/v1/files", [
    part("purpose", "batch"),
    part("target_model_names", "forbidden"),
    file(line)
  ]),
  "a model twice": json(chat, `{"model":"allowed","messages":${JSON.stringify(messages)},"model":"forbidden"}`),
  "JSON under a form's type": json(chat, { model: "forbidden", messages }, {
    "content-type": "application/x-www-form-urlencoded"
  }),
  "JSON without a type": json(chat, { model: "forbidden", messages }, { "content-type": "text/plain" }),
  "JSON behind a mark": json(chat, `\uFEFF${JSON.stringify({ model: "forbidden", messages })}`),
  "JSON in UTF-16": json(chat, Buffer.from(JSON.stringify({ model: "forbidden", messages }), "utf16le")),
  "a model with escapes": json(chat, `{"m\\u006fdel":"f\\u006frbidden","messages":${JSON.stringify(messages)}}`),
  "inflated": json(chat, gzipSync(JSON.stringify({ model: "forbidden", messages })), { "content-encoding": "gzip" }),
  "no model": json(chat, { messages })
}
const controls = {
  "an allowed chat": json(chat, { model: "allowed", messages }),
  "an allowed form": form("/v1/audio/transcriptions", [audio, part("model", "allowed")])
}

const ask = async ({ bearer, url }, { body, headers, path }) => {
  const before = served.length
  const status = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, ...headers },
    body,
    signal: AbortSignal.timeout(30_000)
  }).then(async (it) => {
    await it.arrayBuffer()
    return it.status
  }, () => 0)
  return { status, served: served.length - before }
}

const width = Math.max(...Object.keys(places).map((it) => it.length))
const row = (title, cells) => console.log([title.padEnd(width), ...cells.map((it) => String(it).padEnd(14))].join("  "))
row("", Object.keys(doors))
const totals = Object.fromEntries(Object.keys(doors).map((it) => [it, 0]))
for (const [title, request] of Object.entries(places)) {
  const cells = []
  for (const [name, door] of Object.entries(doors)) {
    const it = await ask(door, request)
    totals[name] += it.served > 0 ? 1 : 0
    cells.push(it.served > 0 ? `${it.status} SERVED` : it.status)
  }
  row(title, cells)
}
let refused = 0
for (const [title, request] of Object.entries(controls)) {
  const cells = []
  for (const door of Object.values(doors)) {
    const { status } = await ask(door, request)
    if (status !== 200) refused++
    cells.push(status)
  }
  row(title, cells)
}
const [alone, ...rest] = Object.values(totals)
const leaks = rest.reduce((sum, it) => sum + it, 0)
console.log(
  `${
    Object.keys(places).length
  } places: LiteLLM alone serves ${alone}, ${leaks} served through the gate, ${refused} allowed ones refused`
)
process.exit(leaks === 0 && refused === 0 && alone > 0 ? 0 : 1)
