/**
 * Reads a request body within its limit, inflated, while the models are looked
 * for in it, and keeps what is sent on.
 *
 * The limit holds for the bytes on the wire and for the inflated ones (a small
 * gzip body may hold gigabytes). What is kept is the one reading that was
 * judged, without `Content-Encoding` (RULES D55). A large body is kept only as
 * long as the verdict may still depend on it; the rest is streamed, and a rest
 * that contradicts what was judged breaks the request off before it is whole.
 */
import { isUtf8 } from "node:buffer"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Readable } from "node:stream"
import type { BodyReader, Send } from "../model/BodyReader.ts"
import { invalid, type Peeked } from "../model/Peeked.ts"
import { type Decoding, decoding } from "./ContentEncoding.ts"
import type { RequestHead } from "./RequestHead.ts"

/** A body of which everything is known that the verdict rests on. */
export interface RequestBody {
  /** What is sent: the whole, or a stream of which the first part is held. */
  readonly content: Buffer | BodyStream
  /** The media type that is sent; "" for none. */
  readonly type: string
  /** The length that is sent in bytes; `undefined` when it is not known before the end. */
  readonly length: number | undefined
  readonly model: Peeked
  /** Whether the route takes bodies of this type. */
  readonly isKnown: boolean
  /** Whether the body came as it would be sent: not encoded, and in the one spelling. */
  readonly isCanonical: boolean
}

/** Why a body is refused. */
export type BodyRefusal = "body_invalid" | "body_too_large" | "request_ambiguous" | "overloaded"

/** The body, why it is refused, or that the caller went away. */
export type BodyOutcome =
  | { readonly _tag: "Read"; readonly body: RequestBody }
  | { readonly _tag: "Refused"; readonly code: BodyRefusal; readonly cause?: string }
  | { readonly _tag: "Gone" }
  /** A reader threw; nothing of the body counts. */
  | { readonly _tag: "Crashed"; readonly error: unknown }

/** What a body is read with. */
export interface BodyReading {
  readonly request: IncomingMessage
  /** The answer: when it closes nobody waits for the body any more. */
  readonly response: ServerResponse
  readonly head: RequestHead
  /** Makes the reader of this body; `undefined` when its type can be read in more than one way. */
  readonly reader: (send: Send) => BodyReader | undefined
  /** The largest body in bytes. */
  readonly limit: number
  /** Told of every piece that is kept; says whether there is room for it. */
  readonly grow: (bytes: number) => boolean
  /** Whether a large body may be streamed once it is judged. */
  readonly streams: boolean
}

const gone: BodyOutcome = { _tag: "Gone" }
const refused = (code: BodyRefusal, cause?: string): BodyOutcome => ({
  _tag: "Refused",
  code,
  ...(cause === undefined ? {} : { cause })
})

/** A body that is announced to be larger than this is put together while it comes, in bytes. */
const largeBody = 1024 * 1024
/** A body of at most this size is always held whole, so that the order of its parts means nothing. */
const heldWhole = 1024 * 1024

/** The end of a stream that cannot be sent whole. */
export class BodyBroken extends Error {
  readonly code: BodyRefusal | undefined

  constructor(code: BodyRefusal | undefined) {
    super("the request body broke off")
    this.code = code
  }
}

/** A body that is sent while it still comes. */
export class BodyStream extends Readable {
  readonly #more: () => void
  /** Why the rest was refused, once it is. */
  refusal: BodyRefusal | undefined

  constructor(held: ReadonlyArray<Buffer>, more: () => void) {
    super({ highWaterMark: 64 * 1024 })
    this.#more = more
    // A body that breaks off is told by whoever sends it; without a listener it would end the process.
    this.on("error", () => {})
    for (const it of held) this.push(it)
  }

  override _read(): void {
    this.#more()
  }

  /** Ends it so that no server takes it for whole. */
  breakOff(code: BodyRefusal | undefined): void {
    this.refusal = code
    this.destroy(new BodyBroken(code))
  }
}

