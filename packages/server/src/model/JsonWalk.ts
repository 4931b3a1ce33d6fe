/**
 * Checks JSON text that comes in pieces, and stops at the names and texts that
 * were asked for.
 *
 * The walk itself is WebAssembly (`wasm/JsonWalk.ts`), because sixteen bytes at
 * a time cost a tenth of one at a time: 10 MB take about 10 ms. One instance
 * serves all; what is between two pieces of one text lies in its `Place`.
 */
import { code } from "./JsonWalkCode.ts"

/** Why the walk has stopped: this is no JSON; a name in the outermost object; the text that was wanted; a value where only null was. */
export type Stop = "Bad" | "Name" | "Text" | "Value"

/** How the next value is treated: checked only; a text that is reported, anything else is bad; reported unless it is null. */
export type Wanted = "Nothing" | "Text" | "NullOrStop"

/** How far the walk over one text has come. */
export interface Place {
  /** Set it when a name was reported, for the value of that name. */
  wanted: Wanted
  state: number
  depth: number
  /** The closing bytes of what is open, outermost first, when there is more than one. */
  nesting: Uint8Array
  /** The end of the last piece, when a token was cut there. */
  tail: Uint8Array
}

interface Walker {
  readonly memory: WebAssembly.Memory
  readonly walk: (to: number) => number
  readonly at: WebAssembly.Global<"i32">
  readonly start: WebAssembly.Global<"i32">
  readonly state: WebAssembly.Global<"i32">
  readonly depth: WebAssembly.Global<"i32">
  readonly wanted: WebAssembly.Global<"i32">
}

const isFunction = (it: unknown): it is (to: number) => number => typeof it === "function"

const isNumber = (it: unknown): it is WebAssembly.Global<"i32"> =>
  it instanceof WebAssembly.Global && typeof it.value === "number"

/** What the module exports, by type; the constants of `wasm/JsonWalk.ts` are repeated below. */
const walkerOf = ({ at, depth, memory, start, state, walk, wanted }: WebAssembly.Exports): Walker => {
  if (
    !(memory instanceof WebAssembly.Memory) || !isFunction(walk) || !isNumber(at) || !isNumber(start) ||
    !isNumber(state) || !isNumber(depth) || !isNumber(wanted)
  ) throw new TypeError("the walk over JSON is not what was compiled")
  return { at, depth, memory, start, state, walk, wanted }
}

const walker = walkerOf(new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(code, "base64"))).exports)
const memory = new Uint8Array(walker.memory.buffer)

const INPUT = 1024
const PIECE = 65_536
const MORE = 0
const stops: ReadonlyArray<Stop> = ["Bad", "Bad", "Name", "Text", "Value"]
const DONE = 6
const wants: Readonly<Record<Wanted, number>> = { Nothing: 0, Text: 1, NullOrStop: 2 }

const empty = new Uint8Array(0)

/** The place before the first byte. */
export const startPlace = (): Place => ({ wanted: "Nothing", state: 0, depth: 0, nesting: empty, tail: empty })

/** Whether the text is whole. */
export const isDone = (place: Place): boolean => place.state === DONE && place.tail.length === 0

/**
 * Walks over the next bytes of a text. `onStop` gets the raw inside of a name or text, good until it returns, and
 * says whether to go on; after "Bad" there is no going on.
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
  walker.state.value = place.state
  walker.depth.value = place.depth
  walker.at.value = INPUT
  for (;;) {
    walker.wanted.value = wants[place.wanted]
    const why = walker.walk(to)
    const at = walker.at.value
    if (walker.wanted.value === 0) place.wanted = "Nothing"
    if (why === MORE) {
      place.state = walker.state.value
      place.depth = walker.depth.value
      place.nesting = memory.slice(0, place.depth + 1)
      place.tail = at < to ? memory.slice(at, to) : empty
      return true
    }
    if (!onStop(stops[why] ?? "Bad", memory.subarray(walker.start.value, at - 1))) return false
  }
}
