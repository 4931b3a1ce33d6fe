/**
 * `npm run bench:workers`: how much more a gate holds with two processes that answer than with one
 * (`gateway.workers`), on the workload of `bench:http`, with a line for each decision.
 *
 * What a gate holds on two cores is what its busiest process leaves over: requests for each second of processor time of
 * that process, or of half of all processes together where that is more. It is read from the kernel while generators
 * ask as fast as they can, so it says the same on a machine that does other work too; requests a second stand beside it
 * and mean something on idle cores alone. `--seconds N`, `--rounds N`, `--people N`, `--groups N`, `--connections N`.
 */
import { Effect } from "effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { child, numberOf } from "./http/Child.ts"
import { serve } from "./http/ServedGate.ts"
import * as Workload from "./http/Workload.ts"
import { spread } from "./Measure.ts"

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "9" },
    warm: { type: "string", default: "8" },
    people: { type: "string", default: "1000" },
    groups: { type: "string", default: "10" },
    connections: { type: "string", default: "32" }
  }
})

/** At least so much more. */
const GOAL = 1.7

const scratch = mkdtempSync(join(tmpdir(), "jotgate-bench-"))
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))

const question = (token: string) =>
  [
    "GET /_jotgate/auth/caddy HTTP/1.1",
    "Host: gate.test",
    `Authorization: Bearer ${token}`,
    "X-Forwarded-Method: GET",
    "X-Forwarded-Uri: /v1/models/gpt-4o",
    "",
    ""
  ].join("\r\n")

/** A gate with so many workers, and its generator. */
const start = async (workers: number) => {
  const folder = mkdtempSync(join(scratch, "gate-"))
  const workload = { people: Number(values.people), groups: Number(values.groups) }
  const { config, tokens } = await Effect.runPromise(
    Workload.write(folder, workload, { audit: "stdout", upstream: "http://127.0.0.1:9" })
  )
  const written = JSON.parse(readFileSync(config, "utf8"))
  writeFileSync(config, JSON.stringify({ ...written, gateway: { ...written.gateway, workers } }))
  const gate = await serve(config, undefined, false)
  const load = child(1, "./Load.ts", [String(gate.port), values.connections])
  load.tell(JSON.stringify(tokens.map(question)))
  const reading = async () => {
    const count = await load.ask("count")
    return { micros: gate.each(), done: numberOf(count, "done"), failed: numberOf(count, "failed") }
  }
  return {
    reading,
    stop: () => {
      load.stop()
      gate.stop()
    }
  }
}

type Reading = Awaited<ReturnType<Awaited<ReturnType<typeof start>>["reading"]>>

/** Requests for each second of the processor time that limits the gate. */
const holds = (before: Reading, after: Reading): number => {
  const micros = after.micros.map((it, at) => it - (before.micros[at] ?? 0))
  const busiest = Math.max(...micros)
  const half = micros.reduce((sum, it) => sum + it, 0) / 2
  return (after.done - before.done) / (Math.max(busiest, half) / 1e6)
}

const gates = [await start(1), await start(2)] as const
await sleep(Number(values.warm) * 1000)
let before = await Promise.all(gates.map((it) => it.reading()))
const ratios: Array<number> = []
let last = ""
for (let i = 0; i < Number(values.rounds); i++) {
  await sleep(Number(values.seconds) * 1000)
  const after = await Promise.all(gates.map((it) => it.reading()))
  const [one = 1, two = 0] = after.map((it, at) => holds(before[at] ?? it, it))
  ratios.push(two / one)
  const shares = after[1]?.micros.map((it, at) => it - (before[1]?.micros[at] ?? 0)) ?? []
  const all = shares.reduce((sum, it) => sum + it, 0)
  last = shares.map((it) => `${Math.round(100 * it / all)} %`).join(", ")
  before = after
}
const failed = before.reduce((sum, it) => sum + it.failed, 0)
for (const it of gates) it.stop()
const [low, median, high] = spread(ratios)
console.log(
  `two workers hold ${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}) of one  goal ${GOAL}` +
    `${median < GOAL ? "  MISSED" : ""}  owner and workers use ${last}${failed > 0 ? `  ${failed} FAILED` : ""}`
)
if (median < GOAL || failed > 0) process.exitCode = 1
