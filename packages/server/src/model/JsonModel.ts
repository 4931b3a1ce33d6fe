/**
 * Finds the top-level `model` of a JSON body, in one pass over the bytes.
 *
 * The body is fed in as it arrives, so that 10 MB never stop the event loop; it
 * is checked against the whole grammar of RFC 8259 meanwhile. A body that
 * another parser could read otherwise is refused (RULES D19): two `model`
 * members, the name spelt with escapes or in another case, a model that is no
 * plain text. What passes here names one model to every JSON parser, or none.
 */
import { ambiguous, found, invalid, isModelName, nothing, type Peeked } from "./Peeked.ts"

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/** What the next byte may be. Numbers below `InNumber` are between tokens, where white space is skipped. */
const Value = 0
const ValueOrEnd = 1
const Name = 2
const NameOrEnd = 3
const Colon = 4
const CommaOrEnd = 5
const Done = 6
const InText = 7
const InEscape = 8
const InUnicode = 9
const InLiteral = 10
const InNumber = 11

/**
 * Skips plain bytes four at a time; stops at the latest in the word that holds the first quote, backslash or control
 * character. `words` covers `chunk` from its first aligned byte on.
 */
const skipPlain = (chunk: Uint8Array, words: Int32Array, from: number): number => {
  const shift = words.byteOffset - chunk.byteOffset
  let i = from
  while (i < chunk.length && ((i - shift) & 3) !== 0 && stops[chunk[i] ?? 0] === 0) i++
  if (((i - shift) & 3) !== 0 || i < shift) return i
  let at = (i - shift) >> 2
  for (; at < words.length; at++) {
    const word = words[at] ?? 0
    const quote = word ^ 0x22222222
    const backslash = word ^ 0x5c5c5c5c
    // A byte below 0x20, or one that became zero, borrows into its highest bit.
    const stop = ((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) |
      ((backslash - 0x01010101) & ~backslash)
    if ((stop & 0x80808080) !== 0) break
  }
  return (at << 2) + shift
}

const noWords = new Int32Array(0)

/** The 32-bit words of `chunk`, from its first aligned byte on. */
const wordsOf = (chunk: Uint8Array): Int32Array => {
  const from = (chunk.byteOffset + 3) & ~3
  const count = (chunk.byteOffset + chunk.byteLength - from) >> 2
  return count > 0 ? new Int32Array(chunk.buffer, from, count) : noWords
}

/** Parts of a number, in the order of the grammar. */
const Minus = 0
const Zero = 1
const Integer = 2
const Point = 3
const Fraction = 4
const Exponent = 5
const Sign = 6
const Power = 7

/** Nesting that no API needs and that deep parsers refuse. */
const maxDepth = 500

/**
 * Members by which an upstream is told of further models to try: LiteLLM calls them when the first one fails, so a
 * request that names some names several models (RULES D19).
 */
const furtherModels = new Set(["fallbacks", "context_window_fallbacks", "content_policy_fallbacks"])

/** The longest raw spelling of a name that is looked at, each character a `\u` escape. A longer name is another name. */
const maxName = 6 * Math.max(...Array.from(furtherModels, (it) => it.length))
/** Raw bytes of the value that are kept; a longer one is no model name. */
const maxModel = 6 * 1024 + 2

/** 1 for the bytes that end the run of plain bytes inside a text: quote, backslash, control characters. */
const stops = new Uint8Array(256).fill(1, 0, 0x20)
stops[QUOTE] = 1
stops[BACKSLASH] = 1

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
const isHex = (byte: number): boolean =>
  isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)

/** 1 for the bytes that may follow a backslash, `u` apart: `"`, `\\`, `/`, `b`, `f`, `n`, `r`, `t`. */
const shortEscapes = new Uint8Array(256)
for (const byte of [QUOTE, BACKSLASH, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74]) shortEscapes[byte] = 1

