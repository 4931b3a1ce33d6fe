/**
 * Runs every script of this folder, one after the other, each in a process of its own: `npm run soak`, or
 * `npm run soak -- keys` for one. A script exits 1 when a figure is missed.
 */
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL(".", import.meta.url))
const wanted = process.argv.slice(2)

const failed = readdirSync(folder)
  .filter((name) => name.endsWith(".ts") && /^[a-z]/.test(name) && name !== "index.ts")
  .map((name) => name.slice(0, -3))
  .filter((name) => wanted.length === 0 || wanted.includes(name))
  .filter((name) => {
    console.log(`— ${name}`)
    const run = spawnSync(process.execPath, ["--conditions=source", "--expose-gc", `${folder}${name}.ts`], {
      stdio: "inherit"
    })
    return run.status !== 0
  })

if (failed.length > 0) {
  console.error(`missed: ${failed.join(", ")}`)
  process.exitCode = 1
}
