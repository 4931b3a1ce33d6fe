/**
 * What the command takes that ships, as somebody waits for it: `npm run bench -- start`, after `npm run build`.
 *
 * Wall time, so it means something on an idle machine alone; the median of ten calls of each short verb and of five starts
 * of `serve` that has its keys saved and whose issuer is away. Then what `serve` holds ten seconds after its start, and how
 * long `who` takes to look through 1 000 teams and 49 500 users.
 *
 * `--profile` measures nothing and says where the time of `check`, of `serve` until it is ready, and of `who` goes, in a
 * build that has its source maps.
 */
import { Issuer } from "@jotgate/core/testing"
import { Ports } from "@jotgate/servers"
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { command } from "../tools/lib/Command.ts"
import { figure, spread } from "./Measure.ts"
import * as Profile from "./Profile.ts"
import { rows } from "./programs/Rows.ts"

const folder = mkdtempSync(join(tmpdir(), "jotgate-bench-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

const isProfile = process.argv.includes("--profile")
const root = fileURLToPath(new URL("../packages/cli", import.meta.url))
const built = join(isProfile ? folder : root, "dist/command")
if (isProfile) {
  await command(root, [], built)
  copyFileSync(join(root, "package.json"), join(folder, "package.json"))
}
const main = join(built, "main.js")
if (!existsSync(main)) {
  console.error("what ships is not built: npm run build")
  process.exit(2)
}
const token = "the-token-of-the-admin"

const parts: Profile.Parts = [
  ["collecting garbage", /^\(garbage collector\) /],
  ["finding, reading and linking modules", / node:internal\/(?:modules|url|fs\/utils)|^(?:ModuleWrap|instantiate) $/],
  ["Node's own modules", / node:internal\/bootstrap\//],
  ["SQLite", /\/store\/src\/sqlite\//],
  ["people as they are in rows", /\/store\/src\//],
  ["reading YAML", /\/yaml\//],
  ["HTTP", /\/effect\/\S*\/http|\/undici\/| node:(?:_?http|net|internal\/deps\/undici)/],
  ["JSON, and printing", /SchemaGetter|^(?:consoleCall|write\w*) /],
  ["what schemas are made of", /\/effect\/\S*\/(?:Schema|internal\/schema)/],
  ["the configuration", /\/server\/src\/config\/|\/core\/src\/settings\//],
  ["who is alike, and what is known of them", /\/server\/src\/directory\//],
  ["decisions, and what they are made of", /\/core\/src\//],
  ["the server", /\/server\/src\//],
  ["the command line", /\/cli\/src\/|\/effect\/\S*\/cli\//],
  ["Effect", /\/effect\//],
  ["Node", / node:/]
]

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

/** What Node is told besides: to write a profile. */
let flags: ReadonlyArray<string> = []

const run = (...args: ReadonlyArray<string>): ChildProcess =>
  spawn(process.execPath, [...flags, main, ...args], {
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

const who = (...more: ReadonlyArray<string>) => took("who", "--model", "gpt-4o", "--config", config, "--json", ...more)

if (isProfile) {
  /** Prints where the time went between two moments that `use` gives, of the process that it starts. */
  const profiled = async (name: string, use: () => Promise<{ readonly from?: number; readonly to?: number }>) => {
    const folder = mkdtempSync(join(tmpdir(), "jotgate-profile-"))
    flags = Profile.flags(folder)
    const range = await use()
    flags = []
    const found = [...Profile.sums(await Profile.written(folder), parts, range)]
    rmSync(folder, { recursive: true })
    console.log(`${name}: ${Math.round(found.reduce((sum, [, it]) => sum + it, 0) / 1000)} ms, with the profiler`)
    for (const [part, it] of found.toSorted(([, left], [, right]) => right - left)) {
      console.log(`${Math.round(it / 1000).toString().padStart(8)}  ${part}`)
    }
  }
  await profiled("jotgate check", async () => {
    await took("check", "--config", config)
    return {}
  })
  await profiled("jotgate serve until it is ready", async () => {
    const { child } = await serve()
    const to = Profile.micros()
    await stopped(child)
    return { to }
  })
  await profiled("jotgate who, from the rows themselves", async () => {
    await who("--direct")
    return {}
  })
  for (const name of ["the first time", "again"]) {
    await profiled(`the server that is asked by jotgate who, ${name}`, async () => {
      const { child } = await serve()
      flags = []
      if (name === "again") await who()
      const from = Profile.micros()
      await who()
      const to = Profile.micros()
      await stopped(child)
      return { from, to }
    })
  }
  process.exit()
}

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
await who()
figure(await median(5, () => who()), "ms", "jotgate who, of 1 000 teams and 49 500 users, asked of the server", 1_000)
await stopped(child)
figure(
  await median(3, () => who("--direct")),
  "ms",
  "jotgate who, of the same rows, read by the command itself",
  1_000
)
