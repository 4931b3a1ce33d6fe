/**
 * `npm run bench:http`: forward auth against the floor, the proxy against bare undici.
 *
 * Candidate and baseline run at the same time on the same core, each with its own generator on the other core; the
 * ratio is CPU per request, baseline to candidate. The first row is the baseline against a second copy of itself: the
 * noise. `--seconds N` per round, `--rounds N`, `--only TEXT`. Absolute figures mean nothing on a shared machine.
 */
import { parseArgs } from "node:util"
import { child, numberOf } from "./http/Child.ts"
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

const sleep = (millis: number) => new Promise((done) => setTimeout(done, millis))

/** A server with its generator. */
const pair = async (role: string, upstream: number, request: (token: string) => string, connections: string) => {
  const server = child(0, "./Roles.ts", [role, String(upstream)])
  const { port, token } = await server.ask()
  const load = child(1, "./Load.ts", [String(port), connections])
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
  /** Milliseconds that the first byte may come later, at the median; then one connection asks, and CPU does not count. */
  readonly added?: number
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
  {
    name: "forward auth, a line for each decision (the default)",
    goal: 0.7,
    candidate: "gate and audit",
    baseline: "floor",
    request: question
  },
  { name: "proxy, JSON: the gate against bare undici", goal: 0.8, candidate: "gate", baseline: "bare", request: json },
  {
    name: "proxy, JSON, a line for each decision (the default)",
    goal: 0.8,
    candidate: "gate and audit",
    baseline: "bare",
    request: json
  },
  {
    name: "proxy, 20 events: the gate against bare undici",
    goal: 0.8,
    candidate: "gate",
    baseline: "bare",
    request: stream
  },
  {
    name: "proxy, 20 events, a line for each decision (the default)",
    goal: 0.8,
    candidate: "gate and audit",
    baseline: "bare",
    request: stream
  },
  {
    name: "first byte of a stream: the gate against bare undici",
    goal: 0,
    added: 1,
    candidate: "gate and audit",
    baseline: "bare",
    request: stream
  }
]

const upstream = child(1, "./Roles.ts", ["upstream"])
const { port: upstreamPort } = await upstream.ask()

const round = (it: number): string => it.toFixed(2)
let missed = false
console.log(
  `generator: node:net, ${values.connections} connections; ${rounds} rounds of ${seconds} s; ratio of CPU per request`
)
for (const row of rows.filter((it) => it.name.includes(values.only))) {
  const connections = row.added === undefined ? values.connections : "1"
  const candidate = await pair(row.candidate, Number(upstreamPort), row.request, connections)
  const baseline = await pair(row.baseline, Number(upstreamPort), row.request, connections)
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
  const later = spread(added)[1]
  const short = row.goal > median || later > (row.added ?? Infinity)
  if (short || failures > 0) missed = true
  console.log(
    `${row.name.padEnd(57)} ${round(median)} (${round(low)}–${round(high)})` +
      `${row.goal === 0 ? "" : `  goal ${round(row.goal)}`}` +
      `  first byte ${later >= 0 ? "+" : ""}${round(later)} ms` +
      `${row.added === undefined ? "" : `  goal at most +${round(row.added)} ms`}${short ? "  MISSED" : ""}` +
      `  last round ${(perRequest[0] ?? 0).toFixed(0)}/${(perRequest[1] ?? 0).toFixed(0)} µs` +
      `${failures > 0 ? `  ${failures} FAILED` : ""}`
  )
}
upstream.stop()
if (missed) process.exitCode = 1
