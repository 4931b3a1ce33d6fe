/**
 * Runs the clients of docs/clients.md against the gate, each set as its row says, with an upstream that says "Hello":
 *
 *   node examples/clients/proof.mjs [FOLDER] [NAME...]
 *
 * The clients are installed into FOLDER (a temporary one unless given; one that is there already is used as it is).
 * Prints a line for each, and exits 1 when one was not answered, when the upstream was told somebody else than alice,
 * or when her token went further than the gate.
 */
import { spawn, spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startUpstream } from "./upstream.mjs"

const npm = [
  "ai@7.0.173",
  "@ai-sdk/openai@4.0.118",
  "@langchain/openai@1.6.0",
  "@google/genai@3.3.0",
  "openai@7.59.0",
  "@anthropic-ai/sdk@1.14.0",
  "@openai/codex@0.171.0",
  "@anthropic-ai/claude-code@2.1.332",
  "@google/gemini-cli@0.61.0"
]
const pypi = ["openai==3.57.0", "anthropic==2.14.0", "langchain-openai==1.7.4"]

const [given, ...wanted] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), "jotgate-clients-"))
const clients = given ?? join(folder, "clients")
const running = []
process.on("exit", () => {
  for (const it of running) it.kill("SIGKILL")
  rmSync(folder, { recursive: true, force: true })
})

