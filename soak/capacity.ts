/** Twice and four times what a gate may hold, with slow heads, bodies and readers besides: `npm run soak -- capacity`. */
import { Effect } from "effect"
import { overload } from "../packages/cli/test/support/Overload.ts"
import { figure } from "./Figures.ts"
import * as Flags from "./Flags.ts"

const seconds = Flags.number("seconds", 30)
for (const times of [2, 4]) {
  const it = await Effect.runPromise(Effect.scoped(overload({ times, millis: seconds * 1_000 })))
  const what = `${times} times capacity`
  figure(`${what}: share of the capacity that is answered`, it.good / it.capacity, { least: 0.9 })
  figure(`${what}: answers that are neither 200 nor 503 with Retry-After`, it.strange.length, { most: 0 })
  figure(`${what}: slowest of a hundred refusals`, it.refusedMillis, { most: 100 }, " ms")
  figure(`${what}: slowest of a hundred /livez`, it.aliveMillis, { most: 50 }, " ms")
  // Three spaces of the young generation, of 32 MiB each, fill before anything is given back.
  figure(`${what}: memory at the end beyond that at the beginning`, it.growth, { most: 96 }, " MB")
  for (const text of new Set(it.strange)) console.error(text)
}
process.exit()
