/** `npm run lock`: completes the lock file after `npm install`; without `--write` it only looks, and fails when there is something to do. */
import { readFileSync, writeFileSync } from "node:fs"
import { addressed, complete, type Lock, missing } from "./lib/Lock.ts"

const file = "package-lock.json"
const lock: Lock = JSON.parse(readFileSync(file, "utf8"))
const absent = Object.keys(missing(lock))
const located = addressed(lock)

if (absent.length === 0 && located.length === 0) {
  console.log(`lock: ${Object.keys(lock.packages).length} entries, complete and without addresses`)
} else if (process.argv.includes("--write")) {
  writeFileSync(file, `${JSON.stringify(complete(lock), null, 2)}\n`)
  console.log(`lock: ${absent.length} entries added, ${located.length} addresses removed`)
} else {
  for (const key of absent) console.error(`${file}: ${key} is missing (npm run lock)`)
  for (const key of located) console.error(`${file}: ${key} has a download address (npm run lock)`)
  process.exitCode = 1
}
