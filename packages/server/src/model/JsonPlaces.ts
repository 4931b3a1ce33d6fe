/** The places of models in a JSON body (`BodyPlaces` of core), with their names watched by the walk over its bytes. */
import * as BodyPlaces from "@jotgate/core/BodyPlaces"
import { watch } from "./JsonWalk.ts"

export {
  baseOf,
  below,
  fold,
  isDisguised,
  isOpen,
  memberOf,
  type MemberPlace,
  type Reads
} from "@jotgate/core/BodyPlaces"

/** What may stand at one place of a text. */
export type JsonPlace = BodyPlaces.BodyPlace

const watched = new WeakSet<JsonPlace>()

const watchAll = (place: JsonPlace): void => {
  if (watched.has(place)) return
  watched.add(place)
  for (const [name, member] of place.members) {
    watch(name)
    watchAll(member)
  }
  if (place.others !== undefined) watchAll(place.others)
  if (place.elements !== undefined) watchAll(place.elements)
}

/** The tree of these places; the same places have the same tree. */
export const placesOf = (places: ReadonlyArray<BodyPlaces.MemberPlace>): JsonPlace => {
  const tree = BodyPlaces.placesOf(places)
  watchAll(tree)
  return tree
}
