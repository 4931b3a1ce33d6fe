/** `npm run fuzz -- --seconds 60 [--seed N]`: fails with the inputs found, and the seed that finds them again. */
import { Effect } from "effect"
import { parseArgs } from "node:util"
import { run } from "./tokens.ts"

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } } })
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed)

const { findings, ...counts } = await Effect.runPromise(run(Number(values.seconds), seed))
console.log(JSON.stringify(counts))
for (const finding of findings) console.error(finding)
process.exitCode = findings.length === 0 ? 0 : 1
