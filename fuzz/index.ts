/**
 * `npm run fuzz -- [tokens] [--seconds 60] [--seed N]` and `npm run fuzz -- bodies [--count 100000] [--seed N]`: fails
 * with the inputs found, and the seed that finds them again.
 */
import { Effect } from "effect"
import { parseArgs } from "node:util"
import * as Bodies from "./bodies.ts"
import * as Tokens from "./tokens.ts"

const { positionals: [what = "tokens"], values } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "60" },
    count: { type: "string", default: "100000" },
    seed: { type: "string" }
  }
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed)

const runs: Readonly<Record<string, () => Promise<{ readonly findings: ReadonlyArray<string> }>>> = {
  tokens: () => Effect.runPromise(Tokens.run(Number(values.seconds), seed)),
  bodies: () => Bodies.run(Number(values.count), seed)
}

const run = runs[what]
if (run === undefined) {
  console.error(`no ${what}: ${Object.keys(runs).join(", ")}`)
  process.exit(2)
}
const { findings, ...counts } = await run()
console.log(JSON.stringify(counts))
for (const finding of findings) console.error(finding)
process.exitCode = findings.length === 0 ? 0 : 1
