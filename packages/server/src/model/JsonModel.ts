/**
 * Finds the models of a JSON body, in one pass over the bytes.
 *
 * The body is fed in as it arrives, so that 10 MB never stop the event loop; it
 * is checked against the whole grammar of RFC 8259 meanwhile (`JsonWalk.ts`). A
 * body that another parser could read otherwise is refused (RULES D19, D55): a
 * member that matters twice in one object, its name spelt with escapes or in
 * another case, a model that is no plain text. What passes here names the same
 * models to every JSON parser.
 */
import { ledTo } from "@jotgate/core/ManagedId"
import { isModelName } from "@jotgate/core/ModelName"
import { maxModels } from "@jotgate/core/Request"
import { namedAt } from "@jotgate/core/Runner"
import {
  below,
  fold,
  type Inside,
  insideOf,
  isDisguised,
  isOpen,
  type JsonPlace,
  lettersIn,
  memberOf,
  type Reads
} from "./JsonPlaces.ts"
import { decodeText, everyName, isDone, lineFeed, type Place, startPlace, type Stop, walk } from "./JsonWalk.ts"
import { ambiguous, invalid, nothing, type Peeked, refusalOf, unnamed } from "./Peeked.ts"

/** Raw bytes of a model that are read; a longer one is no model name. */
const maxModel = 6 * 1024

/** An object or a list that is open, and what may stand in it. */
interface Frame {
  readonly place: JsonPlace
  /** Where it stands, as people write it. */
  readonly path: string
  readonly isList: boolean
  /** How deep what stands in it lies in the text. */
  readonly depth: number
  /** What alone matters of a list, however often it is there. */
  readonly inside: Inside | undefined
  /** Whether it is in a list, so that every model here is one of several. */
  readonly isEntry: boolean
  /** What told objects apart when it was opened, and which of those in such a list is looked at. */
  readonly opened: number
  entry: number
  /** Names that were met in this object, where they matter. */
  seen: Set<string> | undefined
  /** The places in this object where models were found, and the one where its type says that there must be some. */
  took: Set<string> | undefined
  due: string | undefined
}

const NULL = 0x6e
const FALSE = 0x66
const OPEN_OBJECT = 0x7b
const OPEN_LIST = 0x5b

