/** Reads a JSON body in pieces, as a server gets it, and takes the time. */
import { JsonModel } from "../../src/model/JsonModel.ts"
import type { JsonPlace } from "../../src/model/JsonPlaces.ts"
import type { Peeked } from "../../src/model/Peeked.ts"
import { chatPlaces } from "./ChatPlaces.ts"

/** Bytes of one piece. */
const PIECE = 65_536

/** What was found, the milliseconds of CPU that it took, and of the clock that the longest piece took. */
export interface TimedReading {
  readonly model: Peeked
  readonly millis: number
  readonly longest: number
}

/** One pass over a body, of a chat unless other places are given. */
export const readTimed = (body: Buffer, places: JsonPlace = chatPlaces): TimedReading => {
  const model = new JsonModel(places)
  let longest = 0
  const before = process.cpuUsage()
  for (let at = 0; at < body.length; at += PIECE) {
    const start = performance.now()
    model.push(body.subarray(at, at + PIECE))
    longest = Math.max(longest, performance.now() - start)
  }
  const { system, user } = process.cpuUsage(before)
  return { model: model.end(), millis: (user + system) / 1000, longest }
}
