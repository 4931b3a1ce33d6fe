/**
 * The search for the model in JSON bodies of 10 MB: milliseconds of CPU in all, and the longest that one piece of
 * 64 kB keeps the event loop. The median of several passes, the first ones not counted.
 */
import { chatPlaces, placesOn } from "../packages/server/test/support/ChatPlaces.ts"
import { shapes, size } from "../packages/server/test/support/JsonShapes.ts"
import { readTimed, type TimedReading } from "../packages/server/test/support/TimedReading.ts"
import { figure, spread } from "./Measure.ts"

const WARM = 3
const PASSES = 9

const pass = (body: Buffer, places = chatPlaces): TimedReading => {
  const reading = readTimed(body, places)
  if (reading.model._tag !== "Found") throw new Error("the model was not found")
  return reading
}

/** Messages as Anthropic has them, each of some blocks, every one of which could bring a tool. */
const messages = (): Buffer => {
  const block = { type: "text", text: `What was said of tools, and "why". `.repeat(15) }
  const content = [block, block, { type: "tool_use", id: "t", name: "f", input: { tool: "x" } }]
  const one = { role: "user", content }
  const count = Math.ceil(size / JSON.stringify(one).length)
  const tools = Array.from({ length: 40 }, (_, at) => ({ name: `f${at}`, input_schema: { type: "object" } }))
  return Buffer.from(JSON.stringify({ tools, messages: Array.from({ length: count }, () => one), model: "gpt-4o" }))
}

const measure = (name: string, body: Buffer, places = chatPlaces): void => {
  for (let i = 0; i < WARM; i++) pass(body, places)
  const passes = Array.from({ length: PASSES }, () => pass(body, places))
  figure(spread(passes.map((it) => it.millis * 1e7 / body.length))[1], "ms", `10 MB of JSON: ${name}`, 20)
  figure(Math.max(...passes.map((it) => it.longest)), "ms", `  its longest piece`, 10)
}

for (const [name, make] of Object.entries(shapes)) measure(name, make())
measure("messages of Anthropic", messages(), placesOn("/v1/messages"))
