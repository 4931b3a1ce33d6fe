/**
 * Reads a stream of server-sent events as it passes, and lets what their data says be changed.
 *
 * Lines are passed on as soon as they are whole; only the data of an event waits for its end. Events end as every
 * reader of such streams sees it: lines by CR, LF or both, a mark at the beginning, fields without a value. What the
 * stream breaks off with is treated as an event, because some readers take it for one.
 */

/** Says what becomes of the data of one event: as it is, other data, or the end of the stream. */
export type OnEvent = (event: string, data: Buffer) => "same" | "cut" | Buffer

/** How a stream is looked at. */
export interface Looking {
  /** The largest event in bytes. */
  readonly limit: number
  /** An event in which none of these stands passes unread. */
  readonly marks: ReadonlyArray<Buffer>
}

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20

const nothing = Buffer.alloc(0)
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])
const dataField = Buffer.from("data")
const eventField = Buffer.from("event")
const newLine = Buffer.from("\n")
const dataLine = Buffer.from("data: ")

/** A line of data: where its value lies in the buffer. */
interface DataLine {
  readonly from: number
  readonly to: number
}

const startsWith = (text: Buffer, at: number, to: number, field: Buffer): boolean =>
  to - at >= field.length && text.compare(field, 0, field.length, at, at + field.length) === 0 &&
  (to - at === field.length || text[at + field.length] === COLON)

const valueAt = (text: Buffer, at: number, to: number, field: Buffer): number => {
  const from = Math.min(to, at + field.length + 1)
  return from < to && text[from] === SPACE ? from + 1 : from
}

/** One stream. Feed it with `push`, write what it answers, then ask `end`. */
export class EventStream {
  readonly #onEvent: OnEvent
  readonly #limit: number
  readonly #marks: ReadonlyArray<Buffer>
  /** What came and is not passed on yet: an event whose data has begun, a line that is not whole. */
  #text: Buffer = nothing
  /** Where the first line begins that was not looked at. */
  #line = 0
  /** Up to where no end of a line was found. */
  #searched = 0
  #isFirst = true
  #isAfterCr = false
  #event = ""
  readonly #data: Array<DataLine> = []
  /** Where the first line of data of the current event begins. */
  #dataFrom = 0
  #isCut = false

  constructor(onEvent: OnEvent, { limit, marks }: Looking) {
    this.#onEvent = onEvent
    this.#limit = limit
    this.#marks = marks
  }

