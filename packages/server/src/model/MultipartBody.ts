/**
 * A `multipart/form-data` body: parsed strictly, judged, and written anew with a boundary of the gate's own.
 *
 * Fields are held until they are whole, the content of files passes as it comes. Once a file begins and everything that
 * the verdict rests on is known, the rest may be streamed: the model (where the route runs one in any case), and that
 * the file is no batch whose lines name models.
 */
import { createHash, type Hash } from "node:crypto"
import type { BodyReader, Send } from "./BodyReader.ts"
import { maxField } from "./BodyReader.ts"
import { FormModel } from "./FormModel.ts"
import * as FormPart from "./FormPart.ts"
import type { JsonPlace } from "./JsonPlaces.ts"
import { LinesModel } from "./LinesModel.ts"
import { MultipartReader } from "./MultipartReader.ts"
import { ambiguous, invalid, join, nothing, type Peeked, tooLarge, unnamed } from "./Peeked.ts"

/** What is looked for in a form. */
export interface FormShape {
  /** Where models stand among the fields. */
  readonly places: JsonPlace
  /** Where models stand in each line of a file; of every file, because which one an upstream takes is not known. */
  readonly lines: JsonPlace | undefined
  /** Whether a field must still name the model: the route runs one, and nothing else of the request names it. */
  readonly mustName: boolean
  readonly isKnown: boolean
}

/** Purposes of uploaded files that run no model, by the APIs that have such uploads. */
const withoutLines = new Set(["assistants", "fine-tune", "vision", "user_data", "evals", "ocr", "audio"])

/** All fields together, in bytes. */
const maxFields = 8 * 1024 * 1024

const lineEnd = Buffer.from("\r\n")

/** Reads one body. */
export class MultipartBody implements BodyReader {
  readonly type: string
  readonly isText = false
  readonly isVerbatim = false
  readonly #shape: FormShape
  readonly #send: Send
  readonly #boundary: string
  readonly #reader: MultipartReader
  readonly #form: FormModel
  #refused: Peeked = nothing
  /** What came and what is sent, where the two may be the same. */
  readonly #came: Hash | undefined
  readonly #went: Hash | undefined
  #part: FormPart.FormPart | undefined
  #field: Array<Buffer> = []
  #fieldSize = 0
  #fieldsSize = 0
  #purpose: string | undefined
  #lines: LinesModel | undefined
  /** What the files of lines said. */
  #lined: Peeked | undefined

  /** `from` is the boundary of the body, `to` the one of what is sent. */
  constructor(from: string, to: string, shape: FormShape, send: Send) {
    this.type = `multipart/form-data; boundary=${/^[\w+.-]+$/.test(to) ? to : `"${to}"`}`
    this.#shape = shape
    if (from === to) {
      this.#came = createHash("sha256")
      this.#went = createHash("sha256")
    }
    this.#send = (bytes) => {
      this.#went?.update(bytes)
      send(bytes)
    }
    this.#boundary = to
    this.#form = new FormModel(shape.places)
    this.#reader = new MultipartReader(from, {
      begin: (part) => this.#begin(part),
      data: (bytes) => this.#data(bytes),
      end: () => this.#end()
    })
  }

  get isKnown(): boolean {
    return this.#shape.isKnown
  }

  get seen(): Peeked {
    return join(this.#form.seen, this.#refused)
  }

  get isSettled(): boolean {
    if (this.#part?.filename === undefined) return false
    if (this.#lines !== undefined && (this.#purpose === "batch" || this.#lines.isJson)) return false
    return !this.#shape.mustName || this.#form.seen._tag === "Found"
  }

  push(chunk: Buffer): void {
    this.#came?.update(chunk)
    if (!this.#reader.push(chunk)) this.#stop()
  }

  end(): Peeked {
    if (!this.#reader.end()) this.#stop()
    else this.#send(Buffer.from(`--${this.#boundary}--\r\n`))
    return join(this.seen, this.#batch())
  }

  /** A line end behind the last delimiter says nothing. */
  isSameAsSent(contentType: string): boolean {
    const came = this.#came?.copy().digest("base64")
    const completed = this.#came?.update(lineEnd).digest("base64")
    const went = this.#went?.digest("base64")
    return contentType === this.type && went !== undefined && (came === went || completed === went)
  }

  /** What a batch names; a file for another purpose that holds no such lines names nothing. */
  #batch(): Peeked {
    if (this.#purpose === "batch") return this.#lined ?? unnamed
    const lined = this.#lined ?? nothing
    return lined._tag === "Unnamed" || (lined._tag === "Refused" && lined.code === "body_invalid") ? nothing : lined
  }

  /** The reader has stopped: for the reason that is told already, or for its own. */
  #stop(): void {
    if (this.seen._tag !== "Refused") this.#refuse(invalid(this.#reader.cause))
  }

  #refuse(why: Peeked): false {
    this.#refused = join(this.#refused, why)
    return false
  }

  #begin(part: FormPart.FormPart): boolean {
    this.#part = part
    const { lines } = this.#shape
    if (part.filename === undefined) return true
    if (this.#form.matters(part.name)) return this.#refuse(invalid("a file where a model is named"))
    if (lines !== undefined && !withoutLines.has(this.#purpose ?? "")) this.#lines = new LinesModel(lines)
    this.#send(Buffer.from(FormPart.render(this.#boundary, part)))
    return true
  }

  #data(bytes: Buffer): boolean {
    if (this.#part?.filename !== undefined) {
      this.#lines?.push(bytes)
      this.#send(bytes)
      return true
    }
    this.#fieldSize += bytes.length
    this.#fieldsSize += bytes.length
    if (this.#fieldSize > maxField || this.#fieldsSize > maxFields) return this.#refuse(tooLarge)
    // A copy: the piece that the field came with is not to be kept alive by it.
    this.#field.push(Buffer.from(bytes))
    return true
  }

  #end(): boolean {
    const part = this.#part
    this.#part = undefined
    if (part === undefined) return this.#refuse(invalid("a part without a head"))
    if (part.filename === undefined) return this.#endField(part)
    this.#send(lineEnd)
    if (this.#lines !== undefined) this.#lined = join(this.#lined ?? nothing, this.#lines.end())
    this.#lines = undefined
    return true
  }

  #endField(part: FormPart.FormPart): boolean {
    const value = Buffer.concat(this.#field)
    this.#field = []
    this.#fieldSize = 0
    if (this.#shape.lines !== undefined && part.name.trim().toLowerCase() === "purpose") {
      if (part.name !== "purpose" || this.#purpose !== undefined) {
        return this.#refuse(ambiguous("two purposes of a file"))
      }
      this.#purpose = value.toString("utf8")
    }
    if (this.#form.matters(part.name)) {
      this.#form.take(part.name, value)
      if (this.#form.seen._tag === "Refused") return this.#refuse(this.#form.seen)
    }
    this.#send(Buffer.from(FormPart.render(this.#boundary, part)))
    this.#send(value)
    this.#send(lineEnd)
    return true
  }
}
