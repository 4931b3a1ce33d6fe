/**
 * Twenty minutes of connections that nobody should make, at every listener of `jotgate serve`: `npm run soak -- chaos`.
 * The seed is printed; `CHAOS_SEED` draws the same again, `CHAOS_MINUTES` takes another time.
 */
import { Effect } from "effect"
import * as ServedChaos from "../packages/cli/test/support/ServedChaos.ts"
import * as BuiltCommand from "../tools/lib/BuiltCommand.ts"
import { figure } from "./Figures.ts"

const seed = Number(process.env["CHAOS_SEED"] ?? Date.now() % 1_000_000)
const minutes = Number(process.env["CHAOS_MINUTES"] ?? 20)

console.log(`seed ${seed}`)
await BuiltCommand.setup()
const after = await Effect.runPromise(Effect.scoped(ServedChaos.run(seed, minutes * 60_000)))
figure("connections", after.connections, { least: 1_000 })
figure("answers", after.answers, { least: 100 })
figure("exits", after.exitCode === null ? 0 : 1, { most: 0 })
figure("defects", after.defects.length, { most: 0 })
figure("answers with the status 500", after.wrong.length, { most: 0 })
figure("requests in flight after it", after.inFlight, { most: 0 })
figure("bytes of bodies held after it", after.held, { most: 0 })
figure("status of a good request after it", after.status, { most: 200 })
for (const it of [...after.defects, ...after.wrong].slice(0, 20)) console.error(it)
process.exit()
