/**
 * Finds the models in the lines of a file of JSON texts (JSONL), as batches are uploaded.
 *
 * A line ends at a line feed and nowhere else, and is one JSON text in UTF-8. Nothing that other readers of lines cut
 * at can stand in a text without breaking both halves, so they find the same lines or none.
 */
import { isUtf8 } from "node:buffer"
import { JsonModel } from "./JsonModel.ts"
import type { JsonPlace } from "./JsonPlaces.ts"
import { invalid, join, namesOf, nothing, type Peeked, several, unnamed } from "./Peeked.ts"

/** The longest line that is read, in bytes. */
const maxLine = 16 * 1024 * 1024
const LF = 0x0a

const isBlank = (bytes: Uint8Array): boolean => bytes.every((it) => it === 0x20 || it === 0x09 || it === 0x0d)

/** Reads one file: feed it with `push`, then ask `end`. */
export class LinesModel {
  readonly #places: JsonPlace
  #rest: Array<Buffer> = []
  #size = 0
  #seen: Peeked = nothing

  /** `places` says where the models of one line stand. */
  constructor(places: JsonPlace) {
    this.#places = places
  }

  /** Reads the next bytes. */
  push(chunk: Buffer): void {
    let from = 0
    while (this.#seen._tag !== "Refused") {
      const end = chunk.indexOf(LF, from)
      const piece = chunk.subarray(from, end === -1 ? undefined : end)
      this.#size += piece.length
      if (this.#size > maxLine) this.#seen = invalid("a line that is too long")
      if (end === -1) {
        if (piece.length > 0) this.#rest.push(Buffer.from(piece))
        return
      }
      this.#line(this.#rest.length === 0 ? piece : Buffer.concat([...this.#rest, piece]))
      this.#rest = []
      this.#size = 0
      from = end + 1
    }
  }

  /** Whether this may still be a file of JSON texts. */
  get isJson(): boolean {
    return this.#seen._tag !== "Refused" || this.#seen.code !== "body_invalid"
  }

  /** What all lines name together. */
  end(): Peeked {
    if (this.#rest.length > 0) this.#line(Buffer.concat(this.#rest))
    return this.#seen
  }

  #line(bytes: Buffer): void {
    if (this.#seen._tag === "Refused" || isBlank(bytes)) return
    if (!isUtf8(bytes)) {
      this.#seen = invalid("a line that is no UTF-8")
      return
    }
    const model = new JsonModel(this.#places)
    model.push(bytes)
    const line = model.end()
    // The model of one line is one of several to the file.
    this.#seen = join(
      this.#seen,
      line._tag === "Found"
        ? several(namesOf(line), line.places.map((it) => `lines: ${it}`))
        : line._tag === "Nothing"
        ? unnamed
        : line
    )
  }
}
