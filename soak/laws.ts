/** Every law of the decisions, drawn ten times as often as `npm test` draws it, from a seed that is printed. */
import { spawnSync } from "node:child_process"

const seed = process.env["SEED"] ?? String(Date.now() % 1_000_000)
console.log(`seed ${seed}`)
const { status } = spawnSync("npm", [
  "exec",
  "--",
  "vitest",
  "run",
  "packages/core/test/laws",
  "packages/core/test/Step.prop"
], {
  stdio: "inherit",
  env: { ...process.env, SEED: seed, RUNS_TIMES: process.env["RUNS_TIMES"] ?? "10" }
})
if (status !== 0) process.exitCode = 1
