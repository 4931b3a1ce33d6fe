/**
 * An upload of 200 MiB through the gate: it is streamed once it is judged, and never held. `npm run soak -- uploads`; the
 * gate is this process, caller and upstream have their own.
 */
import { Effect } from "effect"
import { start } from "../bench/http/BenchGate.ts"
import { child, numberOf } from "../bench/http/Child.ts"
import { figure, megabytes } from "./Figures.ts"

const MEBIBYTES = 200

await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  const ends = child(1, "./Uploads.ts", [])
  const { port: upstreamPort } = yield* Effect.promise(() => ends.ask())
  const gate = yield* start(`http://127.0.0.1:${String(upstreamPort)}`, "none", { body: "256MiB" })
  const upload = (mebibytes: number) => Effect.promise(() => ends.ask(`${gate.port} ${gate.token} ${mebibytes}`))
  // The first ones compile what runs and fill the pools of the platform.
  for (let i = 0; i < 3; i++) yield* upload(20)
  const before = megabytes()
  let most = 0
  const sampling = setInterval(() => {
    most = Math.max(most, megabytes() - before)
  }, 200)
  const it = yield* upload(MEBIBYTES)
  clearInterval(sampling)
  ends.stop()
  figure("the answer to an upload of 200 MiB", numberOf(it, "status"), { least: 200, most: 200 })
  figure("mebibytes that arrived", numberOf(it, "received") / 1024 ** 2, { least: MEBIBYTES, most: MEBIBYTES + 1 })
  figure("the most that the gate held meanwhile, heap and buffers", most, { most: 8 }, " MB")
})))
process.exit()
