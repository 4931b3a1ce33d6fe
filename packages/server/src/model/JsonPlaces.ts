/** The places of models in a JSON body (`BodyPlaces` of core), with their names watched by the walk over its bytes. */
import * as BodyPlaces from "@jotgate/core/BodyPlaces"
import { type Letters, lettersOf, watch } from "./JsonWalk.ts"

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

const letters = new WeakMap<JsonPlace, Letters>()

/** The names of the members of an object that matter. */
export const lettersIn = (place: JsonPlace): Letters => {
  const known = letters.get(place)
  if (known !== undefined) return known
  const made = lettersOf(place.members.keys())
  letters.set(place, made)
  return made
}

/**
 * The objects inside a list that alone matter of it: how deep they lie below it, and which names of theirs are of
 * interest. What lies between is passed over without a look.
 */
export interface Inside {
  readonly place: JsonPlace
  /** Where they stand, behind the list's own path. */
  readonly path: string
  readonly depth: number
  readonly letters: Letters
}

/** Whether what stands here matters only by what some of its members are. */
const isBare = ({ isLabel, keys, names, others, reads, strict }: JsonPlace): boolean =>
  names === undefined && reads === undefined && others === undefined && !isLabel && !keys && !strict

const bareElements = ({ elements }: JsonPlace): JsonPlace | undefined =>
  elements !== undefined && elements.elements === undefined && isBare(elements) && elements.members.size > 0
    ? elements
    : undefined

/** The next list on the way, when there is one way alone, and nothing on it is worth more than a look at its elements. */
const next = (place: JsonPlace): { readonly name: string; readonly elements: JsonPlace } | undefined => {
  const [list, ...more] = new Set(place.members.values())
  const [name] = place.members.keys()
  if (list === undefined || name === undefined || more.length > 0 || !isBare(list) || list.members.size > 0) {
    return undefined
  }
  const elements = bareElements(list)
  return elements !== undefined && [...elements.members.values()].every(isBare) ? { name, elements } : undefined
}

const look = (list: JsonPlace): Inside | undefined => {
  let place = bareElements(list)
  if (place === undefined) return undefined
  let path = "[]"
  let depth = 1
  for (let inner = next(place); inner !== undefined; inner = next(place)) {
    place = inner.elements
    path += `.${inner.name}[]`
    depth += 2
  }
  return { place, path, depth, letters: lettersIn(place) }
}

const insides = new WeakMap<JsonPlace, Inside | null>()

/**
 * What alone matters inside a list, if all of it lies equally deep. By depth and name more objects are found than those
 * on the way to them (`messages[].content[]` finds what stands in another list of a message): that is judged as well.
 */
export const insideOf = (list: JsonPlace): Inside | undefined => {
  const known = insides.get(list)
  if (known !== undefined) return known ?? undefined
  const made = look(list)
  insides.set(list, made ?? null)
  return made
}
