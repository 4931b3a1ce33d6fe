/**
 * Two joined sockets of one WebSocket connection: what the caller sends is
 * passed on message by message, each judged before its first byte goes; what
 * the upstream sends passes as it is.
 *
 * A message that may not pass ends the connection: a problem as a text message,
 * between two frames of the upstream, and a close with 1008.
 */
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { closeFrame, frame, FrameEdge, FrameReader, type Read } from "../model/FrameReader.ts"

/** Why a message does not pass: the problem that is told, and the reason in the close. */
export interface Denied {
  readonly problem: string
  readonly reason: string
}

/** What joins two sockets. */
export interface FramesParts {
  readonly caller: Socket
  readonly upstream: Duplex
  /** Largest message, in bytes. */
  readonly limit: number
  /** Judges one message, and calls back once, perhaps at once: nothing when it may pass. */
  readonly judge: (payload: Buffer, isText: boolean, done: (denied: Denied | undefined) => void) => void
  /** Holds or, with a negative number, gives back bytes; `false` when there is no room. */
  readonly hold: (bytes: number) => boolean
  /** Called once, when both are over. */
  readonly ended: () => void
  /** Told of what nobody expected; both sockets are ended then. */
  readonly crashed: (error: unknown) => void
}

/** How long a caller that was told to go may stay, in milliseconds. */
const patience = 2_000

/** Messages that wait while one is judged; the caller is not read meanwhile. */
const mostWaiting = 100_000

export class Frames {
  readonly #it: FramesParts
  readonly #reader: FrameReader
  readonly #edge = new FrameEdge()
  readonly #waiting: Array<Read> = []
  #held = 0
  #isJudging = false
  #isOver = false
  /** What is still to be told, as soon as no frame of the upstream is in its middle. */
  #farewell: Buffer | undefined

  constructor(parts: FramesParts) {
    this.#it = parts
    this.#reader = new FrameReader(parts.limit)
  }

  /** Begins; `rest` came with the head. */
  start(rest: Buffer): void {
    const { caller, upstream } = this.#it
    caller.once("error", this.end).once("close", this.end)
    upstream.once("error", this.end).once("close", this.end)
    caller.on("data", (chunk: Buffer) => this.#guarded(() => this.#onCaller(chunk)))
    caller.once("end", () => this.#guarded(() => this.#onCallerEnd()))
    caller.on("drain", () => upstream.resume())
    upstream.on("data", (chunk: Buffer) => this.#guarded(() => this.#onUpstream(chunk)))
    upstream.once("end", () => caller.end())
    upstream.on("drain", () => {
      if (!this.#isJudging) caller.resume()
    })
    if (rest.length > 0) this.#guarded(() => this.#onCaller(rest))
  }

  /** Ends both sides. */
  readonly end = (): void => {
    if (this.#isOver) return
    this.#isOver = true
    this.#it.hold(-this.#held)
    this.#held = 0
    this.#it.caller.destroy()
    this.#it.upstream.destroy()
    this.#it.ended()
  }

  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#it.crashed(error)
      this.end()
    }
  }

  #onCaller(chunk: Buffer): void {
    if (this.#isOver || this.#farewell !== undefined) return
    for (const it of this.#reader.push(chunk)) this.#waiting.push(it)
    const { held } = this.#reader
    if (!this.#it.hold(held - this.#held)) return this.#refuse(1013, "overloaded")
    this.#held = held
    if (this.#waiting.length > mostWaiting) return this.#refuse(1008, "too many messages")
    this.#pass()
  }

  #onCallerEnd(): void {
    if (this.#farewell === undefined && !this.#isJudging) this.#it.upstream.end()
  }

  /** Passes on what may pass, in order. */
  #pass(): void {
    const { caller, judge, upstream } = this.#it
    while (!this.#isJudging && !this.#isOver && this.#farewell === undefined) {
      const it = this.#waiting.shift()
      if (it === undefined) return
      if (it._tag === "Refused") return this.#refuse(it.code, it.code === 1009 ? "too large" : "protocol error")
      if (it._tag === "Control") {
        if (!upstream.write(it.bytes)) caller.pause()
        continue
      }
      let isAtOnce = true
      let isAnswered = false
      this.#isJudging = true
      judge(it.payload, it.isText, (denied) =>
        this.#guarded(() => {
          if (isAnswered) return
          isAnswered = true
          this.#isJudging = false
          if (this.#isOver) return
          if (denied !== undefined) return this.#refuse(1008, denied.reason, denied.problem)
          let hasRoom = true
          for (const bytes of it.bytes) hasRoom = upstream.write(bytes)
          if (!hasRoom) caller.pause()
          if (isAtOnce) return
          if (hasRoom) caller.resume()
          this.#pass()
        }))
      isAtOnce = false
      if (this.#isJudging) caller.pause()
    }
  }

  #onUpstream(chunk: Buffer): void {
    if (this.#isOver) return
    const { caller, upstream } = this.#it
    if (this.#farewell === undefined) {
      this.#edge.push(chunk)
      if (!caller.write(chunk)) upstream.pause()
      return
    }
    const edge = this.#edge.push(chunk)
    caller.write(edge === -1 ? chunk : chunk.subarray(0, edge))
    if (edge !== -1) this.#leave()
  }

  #refuse(code: number, reason: string, problem?: string): void {
    const close = closeFrame(code, reason)
    this.#farewell = problem === undefined ? close : Buffer.concat([frame(1, Buffer.from(problem)), close])
    const timer = setTimeout(this.end, patience)
    timer.unref()
    this.#it.caller.once("close", () => clearTimeout(timer))
    if (this.#edge.isBetween) this.#leave()
    else this.#it.upstream.resume()
  }

  #leave(): void {
    const { caller, upstream } = this.#it
    upstream.off("close", this.end).off("error", this.end).on("error", () => {})
    upstream.destroy()
    caller.end(this.#farewell ?? "")
    // What still comes is read, so that the close is seen.
    caller.resume()
    caller.once("finish", () => caller.once("end", this.end))
  }
}
