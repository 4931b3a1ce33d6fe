/**
 * Checks JSON text that comes in pieces, and stops at the names and texts that
 * were asked for.
 *
 * The walk itself is WebAssembly (`wasm/JsonWalk.ts`), because sixteen bytes at
 * a time cost a tenth of one at a time: 10 MB take about 10 ms. One instance
 * serves all; what is between two pieces of one text lies in its `Place`.
 */
import { code } from "./JsonWalkCode.ts"

/**
 * Why the walk has stopped: this is no JSON; a name where names are watched; a wanted value, which is a text, an
 * object or a list that is open now, or another one (a number, a literal, an empty object or list); what was watched
 * has ended.
 */
export type Stop = "Bad" | "Name" | "Text" | "Object" | "List" | "Other" | "Left"

/** How far the walk over one text has come, and what it watches. */
export interface Place {
  /** Whether the next value is reported. Set it when a name was reported, for the value of that name. */
  wanted: boolean
  /** The depth at which names are reported; 0 for none. */
  names: number
  /** Whether all names are reported there, not only those that `watch` was told of. */
  allNames: boolean
  /** The table of the names that are reported there. */
  letters: Letters
  /** The depth of a list whose elements are reported; 0 for none. */
  elements: number
  /** The depth whose end is reported, at least 1. */
  floor: number
  /** Changes whenever an object begins at the depth of `names` without being reported, which tells one from the next. */
  opened: number
  state: number
  depth: number
  /** The closing bytes of what is open, outermost first, when there is more than one. */
  nesting: Uint8Array
  /** The end of the last piece, when a token was cut there. */
  tail: Uint8Array
  /** How many bytes of the text lie before what is in memory. */
  before: number
  /** Where the last stop was, in bytes from the beginning of the text: behind the bracket, quote or value. */
  at: number
}

const isFunction = (it: unknown): it is (to: number) => number => typeof it === "function"

/** What the module exports, by type; the constants of `wasm/JsonWalk.ts` are repeated below. */
const walkerOf = ({ memory, walk }: WebAssembly.Exports) => {
  if (!(memory instanceof WebAssembly.Memory) || !isFunction(walk)) {
    throw new TypeError("the walk over JSON is not what was compiled")
  }
  return { memory, walk }
}

const walker = walkerOf(new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(code, "base64"))).exports)
const memory = new Uint8Array(walker.memory.buffer)
const buffer = Buffer.from(walker.memory.buffer)

/** The words in memory that are set before a walk and read after it. */
const words = new Int32Array(walker.memory.buffer, 512, 11)
const STATE = 0
const DEPTH = 1
const WANTED = 2
const NAMES = 3
const ALL_NAMES = 4
const LETTERS_IN_FORCE = 5
const ELEMENTS = 6
const FLOOR = 7
const OPENED = 8
const AT = 9
const START = 10

const LETTERS = 98_304
const TABLE = 32 * 64 * 4
const INPUT = 1024
const PIECE = 65_536
const MORE = 0
const NAME = 2
const TEXT = 3
const OPEN = 4
const OPEN_OBJECT = 0x7b
const stops: ReadonlyArray<Stop> = ["Bad", "Bad", "Name", "Text", "Object", "Other", "Left"]
const DONE = 6

const empty = new Uint8Array(0)

/** Ends a number that nothing follows; means nothing elsewhere. */
export const lineFeed = Uint8Array.of(0x0a)

const BACKSLASH = 0x5c

/** The raw bytes that a stop reports, as text. */
export const asText = (raw: Uint8Array): string =>
  raw.buffer === buffer.buffer
    ? buffer.toString("utf8", raw.byteOffset, raw.byteOffset + raw.length)
    : Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString("utf8")

/** Decodes the raw inside of a JSON text that was found well-formed. */
export const decodeText = (raw: Uint8Array): string => {
  if (!raw.includes(BACKSLASH)) return asText(raw)
  const text: unknown = JSON.parse(`"${asText(raw)}"`)
  return typeof text === "string" ? text : ""
}