/** The state after `byte` inside a number, or -1 when the number ends before it. */
const nextInNumber = (state: number, byte: number): number => {
  const digit = isDigit(byte)
  switch (state) {
    case Minus:
      return byte === 0x30 ? Zero : digit ? Integer : -1
    case Zero:
      return byte === 0x2e ? Point : byte === 0x65 || byte === 0x45 ? Exponent : -1
    case Integer:
      return digit ? Integer : byte === 0x2e ? Point : byte === 0x65 || byte === 0x45 ? Exponent : -1
    case Point:
      return digit ? Fraction : -1
    case Fraction:
      return digit ? Fraction : byte === 0x65 || byte === 0x45 ? Exponent : -1
    case Exponent:
      return byte === 0x2b || byte === 0x2d ? Sign : digit ? Power : -1
    default:
      return digit ? Power : -1
  }
}

const mayEndNumber = (state: number): boolean =>
  state === Zero || state === Integer || state === Fraction || state === Power

const literals = { 0x74: "true", 0x66: "false", 0x6e: "null" } as const
const literalOf = (byte: number): string | undefined =>
  byte === 0x74 || byte === 0x66 || byte === 0x6e ? literals[byte] : undefined

/** Decodes the raw inside of a JSON text that the scanner has already found well-formed. */
const decodeText = (raw: ReadonlyArray<number>): string => {
  const text: unknown = JSON.parse(`"${Buffer.from(raw).toString("utf8")}"`)
  return typeof text === "string" ? text : ""
}

/** Reads one JSON body. Feed it with `push`, then ask `end`; after a refusal the rest is not looked at. */
export class JsonModel {
  #state = Value
  #words: Int32Array = noWords
  #depth = 0
  #isObject = new Uint8Array(maxDepth + 1)
  #number = Minus
  #literal = ""
  #at = 0
  /** Whether the text being read is a member name. */
  #isName = false
  /** Raw bytes of the top-level name or of the model's value; `undefined` while neither is being read. */
  #kept: Array<number> | undefined
  #keepUpTo = 0
  /** Whether the value that comes next is the model. */
  #expectsModel = false
  /** Whether the value that comes next names further models, unless it is null. */
  #expectsMore = false
  #model: string | undefined
  #refused: Peeked | undefined

