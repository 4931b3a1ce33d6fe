/**
 * Finds the models among the fields of a form, whichever way the form is written.
 *
 * A field counts as the member of its name does in a JSON body: `model` is text, `session` holds JSON. A name that some
 * framework could take for one that matters is refused (RULES D19, D55): in another case, percent-encoded, with spaces
 * round it, or with brackets or dots behind it. `svg[model]`, as clients of OpenAI write it, is the member of a member.
 */
import { ledTo } from "@jotgate/core/ManagedId"
import { isModelName } from "@jotgate/core/ModelName"
import { isUtf8 } from "node:buffer"
import { JsonModel } from "./JsonModel.ts"
import { baseOf, isDisguised, isOpen, type JsonPlace, placesOf, type Reads } from "./JsonPlaces.ts"
import { ambiguous, found, invalid, join, nothing, type Peeked, refusalOf, several, unnamed } from "./Peeked.ts"

const unescaped = (name: string): string => {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** A member of a member in a form. */
const inner = /^([^[\].]+)\[([^[\].]+)\]$/

/** A place that says nothing of models. */
const noPlace = placesOf([])

const isContainer = ({ elements, members, names }: JsonPlace): boolean =>
  names === undefined && (members.size > 0 || elements !== undefined)

/** What the fields of one form say. */
export class FormModel {
  readonly #places: JsonPlace
  readonly #names = new Set<string>()
  #seen: Peeked = nothing

  /** `places` says where models stand, as in a JSON body. */
  constructor(places: JsonPlace) {
    this.#places = places
  }

  /** What was found so far. */
  get seen(): Peeked {
    return this.#seen
  }

  /** Whether a field of this name says something about models, or could be taken for one that does. */
  matters(name: string): boolean {
    const base = baseOf(unescaped(name))
    return this.#places.folds.has(base) || base === "_charset_"
  }

  /** Takes a field that matters. */
  take(name: string, value: Buffer): void {
    this.#seen = join(this.#seen, this.#read(name, value))
  }

  /** A field that matters cannot be a file. */
  takeFile(): void {
    this.#seen = join(this.#seen, invalid("a file where a model is named"))
  }

  #read(name: string, value: Buffer): Peeked {
    const list = name.endsWith("[]") ? this.#places.members.get(name.slice(0, -2)) : undefined
    const element = list?.elements
    if (element?.names !== undefined) return this.#text(element, name, value)
    const place = this.#places.members.get(name) ?? this.#inner(name)
    if (place === undefined) return ambiguous("a field whose name some parsers take for another")
    if (this.#names.has(name)) return ambiguous(`the field ${name} twice`)
    this.#names.add(name)
    return isContainer(place)
      ? this.#json(place, name, value)
      : place.names === undefined && place.reads === undefined
      ? nothing
      : this.#text(place, name, value)
  }

  /** What `outer[member]` is, where `outer` is an object of members that are known by their names. */
  #inner(name: string): JsonPlace | undefined {
    const [, outer = "", member = ""] = inner.exec(name) ?? []
    const place = this.#places.members.get(outer)
    return place === undefined || !isContainer(place) || place.elements !== undefined || isOpen(place) ||
        isDisguised(place, member)
      ? undefined
      : place.members.get(member) ?? noPlace
  }

  #text(place: JsonPlace, name: string, value: Buffer): Peeked {
    if (!isUtf8(value)) return invalid("a field that is no UTF-8")
    const text = value.toString("utf8")
    if (place.reads !== undefined) return this.#lead(place.reads, name, text)
    if (place.separator !== undefined) {
      const names = text.split(place.separator).map((it) => it.trim())
      return names.every(isModelName) ?
        several([...new Set(names)], [name])
        : invalid("a model's name that can be none")
    }
    if (!isModelName(text)) return refusalOf(text)
    return place.names === "several" ? several([text], [name]) : found(text, name)
  }

  #lead(reads: Reads, name: string, text: string): Peeked {
    const models = reads === "runner" ? undefined : ledTo(reads, text)
    return models === undefined
      ? nothing
      : models.length === 0 || !models.every(isModelName)
      ? unnamed
      : several([...new Set(models)], [name])
  }

  #json(place: JsonPlace, name: string, value: Buffer): Peeked {
    if (!isUtf8(value)) return invalid("a field that is no UTF-8")
    const model = new JsonModel(place, name)
    model.push(value)
    return model.end()
  }
}
