/**
 * Callers who may call one model, against a real LiteLLM: `npm run soak -- litellm`.
 *
 * For each place in which LiteLLM takes a model (RULES D54) a model that is denied is asked for, through the proxy, behind
 * Traefik and Envoy, and with the printed `custom_auth`. LiteLLM serves its models from an upstream of ours, which notes
 * what it is really asked for: a denied model must never be among it. The same requests without a gate show that the
 * places are real. LiteLLM is installed once, by pip, into a folder of its own. Then docs/litellm.md is run line by line,
 * with the LiteLLM that it installs.
 */
import { Catalog } from "@jotgate/servers"
import { Effect } from "effect"
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage } from "node:http"
import { createServer as createPort } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { WebSocket, WebSocketServer } from "ws"
import { snippet } from "../packages/server/src/snippets/Snippet.ts"
import { proxies } from "../packages/server/test/support/Proxies.ts"
import * as ServerWorld from "../packages/server/test/support/ServerWorld.ts"
import { figure } from "./Figures.ts"
import { DENIED, frames, GRANTED, places, unshown } from "./LiteLLMPlaces.ts"

/** How long LiteLLM may take to start, in milliseconds: it loads a great deal. */
const patience = 900_000

const release = "1.110.0"
const venv = join(Catalog.cache, `litellm-${release}`)

/** Installs LiteLLM with what its proxy needs; its own extra names packages that are not published. */
const install = (): void => {
  if (existsSync(join(venv, "installed"))) return
  execFileSync(Catalog.locate("python"), ["-m", "venv", venv], { stdio: "inherit" })
  execFileSync(join(venv, "bin/pip"), ["install", "-q", "-r", join(import.meta.dirname, "litellm.txt")], {
    stdio: "inherit"
  })
  writeFileSync(join(venv, "installed"), "")
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) if (chunk instanceof Buffer) chunks.push(chunk)
  return Buffer.concat(chunks).toString("latin1")
}

const completion = {
  id: "c",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "hello" } }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  data: [{ index: 0, embedding: [0] }],
  text: "hello"
}