/** Reads one JSON body. Feed it with `push`, then ask `end`; after a refusal the rest is not looked at. */
export class JsonModel {
  readonly #walk: Place = startPlace()
  readonly #frames: Array<Frame> = []
  /** What the next reported value is. */
  #next: JsonPlace
  #path: string
  #one: string | undefined
  #label: string | undefined
  /** Whether something says for itself which model runs. */
  #isUnnamed = false
  readonly #others = new Set<string>()
  readonly #places = new Set<string>()
  #refused: Peeked | undefined
  readonly #onStop = (why: Stop, raw: Uint8Array): boolean => {
    this.#refused = this.#stop(why, raw)
    return this.#refused === undefined
  }

  /** `places` says where models stand; `path` is where this text itself stands. */
  constructor(places: JsonPlace, path = "") {
    this.#next = places
    this.#path = path
  }

  /** The text of the label, if the places have one. */
  get label(): string | undefined {
    return this.#label
  }

  /** Reads the next bytes. */
  push(chunk: Uint8Array): void {
    if (this.#refused === undefined) walk(this.#walk, chunk, this.#onStop)
  }

  /** What the whole body names. */
  end(): Peeked {
    // Only a number or a literal waits for what comes behind it.
    if (!isDone(this.#walk)) this.push(lineFeed)
    if (this.#refused !== undefined) return this.#refused
    if (!isDone(this.#walk)) return invalid("JSON that does not end")
    if (this.#isUnnamed) return unnamed
    return this.#one === undefined && this.#others.size === 0
      ? nothing
      : { _tag: "Found", one: this.#one, others: [...this.#others], places: [...this.#places] }
  }

  #stop(why: Stop, raw: Uint8Array): Peeked | undefined {
    switch (why) {
      case "Name":
        return this.#name(raw)
      case "Text":
        return this.#text(this.#value(), raw)
      case "Object":
      case "List":
        return this.#open(this.#value(), why === "List")
      case "Other":
        return this.#other(this.#value(), raw[0])
      case "Left": {
        const left = this.#frames.pop()
        this.#leave(left)
        this.#walk.opened = left?.opened ?? 0
        this.#look()
        return undefined
      }
      default:
        return invalid("no JSON")
    }
  }

  /** What the value that was reported is. */
  #value(): JsonPlace {
    const frame = this.#frames.at(-1)
    if (frame?.isList !== true || frame.inside !== undefined) return this.#next
    this.#path = `${frame.path}[]`
    return frame.place.elements ?? frame.place
  }

  /** Watches what the innermost frame is about. */
  #look(): void {
    const frame = this.#frames.at(-1)
    const { inside, isList = false, place } = frame ?? {}
    const depth = frame?.depth ?? 0
    this.#walk.floor = Math.max(1, depth)
    this.#walk.elements = isList && inside === undefined ? depth : 0
    this.#walk.names = inside === undefined ? isList ? 0 : depth : depth + inside.depth
    this.#walk.allNames = place !== undefined && !isList && isOpen(place)
    this.#walk.letters = inside?.letters ?? (place === undefined ? everyName : lettersIn(place))
  }

  /** Looks at the name of a member; says what its value is. */
  #name(raw: Uint8Array): Peeked | undefined {
    const frame = this.#frames.at(-1)
    if (frame === undefined) return invalid("no JSON")
    const { inside, path } = frame
    const place = inside?.place ?? frame.place
    if (inside !== undefined && frame.entry !== this.#walk.opened) {
      this.#leave(frame)
      frame.entry = this.#walk.opened
      frame.seen?.clear()
      frame.took = frame.due = undefined
    }
    const name = decodeText(raw)
    if (isDisguised(place, name)) return ambiguous("the name of a member in another spelling")
    const refused = place.keys ? this.#take(name, path, true) : undefined
    if (refused !== undefined) return refused
    const next = memberOf(place, name)
    if (next === undefined) return undefined
    const key = isOpen(place) ? fold(name) : name
    const seen = frame.seen ??= new Set()
    // `raw` is longer than the name when a byte of it was escaped.
    if (seen.has(key) || (place.members.has(name) && raw.length !== name.length)) {
      return ambiguous(`two values of ${below(path, place, name)}, or its name with escapes`)
    }
    seen.add(key)
    this.#next = next
    this.#path = below(path, place, name)
    this.#walk.wanted = true
    return undefined
  }

  /** Enters an object or a list where models may stand in it. */
  #open(place: JsonPlace, isList: boolean): Peeked | undefined {
    const hasModels = isList ? place.elements !== undefined : place.members.size > 0 || isOpen(place)
    if (hasModels) {
      const isEntry = isList || this.#frames.at(-1)?.isEntry === true
      const inside = isList ? insideOf(place) : undefined
      this.#frames.push({
        place,
        path: inside === undefined ? this.#path : `${this.#path}${inside.path}`,
        isList,
        depth: this.#walk.depth,
        inside,
        isEntry,
        opened: this.#walk.opened,
        entry: -1,
        seen: undefined,
        took: undefined,
        due: undefined
      })
      this.#look()
      return undefined
    }
    if (place.reads === "reference") this.#isUnnamed = true
    return place.strict ? invalid(`${this.#path} is of another kind`) : undefined
  }

  /** Leaves an object: one that runs a model of its own has named it. */
  #leave(frame: Frame | undefined): void {
    if (frame?.due !== undefined && frame.took?.has(frame.due) !== true) this.#isUnnamed = true
  }

  /** A number, a literal, or what is empty. */
  #other(place: JsonPlace, first: number | undefined): Peeked | undefined {
    if (place.names === "one") return invalid(`${this.#path} is no text`)
    if (first === NULL || first === OPEN_OBJECT || first === OPEN_LIST) return undefined
    if (place.reads === "reference" && first !== FALSE) this.#isUnnamed = true
    return place.strict ? invalid(`${this.#path} is of another kind`) : undefined
  }

  /** Takes what leads to models without being the name of one. */
  #lead(reads: Reads, text: string): Peeked | undefined {
    if (reads === "runner") {
      const frame = this.#frames.at(-1)
      const at = namedAt(text)
      if (frame !== undefined && at !== undefined) frame.due = `${frame.path}.${at}`
      return undefined
    }
    const models = ledTo(reads, text)
    if (models === undefined) return undefined
    this.#places.add(this.#path)
    if (models.length === 0 || !models.every(isModelName)) this.#isUnnamed = true
    else for (const name of models) this.#others.add(name)
    return this.#others.size > maxModels ? invalid("more models than one request may name") : undefined
  }

  /** Takes a text: what names models, or leads to some. */
  #text(place: JsonPlace, raw: Uint8Array): Peeked | undefined {
    if (place.isLabel && raw.length <= maxModel) this.#label = decodeText(raw)
    if (place.reads !== undefined) return this.#lead(place.reads, decodeText(raw))
    if (place.names === undefined) return place.strict ? invalid(`${this.#path} is of another kind`) : undefined
    const text = raw.length > maxModel ? "" : decodeText(raw)
    const isOneOfSeveral = place.names === "several" || this.#frames.at(-1)?.isEntry === true
    for (const name of place.separator === undefined ? [text] : text.split(place.separator).map((it) => it.trim())) {
      const refused = this.#take(name, this.#path, isOneOfSeveral)
      if (refused !== undefined) return refused
    }
    return undefined
  }

  /** Takes the name of a model, the one of the request or one of several. */
  #take(name: string, path: string, isOneOfSeveral: boolean): Peeked | undefined {
    this.#places.add(path)
    for (const frame of this.#frames) (frame.took ??= new Set()).add(path)
    if (!isModelName(name)) return refusalOf(name)
    if (isOneOfSeveral) this.#others.add(name)
    else if (this.#one !== undefined && this.#one !== name) {
      return ambiguous(`${[...this.#places].join(" and ")} name different models`)
    } else this.#one = name
    return this.#others.size > maxModels ? invalid("more models than one request may name") : undefined
  }
}