/** A table of names that are reported, by where it lies in the walker's memory. */
export type Letters = number

/** The table of all names that some text is watched for. */
export const everyName: Letters = LETTERS

const tables = new Map<string, Letters>()

/**
 * The table of these names alone, and of `everyName` when there are too many tables: who is told of more names than it
 * looks for is only slower.
 */
export const lettersOf = (names: Iterable<string>): Letters => {
  const all = [...names].toSorted()
  const key = all.join()
  const known = tables.get(key)
  if (known !== undefined) return known
  const made = LETTERS + (tables.size + 1) * TABLE
  if (made + TABLE > memory.length) return everyName
  tables.set(key, made)
  for (const name of all) watch(name, made)
  return made
}

/**
 * From now on names like this one are reported where names are watched: of its length and its first two letters, in
 * any case, or longer by what letters take that other scripts have for `k` and `s`. ASCII, at most 40 characters.
 */
export const watch = (name: string, table: Letters = everyName): void => {
  const letters = new DataView(walker.memory.buffer, table, TABLE)
  const at = (name.charCodeAt(0) & 0x1f) * 256
  const second = 1 << (name.charCodeAt(1) & 0x1f)
  const longest = name.length + 2 * [...name].filter((it) => /[ks]/i.test(it)).length
  for (let length = name.length; length <= Math.min(longest, 63); length++) {
    letters.setUint32(at + length * 4, letters.getUint32(at + length * 4, true) | second, true)
  }
}

/** The place before the first byte. */
export const startPlace = (): Place => ({
  wanted: true,
  names: 0,
  allNames: false,
  letters: everyName,
  elements: 0,
  floor: 1,
  opened: 0,
  state: 0,
  depth: 0,
  nesting: empty,
  tail: empty,
  before: 0,
  at: 0
})

/** Whether the text is whole. */
export const isDone = (place: Place): boolean => place.state === DONE && place.tail.length === 0

/**
 * Walks over the next bytes of a text. `onStop` gets the raw inside of a name or text, or a number or literal, good
 * until it returns, and says whether to go on; after "Bad" there is no going on.
 */
export const walk = (place: Place, bytes: Uint8Array, onStop: (why: Stop, raw: Uint8Array) => boolean): void => {
  for (let from = 0; from < bytes.length; from += PIECE) {
    const tail = place.tail
    const piece = bytes.length <= PIECE ? bytes : bytes.subarray(from, from + PIECE)
    memory.set(tail, INPUT)
    memory.set(piece, INPUT + tail.length)
    if (!over(place, INPUT + tail.length + piece.length, onStop)) return
  }
}

/** Walks to the end of what lies in memory; answers whether the text may go on. */
const over = (place: Place, to: number, onStop: (why: Stop, raw: Uint8Array) => boolean): boolean => {
  memory.set(place.nesting, 0)
  words[STATE] = place.state
  words[DEPTH] = place.depth
  words[AT] = INPUT
  for (;;) {
    words[OPENED] = place.opened
    words[WANTED] = place.wanted ? 1 : 0
    words[NAMES] = place.names
    words[ALL_NAMES] = place.allNames ? 1 : 0
    words[LETTERS_IN_FORCE] = place.letters
    words[ELEMENTS] = place.elements
    words[FLOOR] = place.floor
    const why = walker.walk(to)
    const at = words[AT] ?? 0
    place.wanted = words[WANTED] !== 0
    place.depth = words[DEPTH] ?? 0
    place.opened = words[OPENED] ?? 0
    if (why === MORE) {
      place.state = words[STATE] ?? 0
      place.nesting = memory.slice(0, place.depth + 1)
      place.tail = at < to ? memory.slice(at, to) : empty
      place.before += at - INPUT
      return true
    }
    const stop = why === OPEN && memory[at - 1] !== OPEN_OBJECT ? "List" : stops[why] ?? "Bad"
    const end = why === NAME || why === TEXT ? at - 1 : at
    place.at = place.before + at - INPUT
    if (!onStop(stop, memory.subarray(words[START], end))) return false
  }
}
