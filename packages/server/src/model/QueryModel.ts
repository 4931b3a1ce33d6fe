/**
 * Finds the models that a query names.
 *
 * A query goes to the upstream as it came, so what servers could read in different ways is refused: a name that is
 * there twice, in another case, with brackets behind it, or behind a `;`.
 */
import { isModelName } from "@jotgate/core/ModelName"
import { baseOf } from "./JsonPlaces.ts"
import { ambiguous, join, named, nothing, type Peeked, several } from "./Peeked.ts"

/** A parameter that names models, and what separates several, if anything does. */
export interface QueryPlace {
  readonly name: string
  readonly separator?: ","
}

const valueOf = ({ name, separator }: QueryPlace, value: string): Peeked => {
  const place = `query ${name}`
  if (value.includes("\ufffd")) return ambiguous(`${place} is no UTF-8`)
  if (separator === undefined) return named(value, place)
  const names = value.split(separator).map((it) => it.trim())
  return names.every(isModelName)
    ? several([...new Set(names)], [place])
    : ambiguous(`${place} names what can be no model`)
}

/** Names of parameters that some parsers find in one: they read a `;` as they read a `&`. */
const hidden = (pair: string): ReadonlyArray<string> =>
  pair.includes(";") ? pair.split(";").slice(1).flatMap((it) => [...new URLSearchParams(it).keys()]) : []

/** The models of a query, without its question mark. */
export const queryModel = (query: string, places: ReadonlyArray<QueryPlace>): Peeked => {
  if (query === "" || places.length === 0) return nothing
  const found = new Map<string, string>()
  const names = new Map(places.map((it) => [it.name, it]))
  for (const [name, value] of new URLSearchParams(query)) {
    const base = baseOf(name)
    if (hidden(`${name}=${value}`).some((it) => names.has(baseOf(it)))) return ambiguous("a semicolon in the query")
    if (!names.has(base)) continue
    if (name !== base || found.has(name)) return ambiguous(`query ${base} twice, or in another spelling`)
    found.set(name, value)
  }
  let seen: Peeked = nothing
  for (const [name, value] of found) {
    const place = names.get(name)
    if (place !== undefined) seen = join(seen, valueOf(place, value))
  }
  return seen
}
