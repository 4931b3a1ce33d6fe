/**
 * How much of what the served gate allocates survives a scavenge, as V8 tells it (`--trace-gc-nvp`): what does is
 * copied, and copied again, before it is found to be garbage after all.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { flagsOf } from "../../packages/cli/src/NodeFlags.ts"
import { child } from "./Child.ts"
import { serve } from "./ServedGate.ts"
import type { Served } from "./Workload.ts"

const sum = (text: string, name: string): number =>
  [...text.matchAll(new RegExp(`\\b${name}=(\\d+)`, "g"))].reduce((all, it) => all + Number(it[1]), 0)

/** The share, from 0 to 1, over `seconds` after as many of warming up; `flags` instead of those of `serve`. */
export const survivors = async (
  { config, tokens }: Served,
  request: (token: string) => string,
  options: { readonly connections: string; readonly seconds: number; readonly flags?: ReadonlyArray<string> }
): Promise<number> => {
  const gate = await serve(config, ["--trace-gc-nvp", ...(options.flags ?? flagsOf("serve"))])
  const load = child(1, "./Load.ts", [String(gate.port), options.connections])
  load.tell(JSON.stringify(tokens.map(request)))
  await sleep(options.seconds * 1000)
  const before = gate.told().length
  await sleep(options.seconds * 1000)
  const text = gate.told().slice(before).split("\n").filter((it) => /\bgc=s\b/.test(it)).join("\n")
  load.stop()
  gate.stop()
  return (sum(text, "promoted") + sum(text, "new_space_survived")) / Math.max(1, sum(text, "allocated"))
}
