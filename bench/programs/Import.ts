/**
 * `jotgate directory apply FILE` of 100 100 rows as JSON and as YAML: on the store itself, and through a running
 * admin listener. Tells its time, and the most memory of every process that takes part. Then `jotgate who` of them.
 */
import { Ports } from "@jotgate/servers"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { figure } from "../Measure.ts"
import { rows, yaml } from "./Rows.ts"

const [folder = "."] = process.argv.slice(2)
const main = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url))
const port = await Ports.free()
const config = join(folder, "import.yaml")
const database = join(folder, "import.db")
const token = "the-token-of-the-admin"

writeFileSync(
  config,
  `issuers: [{ id: idp, issuer: "http://127.0.0.1:9", audience: x }]
directory: { url: "sqlite:${database}" }
cache: { dir: null }
gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:${port}", adminToken: env:ADMIN_TOKEN, drain: 0s }
audit: { to: none }
`
)

/** Runs the command; gives how it ended, and its most memory in megabytes, which it writes when it ends. */
const run = (...args: ReadonlyArray<string>) => {
  const told = join(folder, `memory-${args[0]}`)
  const hook = `process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(told)},
    String(process.resourceUsage().maxRSS / 1024)))`
  writeFileSync(join(folder, "hook.cjs"), hook)
  const child = spawn(
    process.execPath,
    ["--conditions=source", `--require=${join(folder, "hook.cjs")}`, main, ...args],
    {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, ADMIN_TOKEN: token }
    }
  )
  const ended = once(child, "exit").then(([code]) => {
    if (code !== 0) throw new Error(`jotgate ${args.join(" ")} ended with ${code}`)
    return Number(readFileSync(told, "utf8"))
  })
  return { child, ended }
}

const fresh = (): void => {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(database + suffix, { force: true })
}

const files = { JSON: join(folder, "rows.json"), YAML: join(folder, "rows.yaml") }
writeFileSync(files.JSON, JSON.stringify(rows))
writeFileSync(files.YAML, yaml())

for (const [format, file] of Object.entries(files)) {
  fresh()
  const before = performance.now()
  const { child, ended } = run("directory", "apply", file, "--config", config, "--direct")
  child.stdout.resume()
  const megabytes = await ended
  figure((performance.now() - before) / 1_000, "s", `directory apply of 100 100 rows of ${format}`, 60)
  figure(megabytes, "MB", `most memory of the command, on the store itself, from ${format}`, 300)
}

const before = performance.now()
const asked = run("who", "--model", "gpt-4o", "--config", config, "--direct", "--json")
asked.child.stdout.resume()
await asked.ended
figure((performance.now() - before) / 1_000, "s", "who may call a model, of 1 000 teams and 49 500 users", 15)

fresh()
const serve = run("serve", "--config", config)
await new Promise<void>((ready, failed) => {
  serve.child.stdout.on("data", (text: Buffer) => {
    if (text.toString().includes("ready")) ready()
  })
  serve.child.on("exit", () => failed(new Error("jotgate serve ended")))
})
const asking = run("directory", "apply", files.JSON, "--config", config)
asking.child.stdout.resume()
figure(await asking.ended, "MB", "most memory of the command that asks a listener, from JSON", 300)
serve.child.kill("SIGTERM")
figure(await serve.ended, "MB", "most memory of the server whose listener it asks", 300)