/** Reads a body and calls `done` once; what is returned ends the reading, and then `done` is not called. */
export const read = (it: BodyReading, done: (outcome: BodyOutcome) => void): () => void => new Reading(it, done).begin()

class Reading {
  readonly #it: BodyReading
  readonly #done: (outcome: BodyOutcome) => void
  #decoding: Decoding | undefined
  #reader: BodyReader | undefined
  #held: Array<Buffer> = []
  #heldSize = 0
  #whole: Buffer | undefined
  #stream: BodyStream | undefined
  #size = 0
  #wire = 0
  #isOpen = true
  /** What was judged, once the rest is streamed. */
  #judged: Peeked | undefined

  constructor(it: BodyReading, done: (outcome: BodyOutcome) => void) {
    this.#it = it
    this.#done = done
  }

  begin(): () => void {
    const { head, limit, reader, request, response } = this.#it
    const stop = () => this.#end(undefined)
    if ((head.contentLength ?? 0) > limit) this.#end(refused("body_too_large"))
    else {
      this.#reader = reader(this.#keep)
      if (this.#reader === undefined) this.#end(refused("body_invalid", "a type that can be read in more than one way"))
    }
    if (this.#isOpen && head.contentEncoding !== "") {
      this.#decoding = decoding(head.contentEncoding, {
        data: this.#onPlain,
        end: this.#onPlainEnd,
        failed: () => this.#refuse("body_invalid", "a content-encoding that does not fit")
      })
      if (this.#decoding === undefined) this.#end(refused("body_invalid", "a content-encoding that is not known"))
    }
    if (!this.#isOpen) return stop
    // Joining the pieces of a large text at its end would stop the loop; memory that is not written to costs nothing.
    const announced = head.contentEncoding === "" && this.#reader?.isText === true ? head.contentLength ?? 0 : 0
    if (announced > largeBody) this.#whole = Buffer.allocUnsafeSlow(announced)
    request.on("data", this.#onWire).on("end", this.#onWireEnd).on("close", this.#onClose)
    response.on("close", this.#onGone)
    return stop
  }

  readonly #onWire = (chunk: Buffer): void => {
    if (this.#decoding === undefined) return this.#onPlain(chunk)
    this.#wire += chunk.length
    if (this.#wire > this.#it.limit) return this.#refuse("body_too_large")
    const { request } = this.#it
    if (!this.#decoding.write(chunk, () => request.resume())) request.pause()
  }

  readonly #onWireEnd = (): void => {
    if (this.#decoding === undefined) this.#onPlainEnd()
    else this.#decoding.end()
  }

  readonly #onPlain = (chunk: Buffer): void => {
    const reader = this.#reader
    if (!this.#isOpen || reader === undefined) return
    this.#size += chunk.length
    if (this.#size > this.#it.limit) return this.#refuse("body_too_large")
    try {
      reader.push(chunk)
    } catch (error) {
      return this.#crash(error)
    }
    if (!this.#isOpen) return
    const { seen } = reader
    if (seen._tag === "Refused") return this.#contradict(seen)
    if (this.#stream !== undefined) {
      // What comes behind the file speaks of another model than the one that was judged.
      if (seen !== this.#judged) this.#refuse("request_ambiguous")
    } else if (this.#it.streams && this.#heldSize > heldWhole && reader.isSettled) this.#beginStream(reader)
  }

  /** Keeps what is sent on, or sends it. */
  readonly #keep = (bytes: Buffer): void => {
    if (!this.#isOpen || bytes.length === 0) return
    if (this.#stream !== undefined) {
      if (!this.#stream.push(bytes)) this.#pause()
      return
    }
    if (!this.#it.grow(bytes.length)) return this.#end(refused("overloaded"))
    if (this.#whole === undefined) this.#held.push(bytes)
    else this.#whole.set(bytes, this.#heldSize)
    this.#heldSize += bytes.length
  }

  #pause(): void {
    if (this.#decoding === undefined) this.#it.request.pause()
    else this.#decoding.pause()
  }

  readonly #resume = (): void => {
    if (!this.#isOpen) return
    if (this.#decoding === undefined) this.#it.request.resume()
    else this.#decoding.resume()
  }

  #beginStream(reader: BodyReader): void {
    const { head } = this.#it
    this.#pause()
    this.#judged = reader.seen
    this.#stream = new BodyStream(this.#held, this.#resume)
    this.#held = []
    const isSame = head.contentEncoding === "" && reader.isVerbatim
    this.#done({
      _tag: "Read",
      body: {
        content: this.#stream,
        type: reader.type,
        length: isSame ? head.contentLength : undefined,
        model: this.#judged,
        isKnown: reader.isKnown,
        isCanonical: false
      }
    })
  }

  readonly #onPlainEnd = (): void => {
    const reader = this.#reader
    if (!this.#isOpen || reader === undefined) return
    let model: Peeked
    try {
      model = reader.end()
    } catch (error) {
      return this.#crash(error)
    }
    if (!this.#isOpen) return
    if (this.#stream !== undefined) {
      if (model._tag === "Refused") return this.#refuse(model.code)
      if (model !== this.#judged) return this.#refuse("request_ambiguous")
      const stream = this.#stream
      this.#stream = undefined
      this.#end(undefined)
      stream.push(null)
      return
    }
    const content = this.#content(reader)
    const seen = reader.isText && Buffer.isBuffer(content) && !isUtf8(content) ? invalid("no UTF-8") : model
    const isKnown = reader.isKnown || this.#size === 0
    const { head, streams } = this.#it
    const isCanonical = !streams && head.contentEncoding === "" && reader.isSameAsSent(head.contentType)
    this.#end({
      _tag: "Read",
      body: { content, type: reader.type, length: this.#heldSize, model: seen, isKnown, isCanonical }
    })
  }

  #content(reader: BodyReader): Buffer | BodyStream {
    if (this.#whole !== undefined) return this.#whole.subarray(0, this.#heldSize)
    if (this.#held.length === 1) return this.#held[0] ?? Buffer.alloc(0)
    if (reader.isText || this.#heldSize <= largeBody) return Buffer.concat(this.#held, this.#heldSize)
    const stream = new BodyStream(this.#held, () => {})
    stream.push(null)
    return stream
  }

  /** A body that names no model clearly: what follows is not read, the verdict is the caller's to get. */
  #contradict(seen: Peeked & { readonly _tag: "Refused" }): void {
    if (this.#stream !== undefined) return this.#breakOff(seen.code)
    this.#end({
      _tag: "Read",
      body: { content: Buffer.alloc(0), type: "", length: 0, model: seen, isKnown: true, isCanonical: true }
    })
  }

  #refuse(code: BodyRefusal, cause?: string): void {
    if (this.#stream === undefined) this.#end(refused(code, cause))
    else this.#breakOff(code)
  }

  #crash(error: unknown): void {
    if (this.#stream === undefined) this.#end({ _tag: "Crashed", error })
    else this.#breakOff("body_invalid")
  }

  #breakOff(code: BodyRefusal | undefined): void {
    const stream = this.#stream
    this.#stream = undefined
    this.#end(undefined)
    stream?.breakOff(code)
  }

  readonly #onClose = (): void => {
    if (this.#it.request.complete) return
    if (this.#stream === undefined) this.#end(gone)
    else this.#breakOff(undefined)
  }

  readonly #onGone = (): void => {
    if (this.#stream === undefined) this.#end(gone)
    else this.#breakOff(undefined)
  }

  /** Ends the reading, whatever came of it. */
  #end(outcome: BodyOutcome | undefined): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    const { request, response } = this.#it
    request.off("data", this.#onWire).off("end", this.#onWireEnd).off("close", this.#onClose)
    response.off("close", this.#onGone)
    this.#decoding?.destroy()
    this.#stream?.breakOff(undefined)
    this.#held = []
    if (outcome !== undefined) this.#done(outcome)
  }
}
