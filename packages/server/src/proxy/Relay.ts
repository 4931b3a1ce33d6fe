/**
 * Carries one request to an upstream and its answer back, by one undici dispatch.
 *
 * Nothing is buffered: a piece of the answer is written as it comes, and the
 * upstream is paused while the caller does not read. A caller that hangs up
 * aborts the upstream; an upstream that breaks off before its answer has begun
 * is an error of ours (502, 504), later a broken answer, never a short one that
 * looks whole.
 */
import type { IncomingHttpHeaders, ServerResponse } from "node:http"
import type { Readable } from "node:stream"
import type { Dispatcher } from "undici"
import * as Pipelined from "../answer/Pipelined.ts"
import * as Turn from "../answer/Turn.ts"
import type { RelayEnd } from "../platform/Telemetry.ts"
import type { Recording } from "../record/Recording.ts"
import { answeredHeaders, answeredTrailers } from "./ForwardedHeaders.ts"

export type { RelayEnd }

/** What is sent. */
export interface RelayRequest {
  readonly dispatcher: Dispatcher
  readonly method: string
  readonly path: string
  readonly headers: Array<string>
  readonly body: Buffer | Readable | undefined
  /** The credential in `headers`, looked for in the answer's headers. */
  readonly secret: string | undefined
  /** Raw headers of ours that the answer carries; the upstream's of the same names give way. */
  readonly extra: ReadonlyArray<string>
  readonly recording: Recording
}

/** Changes an answer that is passed on as it comes. */
export interface AnswerStream {
  /** What is passed on of a piece; `undefined` breaks the answer off. */
  readonly push: (chunk: Buffer) => Buffer | undefined
  /** What is left at the end; `undefined` breaks the answer off. */
  readonly end: () => Buffer | undefined
  /** The headers of the changed answer. */
  readonly headers: (headers: Array<string>) => Array<string>
}

/** Takes an answer over instead of the caller: for answers that are read here. */
export interface AnswerReader {
  /** Whether this answer is read here; otherwise it is passed on as it comes. */
  readonly wants: (status: number, headers: IncomingHttpHeaders) => boolean
  /** What changes an answer that is passed on, if anything does; one that cannot be read is not passed on. */
  readonly stream?: (status: number, headers: IncomingHttpHeaders) => AnswerStream | "unreadable" | undefined
  /** Gets the whole answer. `headers` are filtered already. */
  readonly read: (status: number, headers: Array<string>, body: Buffer) => void
  /** The largest answer that is read, in bytes; a larger one is `broken`. */
  readonly limit: number
}

const timeouts = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "UND_ERR_CONNECT_TIMEOUT"])

/** The code of an error of Node or undici; "" when it has none. */
export const errorCode = (error: Error): string => "code" in error && typeof error.code === "string" ? error.code : ""

class CallerGone extends Error {
  readonly code = "CALLER_GONE"
}
/** The reason of an abort that the caller caused. */
export const callerGone = new CallerGone("the caller hung up")

/** Bytes of an answer that wait for the end of a turn at most. */
const mostWaiting = 65_536

/** Bytes of an answer that are worth turning into text, so that they leave with their head. */
const largestText = 16_384

/** One dispatch in flight. */
export class Relay implements Dispatcher.DispatchHandler, Turn.Part {
  readonly #request: RelayRequest
  readonly #outgoing: ServerResponse
  readonly #reader: AnswerReader | undefined
  readonly #done: (end: RelayEnd) => void
  #controller: Dispatcher.DispatchController | undefined
  #ended = false
  #isPosted = false
  #isSent = false
  /** What is written of the answer at the end of this turn: its head, pieces, and what comes after a whole one. */
  #flushes = false
  #pieces: Array<Buffer> = []
  #pieceBytes = 0
  #trailers: IncomingHttpHeaders | undefined
  #kept: Array<Buffer> | undefined
  #keptBytes = 0
  #status = 0
  #headers: Array<string> = []
  #changes: AnswerStream | undefined

  constructor(
    request: RelayRequest,
    outgoing: ServerResponse,
    reader: AnswerReader | undefined,
    done: (end: RelayEnd) => void
  ) {
    this.#request = request
    this.#outgoing = outgoing
    this.#reader = reader
    this.#done = done
  }

  /** Sends the request, at the latest at the end of this turn. */
  start(): void {
    this.#outgoing.once("close", this.#onClose)
    this.#post()
  }

  #post(): void {
    if (this.#isPosted) return
    this.#isPosted = true
    Turn.write(this)
  }

