/** A gate in a process of its own: `node served-gate.ts SETTINGS`, in JSON. Prints where it listens, in JSON, once it does. */
import { Effect } from "effect"
import { writeSync } from "node:fs"
import * as ServedGate from "./ServedGate.ts"

const [, , settings = "{}"] = process.argv

const program = Effect.gen(function*() {
  const gate = yield* ServedGate.here(JSON.parse(settings), process.env)
  writeSync(1, `${JSON.stringify(gate)}\n`)
  return yield* Effect.never
})

Effect.runFork(Effect.scoped(program))
