/**
 * Finds the `model` field of a form body: `multipart/form-data` and
 * `application/x-www-form-urlencoded`.
 *
 * The parsers are Effect's and the platform's; what is added here is refusal of
 * what other parsers read otherwise (RULES D19): two `model` fields, a model
 * that is a file or is transfer-encoded, field names with quoting tricks.
 */
import * as Multipart from "effect/http/MultipartParser"
import { isUtf8 } from "node:buffer"
import { ambiguous, invalid, join, named, nothing, type Peeked } from "./Peeked.ts"

/** Reads one body: feed it with `push`, then ask `end`. */
export interface BodyModel {
  readonly push: (chunk: Uint8Array) => void
  readonly end: () => Peeked
}

const maxField = 1024 * 1024
const maxParts = 1000

const utf8 = (bytes: Uint8Array): string | undefined => isUtf8(bytes) ? Buffer.from(bytes).toString("utf8") : undefined

/** Whether some parser could read the name of this part as `model` although it is spelt otherwise. */
const isTricky = (info: Multipart.PartInfo): boolean =>
  "name*" in info.contentDispositionParameters || info.name.includes("\\") ||
  (info.name !== "model" && info.name.trim().toLowerCase() === "model")

const plainEncodings = new Set(["7bit", "8bit", "binary"])

const isPlain = (info: Multipart.PartInfo): boolean => {
  const encoding = info.headers["content-transfer-encoding"]
  return encoding === undefined || (typeof encoding === "string" && plainEncodings.has(encoding.trim().toLowerCase()))
}

/** The model of a `multipart/form-data` body (RFC 7578); `contentType` is the header as sent. */
export const multipartModel = (contentType: string): BodyModel => {
  let seen: Peeked = nothing
  let fields = 0
  let done = false
  const note = (it: Peeked) => {
    seen = join(seen, it)
  }
  const look = (info: Multipart.PartInfo, model: () => Peeked) => {
    if (isTricky(info)) note(ambiguous)
    else if (info.name === "model") note(++fields > 1 ? ambiguous : isPlain(info) ? model() : ambiguous)
  }
  const parser = Multipart.make({
    headers: { "content-type": contentType },
    maxParts,
    maxFieldSize: maxField,
    isFile: (info) => info.filename !== undefined,
    onField: (info, value) =>
      look(info, () => {
        const text = utf8(value)
        return text === undefined ? invalid : named(text)
      }),
    onFile: (info) => {
      look(info, () => invalid)
      return () => {}
    },
    onError: () => note(invalid),
    onDone: () => {
      done = true
    }
  })
  return {
    push: (chunk) => {
      if (seen._tag !== "Refused") parser.write(chunk)
    },
    end: () => {
      if (seen._tag !== "Refused") parser.end()
      return done ? seen : join(seen, invalid)
    }
  }
}

/** The model among the fields of a query or a form body: none, one, or a refusal when there are two. */
export const fieldModel = (fields: URLSearchParams): Peeked => {
  let seen: Peeked = nothing
  for (const [name, value] of fields) {
    if (name === "model") {
      if (seen._tag !== "Nothing") return ambiguous
      seen = named(value)
    } else if (name.length < 16 && name.trim().toLowerCase() === "model") {
      return ambiguous
    }
  }
  return seen
}

/** The model of an `application/x-www-form-urlencoded` body; a body of more than 1 MiB is refused. */
export const formModel = (): BodyModel => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  return {
    push: (chunk) => {
      size += chunk.length
      if (size <= maxField) chunks.push(chunk)
    },
    end: () => {
      if (size > maxField) return invalid
      const text = utf8(Buffer.concat(chunks))
      return text === undefined ? invalid : fieldModel(new URLSearchParams(text))
    }
  }
}
