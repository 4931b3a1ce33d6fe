/**
 * Where the time of a request goes, by the profiler of V8 (`--cpu-prof`): microseconds of the answering thread for each
 * part, in what `jotgate serve` runs and in its peer.
 */
import { Schema } from "effect"
import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { flagsOf } from "../../packages/cli/src/NodeFlags.ts"
import { child, numberOf } from "./Child.ts"
import { serve } from "./ServedGate.ts"
import type { Served } from "./Workload.ts"

const Profile = Schema.Struct({
  nodes: Schema.Array(Schema.Struct({
    id: Schema.Number,
    callFrame: Schema.Struct({ functionName: Schema.String, url: Schema.String }),
    children: Schema.optionalKey(Schema.Array(Schema.Number))
  })),
  startTime: Schema.Number,
  samples: Schema.Array(Schema.Number),
  timeDeltas: Schema.Array(Schema.Number)
})
const decodeProfile = Schema.decodeUnknownSync(Schema.fromJsonString(Profile))

/** What a frame belongs to, by its name and its file; `undefined`: to what called it. */
const parts: ReadonlyArray<readonly [part: string, frame: RegExp]> = [
  ["collecting garbage", /^\(garbage collector\) $/],
  ["event loop, reading from sockets, the parser of heads", /^\(program\) $/],
  ["writing to sockets", /^(?:writev|write[A-Z]\w*|shutdown) $/],
  ["SHA-256 of the token", / node:internal\/crypto\//],
  ["the record and its line", / node:fs$|\/server\/src\/record\//],
  ["the door: what is asked, what is answered", /\/server\/src\/(?!Judge|Pipeline)/],
  ["the decision", /\/(?:core|store)\/src\/|\/server\/src\/|\/effect\//],
  ["undici", / node:internal\/deps\/undici|\/undici\//],
  ["Node's HTTP, streams and timers", / node:(?!buffer)/],
  ["the peer's own lines", /\/bench\//]
]

const partOf = (name: string, url: string): string | undefined =>
  parts.find(([, frame]) => frame.test(`${name} ${url}`))?.[0]

/** Microseconds of each part between two times of the monotonic clock. */
const sums = (text: string, from: number, to: number): ReadonlyMap<string, number> => {
  const { nodes, samples, startTime, timeDeltas } = decodeProfile(text)
  const parents = new Map(nodes.flatMap((it) => (it.children ?? []).map((child) => [child, it.id] as const)))
  const own = new Map(nodes.map(({ callFrame, id }) => [id, partOf(callFrame.functionName, callFrame.url)]))
  const idle = new Set(nodes.filter((it) => it.callFrame.functionName === "(idle)").map((it) => it.id))
  const owner = (id: number | undefined): string =>
    id === undefined ? "the rest" : own.get(id) ?? owner(parents.get(id))
  const found = new Map<string, number>()
  let at = startTime
  samples.forEach((id, index) => {
    at += timeDeltas[index] ?? 0
    if (at < from || at > to || idle.has(id)) return
    const part = owner(id)
    // A sample stands for the time until the next one.
    found.set(part, (found.get(part) ?? 0) + (timeDeltas[index + 1] ?? 0))
  })
  return found
}

const micros = (): number => Number(process.hrtime.bigint() / 1000n)

/** The profile that the process which answers has written: the largest there is. */
const written = async (folder: string): Promise<string> => {
  for (let tries = 0; tries < 100; tries++) {
    const files = readdirSync(folder).map((it) => join(folder, it))
      .toSorted((left, right) => statSync(right).size - statSync(left).size)
    const text = files[0] === undefined ? "" : readFileSync(files[0], "utf8")
    if (text.endsWith("}")) return text
    await sleep(200)
  }
  throw new Error("no profile was written")
}

/** Microseconds for each request: of a part, in the gate and in its peer. */
export interface Line {
  readonly part: string
  readonly gate: number
  readonly peer: number
}

const total = (parts: ReadonlyMap<string, number>): number => [...parts.values()].reduce((sum, it) => sum + it, 0)

/** Both asked alone for `seconds`, after as many of warming up: all of it, and its parts, the dearest first. */
export const of = async (
  { config, tokens }: Served,
  request: (token: string) => string,
  options: {
    /** The role of the peer, and the port of what it asks. */
    readonly peer: string
    readonly upstream: string
    readonly connections: string
    readonly rate: string
    readonly seconds: number
    readonly scratch: string
  }
): Promise<{ readonly gate: number; readonly peer: number; readonly lines: ReadonlyArray<Line> }> => {
  const measured = async (
    start: (flags: ReadonlyArray<string>) => Promise<{ readonly port: number; readonly stop: () => void }>
  ) => {
    const folder = mkdtempSync(join(options.scratch, "profile-"))
    const server = await start(["--cpu-prof", `--cpu-prof-dir=${folder}`])
    const load = child(1, "./Load.ts", [String(server.port), options.connections, options.rate])
    load.tell(JSON.stringify(tokens.map(request)))
    await sleep(options.seconds * 1000)
    const [from, before] = [micros(), await load.ask("count")]
    await sleep(options.seconds * 1000)
    const [to, after] = [micros(), await load.ask("count")]
    load.stop()
    server.stop()
    const requests = numberOf(after, "done") - numberOf(before, "done")
    return new Map([...sums(await written(folder), from, to)].map(([part, it]) => [part, it / requests]))
  }
  const gate = await measured((flags) => serve(config, [...flags, ...flagsOf("serve")]))
  const peer = await measured(async (flags) => {
    const it = child(0, "./Roles.ts", [options.peer, options.upstream], flags)
    return { port: numberOf(await it.ask(), "port"), stop: it.stop }
  })
  return {
    gate: total(gate),
    peer: total(peer),
    lines: [...new Set([...gate.keys(), ...peer.keys()])]
      .map((part) => ({ part, gate: gate.get(part) ?? 0, peer: peer.get(part) ?? 0 }))
      .toSorted((left, right) => right.gate - left.gate)
  }
}
