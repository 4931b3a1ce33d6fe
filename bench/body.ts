/**
 * The search for the model in JSON bodies of 10 MB: milliseconds of CPU in all, and the longest that one piece of
 * 64 kB keeps the event loop. The median of several passes, the first ones not counted.
 */
import { JsonModel } from "../packages/server/src/model/JsonModel.ts"
import { shapes } from "../packages/server/test/support/JsonShapes.ts"
import { figure, spread } from "./Measure.ts"

const PIECE = 65_536
const WARM = 3
const PASSES = 9

let longest = 0

const pass = (body: Buffer): number => {
  const model = new JsonModel()
  const before = process.cpuUsage()
  for (let at = 0; at < body.length; at += PIECE) {
    const start = performance.now()
    model.push(body.subarray(at, at + PIECE))
    longest = Math.max(longest, performance.now() - start)
  }
  const { system, user } = process.cpuUsage(before)
  if (model.end()._tag !== "Found") throw new Error("the model was not found")
  return (user + system) / 1000
}

for (const [name, make] of Object.entries(shapes)) {
  const body = make()
  for (let i = 0; i < WARM; i++) pass(body)
  longest = 0
  const millis = Array.from({ length: PASSES }, () => pass(body) * 1e7 / body.length)
  figure(spread(millis)[1], "ms", `10 MB of JSON: ${name}`, 20)
  figure(longest, "ms", `  its longest piece`, 10)
}