  /** What is passed on now; `undefined` when the stream is to end here. */
  push(chunk: Buffer): Buffer | undefined {
    if (this.#isCut) return undefined
    if (this.#passes(chunk)) return chunk
    this.#text = this.#text.length === 0 ? chunk : Buffer.concat([this.#text, chunk])
    const out: Array<Buffer> = []
    let from = this.#skipMark()
    if (from === undefined) return nothing
    for (;;) {
      const end = this.#endOfLine()
      if (end === -1) break
      from = this.#takeLine(end, from, out)
      if (this.#isCut) return undefined
    }
    const keepFrom = this.#data.length > 0 ? this.#dataFrom : this.#line
    if (keepFrom > from) out.push(this.#text.subarray(from, keepFrom))
    this.#drop(Math.max(from, keepFrom))
    if (this.#text.length > this.#limit) {
      this.#isCut = true
      return undefined
    }
    return out.length === 1 ? out[0] : Buffer.concat(out)
  }

  /** Whether a piece is nothing but whole events that nobody looks at: nearly all of a long stream. */
  #passes(chunk: Buffer): boolean {
    if (this.#text.length > 0 || this.#isFirst || this.#isAfterCr || this.#event !== "") return false
    const { length } = chunk
    return length > 1 && chunk[length - 1] === LF && chunk[length - 2] === LF && !chunk.includes(CR) &&
      !this.#isMarked(chunk)
  }

  #isMarked(data: Buffer): boolean {
    for (const mark of this.#marks) if (data.includes(mark)) return true
    return false
  }

  /** What is left at the end of the stream; `undefined` when it may not be passed on. */
  end(): Buffer | undefined {
    const unfinished = this.#text.length > this.#line
    if (this.#isCut) return undefined
    const out: Array<Buffer> = []
    if (unfinished || this.#data.length > 0) {
      const rest = this.push(unfinished ? Buffer.from("\n\n") : newLine)
      if (rest === undefined) return undefined
      out.push(rest)
    }
    return Buffer.concat(out)
  }

  /** Where the passing on begins; `undefined` while it is not known whether a mark comes first. */
  #skipMark(): number | undefined {
    if (!this.#isFirst) return 0
    const length = Math.min(this.#text.length, byteOrderMark.length)
    if (this.#text.compare(byteOrderMark, 0, length, 0, length) === 0) {
      if (length < byteOrderMark.length) return undefined
      this.#line = this.#searched = byteOrderMark.length
      this.#isFirst = false
      return byteOrderMark.length
    }
    this.#isFirst = false
    return 0
  }

  /** The place of the next byte that ends a line; -1 when there is none yet. */
  #endOfLine(): number {
    const text = this.#text
    if (this.#isAfterCr && this.#line < text.length) {
      this.#isAfterCr = false
      if (text[this.#line] === LF) {
        // The second half of an end of line that is passed on with what follows.
        this.#line++
        this.#searched = Math.max(this.#searched, this.#line)
      }
    }
    const lf = text.indexOf(LF, this.#searched)
    const until = lf === -1 ? text.length : lf
    const cr = text.subarray(this.#searched, until).indexOf(CR)
    if (cr !== -1) return this.#searched + cr
    if (lf === -1) this.#searched = text.length
    return lf
  }

  /** Looks at one line, which ends at `end`; answers from where on nothing is passed on yet. */
  #takeLine(end: number, from: number, out: Array<Buffer>): number {
    const text = this.#text
    const at = this.#line
    this.#isAfterCr = text[end] === CR
    this.#line = this.#searched = end + 1
    if (at === end) return this.#endEvent(from, out)
    if (startsWith(text, at, end, dataField)) {
      if (this.#data.length === 0) this.#dataFrom = at
      this.#data.push({ from: valueAt(text, at, end, dataField), to: end })
    } else if (startsWith(text, at, end, eventField)) {
      this.#event = text.toString("utf8", valueAt(text, at, end, eventField), end)
    }
    return from
  }

  #endEvent(from: number, out: Array<Buffer>): number {
    const event = this.#event
    const lines = this.#data.splice(0)
    this.#event = ""
    if (lines.length === 0) return from
    const text = this.#text
    const data = lines.length === 1
      ? text.subarray(lines[0]?.from ?? 0, lines[0]?.to ?? 0)
      : Buffer.concat(lines.flatMap((it, index) => {
        const line = text.subarray(it.from, it.to)
        return index === 0 ? [line] : [newLine, line]
      }))
    if (data.length > this.#limit) {
      this.#isCut = true
      return from
    }
    if (!this.#isMarked(data)) return from
    const becomes = this.#onEvent(event, data)
    if (becomes === "same") return from
    if (becomes === "cut") {
      this.#isCut = true
      return from
    }
    out.push(text.subarray(from, this.#dataFrom), ...this.#otherLines(lines))
    for (let start = 0; start <= becomes.length;) {
      const lf = becomes.indexOf(LF, start)
      const stop = lf === -1 ? becomes.length : lf
      out.push(dataLine, becomes.subarray(start, stop), newLine)
      start = stop + 1
    }
    out.push(newLine)
    return this.#line
  }

  /** What stands between lines of data of one event: other fields, and comments. */
  #otherLines(lines: ReadonlyArray<DataLine>): ReadonlyArray<Buffer> {
    const out: Array<Buffer> = []
    lines.forEach((it, index) => {
      const next = lines[index + 1]
      // Behind the end of this line; before the field name of the next one.
      const between = this.#text.subarray(it.to, next === undefined ? this.#line : next.from).toString("latin1")
      for (const line of between.split(/\r\n|\r|\n/)) {
        if (line !== "" && !/^data(?::|$)/.test(line)) out.push(Buffer.from(`${line}\n`, "latin1"))
      }
    })
    return out
  }

  /** Forgets what was passed on. */
  #drop(bytes: number): void {
    this.#text = bytes === this.#text.length ? nothing : this.#text.subarray(bytes)
    this.#line = Math.max(0, this.#line - bytes)
    this.#searched = Math.max(0, this.#searched - bytes)
    this.#dataFrom = Math.max(0, this.#dataFrom - bytes)
    for (const [index, it] of this.#data.entries()) {
      this.#data[index] = { from: it.from - bytes, to: it.to - bytes }
    }
  }
}
