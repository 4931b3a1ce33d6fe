/**
 * Runs every script of this folder, one after the other, each in a process of its own: `npm run soak`, or
 * `npm run soak -- keys` for one. What begins with `--`, and what follows it, is for the scripts: `npm run soak -- live
 * --minutes 20`. A script exits 1 when a figure is missed. The command that most of them start is built before.
 */
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { setup } from "../tools/lib/BuiltCommand.ts"

const folder = fileURLToPath(new URL(".", import.meta.url))
const given = process.argv.slice(2)
const first = given.findIndex((it) => it.startsWith("--"))
const [wanted, flags] = first === -1 ? [given, []] : [given.slice(0, first), given.slice(first)]

const all = readdirSync(folder)
  .filter((name) => name.endsWith(".ts") && /^[a-z]/.test(name) && name !== "index.ts")
  .map((name) => name.slice(0, -3))

const unknown = wanted.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  console.error(`no script ${unknown.join(", ")}: ${all.join(", ")}`)
  process.exit(2)
}

await setup()

const failed = all
  .filter((name) => wanted.length === 0 || wanted.includes(name))
  .filter((name) => {
    console.log(`— ${name}`)
    const run = spawnSync(process.execPath, ["--conditions=source", "--expose-gc", `${folder}${name}.ts`, ...flags], {
      stdio: "inherit"
    })
    return run.status !== 0
  })

if (failed.length > 0) {
  console.error(`missed: ${failed.join(", ")}`)
  process.exitCode = 1
}
