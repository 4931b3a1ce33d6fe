/**
 * Protocol Buffers as they are on the wire: reads one field after another, and makes nothing of what nobody asks for.
 *
 * Of a message of a proxy a few fields are used; decoding the whole into objects costs more than the decision about it.
 * Bytes that are no message throw a `RangeError`, which the transport answers as a gRPC error.
 */

/** How a field is written: what stands behind its number. */
const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2
const START_GROUP = 3
const END_GROUP = 4
const FIXED32 = 5

/** The tag of a field that is a text, bytes, or a message. */
export const delimited = (field: number): number => field << 3 | DELIMITED
/** The tag of a field that is a number or a truth value. */
export const varint = (field: number): number => field << 3 | VARINT

/** Groups within groups: no message of anybody has more. */
const deepest = 64
/** A number of 64 bits has no more bytes than these. */
const longest = 10

const none = (): never => {
  throw new RangeError("no message")
}

/** Goes through the bytes of one message. */
export class Wire {
  readonly #bytes: Buffer
  #at = 0
  #end: number

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#end = bytes.length
  }

  /** The tag of the next field; 0 at the end of the message. */
  next(): number {
    if (this.#at === this.#end) return 0
    const tag = this.#number()
    return tag >>> 3 === 0 ? none() : tag
  }

  /** Goes into the message that stands here; what it answers is to be given to `leave` at its end. */
  enter(): number {
    const outer = this.#end
    this.#end = this.#till()
    return outer
  }

  /** Goes on behind the message that was entered. */
  leave(outer: number): void {
    this.#end = outer
  }

  /** The bytes that stand here; a view. */
  bytes(): Buffer {
    const end = this.#till()
    const view = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return view
  }

  /** The bytes that stand here as text of one character each, which holds nothing of the message. */
  octets(): string {
    const end = this.#till()
    const text = this.#bytes.toString("latin1", this.#at, end)
    this.#at = end
    return text
  }

  /** Whether the number of 64 bits that stands here is below zero. */
  isNegative(): boolean {
    for (let length = 1; length <= longest; length++) {
      const byte = this.#byte()
      if (byte < 0x80) return length === longest && (byte & 1) === 1
    }
    return none()
  }

  /** Passes what stands behind `tag`. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case VARINT:
        this.isNegative()
        break
      case FIXED64:
        this.#pass(8)
        break
      case DELIMITED:
        this.#at = this.#till()
        break
      case START_GROUP:
        this.#skipGroup(tag >>> 3, depth)
        break
      case FIXED32:
        this.#pass(4)
        break
      default:
        none()
    }
  }

  #skipGroup(field: number, depth: number): void {
    if (depth === deepest) none()
    for (;;) {
      const tag = this.next()
      if (tag === (field << 3 | END_GROUP) >>> 0) return
      if (tag === 0) none()
      this.skip(tag, depth + 1)
    }
  }

  #byte(): number {
    return this.#at < this.#end ? this.#bytes[this.#at++] ?? none() : none()
  }

  /** A number of 32 bits, as tags and lengths are. */
  #number(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    let value = first & 0x7f
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.#byte()
      if (shift === 28 && byte > 0x0f) return none()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return none()
  }

  /** Where the bytes end that begin here with their length. */
  #till(): number {
    const length = this.#number()
    return length <= this.#end - this.#at ? this.#at + length : none()
  }

  #pass(count: number): void {
    this.#at = count <= this.#end - this.#at ? this.#at + count : none()
  }
}
