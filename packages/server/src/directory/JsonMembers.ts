/**
 * Finds a member that an object of a JSON text has twice, at any depth and in
 * whatever spelling: `JSON.parse` takes the last one, another program may take
 * the first, so such a text is refused wherever rows are written (threat B01).
 *
 * One pass that keeps no part of the text, for bodies of many megabytes.
 */
import { Result } from "effect"

/** A member that is there twice, and where both of them begin in the text. */
export interface Repeated {
  readonly path: ReadonlyArray<string | number>
  readonly at: number
  readonly first: number
}

/** One array or object around the place that is looked at. */
interface Frame {
  readonly isObject: boolean
  /** Where each name began; empty for an array. */
  readonly names: Map<string, number>
  key: string
  index: number
  expectsName: boolean
}

/** Where the string that begins at `start` ends: its closing quote; -1 when it has none. */
const endOf = (text: string, start: number): number => {
  for (let end = text.indexOf("\"", start + 1); end !== -1; end = text.indexOf("\"", end + 1)) {
    let slashes = 0
    while (text[end - 1 - slashes] === "\\") slashes++
    if (slashes % 2 === 0) return end
  }
  return -1
}

/** The name in a quoted text; `undefined` when it is none. */
const nameOf = (quoted: string): string | undefined =>
  quoted.includes("\\")
    ? Result.getOrUndefined(Result.map(Result.try((): unknown => JSON.parse(quoted)), String))
    : quoted.slice(1, -1)

/** How deep arrays and objects of a text may stand in each other; what reads on recurses. */
export const deepest = 256

/** Whether a text is nested deeper than `deepest`; one pass that keeps nothing. */
export const isTooDeep = (text: string): boolean => {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x5b:
      case 0x7b:
        if (++depth > deepest) return true
        break
      case 0x5d:
      case 0x7d:
        depth--
        break
      case 0x22:
        at = endOf(text, at)
        if (at === -1) return false
        break
    }
  }
  return false
}

/** The first member that is there twice. What is no JSON has none: whoever parses it says so. */
export const repeated = (text: string): Repeated | undefined => {
  // A map for each depth, used again by the next object there.
  const pool: Array<Map<string, number>> = []
  const frames: Array<Frame> = []
  const open = (isObject: boolean) => {
    const names = pool[frames.length] ??= new Map()
    names.clear()
    frames.push({ isObject, names, key: "", index: 0, expectsName: isObject })
  }
  for (let at = 0; at < text.length; at++) {
    const frame = frames.at(-1)
    switch (text[at]) {
      case "{":
        open(true)
        break
      case "[":
        open(false)
        break
      case "}":
      case "]":
        frames.pop()
        break
      case ",":
        if (frame === undefined) return undefined
        frame.index += 1
        frame.expectsName = frame.isObject
        break
      case "\"": {
        const end = endOf(text, at)
        if (end === -1) return undefined
        if (frame?.expectsName === true) {
          const name = nameOf(text.slice(at, end + 1))
          if (name === undefined) return undefined
          const first = frame.names.get(name)
          frame.key = name
          if (first !== undefined) {
            return { path: frames.map(({ index, isObject, key }) => isObject ? key : index), at, first }
          }
          frame.names.set(name, at)
          frame.expectsName = false
        }
        at = end
        break
      }
    }
  }
  return undefined
}
