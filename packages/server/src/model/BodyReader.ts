/**
 * What every reader of a body does: finds the models in it while it comes, and makes of it what is sent on.
 *
 * There is one reading. A form is written anew from it, JSON and media pass byte for byte once they are known to be
 * what they say they are, and the media type is sent in one spelling: the upstream receives what was judged (RULES D55).
 */
import { isUtf8 } from "node:buffer"
import * as FormFields from "./FormFields.ts"
import { FormModel } from "./FormModel.ts"
import { JsonModel } from "./JsonModel.ts"
import type { JsonPlace } from "./JsonPlaces.ts"
import { invalid, nothing, type Peeked, tooLarge } from "./Peeked.ts"

/** Gets what is sent on, in order. */
export type Send = (bytes: Buffer) => void

/** Reads one body: feed it with `push`, then ask `end`. No input makes it throw. */
export interface BodyReader {
  /** The media type that is sent, in its one spelling; "" for none. */
  readonly type: string
  /** Whether the route takes bodies of this type. */
  readonly isKnown: boolean
  /** Whether the whole must be UTF-8. */
  readonly isText: boolean
  /** Whether bytes are sent as they came. */
  readonly isVerbatim: boolean
  /** What was found so far. */
  readonly seen: Peeked
  /** Whether nothing that may still come can be wanted for the verdict: the rest may be streamed. */
  readonly isSettled: boolean
  readonly push: (chunk: Buffer) => void
  readonly end: () => Peeked
  /** Asked after the end: whether the body came as it is sent, under this content type. */
  readonly isSameAsSent: (contentType: string) => boolean
}

/** Whether a content type is spelt as it is sent, the charset that it has anyway apart. */
const isSpelt = (contentType: string, type: string): boolean => {
  const text = contentType.trim().toLowerCase()
  return text === type || text === `${type}; charset=utf-8` || text === `${type};charset=utf-8`
}

/** The largest form field, in bytes; also of all fields of a urlencoded body. */
export const maxField = 1024 * 1024

/** A JSON body; an empty one names nothing. */
export class JsonBody implements BodyReader {
  readonly isText = true
  readonly isVerbatim = true
  readonly isSettled = false
  readonly seen = nothing
  readonly type: string
  readonly isKnown: boolean
  readonly #json: JsonModel
  readonly #send: Send
  #size = 0

  constructor(type: string, isKnown: boolean, places: JsonPlace, send: Send) {
    this.type = type
    this.isKnown = isKnown
    this.#json = new JsonModel(places)
    this.#send = send
  }

  push(chunk: Buffer): void {
    this.#size += chunk.length
    this.#json.push(chunk)
    this.#send(chunk)
  }

  end(): Peeked {
    return this.#size === 0 ? nothing : this.#json.end()
  }

  isSameAsSent(contentType: string): boolean {
    return isSpelt(contentType, this.type)
  }
}

/** Media, and whatever else no server of this route looks for a model in. */
export class MediaBody implements BodyReader {
  readonly isText = false
  readonly isVerbatim = true
  readonly isSettled = true
  readonly type: string
  readonly isKnown: boolean
  seen: Peeked = nothing
  readonly #isModelRoute: boolean
  readonly #send: Send
  #hasBegun = false

  /** `isModelRoute`: what looks like a JSON object is refused, because some server could read it as one. */
  constructor(type: string, isKnown: boolean, isModelRoute: boolean, send: Send) {
    this.type = type
    this.isKnown = isKnown
    this.#isModelRoute = isModelRoute
    this.#send = send
  }

  push(chunk: Buffer): void {
    if (!this.#hasBegun) this.#begin(chunk)
    this.#send(chunk)
  }

  end(): Peeked {
    return this.seen
  }

  isSameAsSent(contentType: string): boolean {
    return contentType === this.type
  }

  #begin(chunk: Buffer): void {
    const first = chunk.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)
    if (first === undefined) return
    this.#hasBegun = true
    if (first === 0x7b && this.#isModelRoute && this.isKnown) this.seen = invalid
  }
}

/** A body without a type, where none is expected: JSON when it begins like an object. */
export class UntypedBody implements BodyReader {
  readonly type = ""
  readonly isKnown = true
  readonly isVerbatim = true
  readonly seen = nothing
  readonly #json: JsonBody
  readonly #send: Send
  #isObject: boolean | undefined

  constructor(places: JsonPlace, send: Send) {
    this.#send = send
    this.#json = new JsonBody("", true, places, send)
  }

  get isText(): boolean {
    return this.#isObject === true
  }

  get isSettled(): boolean {
    return this.#isObject === false
  }

  push(chunk: Buffer): void {
    if (this.#isObject === undefined) {
      const first = chunk.find((byte) => byte > 0x20)
      if (first !== undefined) this.#isObject = first === 0x7b
    }
    if (this.#isObject === false) this.#send(chunk)
    else this.#json.push(chunk)
  }

  end(): Peeked {
    return this.#isObject === true ? this.#json.end() : nothing
  }

  isSameAsSent(contentType: string): boolean {
    return contentType === ""
  }
}

/** An `application/x-www-form-urlencoded` body; one of more than 1 MiB is refused. */
export class UrlencodedBody implements BodyReader {
  readonly type = "application/x-www-form-urlencoded"
  readonly isText = false
  readonly isVerbatim = false
  readonly isSettled = false
  readonly seen = nothing
  readonly isKnown: boolean
  readonly #form: FormModel
  readonly #send: Send
  readonly #chunks: Array<Buffer> = []
  #size = 0

  constructor(isKnown: boolean, places: JsonPlace, send: Send) {
    this.isKnown = isKnown
    this.#send = send
    this.#form = new FormModel(places)
  }

  push(chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size <= maxField) this.#chunks.push(chunk)
  }

  end(): Peeked {
    if (this.#size > maxField) return tooLarge
    const bytes = Buffer.concat(this.#chunks)
    const fields = isUtf8(bytes) ? FormFields.parse(bytes.toString("utf8")) : undefined
    // JSON that calls itself a form is JSON to servers that do not look at the type.
    if (fields === undefined || /^\s*[{[]/.test(fields[0]?.[0] ?? "")) return invalid
    for (const [name, value] of fields) if (this.#form.matters(name)) this.#form.take(name, Buffer.from(value))
    this.#send(Buffer.from(FormFields.render(fields)))
    return this.#form.seen
  }

  /** What is read strictly has one meaning, however it is encoded. */
  isSameAsSent(contentType: string): boolean {
    return isSpelt(contentType, this.type)
  }
}
