/**
 * `npm run bench:http`: what ships, `jotgate serve` as a user starts it, against the floor (forward auth) and bare
 * undici (proxy).
 *
 * The workload is a company at work: `--people` (1 000) with `--groups` (10) each and rows for all of them, in turn;
 * the same with one person in one group stands beside it. Candidate and baseline have one core in turn, a round is a turn
 * of each, and their generators have the other core; with `--together` they share the first one all the time, which shows
 * what a neighbour in the processor's caches costs. The ratio is CPU per request, baseline to candidate, whatever a
 * server does between its turns included, and the first row of each kind is the baseline against a second copy of
 * itself: the noise. `--rate N` asks N times a second instead of as often as possible, `--plot` draws the rows into
 * `docs/benchmarks/http.svg`, `--seconds N` for a turn, `--rounds N`, `--warm N` seconds, `--only TEXT`.
 * `--profile` measures nothing and says of each row where the time of a request goes, there and in its peer. Absolute
 * figures mean nothing on a shared machine.
 */
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { child, numberOf } from "./http/Child.ts"
import * as Garbage from "./http/Garbage.ts"
import * as Profile from "./http/Profile.ts"
import { serve } from "./http/ServedGate.ts"
import * as Workload from "./http/Workload.ts"
import { spread } from "./Measure.ts"
import * as Plot from "./Plot.ts"

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "9" },
    connections: { type: "string", default: "32" },
    warm: { type: "string", default: "20" },
    people: { type: "string", default: "1000" },
    groups: { type: "string", default: "10" },
    rate: { type: "string", default: "0" },
    only: { type: "string", default: "" },
    together: { type: "boolean", default: false },
    plot: { type: "boolean", default: false },
    profile: { type: "boolean", default: false }
  }
})
const [seconds, rounds, warm] = [Number(values.seconds), Number(values.rounds), Number(values.warm)]

const scratch = mkdtempSync(join(tmpdir(), "jotgate-bench-"))
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))

const lines = (...it: ReadonlyArray<string>) => `${it.join("\r\n")}\r\n\r\n`
const chat = JSON.stringify({ messages: [{ role: "user", content: "Say something. ".repeat(20) }], model: "gpt-4o" })

const question = (token: string) =>
  lines(
    "GET /_jotgate/auth/caddy HTTP/1.1",
    "Host: gate.test",
    `Authorization: Bearer ${token}`,
    "X-Forwarded-Method: GET",
    "X-Forwarded-Uri: /v1/models/gpt-4o",
    "X-Forwarded-For: 10.0.0.1",
    "X-Forwarded-Host: gate.test",
    "X-Forwarded-Proto: https",
    "Accept: */*",
    "User-Agent: bench"
  )

const post = (path: string) => (token: string) =>
  lines(
    `POST ${path} HTTP/1.1`,
    // The listener of administrators answers no other name.
    "Host: 127.0.0.1",
    `Authorization: Bearer ${token}`,
    "Content-Type: application/json",
    "Accept: */*",
    "User-Agent: bench",
    `Content-Length: ${Buffer.byteLength(chat)}`
  ) + chat

const json = post("/v1/chat/completions")
const stream = post("/v1/completions")

const work: Workload.Workload = { people: Number(values.people), groups: Number(values.groups) }
const alone: Workload.Workload = { people: 1, groups: 1 }

interface Row {
  readonly name: string
  readonly goal: number
  /** The gate with these settings, or the baseline's own copy. */
  readonly candidate: { readonly workload: Workload.Workload; readonly audit: "stdout" | "none" } | "noise"
  readonly baseline: "floor" | "bare" | "grpc" | "decide"
  readonly request: (token: string) => string
  /** What the baseline is asked, where that is something else. */
  readonly instead?: (token: string) => string
  /** How many requests a second of the processor must buy. */
  readonly perSecond?: number
  /** Milliseconds that the first byte may come later at the median, at this many requests a second. */
  readonly added?: { readonly millis: number; readonly rate: number }
}

const line = (workload: Workload.Workload) => ({ workload, audit: "stdout" as const })
const silent = (workload: Workload.Workload) => ({ workload, audit: "none" as const })
const floor = { baseline: "floor", request: question } as const
const bare = { baseline: "bare", request: json } as const
const events = { baseline: "bare", request: stream } as const

const grpc = { baseline: "grpc", request: (token: string) => token } as const

