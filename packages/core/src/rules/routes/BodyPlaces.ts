/**
 * Where models stand in a JSON body, as a tree that readers walk along with it.
 *
 * A place is written as people write it: `model`, `session.model`, `requests[].params.model`; `*` is any member. A
 * member has two spellings, `data_sources` and `dataSources`, because providers have both and Protocol Buffers read
 * both: what stands under either is judged. What carries a body of its own (`extra_body`, an entry of `fallbacks`) has
 * everything in it that stands beside it, however deep one is put into the other (RULES D54).
 */

/**
 * What stands for models without being the name of one: an `id`, a `reference`, or the type of a `runner`, which says
 * where the object that it stands in must name some (`Runner`).
 */
export type Reads = "id" | "reference" | "runner"

/** What may stand at one place of a body. */
export interface BodyPlace {
  /** Whether a text here is a model: the one of the request (in a list, of one entry), or one of several that are all judged. */
  readonly names: "one" | "several" | undefined
  /** What a text here is otherwise: an id in which models are written, or what says for itself which model runs. */
  readonly reads: Reads | undefined
  /** Whether a text here is told besides: what kind of message it is. */
  readonly isLabel: boolean
  /** What separates several models in one text, if anything does. */
  readonly separator: "," | undefined
  /** Whether anything but models, or what holds them, is refused here. */
  readonly strict: boolean
  /** Whether the names of an object's members are models. */
  readonly keys: boolean
  readonly members: ReadonlyMap<string, BodyPlace>
  /** The names of the members as a parser that ignores case takes them. */
  readonly folds: ReadonlySet<string>
  /** What every other member is. */
  readonly others: BodyPlace | undefined
  readonly elements: BodyPlace | undefined
}

/** A place as it is told: its path, and what separates several models in one text, if anything does. */
export interface MemberPlace {
  readonly path: string
  readonly separator?: ","
  /** Names no model; its text is told besides. */
  readonly isLabel?: true
  /** An object here holds what the object at this path holds; "" is the body itself. */
  readonly like?: string
  /** Names no model itself. */
  readonly reads?: Reads
  /** Names no model itself; the names of its members do. */
  readonly keys?: true
}

class Draft implements BodyPlace {
  names: BodyPlace["names"] = undefined
  reads: BodyPlace["reads"] = undefined
  isLabel = false
  separator: BodyPlace["separator"] = undefined
  strict = false
  keys = false
  others: Draft | undefined = undefined
  elements: Draft | undefined = undefined
  readonly #members = new Map<string, Draft>()
  readonly #folds = new Set<string>()
  #source: Draft | undefined = undefined

  get members(): ReadonlyMap<string, Draft> {
    this.#take()
    return this.#members
  }

  get folds(): ReadonlySet<string> {
    this.#take()
    return this.#folds
  }

  put(name: string, place: Draft): void {
    if (this.#members.has(name)) return
    this.#members.set(name, place)
    this.#folds.add(fold(name))
  }

  /** Lets what stands in `source` stand here too. */
  share(source: Draft): void {
    this.#take()
    this.#source = source
  }

  /** Copies what is shared when somebody first looks here: of dozens of places that hold a body, a body has few. */
  #take(): void {
    const source = this.#source
    if (source === undefined) return
    this.#source = undefined
    for (const [name, place] of [...source.members]) if (!this.#members.has(name)) this.#members.set(name, place)
    for (const it of source.folds) this.#folds.add(it)
  }
}

/** Places that mean one and the same model: two that differ are a contradiction, not a list. */
const meansOne = new Set(["model", "model_id", "modelId", "session.model", "response.model"])

/** Spellings that lenient parsers take for the same name: case, and letters that fold to ASCII ones. */
export const fold = (name: string): string => name.toUpperCase().toLowerCase()

/** What a name of a query or a form begins with, as some server may read it: folded, with brackets or dots behind it. */
export const baseOf = (name: string): string => fold(name).trim().split(/[[.]/, 1)[0] ?? ""

/** The other spelling of a name: `dataSources` of `data_sources`, and the other way round; itself when it has one alone. */
const otherSpelling = (name: string): string =>
  name.includes("_")
    ? name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const memberDraft = (parent: Draft, name: string): Draft => {
  if (name === "*") return parent.others ??= new Draft()
  const known = parent.members.get(name)
  if (known !== undefined) return known
  const made = new Draft()
  parent.put(name, made)
  parent.put(otherSpelling(name), made)
  return made
}

/** The place at a path, and the list of which it is an element. */
const at = (root: Draft, path: string): { readonly place: Draft; readonly list: Draft | undefined } => {
  let place = root
  let list: Draft | undefined
  for (const part of path === "" ? [] : path.split(".")) {
    const name = part.replace(/(?:\[\])+$/, "")
    place = memberDraft(place, name)
    list = undefined
    for (let depth = (part.length - name.length) / 2; depth > 0; depth--) {
      list = place
      place = place.elements ??= new Draft()
    }
  }
  return { place, list }
}

const add = (root: Draft, { isLabel, keys, path, reads, separator }: MemberPlace): void => {
  const { list, place } = at(root, path)
  if (keys === true) {
    place.keys = true
    return
  }
  if (reads !== undefined) {
    place.reads = reads
    return
  }
  if (isLabel === true) {
    place.isLabel = true
    return
  }
  place.names = meansOne.has(path) ? "one" : "several"
  place.separator = separator
  // Below members of any name stand other things as well.
  if (path.includes("*")) return
  place.strict = true
  if (list !== undefined) list.strict = true
}

const compiled = new Map<string, BodyPlace>()

/** The tree of these places; the same places have the same tree. */
export const placesOf = (places: ReadonlyArray<MemberPlace>): BodyPlace => {
  const key = JSON.stringify(
    places.map(({ isLabel, keys, like, path, reads, separator }) => [path, separator, isLabel, like, reads, keys])
  )
  const known = compiled.get(key)
  if (known !== undefined) return known
  const root = new Draft()
  for (const place of places) if (place.like === undefined) add(root, place)
  const carriers = places.flatMap(({ like, path }) =>
    like === undefined ? [] : [{ place: at(root, path).place, source: at(root, like).place }]
  )
  for (const { place, source } of carriers) {
    if (place !== source) place.share(source)
    // A body is an object: what cannot be one is not read alike everywhere.
    place.strict = true
  }
  compiled.set(key, root)
  return root
}

/** What the member of this name is; `undefined` when nothing below it matters. */
export const memberOf = (place: BodyPlace, name: string): BodyPlace | undefined =>
  place.members.get(name) ?? place.others

/** Whether some parser could take this name for one that matters, although it is another. */
export const isDisguised = (place: BodyPlace, name: string): boolean =>
  !place.members.has(name) && place.folds.has(fold(name))

/** Whether all members matter, not only those with a name of their own. */
export const isOpen = (place: BodyPlace): boolean => place.keys || place.others !== undefined

/** The path of a member, as places are written. */
export const below = (path: string, place: BodyPlace, name: string): string =>
  `${path}${path === "" ? "" : "."}${place.members.has(name) ? name : "*"}`
