/**
 * Reads a request body within its limit, inflated, while the model is looked
 * for in it.
 *
 * The limit holds for the bytes on the wire and for the inflated ones (a small
 * gzip body may hold gigabytes). What is kept is what was judged, so the
 * upstream gets exactly these bytes and no `Content-Encoding` (RULES D19).
 */
import type { IncomingMessage } from "node:http"
import type { Transform } from "node:stream"
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib"
import { bodyModel, isReadable } from "../model/ModelPeek.ts"
import { invalid, type Peeked } from "../model/Peeked.ts"
import type { RequestHead } from "./RequestHead.ts"

/** A body that was read as a whole. */
export interface RequestBody {
  readonly bytes: Buffer
  readonly model: Peeked
  readonly inflated: boolean
}

/** The body, why it is refused, or that the caller went away. */
export type BodyOutcome =
  | { readonly _tag: "Read"; readonly body: RequestBody }
  | { readonly _tag: "Refused"; readonly code: "body_invalid" | "body_too_large" | "overloaded" }
  | { readonly _tag: "Gone" }
  /** A reader threw; nothing of the body counts. */
  | { readonly _tag: "Crashed"; readonly error: unknown }

const gone: BodyOutcome = { _tag: "Gone" }
const refusedInvalid: BodyOutcome = { _tag: "Refused", code: "body_invalid" }
const refusedOverloaded: BodyOutcome = { _tag: "Refused", code: "overloaded" }
const refusedTooLarge: BodyOutcome = { _tag: "Refused", code: "body_too_large" }

/** A body that is announced to be larger than this is put together while it comes, in bytes. */
const largeBody = 1024 * 1024

/** The decoder of a `Content-Encoding`, `undefined` when it is not one of gzip, deflate and br. */
const decoderOf = (encoding: string): Transform | undefined =>
  encoding === "gzip" || encoding === "x-gzip"
    ? createGunzip()
    : encoding === "deflate"
    ? createInflate()
    : encoding === "br"
    ? createBrotliDecompress()
    : undefined

/**
 * Reads the body of `request` and calls `done` once. `limit` in bytes; `grow`
 * is told of every piece that is kept, and says whether there is room for it.
 */
export const read = (
  request: IncomingMessage,
  head: RequestHead,
  path: string,
  limit: number,
  grow: (bytes: number) => boolean,
  done: (outcome: BodyOutcome) => void
): void => {
  if (head.contentLength !== undefined && head.contentLength > limit) return done(refusedTooLarge)
  const inflated = head.contentEncoding !== ""
  const decoder = inflated ? decoderOf(head.contentEncoding) : undefined
  if (inflated && decoder === undefined) return done(refusedInvalid)

  const model = bodyModel(path, head.contentType)
  const chunks: Array<Buffer> = []
  // Joining the pieces of a large body at its end would stop the loop; memory that is not written to costs nothing.
  const announced = inflated ? 0 : head.contentLength ?? 0
  const whole = announced > largeBody ? Buffer.allocUnsafeSlow(announced) : undefined
  let size = 0
  let wire = 0
  let open = true
  const end = (outcome: BodyOutcome) => {
    if (!open) return
    open = false
    request.off("data", onWire).off("end", onWireEnd).off("close", onClose)
    decoder?.destroy()
    done(outcome)
  }
  const onPlain = (chunk: Buffer) => {
    if (!open) return
    size += chunk.length
    if (size > limit) return end(refusedTooLarge)
    if (!grow(chunk.length)) return end(refusedOverloaded)
    try {
      model.push(chunk)
    } catch (error) {
      return end({ _tag: "Crashed", error })
    }
    if (whole === undefined) chunks.push(chunk)
    else whole.set(chunk, size - chunk.length)
  }
  const onPlainEnd = () => {
    const bytes = whole ?? (chunks.length === 1 ? chunks[0] ?? Buffer.alloc(0) : Buffer.concat(chunks, size))
    let seen = invalid
    try {
      if (isReadable(path, head.contentType, bytes)) seen = model.end()
    } catch (error) {
      return end({ _tag: "Crashed", error })
    }
    end({ _tag: "Read", body: { bytes, model: seen, inflated } })
  }
  const onWire = (chunk: Buffer) => {
    if (decoder === undefined) return onPlain(chunk)
    wire += chunk.length
    if (wire > limit) return end(refusedTooLarge)
    if (!decoder.write(chunk)) {
      request.pause()
      decoder.once("drain", () => request.resume())
    }
  }
  const onWireEnd = () => {
    if (decoder === undefined) onPlainEnd()
    else decoder.end()
  }
  const onClose = () => {
    if (!request.complete) end(gone)
  }
  decoder?.on("data", onPlain).on("end", onPlainEnd).on("error", () => end(refusedInvalid))
  request.on("data", onWire).on("end", onWireEnd).on("close", onClose)
}
