/**
 * Where lines of decisions go: a file, or standard output. Supervised: whatever
 * becomes of the disk, the folder or the reader, the process goes on; what could
 * not be written is dropped and counted, and told in the line that can be
 * written next.
 *
 * One piece is written at a time. A file is opened when it is needed, again
 * after a failure, and anew when another one stands in its place (rotation by
 * rename) or on `reopen`.
 */
import { close, constants, fstat, open, stat, write } from "node:fs"

/** A path, or a descriptor that somebody else has opened. */
export type LineTarget = { readonly path: string } | { readonly fd: number }

/** Bytes that wait for a slow disk or reader; more are dropped and counted. */
export const maxPending = 16 * 1024 * 1024

/** How long after a failure it is tried again, and how often it is looked whether the file is still the one; in milliseconds. */
const retryMillis = 500
const lookMillis = 500
/** How long a reader that takes nothing is left alone. */
const fullMillis = 20
/**
 * A pipe that nobody reads fails at once instead of keeping a thread for as long as nobody does: a process with such a
 * thread does not end.
 */
const forLines = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

/** Pieces that wait are put together until they are this large, in bytes: one at a time costs several times as much. */
const together = 64 * 1024
/** How long the end waits for what is still to be written. */
const patience = 1_000

interface Piece {
  readonly bytes: Uint8Array
  readonly lines: number
  /** How many dropped ones it tells of. */
  readonly tells: number
}

const encoder = new TextEncoder()
const scratch = new Uint8Array(256 * 1024)

/** The bytes of a text; into memory that is there they are written in a tenth of the time that a new array takes. */
const bytesOf = (text: string): Uint8Array =>
  text.length * 3 > scratch.length ? encoder.encode(text) : scratch.slice(0, encoder.encodeInto(text, scratch).written)

const codeOf = (error: NodeJS.ErrnoException): string => error.code ?? error.name

export class LineSink {
  readonly #target: LineTarget
  readonly #failed: (code: string) => void
  #fd: number | undefined
  #inode = ""
  #queue: Array<Piece> = []
  #pending = 0
  #written = 0
  #isBusy = false
  #isClosed = false
  /** Whether the last line in the file may be cut off. */
  #isCut = false
  /** Why the last try failed; until one does not. */
  #trouble: string | undefined
  /** Whether it is not tried for a while. */
  #rests = false
  #dropped = 0
  #untold = 0
  #timer: NodeJS.Timeout | undefined
  #lookAt = 0
  #idle: (() => void) | undefined

  /** `failed` is told once for each time that writing stops to work, with the code of the system. */
  constructor(target: LineTarget, failed: (code: string) => void) {
    this.#target = target
    this.#failed = failed
    if ("fd" in target) this.#fd = target.fd
  }

  /** Lines that were dropped since the start. */
  get dropped(): number {
    return this.#dropped
  }

  /** Bytes that wait. */
  get pending(): number {
    return this.#pending
  }

  /** Why nothing can be written at the moment, as the system's code; `FULL` for a reader that is too slow. */
  get trouble(): string | undefined {
    return this.#trouble ?? (this.#pending > maxPending ? "FULL" : undefined)
  }

  /** Writes whole lines; `text` ends with a line feed and holds `lines` of them. */
  write(text: string, lines: number): void {
    if (this.#isClosed || this.#rests || this.#pending > maxPending) return this.#drop(lines)
    const bytes = bytesOf(text)
    this.#queue.push({ bytes, lines, tells: 0 })
    this.#pending += bytes.length
    this.#go()
  }

  /** Opens the file anew before the next line: another may stand in its place. */
  reopen(): void {
    this.#lookAt = 0
    this.#go()
  }

  /** Writes what is left, for a moment at most. */
  close(): Promise<void> {
    return new Promise((done) => {
      const end = () => {
        clearTimeout(timer)
        clearTimeout(this.#timer)
        this.#isClosed = true
        this.#shut()
        done()
      }
      const timer = setTimeout(end, patience)
      this.#idle = end
      if (!this.#isBusy && (this.#queue.length === 0 || this.#rests)) end()
      else this.#go()
    })
  }

  #drop(lines: number): void {
    this.#dropped += lines
    this.#untold += lines
  }

  #later(millis: number): void {
    if (this.#timer !== undefined || this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#go()
    }, millis)
    this.#timer.unref()
  }

