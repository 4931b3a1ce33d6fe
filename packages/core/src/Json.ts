/**
 * Strict JSON (RFC 8259): what two parsers could read differently is refused.
 *
 * No member twice at any depth, whatever its spelling (threat B01), no byte order mark, bounded depth, no number that
 * is not finite. What is accepted reads exactly as `JSON.parse` reads it, but objects inherit nothing: `__proto__` and
 * `constructor` are ordinary names. One pass over the text; nothing is parsed twice.
 */
import * as Result from "effect/Result"

/** A parsed JSON value. */
export type Json = string | number | boolean | null | ReadonlyArray<Json> | JsonObject

/** A parsed JSON object without a prototype. */
export interface JsonObject {
  readonly [name: string]: Json
}

/** Why a text is not accepted. */
export type JsonRefused = "syntax" | "duplicate_member" | "depth" | "number"

/** Deepest nesting of arrays and objects. */
export const maxDepth = 32

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

const special = /[\\\u0000-\u001f]/
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/** The text that the inside of a quoted string stands for, or `undefined`: the one place that catches what `parse` throws. */
const unescaped = (raw: string): string | undefined => {
  try {
    const text: unknown = JSON.parse(`"${raw}"`)
    return typeof text === "string" ? text : undefined
  } catch {
    return undefined
  }
}

/**
 * An object that inherits nothing: its prototype is empty and stays so. Objects of one class share their shapes, which
 * makes both filling and reading them a sixth faster than objects without any prototype.
 */
class Members {
  [name: string]: Json
}
Reflect.deleteProperty(Members.prototype, "constructor")
Object.freeze(Object.setPrototypeOf(Members.prototype, null))

/** A cursor over one text. Every method answers `undefined` when the text is refused, and `refused` then says why. */
class Reader {
  refused: JsonRefused = "syntax"
  private at = 0
  private depth = 0
  private readonly text: string
  /** No backslash and no control character anywhere: a string then ends at the next quote. */
  private readonly plain: boolean

  constructor(text: string, plain: boolean) {
    this.text = text
    this.plain = plain
  }

  document(): Json | undefined {
    const value = this.value(this.skipSpace())
    return value !== undefined && Number.isNaN(this.skipSpace()) ? value : undefined
  }

  private refuse(reason: JsonRefused): undefined {
    this.refused = reason
    return undefined
  }

  /** Moves to the next character that is no white space and answers its code; NaN at the end. */
  private skipSpace(): number {
    let code = this.text.charCodeAt(this.at)
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = this.text.charCodeAt(++this.at)
    return code
  }

  private value(code: number): Json | undefined {
    if (code === QUOTE) return this.string()
    if (code === OPEN_BRACE) return this.object()
    if (code === OPEN_BRACKET) return this.array()
    if (code === MINUS || (code >= ZERO && code <= NINE)) return this.number()
    if (this.text.startsWith("true", this.at)) return this.word(4, true)
    if (this.text.startsWith("false", this.at)) return this.word(5, false)
    if (this.text.startsWith("null", this.at)) return this.word(4, null)
    return undefined
  }

  private word<A extends boolean | null>(length: number, value: A): A {
    this.at += length
    return value
  }

  private number(): number | undefined {
    const { text } = this
    // Most numbers of a token are times: up to fifteen digits without fraction need no regular expression.
    let code = text.charCodeAt(this.at)
    if (code > ZERO) {
      let whole = 0
      let i = this.at
      for (; code >= ZERO && code <= NINE; code = text.charCodeAt(++i)) whole = whole * 10 + (code - ZERO)
      if (i - this.at <= 15 && (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET)) {
        this.at = i
        return whole
      }
    }
    number.lastIndex = this.at
    if (!number.test(text)) return undefined
    const value = Number(text.slice(this.at, number.lastIndex))
    this.at = number.lastIndex
    return Number.isFinite(value) ? value : this.refuse("number")
  }

  private string(): string | undefined {
    const { text } = this
    const start = this.at + 1
    if (this.plain) {
      const end = text.indexOf("\"", start)
      if (end === -1) return undefined
      this.at = end + 1
      return text.slice(start, end)
    }
    for (let i = start;; i++) {
      const code = text.charCodeAt(i)
      if (code === QUOTE) {
        this.at = i + 1
        return text.slice(start, i)
      }
      if (code === BACKSLASH) return this.escaped(start, i)
      // NaN, the end of the text, compares false.
      if (!(code >= 0x20)) return undefined
    }
  }

  /** The rest of a string whose first backslash is at `i`. */
  private escaped(start: number, first: number): string | undefined {
    const { text } = this
    let i = first
    for (let code = BACKSLASH; code !== QUOTE; code = text.charCodeAt(i)) {
      if (code === BACKSLASH) i++
      else if (!(code >= 0x20)) return undefined
      i++
    }
    this.at = i + 1
    return unescaped(text.slice(start, i))
  }

  private array(): ReadonlyArray<Json> | undefined {
    if (++this.depth > maxDepth) return this.refuse("depth")
    const items: Array<Json> = []
    this.at++
    let code = this.skipSpace()
    if (code !== CLOSE_BRACKET) {
      for (;; code = this.skipSpace()) {
        const value = this.value(code)
        if (value === undefined) return undefined
        items.push(value)
        const next = this.skipSpace()
        if (next === CLOSE_BRACKET) break
        if (next !== COMMA) return undefined
        this.at++
      }
    }
    this.at++
    this.depth--
    return items
  }

  private object(): Json | undefined {
    if (++this.depth > maxDepth) return this.refuse("depth")
    const members = new Members()
    this.at++
    let code = this.skipSpace()
    if (code !== CLOSE_BRACE) {
      for (;; code = this.skipSpace()) {
        if (code !== QUOTE) return undefined
        const name = this.string()
        if (name === undefined || this.skipSpace() !== COLON) return undefined
        this.at++
        if (members[name] !== undefined) return this.refuse("duplicate_member")
        const value = this.value(this.skipSpace())
        if (value === undefined) return undefined
        members[name] = value
        const next = this.skipSpace()
        if (next === CLOSE_BRACE) break
        if (next !== COMMA) return undefined
        this.at++
      }
    }
    this.at++
    this.depth--
    return members
  }
}

/** Whether a value is an object. */
export const isObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * Parses a whole text. `plain`: whether it has neither a backslash nor a control character, for a caller who knows;
 * it then takes the shorter way through strings.
 */
export const parse = (text: string, plain = !special.test(text)): Result.Result<Json, JsonRefused> => {
  const reader = new Reader(text, plain)
  const value = reader.document()
  return value === undefined ? Result.fail(reader.refused) : Result.succeed(value)
}