  run(): void {
    this.#isPosted = false
    if (this.#isSent) return this.#write()
    this.#isSent = true
    // The caller went before the request did.
    if (this.#ended) return
    const { body, dispatcher, headers, method, path } = this.#request
    dispatcher.dispatch({ method, path, headers, body: body ?? null }, this)
  }

  /** Writes what there is of the answer. */
  #write(): void {
    if (this.#outgoing.destroyed) return
    const pieces = this.#pieces
    const flushes = this.#flushes
    this.#pieces = []
    this.#pieceBytes = 0
    this.#flushes = false
    if (flushes || pieces.length > 0 || this.#trailers !== undefined) {
      // The caller has another answer already.
      if (this.#status !== 0 && this.#outgoing.headersSent) return this.drop()
      this.#head()
    }
    const bytes = pieces.length > 1 ? Buffer.concat(pieces) : pieces[0]
    if (this.#trailers !== undefined) this.#end(bytes, answeredTrailers(this.#trailers))
    else if (bytes !== undefined && !this.#outgoing.write(bytes)) {
      this.#controller?.pause()
      this.#outgoing.once("drain", () => this.#controller?.resume())
    } else if (flushes && bytes === undefined) this.#outgoing.write("", "latin1")
  }

  #end(bytes: Buffer | undefined, trailers: Record<string, string>): void {
    if (Object.keys(trailers).length > 0) this.#outgoing.addTrailers(trailers)
    if (bytes === undefined) this.#outgoing.end()
    // Node writes a head and a text at once, a head and bytes one after the other.
    else if (bytes.length <= largestText) this.#outgoing.end(bytes.toString("latin1"), "latin1")
    else this.#outgoing.end(bytes)
  }

  /** Breaks both sides off, as when a stream has lasted too long. */
  abort(): void {
    Pipelined.breakOff(this.#outgoing)
    this.#controller?.abort(callerGone)
  }

  /** Ends the upstream's side alone. */
  drop(): void {
    this.#controller?.abort(callerGone)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#outgoing.destroyed) controller.abort(callerGone)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders
  ): void {
    if (status < 200) return
    this.#request.recording.upstreamAnswered(status)
    const answer = answeredHeaders(headers, this.#request.secret, this.#request.extra)
    if (this.#reader !== undefined && this.#reader.wants(status, headers)) {
      this.#kept = []
      this.#status = status
      this.#headers = answer
      return
    }
    const changes = this.#reader?.stream?.(status, headers)
    if (changes === "unreadable") return controller.abort(new Error("the answer cannot be read"))
    this.#changes = changes
    const told = this.#changes === undefined ? answer : this.#changes.headers(answer)
    this.#status = status
    this.#headers = told
    // The head of a stream must not wait for its first event; any other waits, as its first piece may turn out to be bad.
    if (headers["content-type"]?.startsWith("text/event-stream") === true) {
      this.#flushes = true
      this.#post()
    }
  }

  /** Writes the head, unless it is there. */
  #head(): void {
    const status = this.#status
    if (status === 0) return
    this.#status = 0
    this.#outgoing.writeHead(status, this.#headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#kept !== undefined) {
      this.#keptBytes += chunk.length
      if (this.#keptBytes > (this.#reader?.limit ?? 0)) {
        controller.abort(new Error("the answer is too large to be read"))
      } else this.#kept.push(chunk)
      return
    }
    const told = this.#changes === undefined ? chunk : this.#changes.push(chunk)
    if (told === undefined) return controller.abort(new Error("the answer cannot be passed on"))
    if (told.length > 0) this.#append(told)
  }

  #append(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#pieceBytes += piece.length
    if (this.#pieceBytes >= mostWaiting) this.#write()
    else this.#post()
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    if (this.#ended) return
    if (this.#kept !== undefined) {
      this.#finish("done")
      this.#reader?.read(this.#status, this.#headers, Buffer.concat(this.#kept, this.#keptBytes))
      return
    }
    const rest = this.#changes?.end()
    if (this.#changes !== undefined && rest === undefined) {
      return this.onResponseError(controller, new Error("the answer cannot be passed on"))
    }
    if (rest !== undefined && rest.length > 0) this.#append(rest)
    this.#trailers = trailers
    this.#post()
    this.#finish("done")
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#ended) return
    if (error !== callerGone) this.#request.recording.upstreamFailed(errorCode(error))
    this.#write()
    if (this.#outgoing.headersSent) {
      Pipelined.breakOff(this.#outgoing)
      this.#finish(error === callerGone ? "aborted" : "broken")
    } else {
      this.#finish(error === callerGone ? "aborted" : timeouts.has(errorCode(error)) ? "timeout" : "unreachable")
    }
  }

  readonly #onClose = (): void => {
    if (this.#ended) return
    this.#controller?.abort(callerGone)
    this.#finish("aborted")
  }

  #finish(end: RelayEnd): void {
    this.#ended = true
    this.#outgoing.off("close", this.#onClose)
    this.#done(end)
  }
}
