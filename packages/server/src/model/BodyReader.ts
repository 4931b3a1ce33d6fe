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
import { invalid, nothing, type Peeked, tooLarge, unnamed } from "./Peeked.ts"

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

/** Bytes that may stand before the text of JSON: white space, the marks of encodings, the zeros of wide ones. */
const isBeforeText = (byte: number): boolean =>
  byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d || byte === 0 || byte === 0xef || byte === 0xbb ||
  byte === 0xbf || byte === 0xfe || byte === 0xff

const OPEN_OBJECT = 0x7b

/**
 * Media, a body without a type, and whatever else is not looked at for a model by its type.
 *
 * Servers that do not look at the type read JSON in it all the same. What begins like an object is therefore refused
 * where a model route takes media, and judged as JSON on other routes; when it is none, it is not known what it names.
 */
export class MediaBody implements BodyReader {
  readonly isText = false
  readonly isVerbatim = true
  readonly type: string
  readonly isKnown: boolean
  seen: Peeked = nothing
  isSettled: boolean
  readonly #isModelRoute: boolean
  readonly #places: JsonPlace
  readonly #send: Send
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  #hasBegun = false
  #json: JsonModel | undefined

  constructor(type: string, isKnown: boolean, isModelRoute: boolean, places: JsonPlace, send: Send) {
    this.type = type
    this.isKnown = isKnown
    this.#isModelRoute = isModelRoute
    this.#places = places
    this.#send = send
    this.isSettled = isModelRoute && !isKnown
  }

  push(chunk: Buffer): void {
    if (!this.#hasBegun) this.#begin(chunk)
    if (this.#json !== undefined && !this.#isUtf8(chunk)) this.#json = undefined
    this.#json?.push(chunk)
    this.#send(chunk)
  }

  end(): Peeked {
    if (this.isSettled || this.seen._tag === "Refused" || !this.#hasBegun) return this.seen
    const seen = this.#json?.end() ?? invalid("no JSON")
    return seen._tag === "Refused" && seen.code === "body_invalid" ? unnamed : seen
  }

  isSameAsSent(contentType: string): boolean {
    return contentType === this.type
  }

  #begin(chunk: Buffer): void {
    const first = chunk.find((byte) => !isBeforeText(byte))
    if (first === undefined) return
    this.#hasBegun = true
    if (first !== OPEN_OBJECT) this.isSettled = true
    else if (!this.#isModelRoute) this.#json = new JsonModel(this.#places)
    else if (this.isKnown) this.seen = invalid("JSON under another type")
  }

  #isUtf8(chunk: Buffer): boolean {
    try {
      this.#utf8.decode(chunk, { stream: true })
      return true
    } catch {
      return false
    }
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
    const text = bytes.toString("utf8")
    const fields = isUtf8(bytes) ? FormFields.parse(text) : undefined
    // JSON that calls itself a form is JSON to servers that do not look at the type.
    if (/^\s*[{[]/.test(fields?.[0]?.[0] ?? text)) return invalid("JSON under the type of a form")
    if (fields === undefined) return invalid("a form that two parsers could read differently")
    for (const [name, value] of fields) if (this.#form.matters(name)) this.#form.take(name, Buffer.from(value))
    this.#send(Buffer.from(FormFields.render(fields)))
    return this.#form.seen
  }

  /** What is read strictly has one meaning, however it is encoded. */
  isSameAsSent(contentType: string): boolean {
    return isSpelt(contentType, this.type)
  }
}
