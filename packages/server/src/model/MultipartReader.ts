/**
 * Cuts a `multipart/form-data` body (RFC 7578, RFC 2046 §5.1.1) into its parts while it comes.
 *
 * There is one way to read what passes here: the body begins with its first delimiter and ends with its last, lines
 * end in CRLF, delimiters bear no padding, and nothing stands before or behind. Libraries that are laxer find other
 * parts in what is refused here (RULES D55).
 */
import * as FormPart from "./FormPart.ts"
import * as MediaType from "./MediaType.ts"

/** Gets what is read, in the order of the body. A handler that says false ends the reading. */
export interface PartHandler {
  readonly begin: (part: FormPart.FormPart) => boolean
  /** Bytes of the content; good until it returns. */
  readonly data: (bytes: Buffer) => boolean
  readonly end: () => boolean
}

const maxHead = 8 * 1024
const maxParts = 1000

const boundaryPattern = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/

/** The boundary that a content type names; `undefined` when it can be read in more than one way. */
export const boundaryOf = (type: MediaType.MediaType): string | undefined => {
  const boundary = type.parameters.get("boundary")
  const others = type.parameters.size - (type.parameters.has("charset") ? 1 : 0)
  return boundary !== undefined && others === 1 && MediaType.isUtf8Type(type) && boundaryPattern.test(boundary)
    ? boundary
    : undefined
}

type State = "Start" | "Delimited" | "Head" | "Content" | "Closed" | "Refused"

const none = Buffer.alloc(0)
const CR = 0x0d
const LF = 0x0a
const DASH = 0x2d

/** Reads one body: feed it with `push`, then ask `end`. */
export class MultipartReader {
  readonly #delimiter: Buffer
  /** The delimiter without its line end. */
  readonly #mark: Buffer
  readonly #handler: PartHandler
  #state: State = "Start"
  /** What was not yet understood. */
  #rest: Buffer = none
  #parts = 0
  #cause = "a form that does not end"

  constructor(boundary: string, handler: PartHandler) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1")
    this.#mark = this.#delimiter.subarray(2)
    this.#handler = handler
  }

  /** Reads the next bytes; false once the body is refused. */
  push(chunk: Buffer): boolean {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = none
    for (;;) {
      const taken = this.#step(bytes)
      if (taken === undefined) break
      bytes = bytes.subarray(taken)
    }
    // A copy: what remains is short, and the piece that it came with is not to be kept alive by it.
    if (this.#state !== "Refused" && bytes.length > 0) this.#rest = Buffer.from(bytes)
    return this.#state !== "Refused"
  }

  /** Why the body is refused, or is not whole; for the operator. */
  get cause(): string {
    return this.#cause
  }

  /** Whether the body was whole. */
  end(): boolean {
    return this.#state === "Closed" && this.#rest.length === 0
  }

  /** How many bytes are understood; `undefined` when more are needed, or there is nothing to be understood. */
  #step(bytes: Buffer): number | undefined {
    switch (this.#state) {
      case "Start":
        return this.#start(bytes)
      case "Delimited":
        return this.#delimited(bytes)
      case "Head":
        return this.#head(bytes)
      case "Content":
        return this.#content(bytes)
      case "Closed":
        // One line end may follow the last delimiter.
        return bytes.length > 2 || !"\r\n".startsWith(bytes.toString("latin1"))
          ? this.#refuse("bytes behind the last boundary")
          : bytes.length === 2
          ? 2
          : undefined
      default:
        return undefined
    }
  }

  #refuse(cause: string): undefined {
    this.#state = "Refused"
    this.#cause = cause
    return undefined
  }

  /** The handler has reasons of its own. */
  #stopped(): undefined {
    return this.#refuse(`part ${this.#parts} is not taken`)
  }

  #start(bytes: Buffer): number | undefined {
    const first = this.#mark
    const length = Math.min(first.length, bytes.length)
    if (bytes.compare(first, 0, length, 0, length) !== 0) return this.#refuse("bytes before the first boundary")
    if (length < first.length) return undefined
    this.#state = "Delimited"
    return length
  }

  #delimited(bytes: Buffer): number | undefined {
    if (bytes.length < 2) return undefined
    const next = bytes.toString("latin1", 0, 2)
    if (next === "--" && this.#parts > 0) this.#state = "Closed"
    else if (next === "\r\n" && this.#parts < maxParts) this.#state = "Head"
    else return this.#refuse(`no part behind boundary ${this.#parts + 1}`)
    return 2
  }

  #head(bytes: Buffer): number | undefined {
    const end = bytes.indexOf("\r\n\r\n", 0, "latin1")
    if (end > maxHead || (end === -1 && bytes.length > maxHead)) {
      return this.#refuse(`part ${this.#parts + 1}: a head that is too long`)
    }
    if (end === -1) return undefined
    const part = FormPart.parse(bytes.subarray(0, end))
    this.#parts++
    if ("cause" in part) return this.#refuse(`part ${this.#parts}: ${part.cause}`)
    if (!this.#handler.begin(part)) return this.#stopped()
    this.#state = "Content"
    return end + 4
  }

  #content(bytes: Buffer): number | undefined {
    const mark = bytes.indexOf(this.#mark)
    const found = mark >= 2 && bytes[mark - 2] === CR && bytes[mark - 1] === LF
    // What looks like a delimiter to a library that asks for no line end, or for half of one.
    if (mark !== -1 && !found) return this.#refuse(`part ${this.#parts}: a boundary that begins no line`)
    const end = found ? mark - 2 : this.#safeEnd(bytes)
    if (end > 0 && !this.#handler.data(bytes.subarray(0, end))) return this.#stopped()
    if (!found) return end > 0 ? end : undefined
    if (!this.#handler.end()) return this.#stopped()
    this.#state = "Delimited"
    return mark + this.#mark.length
  }

  /** Where a delimiter, or what looks like one, may begin at the end of `bytes`. */
  #safeEnd(bytes: Buffer): number {
    const { length } = bytes
    for (let at = Math.max(0, length - this.#mark.length - 1); at < length; at++) {
      const byte = bytes[at]
      const from = byte === CR ? 0 : byte === DASH ? 2 : -1
      const to = from + length - at
      if (from !== -1 && to <= this.#delimiter.length && bytes.compare(this.#delimiter, from, to, at) === 0) return at
    }
    return length
  }
}
