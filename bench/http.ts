/**
 * `npm run bench:http`: forward auth against the floor, the proxy against bare undici.
 *
 * Candidate and baseline run at the same time on the same core, each with its own generator on the other core; the
 * ratio is CPU per request, baseline to candidate. The first row is the baseline against a second copy of itself: the
 * noise. `--seconds N` per round, `--rounds N`, `--only TEXT`. Absolute figures mean nothing on a shared machine.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { createInterface } from "node:readline"
import { parseArgs } from "node:util"
import { spread } from "./Measure.ts"

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "9" },
    connections: { type: "string", default: "32" },
    warm: { type: "string", default: "8" },
    only: { type: "string", default: "" }
  }
})
const [seconds, rounds, warm] = [Number(values.seconds), Number(values.rounds), Number(values.warm)]

/** Two cores: the servers that are compared share the first, everything else has the second. */
const pinned = (core: number, args: ReadonlyArray<string>): ChildProcessWithoutNullStreams =>
  existsSync("/usr/bin/taskset") && availableParallelism() > 1
    ? spawn("taskset", ["-c", String(core), process.execPath, ...args])
    : spawn(process.execPath, args)

interface Child {
  readonly ask: (line?: string) => Promise<Readonly<Record<string, unknown>>>
  readonly tell: (line: string) => void
  readonly stop: () => void
}

const child = (core: number, file: string, args: ReadonlyArray<string>): Child => {
  const it = pinned(core, ["--conditions=source", new URL(file, import.meta.url).pathname, ...args])
  const waiting: Array<(line: string) => void> = []
  const lines: Array<string> = []
  it.stderr.pipe(process.stderr)
  createInterface({ input: it.stdout }).on("line", (line) => {
    const next = waiting.shift()
    if (next === undefined) lines.push(line)
    else next(line)
  })
  const line = () => {
    const ready = lines.shift()
    return ready === undefined ? new Promise<string>((done) => waiting.push(done)) : Promise.resolve(ready)
  }
  return {
    ask: async (text) => {
      if (text !== undefined) it.stdin.write(`${text}\n`)
      return JSON.parse(await line())
    },
    tell: (text) => {
      it.stdin.write(`${text}\n`)
    },
    stop: () => {
      it.stdin.end()
    }
  }
}

const sleep = (millis: number) => new Promise((done) => setTimeout(done, millis))

const numberOf = (it: Readonly<Record<string, unknown>>, name: string): number => {
  const value = it[name]
  if (typeof value !== "number") throw new TypeError(`no ${name}`)
  return value
}

/** A server with its generator. */
const pair = async (role: string, upstream: number, request: (token: string) => string) => {
  const server = child(0, "./http/Roles.ts", [role, String(upstream)])
  const { port, token } = await server.ask()
  const load = child(1, "./http/Load.ts", [String(port), values.connections])
  load.tell(JSON.stringify(request(String(token))))
  const reading = async () => {
    const [cpu, count] = await Promise.all([server.ask("cpu"), load.ask("count")])
    return {
      micros: numberOf(cpu, "micros"),
      done: numberOf(count, "done"),
      failed: numberOf(count, "failed"),
      median: numberOf(count, "median"),
      heap: numberOf(cpu, "heap")
    }
  }
  return {
    reading,
    stop: () => {
      load.stop()
      server.stop()
    }
  }
}

interface Row {
  readonly name: string
  readonly goal: number
  readonly candidate: string
  readonly baseline: string
  readonly request: (token: string) => string
}

const lines = (...it: ReadonlyArray<string>) => `${it.join("\r\n")}\r\n\r\n`
const chat = JSON.stringify({ messages: [{ role: "user", content: "Say something. ".repeat(20) }], model: "gpt-4o" })

const question = (token: string) =>
  lines(
    "GET /_jotgate/auth/caddy HTTP/1.1",
    "Host: gate.test",
    `Authorization: Bearer ${token}`,
    "X-Forwarded-Method: POST",
    "X-Forwarded-Uri: /v1/chat/completions",
    "X-Forwarded-For: 10.0.0.1",
    "X-Forwarded-Host: gate.test",
    "X-Forwarded-Proto: https",
    "Accept: */*",
    "User-Agent: bench"
  )

const post = (path: string) => (token: string) =>
  lines(
    `POST ${path} HTTP/1.1`,
    "Host: gate.test",
    `Authorization: Bearer ${token}`,
    "Content-Type: application/json",
    "Accept: */*",
    "User-Agent: bench",
    `Content-Length: ${Buffer.byteLength(chat)}`
  ) + chat

const stream = post("/v1/completions")
const json = post("/v1/chat/completions")

const rows: ReadonlyArray<Row> = [
  {
    name: "forward auth: the floor against itself (noise)",
    goal: 0,
    candidate: "floor",
    baseline: "floor",
    request: question
  },
  {
    name: "forward auth: the gate against the floor",
    goal: 0.7,
    candidate: "gate",
    baseline: "floor",
    request: question
  },
  {
    name: "proxy, JSON: bare undici against itself (noise)",
    goal: 0,
    candidate: "bare",
    baseline: "bare",
    request: json
  },
  { name: "proxy, JSON: the gate against bare undici", goal: 0.8, candidate: "gate", baseline: "bare", request: json },
  {
    name: "proxy, 20 events: the gate against bare undici",
    goal: 0.8,
    candidate: "gate",
    baseline: "bare",
    request: stream
  }
]

const upstream = child(1, "./http/Roles.ts", ["upstream"])
const { port: upstreamPort } = await upstream.ask()

const round = (it: number): string => it.toFixed(2)
let missed = false
console.log(
  `generator: node:net, ${values.connections} connections; ${rounds} rounds of ${seconds} s; ratio of CPU per request`
)
for (const row of rows.filter((it) => it.name.includes(values.only))) {
  const candidate = await pair(row.candidate, Number(upstreamPort), row.request)
  const baseline = await pair(row.baseline, Number(upstreamPort), row.request)
  await sleep(warm * 1000)
  const ratios: Array<number> = []
  const added: Array<number> = []
  let before = await Promise.all([candidate.reading(), baseline.reading()])
  let perRequest = [0, 0]
  for (let i = 0; i < rounds; i++) {
    await sleep(seconds * 1000)
    const after = await Promise.all([candidate.reading(), baseline.reading()])
    perRequest = after.map((it, at) => {
      const last = before[at] ?? it
      return (it.micros - last.micros) / Math.max(1, it.done - last.done)
    })
    ratios.push((perRequest[1] ?? 0) / (perRequest[0] ?? 1))
    added.push(after[0].median - after[1].median)
    before = after
  }
  const failures = before[0].failed + before[1].failed
  candidate.stop()
  baseline.stop()
  const [low, median, high] = spread(ratios)
  const short = row.goal > median
  if (short || failures > 0) missed = true
  console.log(
    `${row.name.padEnd(52)} ${round(median)} (${round(low)}–${round(high)})` +
      `${row.goal === 0 ? "" : `  goal ${round(row.goal)}${short ? "  MISSED" : ""}`}` +
      `  first byte ${spread(added)[1] >= 0 ? "+" : ""}${round(spread(added)[1])} ms` +
      `  last round ${(perRequest[0] ?? 0).toFixed(0)}/${(perRequest[1] ?? 0).toFixed(0)} µs` +
      `${failures > 0 ? `  ${failures} FAILED` : ""}`
  )
}
upstream.stop()
if (missed) process.exitCode = 1
