/**
 * Two gates on one PostgreSQL and one Redis: what is changed through the one is
 * in force at the other within two seconds.
 *
 * Uses the PostgreSQL of DATABASE_URL and the Redis of REDIS_URL; without them
 * it starts its own, for as long as it runs.
 */
import { spawn } from "node:child_process"
import { generateKeyPairSync, randomUUID, sign } from "node:crypto"
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const jotgate = pathOf("../../packages/cli/bin/jotgate.js")

/** What is undone at the end, last first. */
const undo: Array<() => unknown> = []

const say = (line: string): void => console.log(line)

// --- the issuer: one key, and tokens for alice

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url")

const tokenOf = (sub: string): string => {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: "https://acme.example", aud: "llm-gateway", sub, iat: now, exp: now + 600 }
  const input = `${part({ alg: "ES256", typ: "JWT", kid: "one" })}.${part(claims)}`
  const signature = sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" })
  return `${input}.${signature.toString("base64url")}`
}

// --- the systems

const upstream = async (): Promise<string> => {
  const server = createServer((request, response) => {
    request.resume()
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify({ choices: [{ message: { role: "assistant", content: "hello" } }] }))
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  undo.push(() => server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
}

const databases = async (): Promise<{ readonly DATABASE_URL: string; readonly REDIS_URL: string }> => {
  const { DATABASE_URL, REDIS_URL } = process.env
  if (DATABASE_URL !== undefined && REDIS_URL !== undefined) return { DATABASE_URL, REDIS_URL }
  const { Postgres, Redis } = await import("@jotgate/servers")
  const postgres = await Postgres.start()
  undo.push(() => postgres.stop())
  const redis = await Redis.start()
  undo.push(() => redis.stop())
  return { DATABASE_URL: postgres.url, REDIS_URL: redis.url }
}

interface Gate {
  readonly gate: string
  readonly admin: string
}

const gate = async (config: string, env: Readonly<Record<string, string>>): Promise<Gate> => {
  const child = spawn(process.execPath, [jotgate, "serve", "--config", config], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "inherit"]
  })
  const ended = new Promise<void>((done) => child.on("exit", () => done()))
  undo.push(() => {
    child.kill("SIGTERM")
    return ended
  })
  return new Promise((found, failed) => {
    let out = ""
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString()
      const ready = /^ready gate=(\S+) admin=(\S+)$/m.exec(out)
      if (ready !== null) found({ gate: ready[1] ?? "", admin: ready[2] ?? "" })
    })
    child.on("exit", (code) => failed(new Error(`jotgate serve ended with ${code}`)))
  })
}

// --- the demonstration

const adminToken = randomUUID()

const manage = async ({ admin }: Gate, method: string, path: string, body?: object): Promise<void> => {
  const response = await fetch(`${admin}/admin/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
}

const chat = async ({ gate }: Gate, person: string): Promise<string> => {
  const response = await fetch(`${gate}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${tokenOf(person)}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "hello" }] })
  })
  const { code }: { readonly code?: string } = JSON.parse(await response.text())
  return code === undefined ? String(response.status) : `${response.status} ${code}`
}

/** Asks until the answer is this one, and says how long that took; longer than two seconds is a failure. */
const within2s = async (at: Gate, person: string, expected: string): Promise<void> => {
  const start = performance.now()
  let answer = await chat(at, person)
  while (answer !== expected) {
    if (performance.now() - start > 2000) throw new Error(`after two seconds still ${answer}, not ${expected}`)
    await new Promise((done) => setTimeout(done, 5))
    answer = await chat(at, person)
  }
  say(`   gate B answers ${answer} after ${Math.round(performance.now() - start)} ms`)
}

const main = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "jotgate-two-gates-"))
  undo.push(() => rmSync(folder, { recursive: true, force: true }))
  const config = join(folder, "jotgate.yaml")
  copyFileSync(pathOf("jotgate.yaml"), config)
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "one", alg: "ES256", use: "sig" }
  writeFileSync(join(folder, "keys.json"), JSON.stringify({ keys: [jwk] }))

  const env = {
    ...await databases(),
    UPSTREAM_URL: await upstream(),
    ADMIN_TOKEN: adminToken,
    LISTEN: "127.0.0.1:0",
    ADMIN: "127.0.0.1:0"
  }
  const [a, b] = await Promise.all([gate(config, env), gate(config, env)])
  say(`gate A ${a.gate}\ngate B ${b.gate}`)

  say("1. through gate A: team red, and alice in it")
  await manage(a, "POST", "/teams", { id: "red", models: ["gpt-4o*"] })
  await manage(a, "POST", "/users", { id: "alice", models: ["no-default-models"] })
  await manage(a, "POST", "/memberships", { user: "alice", team: "red" })
  await within2s(b, "alice", "200")

  say("2. through gate A: red may call o1 only")
  await manage(a, "PATCH", "/teams/red", { models: ["o1"] })
  await within2s(b, "alice", "403 team_model_denied")

  say("3. through gate A: red may call everything, but is blocked")
  await manage(a, "PATCH", "/teams/red", { models: [], blocked: true })
  await within2s(b, "alice", "403 team_blocked")

  say("4. through gate A: no longer blocked")
  await manage(a, "PATCH", "/teams/red", { blocked: false })
  await within2s(b, "alice", "200")

  say("5. through gate A: alice leaves red")
  await manage(a, "DELETE", "/memberships/alice/red")
  await within2s(b, "alice", "403 user_model_denied")

  say("6. through gate A: every token of alice is denied")
  await manage(a, "POST", "/deny", { issuer: "acme", subject: "alice" })
  await within2s(b, "alice", "401 invalid_token")
  say("done")
}

try {
  await main()
} finally {
  for (const it of undo.toReversed()) await it()
}
