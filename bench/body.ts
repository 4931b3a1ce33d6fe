/**
 * The search for the model in JSON bodies of 10 MB: milliseconds of CPU in all, and the longest that one piece of
 * 64 kB keeps the event loop. The median of several passes, the first ones not counted.
 */
import { shapes } from "../packages/server/test/support/JsonShapes.ts"
import { readTimed, type TimedReading } from "../packages/server/test/support/TimedReading.ts"
import { figure, spread } from "./Measure.ts"

const WARM = 3
const PASSES = 9

const pass = (body: Buffer): TimedReading => {
  const reading = readTimed(body)
  if (reading.model._tag !== "Found") throw new Error("the model was not found")
  return reading
}

for (const [name, make] of Object.entries(shapes)) {
  const body = make()
  for (let i = 0; i < WARM; i++) pass(body)
  const passes = Array.from({ length: PASSES }, () => pass(body))
  figure(spread(passes.map((it) => it.millis * 1e7 / body.length))[1], "ms", `10 MB of JSON: ${name}`, 20)
  figure(Math.max(...passes.map((it) => it.longest)), "ms", `  its longest piece`, 10)
}
