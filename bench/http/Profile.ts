/**
 * Where the time of a request goes, by the profiler of V8 (`--cpu-prof`): microseconds of the answering thread for each
 * part, in what `jotgate serve` runs and in its peer.
 */
import { mkdtempSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { flagsOf } from "../../packages/cli/src/NodeFlags.ts"
import * as Profile from "../Profile.ts"
import { child, numberOf } from "./Child.ts"
import { serve } from "./ServedGate.ts"
import type { Served } from "./Workload.ts"

const parts: Profile.Parts = [
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
    const server = await start(Profile.flags(folder))
    const load = child(1, "./Load.ts", [String(server.port), options.connections, options.rate])
    load.tell(JSON.stringify(tokens.map(request)))
    await sleep(options.seconds * 1000)
    const [from, before] = [Profile.micros(), await load.ask("count")]
    await sleep(options.seconds * 1000)
    const [to, after] = [Profile.micros(), await load.ask("count")]
    load.stop()
    server.stop()
    const requests = numberOf(after, "done") - numberOf(before, "done")
    return new Map(
      [...Profile.sums(await Profile.written(folder), parts, { from, to })].map(([part, it]) => [part, it / requests])
    )
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