  /** Does the next thing that is to be done, unless something is being done. */
  #go(): void {
    if (this.#isBusy || this.#isClosed || this.#timer !== undefined) return
    if (this.#fd === undefined) return this.#open()
    if ("path" in this.#target && performance.now() >= this.#lookAt) return this.#look(this.#target.path)
    if (this.#untold > 0 && this.#written === 0) {
      const bytes = Buffer.from(`${JSON.stringify({ message: "decisions dropped", count: this.#untold })}\n`)
      this.#queue.unshift({ bytes, lines: 0, tells: this.#untold })
      this.#untold = 0
      this.#pending += bytes.length
    }
    if (this.#written === 0) this.#join()
    const piece = this.#queue[0]
    if (piece === undefined) return this.#idle?.()
    this.#put(this.#fd, piece)
  }

  /** Puts the first small pieces that wait together. */
  #join(): void {
    let count = 0
    let size = 0
    while (size < together && count < this.#queue.length) size += this.#queue[count++]?.bytes.length ?? 0
    if (count < 2) return
    const first = this.#queue.splice(0, count)
    this.#queue.unshift({
      bytes: Buffer.concat(first.map((it) => it.bytes)),
      lines: first.reduce((sum, { lines }) => sum + lines, 0),
      tells: first.reduce((sum, { tells }) => sum + tells, 0)
    })
  }

  #open(): void {
    if (!("path" in this.#target)) return
    this.#isBusy = true
    open(this.#target.path, forLines, 0o600, (error, fd) => {
      if (error !== null) {
        this.#isBusy = false
        return this.#fail(error)
      }
      this.#fd = fd
      // Of what was opened, not of what stands at the path by now: another may have taken its place in between.
      fstat(fd, (error, found) => {
        this.#isBusy = false
        this.#inode = error === null ? `${found.dev} ${found.ino}` : ""
        this.#lookAt = 0
        this.#go()
      })
    })
  }

  /** Whether the file at the path is still the one that is written to. */
  #look(path: string): void {
    this.#isBusy = true
    stat(path, (error, found) => {
      this.#isBusy = false
      this.#lookAt = performance.now() + lookMillis
      const inode = error === null ? `${found.dev} ${found.ino}` : "none"
      if (this.#inode !== inode) {
        this.#shut()
        this.#isCut = false
      }
      this.#go()
    })
  }

  #put(fd: number, piece: Piece): void {
    this.#isBusy = true
    const lead = this.#isCut ? Buffer.from("\n") : undefined
    const rest = piece.bytes.subarray(this.#written)
    write(fd, lead === undefined ? rest : Buffer.concat([lead, rest]), (error, count) => {
      this.#isBusy = false
      if (error !== null) {
        if (error.code === "EAGAIN") return this.#later(fullMillis)
        return this.#fail(error)
      }
      this.#trouble = undefined
      this.#written += count - (lead === undefined ? 0 : Math.min(1, count))
      this.#isCut = false
      if (this.#written < piece.bytes.length) return this.#go()
      this.#written = 0
      this.#pending -= piece.bytes.length
      this.#queue.shift()
      this.#go()
    })
  }

  /** Nothing can be written: what waits is dropped, and after a while it is tried again with what comes then. */
  #fail(error: NodeJS.ErrnoException): void {
    const trouble = codeOf(error)
    const isNew = this.#trouble !== trouble
    this.#trouble = trouble
    this.#rests = true
    for (const { lines, tells } of this.#queue) {
      this.#drop(lines)
      this.#untold += tells
    }
    this.#queue = []
    this.#pending = 0
    if (this.#written > 0) this.#isCut = true
    this.#written = 0
    this.#shut()
    if (isNew) this.#failed(trouble)
    if (this.#idle !== undefined) return this.#idle()
    this.#retry()
  }

  #retry(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#rests = false
      this.#go()
    }, retryMillis)
    this.#timer.unref()
  }

  #shut(): void {
    if (this.#fd === undefined || !("path" in this.#target)) return
    close(this.#fd, () => {})
    this.#fd = undefined
  }
}