/** What LiteLLM's models are served by. */
const upstream = Effect.acquireRelease(
  Effect.promise(() =>
    new Promise<{ readonly port: number; readonly asked: Array<string>; readonly close: () => void }>((done) => {
      const asked: Array<string> = []
      const server = createServer(async (request, response) => {
        const text = await bodyOf(request)
        asked.push(`${request.url ?? ""}\n${text}`)
        // A model that fails is what fallbacks are for.
        const fails = text.includes("please fail") && !text.includes(DENIED)
        response.writeHead(fails ? 500 : 200, { "content-type": "application/json" })
        response.end(JSON.stringify(fails ? { error: { message: "context_length_exceeded" } } : completion))
      })
      const sockets = new WebSocketServer({ server })
      sockets.on("connection", (socket, request) => {
        asked.push(request.url ?? "")
        socket.send(JSON.stringify({ type: "session.created", session: {} }))
        socket.on("message", (message: Buffer) => {
          asked.push(message.toString("utf8"))
          socket.send(JSON.stringify({ type: "response.done" }))
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        done({ port, asked, close: () => void server.close() })
      })
    })
  ),
  (it) => Effect.sync(it.close)
)

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createPort().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => done(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

/** Starts LiteLLM over the upstream; `auth` is the module that it asks about every request. */
const litellm = (name: string, upstreamPort: number, auth?: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const folder = mkdtempSync(join(tmpdir(), "jotgate-litellm-"))
      const port = await freePort()
      const model = (it: string) => ({
        model_name: it,
        litellm_params: {
          model: `openai/${it}`,
          api_base: `http://127.0.0.1:${String(upstreamPort)}/${it}/v1`,
          api_key: "x"
        }
      })
      writeFileSync(
        join(folder, "config.yaml"),
        JSON.stringify({
          model_list: [model(GRANTED), model(DENIED)],
          router_settings: { num_retries: 0, disable_cooldowns: true },
          general_settings: auth === undefined
            ? { dangerously_permit_weak_or_unset_master_key: true }
            : {
              custom_auth: "jotgate_auth.user_api_key_auth",
              master_key: "sk-a-key-that-nobody-is-told-of-0123456789"
            }
        })
      )
      if (auth !== undefined) writeFileSync(join(folder, "jotgate_auth.py"), auth)
      const child = spawn(
        join(venv, "bin/litellm"),
        ["--config", "config.yaml", "--host", "127.0.0.1", "--port", String(port)],
        {
          cwd: folder,
          stdio: ["ignore", "ignore", "inherit"],
          env: { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: "True", NO_DOCS: "True", LITELLM_LOG: "CRITICAL" }
        }
      )
      const began = Date.now()
      const url = `http://127.0.0.1:${String(port)}`
      while (!(await fetch(`${url}/health/liveliness`).then((it) => it.ok, () => false))) {
        if (child.exitCode !== null || Date.now() - began > patience) throw new Error(`${name} does not start`)
        await new Promise((done) => setTimeout(done, 500))
      }
      return { url, stop: () => (child.kill("SIGKILL"), rmSync(folder, { recursive: true, force: true })) }
    }),
    (it) => Effect.sync(it.stop)
  )

/** Opens a WebSocket, sends a message, and waits until it is answered or the connection ends; the answer. */
const converse = (url: string, authorization: string, message: unknown): Promise<string> =>
  new Promise((done) => {
    const socket = new WebSocket(url.replace(/^http/, "ws"), { headers: { authorization } })
    const end = (answer: string) => {
      clearTimeout(timer)
      socket.terminate()
      done(answer)
    }
    const timer = setTimeout(() => end(""), 20_000)
    socket.on("open", () => socket.send(JSON.stringify(message)))
    socket.on("message", (data: Buffer) => {
      const text = data.toString("utf8")
      if (!text.includes("session.created")) end(text)
    })
    socket.on("close", () => end(""))
    socket.on("error", () => end(""))
  })

const program = Effect.gen(function*() {
  install()
  const models = yield* upstream
  const open = yield* litellm("LiteLLM", models.port)
  const policy = { litellm: "1.110" } as const
  const gateway = {
    // Over WebSocket LiteLLM wants a key, though it is told of none.
    upstream: { url: open.url, authorization: { default: "env:KEY" } },
    forwardAuth: { unseenModel: "deny" },
    websocket: ["/v1/realtime"]
  }
  const world = yield* ServerWorld.make({ gateway, policy }, { KEY: "sk-nobody" })
  const asking = yield* litellm(
    "LiteLLM with custom_auth",
    models.port,
    snippet("litellm", { gate: new URL(world.admin) })
  )
  const ends = {
    gate: new URL(world.gate),
    grpc: { host: "127.0.0.1", port: 0 },
    upstream: new URL(open.url)
  }
  const traefik = yield* proxies.traefik.start(ends)
  const envoy = yield* proxies.envoy.start(ends)
  // Alice of red may call gpt-4o* alone.
  const token = yield* world.token("alice", { groups: ["red"] })

  /** Asks for everything at one place; answers with what was served of the denied model, and whether the granted one was. */
  const round = (url: string, authorization: string) =>
    Effect.promise(async () => {
      const served: Array<string> = []
      let granted = 0
      let joined = 0
      for (const { name, request } of places) {
        const { body, headers, method = "POST", path } = request()
        const before = models.asked.length
        const status = await fetch(`${url}${path}`, {
          method,
          headers: { authorization, ...headers },
          ...(body === undefined ? {} : { body: new Uint8Array(body) }),
          signal: AbortSignal.timeout(60_000)
        }).then((it) => (void it.arrayBuffer().catch(() => undefined), it.status), () => 0)
        const asked = models.asked.slice(before)
        if (name.startsWith("granted") && status === 200 && asked.length > 0) granted++
        if (!name.startsWith("granted") && asked.some((it) => it.includes(DENIED))) served.push(name)
      }
      for (const { message, name, path } of frames) {
        const before = models.asked.length
        const answer = await converse(`${url}${path}`, authorization, message)
        const asked = models.asked.slice(before)
        if (name.startsWith("granted")) {
          if (answer.includes("response.done")) joined++
          else console.error(`${name} at ${url}: ${answer}`)
        }
        if (asked.some((it) => it.includes(DENIED))) served.push(name)
      }
      return { served, granted, joined }
    })

  const without = yield* round(open.url, "Bearer nobody")
  console.log(`without a gate LiteLLM serves the model at: ${without.served.join("; ")}`)
  for (const [place, why] of Object.entries(unshown)) console.log(`not asked for here: ${place}: ${why}`)
  figure("places at which LiteLLM without a gate serves the model", without.served.length, { least: 15 })
  figure("of these, places of WebSockets", without.served.filter((it) => it.startsWith("WebSocket")).length, {
    least: frames.length - 1
  })
  for (
    const [name, url] of Object.entries({
      "the proxy": world.gate,
      Traefik: traefik.url,
      Envoy: envoy.url,
      custom_auth: asking.url
    })
  ) {
    const { granted, joined, served } = yield* round(url, `Bearer ${token}`)
    for (const it of served) console.error(`${name}: ${it}`)
    figure(`denied models that were served through ${name}`, served.length, { most: 0 })
    figure(`granted requests that were served through ${name}`, granted, { least: 2 })
    // What a proxy joins it shows to nobody: callers who may not call everything are denied there.
    if (name === "the proxy") figure("granted sessions over WebSocket through the proxy", joined, { least: 1 })
  }
})

await Effect.runPromise(Effect.scoped(program))
const page = spawnSync("npm", ["exec", "--", "vitest", "run", "packages/cli/test/commands/LiteLLMPage"], {
  stdio: "inherit",
  env: { ...process.env, LITELLM: "pypi" }
})
figure("lines of docs/litellm.md that do otherwise than it says", page.status === 0 ? 0 : 1, { most: 0 })
process.exit()