const admin = (path: string, body: object) => {
  const text = JSON.stringify(body)
  return lines(
    `POST ${path} HTTP/1.1`,
    // The listener of administrators answers no other name.
    "Host: 127.0.0.1",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(text)}`
  ) + text
}

/** The same question twice: in AuthZEN's words, and as `/decide` is asked. Both go to gates of their own. */
const authzen = {
  baseline: "decide",
  request: (token: string) =>
    admin("/access/v1/evaluation", {
      subject: { type: "token", id: token },
      action: { name: "call" },
      resource: { type: "model", id: "gpt-4o" }
    }),
  instead: (token: string) =>
    admin("/decide", {
      method: "POST",
      path: "/v1/chat/completions",
      headers: { authorization: `Bearer ${token}` },
      body: { model: "gpt-4o" }
    })
} as const

const rows: ReadonlyArray<Row> = [
  { name: "forward auth: noise", goal: 0, candidate: "noise", ...floor },
  { name: "forward auth, at work", goal: 0.7, candidate: line(work), ...floor },
  { name: "forward auth, at work, audit: none", goal: 0.75, candidate: silent(work), ...floor },
  { name: "forward auth, one token", goal: 0, candidate: line(alone), ...floor },
  { name: "proxy JSON: noise", goal: 0, candidate: "noise", ...bare },
  { name: "proxy JSON, at work", goal: 0.87, candidate: line(work), ...bare },
  { name: "proxy JSON, one token", goal: 0, candidate: line(alone), ...bare },
  { name: "proxy 20 events, at work", goal: 0.9, candidate: line(work), ...events },
  { name: "gRPC: noise", goal: 0, candidate: "noise", ...grpc },
  { name: "gRPC, at work", goal: 0.5, candidate: line(work), ...grpc, perSecond: 2_000 },
  { name: "AuthZEN evaluation, of /decide", goal: 0.7, candidate: line(work), ...authzen },
  {
    name: "first byte: noise",
    goal: 0,
    candidate: "noise",
    ...events,
    added: { millis: Number.POSITIVE_INFINITY, rate: 800 }
  },
  { name: "first byte, at work", goal: 0, candidate: line(work), ...events, added: { millis: 0.5, rate: 800 } }
]

const upstream = child(1, "./Roles.ts", ["upstream"])
const upstreamPort = Number((await upstream.ask())["port"])

let written = 0
const served = (workload: Workload.Workload, audit: "stdout" | "none") =>
  Effect.runPromise(
    Workload.write(mkdtempSync(join(scratch, `${written++}-`)), workload, {
      audit,
      upstream: `http://127.0.0.1:${upstreamPort}`
    })
  )

/** A server, and how much processor time it has used. */
const started = async (row: Row, which: "candidate" | "baseline", config: string) => {
  if (row.candidate !== "noise" && (which === "candidate" || row.baseline === "decide")) {
    const gate = await serve(config)
    return {
      port: row.baseline === "grpc" ? gate.grpc : row.baseline === "decide" ? gate.admin : gate.port,
      micros: () => Promise.resolve(gate.micros()),
      stop: gate.stop
    }
  }
  const peer = child(0, "./Roles.ts", [row.baseline, String(upstreamPort)])
  const { port } = await peer.ask()
  return { port: Number(port), micros: async () => numberOf(await peer.ask("cpu"), "micros"), stop: peer.stop }
}

/** A server with its generator. */
const pair = async (row: Row, which: "candidate" | "baseline", { config, tokens }: Workload.Served) => {
  const server = await started(row, which, config)
  const load = child(1, row.baseline === "grpc" ? "./LoadGrpc.ts" : "./Load.ts", [
    String(server.port),
    values.connections,
    row.added === undefined ? values.rate : String(row.added.rate)
  ])
  load.tell(JSON.stringify(tokens.map(which === "baseline" ? row.instead ?? row.request : row.request)))
  /** Milliseconds to the first byte, in the last turn. */
  let median = 0
  const reading = async () => {
    const [micros, count] = await Promise.all([server.micros(), load.ask("count")])
    return { micros, done: numberOf(count, "done"), failed: numberOf(count, "failed"), median }
  }
  return {
    reading,
    go: () => load.ask("go"),
    rest: async () => {
      median = numberOf(await load.ask("rest"), "median")
    },
    stop: () => {
      load.stop()
      server.stop()
    }
  }
}

const rounded = (it: number): string => it.toFixed(2)
let missed = false
const bars: Array<Plot.Bar> = []