  /** Reads the next bytes. */
  push(chunk: Uint8Array): void {
    if (this.#refused !== undefined) return
    const length = chunk.length
    this.#words = wordsOf(chunk)
    let i = 0
    while (i < length) {
      if (this.#state === InText) {
        i = this.#text(chunk, i)
      } else {
        const byte = chunk[i] ?? 0
        if (this.#state === InNumber && !this.#endsNumber(byte)) {
          i++
          continue
        }
        if (this.#refused !== undefined) return
        if (!this.#step(byte)) return this.#refuse(this.#refused ?? invalid)
        i++
      }
      if (this.#refused !== undefined) return
    }
  }

  /** What the whole body names. */
  end(): Peeked {
    if (this.#refused !== undefined) return this.#refused
    if (this.#state === InNumber && mayEndNumber(this.#number)) this.#endValue()
    if (this.#state !== Done) return invalid
    return this.#model === undefined ? nothing : found(this.#model)
  }

  /** Takes `byte` into the number, or ends the number before it. */
  #endsNumber(byte: number): boolean {
    const next = nextInNumber(this.#number, byte)
    if (next !== -1) {
      this.#number = next
      return false
    }
    if (mayEndNumber(this.#number)) this.#endValue()
    else this.#refuse(invalid)
    return true
  }

  #refuse(outcome: Peeked): void {
    this.#refused = outcome
  }

  /** Skips plain bytes and short escapes of a text; keeps them when they matter. Returns where to go on. */
  #text(chunk: Uint8Array, from: number): number {
    const length = chunk.length
    let i = from
    for (;;) {
      i = skipPlain(chunk, this.#words, i)
      while (i < length && stops[chunk[i] ?? 0] === 0) i++
      if (i + 1 >= length || chunk[i] !== BACKSLASH || shortEscapes[chunk[i + 1] ?? 0] !== 1) break
      i += 2
    }
    if (this.#kept !== undefined) this.#keep(chunk, from, i)
    if (i === length) return i
    const byte = chunk[i]
    if (byte === QUOTE) {
      this.#endText()
    } else if (byte === BACKSLASH) {
      if (this.#kept !== undefined) this.#keep(chunk, i, i + 1)
      this.#state = InEscape
    } else {
      this.#refuse(invalid)
    }
    return i + 1
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const kept = this.#kept
    if (kept === undefined) return
    for (let i = from; i < to; i++) {
      if (kept.length > this.#keepUpTo) return
      kept.push(chunk[i] ?? 0)
    }
  }

  #step(byte: number): boolean {
    if (this.#state <= Done && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) return true
    switch (this.#state) {
      case Value:
        return this.#beginValue(byte)
      case ValueOrEnd:
        return byte === CLOSE_ARRAY ? this.#close() : this.#beginValue(byte)
      case NameOrEnd:
        return byte === CLOSE_OBJECT ? this.#close() : this.#beginName(byte)
      case Name:
        return this.#beginName(byte)
      case Colon:
        this.#state = Value
        return byte === 0x3a
      case CommaOrEnd:
        return this.#afterValue(byte)
      case InEscape:
        this.#keepByte(byte)
        this.#at = 0
        this.#state = byte === 0x75 ? InUnicode : InText
        return byte === 0x75 || shortEscapes[byte] === 1
      case InUnicode:
        this.#keepByte(byte)
        if (++this.#at === 4) this.#state = InText
        return isHex(byte)
      case InLiteral:
        if (byte !== this.#literal.charCodeAt(this.#at)) return false
        if (++this.#at === this.#literal.length) this.#endValue()
        return true
      default:
        return false
    }
  }

  #keepByte(byte: number): void {
    if (this.#kept !== undefined && this.#kept.length <= this.#keepUpTo) this.#kept.push(byte)
  }

  #beginValue(byte: number): boolean {
    if (this.#expectsModel && byte !== QUOTE) return false
    if (this.#expectsMore) {
      this.#expectsMore = false
      if (byte !== 0x6e) {
        this.#refuse(ambiguous)
        return true
      }
    }
    if (byte === QUOTE) {
      this.#isName = false
      this.#kept = this.#expectsModel ? [] : undefined
      this.#keepUpTo = maxModel
      this.#state = InText
      return true
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (this.#depth === maxDepth) return false
      this.#isObject[++this.#depth] = byte === OPEN_OBJECT ? 1 : 0
      this.#state = byte === OPEN_OBJECT ? NameOrEnd : ValueOrEnd
      return true
    }
    if (byte === 0x2d || isDigit(byte)) {
      this.#number = byte === 0x2d ? Minus : byte === 0x30 ? Zero : Integer
      this.#state = InNumber
      return true
    }
    const literal = literalOf(byte)
    if (literal === undefined) return false
    this.#literal = literal
    this.#at = 1
    this.#state = InLiteral
    return true
  }

  #beginName(byte: number): boolean {
    if (byte !== QUOTE) return false
    this.#isName = true
    this.#kept = this.#depth === 1 ? [] : undefined
    this.#keepUpTo = maxName
    this.#state = InText
    return true
  }

  #endText(): void {
    const kept = this.#kept
    this.#kept = undefined
    if (this.#isName) {
      this.#state = Colon
      if (kept !== undefined) this.#endName(kept)
      return
    }
    if (kept !== undefined) {
      const name = kept.length > maxModel ? "" : decodeText(kept)
      if (!isModelName(name)) return this.#refuse(name.includes(",") ? ambiguous : invalid)
      this.#model = name
      this.#expectsModel = false
    }
    this.#endValue()
  }

  #endName(raw: ReadonlyArray<number>): void {
    if (raw.length < 5 || raw.length > maxName) return
    const name = decodeText(raw)
    if (furtherModels.has(name.toLowerCase())) {
      this.#expectsMore = true
      return
    }
    if (name.toLowerCase() !== "model") return
    // `raw` is longer than the name when a byte of it was escaped.
    if (name !== "model" || raw.length !== 5 || this.#model !== undefined) return this.#refuse(ambiguous)
    this.#expectsModel = true
  }

  #endValue(): void {
    this.#state = this.#depth === 0 ? Done : CommaOrEnd
  }

  #afterValue(byte: number): boolean {
    const isObject = this.#isObject[this.#depth] === 1
    if (byte === 0x2c) {
      this.#state = isObject ? Name : Value
      return true
    }
    return byte === (isObject ? CLOSE_OBJECT : CLOSE_ARRAY) && this.#close()
  }

  #close(): boolean {
    this.#depth--
    this.#endValue()
    return true
  }
}
