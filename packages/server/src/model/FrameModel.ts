/**
 * Finds the models that one WebSocket message names: a session that is made or changed, an answer that is asked for.
 *
 * A message is one JSON text. Every place in which some message of the route may name a model is looked at in each of
 * them, whatever the message calls itself, because a server decides by its own reading of `type`.
 */
import type { ModelRoute } from "@jotgate/core/ModelRoutes"
import { isUtf8 } from "node:buffer"
import { JsonModel } from "./JsonModel.ts"
import { type JsonPlace, type MemberPlace, placesOf } from "./JsonPlaces.ts"
import { invalid, type Peeked, unnamed } from "./Peeked.ts"

interface FramePlaces {
  readonly places: JsonPlace
  /** Messages that run a model each. */
  readonly runs: ReadonlySet<string>
}

const known = new WeakMap<ModelRoute, FramePlaces>()

const placesIn = (route: ModelRoute): FramePlaces => {
  const before = known.get(route)
  if (before !== undefined) return before
  const members: Array<MemberPlace> = [{ path: "type", isLabel: true }]
  const runs = new Set<string>()
  for (const place of route.places) {
    if (place._tag !== "Frame") continue
    members.push({ path: place.path })
    if (route.runs === "frames") runs.add(place.type)
  }
  const made = { places: placesOf(members), runs }
  known.set(route, made)
  return made
}

/**
 * What a text message of this route names. A message that runs a model of its own and does not name it is unnamed; one
 * that is no JSON, or can be read in more than one way, is refused.
 */
export const frameModel = (route: ModelRoute, message: Buffer): Peeked => {
  const { places, runs } = placesIn(route)
  if (!isUtf8(message)) return invalid("a message that is no UTF-8")
  const model = new JsonModel(places)
  model.push(message)
  const seen = model.end()
  return seen._tag === "Nothing" && runs.has(model.label ?? "") ? unnamed : seen
}