if (values.profile) {
  for (const row of rows) {
    if (row.candidate === "noise" || (row.baseline !== "floor" && row.baseline !== "bare")) continue
    if (!row.name.includes(values.only)) continue
    const { audit, workload } = row.candidate
    const world = await served(workload, audit)
    const { gate, lines, peer } = await Profile.of(world, row.request, {
      peer: row.baseline,
      upstream: String(upstreamPort),
      connections: values.connections,
      rate: row.added === undefined ? values.rate : String(row.added.rate),
      seconds: warm,
      scratch
    })
    console.log(`${row.name}: µs of the answering thread for a request, beside ${row.baseline}`)
    console.log(`  ${gate.toFixed(1).padStart(6)} ${peer.toFixed(1).padStart(6)}  all of it`)
    for (const it of lines) {
      console.log(`  ${it.gate.toFixed(1).padStart(6)} ${it.peer.toFixed(1).padStart(6)}  ${it.part}`)
    }
  }
  upstream.stop()
  process.exit()
}
console.log(
  `${work.people} people in ${work.groups} groups each, ${values.connections} connections; ${rounds} rounds of ` +
    `${seconds} s${
      values.together ? ", both on one core at once" : " each, in turn"
    }; ratio of CPU per request, first byte at the median`
)
for (const row of rows.filter((it) => it.name.includes(values.only))) {
  const { audit, workload } = row.candidate === "noise" ? silent(work) : row.candidate
  const world = await served(workload, audit)
  const candidate = await pair(row, "candidate", world)
  const baseline = await pair(
    row,
    "baseline",
    row.baseline === "decide" ? await served(workload, audit) : world
  )
  const turns = values.together ? [[candidate, baseline]] : [[candidate], [baseline]]
  const round = async (seconds: number) => {
    for (const turn of turns) {
      await Promise.all(turn.map((it) => it.go()))
      await sleep(seconds * 1000)
      await Promise.all(turn.map((it) => it.rest()))
    }
    turns.reverse()
  }
  await Promise.all([candidate.rest(), baseline.rest()])
  await round(warm)
  const ratios: Array<number> = []
  const added: Array<number> = []
  let before = await Promise.all([candidate.reading(), baseline.reading()])
  let perRequest = [0, 0]
  for (let i = 0; i < rounds; i++) {
    await round(seconds)
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
  const bought = 1_000_000 / (perRequest[0] ?? Infinity)
  const short = row.goal > median || later > (row.added?.millis ?? Infinity) || bought < (row.perSecond ?? 0)
  if (short || failures > 0) missed = true
  if (row.goal > 0) {
    bars.push({ name: row.name, text: rounded(median), value: median, low, high, target: row.goal, isLimit: false })
  }
  console.log(
    `${row.name.padEnd(36)} ${rounded(median)} (${rounded(low)}–${rounded(high)})` +
      `${row.goal === 0 ? "" : `  goal ${rounded(row.goal)}`}` +
      `  first byte ${later >= 0 ? "+" : ""}${rounded(later)} ms` +
      `${Number.isFinite(row.added?.millis) ? `  goal at most +${rounded(row.added?.millis ?? 0)} ms` : ""}` +
      `${row.perSecond === undefined ? "" : `  ${bought.toFixed(0)} a second of one core, goal ${row.perSecond}`}` +
      `${short ? "  MISSED" : ""}  last round ${(perRequest[0] ?? 0).toFixed(0)}/${
        (perRequest[1] ?? 0).toFixed(0)
      } µs` +
      `${failures > 0 ? `  ${failures} FAILED` : ""}`
  )
}

if ("what survives a scavenge".includes(values.only)) {
  for (const [name, request] of [["forward auth", question], ["proxy JSON", json]] as const) {
    const world = await served(work, "stdout")
    const share = await Garbage.survivors(world, request, { connections: values.connections, seconds: warm })
    if (share > 0.02) missed = true
    console.log(
      `${`what survives a scavenge, ${name}`.padEnd(36)} ${(share * 100).toFixed(1)} % of what is allocated` +
        `  goal at most 2 %${share > 0.02 ? "  MISSED" : ""}`
    )
  }
}
upstream.stop()
if (values.plot) {
  const asked = `${work.people} people in ${work.groups} groups each, ${values.connections} connections`
  Plot.write("http", { title: `npm run bench:http: ${asked}`, bars })
}
if (missed) process.exitCode = 1
