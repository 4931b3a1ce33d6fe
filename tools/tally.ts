/** `node tools/tally.ts REPORT`: prints the closing line of a test run; fails when the run failed or left no report. */
import { existsSync, readFileSync } from "node:fs"
import { tally } from "./lib/Tally.ts"

const file = process.argv[2] ?? "node_modules/.cache/vitest.json"
const { line, ok } = tally(existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined)
console.log(line)
if (!ok) process.exitCode = 1