const install = (program, args, cwd) => {
  const { status, stderr, stdout } = spawnSync(program, args, { cwd, encoding: "utf8" })
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}\n${stdout}${stderr}`)
}
if (!existsSync(join(clients, "node_modules"))) {
  mkdirSync(clients, { recursive: true })
  writeFileSync(join(clients, "package.json"), `{"private":true,"type":"module"}`)
  install("npm", ["install", "--no-audit", "--no-fund", "-E", ...npm], clients)
}
if (!existsSync(join(clients, "venv"))) {
  install("python3", ["-m", "venv", "venv"], clients)
  install("venv/bin/pip", ["install", "-q", ...pypi], clients)
}

cpSync(join(import.meta.dirname, "../litellm/issue.mjs"), join(folder, "issue.mjs"))
const token = spawnSync(process.execPath, ["issue.mjs", "alice", "red"], { cwd: folder, encoding: "utf8" }).stdout
  .trim()
const upstream = await startUpstream()
writeFileSync(
  join(folder, "jotgate.yaml"),
  `issuers:
  - { id: okta, issuer: https://acme.okta.com/oauth2/aus1, audience: [llm-gateway], jwks: ["file:keys.json"], claims: { user: sub, email: email, teams: groups } }
directory: { url: "memory:", file: directory.yaml, users: { unknown: allow } }
cache: { dir: null }
audit: { to: none }
gateway:
  listen: 127.0.0.1:0
  admin: 127.0.0.1:0
  credentials: [authorization, x-api-key, x-goog-api-key]
  upstream: { url: "${upstream.url}" }
`
)
writeFileSync(join(folder, "directory.yaml"), `teams: [{ id: red, models: ["gpt-4o*", "claude-*", "gemini-*"] }]\n`)

const gate = spawn(process.execPath, [
  join(import.meta.dirname, "../../packages/cli/bin/jotgate.js"),
  "serve",
  "--config",
  "jotgate.yaml"
], { cwd: folder })
running.push(gate)
const url = await new Promise((done, fail) => {
  let text = ""
  const more = (chunk) => {
    text += chunk
    const found = /^ready gate=(\S+)/m.exec(text)
    if (found !== null) done(found[1])
  }
  gate.stdout.on("data", more)
  gate.stderr.on("data", more)
  gate.on("exit", () => fail(new Error(text)))
})

const home = join(folder, "home")
mkdirSync(join(home, ".codex"), { recursive: true })
mkdirSync(join(home, ".gemini"), { recursive: true })
writeFileSync(
  join(home, ".codex/config.toml"),
  `model = "gpt-4o"
model_provider = "company"

[model_providers.company]
name = "company"
base_url = "${url}/v1"
env_key = "JOTGATE_TOKEN"
wire_api = "responses"
`
)
writeFileSync(
  join(home, ".gemini/settings.json"),
  JSON.stringify({ security: { auth: { selectedType: "gemini-api-key" } }, privacy: { usageStatisticsEnabled: false } })
)

// A command that prints a token, for people whose tokens are short-lived.
mkdirSync(join(home, ".claude-helper"), { recursive: true })
writeFileSync(join(home, ".claude-helper/settings.json"), JSON.stringify({ apiKeyHelper: `echo ${token}` }))

const bin = (name) => join(clients, "node_modules/.bin", name)
const ask = (name) => ({ program: process.execPath, args: [join(import.meta.dirname, "ask.mjs"), name] })
const python = (name) => ({
  program: join(clients, "venv/bin/python"),
  args: [join(import.meta.dirname, "ask.py"), name]
})

/** Program, arguments and environment of each client. */
const rows = {
  "OpenAI SDK, npm": ask("openai"),
  "OpenAI SDK, PyPI": python("openai"),
  "Anthropic SDK, npm": ask("@anthropic-ai/sdk"),
  "Anthropic SDK, PyPI": python("anthropic"),
  "Vercel AI SDK": ask("ai"),
  "LangChain, npm": ask("@langchain/openai"),
  "LangChain, PyPI": python("langchain-openai"),
  "Google Gen AI SDK": ask("@google/genai"),
  "Claude Code": {
    program: bin("claude"),
    args: ["-p", "hello", "--model", "claude-x"],
    env: {
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_AUTH_TOKEN: token,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      CLAUDE_CONFIG_DIR: join(home, ".claude")
    }
  },
  "Claude Code, apiKeyHelper": {
    program: bin("claude"),
    args: ["-p", "hello", "--model", "claude-x"],
    env: {
      ANTHROPIC_BASE_URL: url,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      CLAUDE_CONFIG_DIR: join(home, ".claude-helper")
    }
  },
  "Codex": {
    program: bin("codex"),
    args: ["exec", "--skip-git-repo-check", "hello"],
    env: { JOTGATE_TOKEN: token, CODEX_HOME: join(home, ".codex") }
  },
  "Gemini CLI": {
    program: bin("gemini"),
    args: ["-p", "hello", "-m", "gemini-x"],
    env: { GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: token, GEMINI_CLI_TRUST_WORKSPACE: "true" }
  }
}

const run = ({ args, env = {}, program }) =>
  new Promise((done) => {
    const child = spawn(program, args, {
      cwd: home,
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH, HOME: home, TERM: "dumb", CLIENTS: clients, GATE: url, TOKEN: token, ...env }
    })
    running.push(child)
    let out = ""
    let err = ""
    child.stdout.on("data", (chunk) => (out += chunk))
    child.stderr.on("data", (chunk) => (err += chunk))
    const timer = setTimeout(() => child.kill("SIGKILL"), 120_000)
    child.on("error", (error) => done({ code: -1, out, err: String(error) }))
    child.on("close", (code) => {
      clearTimeout(timer)
      done({ code, out, err })
    })
  })

let failed = 0
for (const [name, row] of Object.entries(rows)) {
  if (wanted.length > 0 && !wanted.some((it) => name.toLowerCase().includes(it.toLowerCase()))) continue
  const before = upstream.requests.length
  const { code, err, out } = await run(row)
  const asked = upstream.requests.slice(before)
  const isSaid = code === 0 && out.includes("Hello")
  const isAlice = asked.length > 0 && asked.every(({ headers }) => headers["x-jotgate-user"] === "alice")
  const isKept = !asked.some((it) => JSON.stringify(it.headers).includes(token))
  const holds = isSaid && isAlice && isKept
  if (!holds) failed++
  const paths = [...new Set(asked.map(({ method, path }) => `${method} ${path}`))].join(", ")
  console.log(`${holds ? "ok    " : "FAILED"}  ${name}: ${paths}`)
  if (!holds) {
    console.log(JSON.stringify({ code, isAlice, isKept, out: out.slice(-2_000), err: err.slice(-2_000) }, null, 1))
  }
}
console.log(failed === 0 ? "all hold" : `${failed} FAILED`)
process.exit(failed === 0 ? 0 : 1)
