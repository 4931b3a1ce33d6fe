/**
 * What the command takes that ships, as somebody waits for it: `npm run bench -- start`, after `npm run build`.
 *
 * Wall time, so it means something on an idle machine alone; the median of ten calls of each short verb and of five starts
 * of `serve` that has its keys saved and whose issuer is away. Then what `serve` holds ten seconds after its start, and how
 * long `who` takes to look through 1 000 teams and 49 500 users.
 */
import { Issuer } from "@jotgate/core/testing"
import { Ports } from "@jotgate/servers"
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { figure, spread } from "./Measure.ts"
import { rows } from "./programs/Rows.ts"

const main = fileURLToPath(new URL("../packages/cli/dist/command/main.js", import.meta.url))
if (!existsSync(main)) {
  console.error("what ships is not built: npm run build")
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), "jotgate-bench-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
const token = "the-token-of-the-admin"

const [issuerPort, admin] = [await Ports.free(), await Ports.free()]
const origin = `http://127.0.0.1:${issuerPort}`
const idp = await Effect.runPromise(Issuer.make(origin))
const issuer = createServer((asked, answer) => {
  answer.setHeader("content-type", "application/json")
  answer.end(JSON.stringify(asked.url === "/keys" ? idp.jwks : { issuer: origin, jwks_uri: `${origin}/keys` }))
})
issuer.listen(issuerPort, "127.0.0.1")
await once(issuer, "listening")

const config = join(folder, "jotgate.yaml")
writeFileSync(
  config,
  `issuers: [{ id: idp, issuer: "${origin}", audience: "https://api.test" }]
directory: { url: "sqlite:${folder}/jotgate.db" }
cache: { dir: "${folder}/keys" }
gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:${admin}", adminToken: env:ADMIN_TOKEN, drain: 0s, upstream: { url: "http://127.0.0.1:9" } }
audit: { to: none }
`
)

const run = (...args: ReadonlyArray<string>): ChildProcess =>
  spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, ADMIN_TOKEN: token }
  })

/** Milliseconds until a verb has ended well. */
const took = async (...args: ReadonlyArray<string>): Promise<number> => {
  const began = performance.now()
  const child = run(...args)
  child.stdout?.resume()
  const [code] = await once(child, "exit")
  if (code !== 0) throw new Error(`jotgate ${args.join(" ")} ended with ${code}`)
  return performance.now() - began
}

/** Starts the server; milliseconds until it is ready. */
const serve = async () => {
  const began = performance.now()
  const child = run("serve", "--config", config)
  await new Promise<void>((ready, failed) => {
    child.stdout?.on("data", (text: Buffer) => {
      if (text.toString().includes("ready")) ready()
    })
    child.on("exit", () => failed(new Error("jotgate serve ended")))
  })
  return { child, millis: performance.now() - began }
}

const stopped = async (child: ChildProcess): Promise<void> => {
  child.removeAllListeners("exit")
  child.kill("SIGTERM")
  await once(child, "exit")
}

const median = async (times: number, once: () => Promise<number>): Promise<number> => {
  const all: Array<number> = []
  for (let at = 0; at < times; at++) all.push(await once())
  return spread(all)[1]
}

const rowsFile = join(folder, "rows.json")
writeFileSync(rowsFile, JSON.stringify(rows))
await took("directory", "apply", rowsFile, "--config", config, "--direct")

// The first start saves the keys, and what is compiled of the program.
const first = await serve()
while (!existsSync(join(folder, "keys")) || !readdirSync(join(folder, "keys")).some((it) => it.endsWith(".json"))) {
  await sleep(20)
}
await stopped(first.child)
issuer.close()
issuer.closeAllConnections()
await took("check", "--config", config)

figure(await median(10, () => took("--version")), "ms", "jotgate --version", 250)
figure(await median(10, () => took("check", "--config", config)), "ms", "jotgate check", 250)
figure(
  await median(5, async () => {
    const { child, millis } = await serve()
    await stopped(child)
    return millis
  }),
  "ms",
  "jotgate serve is ready, with saved keys and its issuer away",
  500
)
const { child } = await serve()
await sleep(10_000)
const resident = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) / 1024
figure(resident, "MB", "resident memory of an idle jotgate serve", 130)
const who = () => took("who", "--model", "gpt-4o", "--config", config, "--json")
await who()
figure(await median(5, who), "ms", "jotgate who, of 1 000 teams and 49 500 users, asked of the server", 1_000)
await stopped(child)
figure(
  await median(3, () => took("who", "--model", "gpt-4o", "--config", config, "--direct", "--json")),
  "ms",
  "jotgate who, of the same rows, read by the command itself",
  1_000
)
