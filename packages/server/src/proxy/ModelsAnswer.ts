/**
 * Filters an upstream's list of models to what the caller may call: a model is
 * listed exactly when a call with it would be allowed.
 *
 * An answer that cannot be read is not passed on: unfiltered it would tell what
 * exists.
 */
import { brotliDecompress, gunzip, inflate, type InputType, zstdDecompress } from "node:zlib"
import { zstdParams } from "./ContentEncoding.ts"
import { filterModels, type ModelReach } from "./ModelList.ts"

/** The largest list that is read, in bytes. */
export const maxListBytes = 8 * 1024 * 1024

const parse = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString("utf8"))
  } catch {
    return undefined
  }
}

type Decoder = (
  bytes: InputType,
  options: { readonly maxOutputLength: number },
  done: (error: Error | null, plain: Buffer) => void
) => void

const decoders: Readonly<Record<string, Decoder>> = {
  "gzip": gunzip,
  "x-gzip": gunzip,
  "deflate": inflate,
  "br": brotliDecompress,
  "zstd": (bytes, options, done) => zstdDecompress(bytes, { ...options, params: zstdParams }, done)
}

/**
 * Decodes an answer that is compressed although it was asked for as it is; `encoding` as sent, "" for none. `done`
 * gets `undefined` when it cannot be decoded, or is larger than a list may be.
 */
export const decoded = (body: Buffer, encoding: string, done: (plain: Buffer | undefined) => void): void => {
  const coding = encoding.trim().toLowerCase()
  if (coding === "" || coding === "identity") return done(body)
  const decoder = Object.hasOwn(decoders, coding) ? decoders[coding] : undefined
  if (decoder === undefined) return done(undefined)
  decoder(body, { maxOutputLength: maxListBytes }, (error, plain) => done(error === null ? plain : undefined))
}

/**
 * The text of the list that this caller gets, or `undefined` when the answer cannot be read as a list. A caller who may
 * call everything gets what cannot be read as it is.
 */
export const answeredModels = (body: Buffer, reach: ModelReach): string | Buffer | undefined => {
  const list = filterModels(parse(body), reach)
  return list === undefined ? reach.isEverything() ? body : undefined : JSON.stringify(list)
}

/** The encodings of an answer, from its raw headers (lower-case names); "" for none. */
export const encodingOf = (headers: ReadonlyArray<string>): string => {
  const values: Array<string> = []
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === "content-encoding") values.push(headers[i + 1] ?? "")
  return values.join(", ")
}

/** Headers of the answer that described the unfiltered list. */
const stale = new Set([
  "content-length",
  "content-encoding",
  "etag",
  "last-modified",
  "content-md5",
  "digest",
  "content-digest",
  "cache-control"
])

/** The headers of an answer without those that describe the unfiltered list. */
export const withoutLength = (headers: ReadonlyArray<string>): Array<string> => {
  const result: Array<string> = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ""
    if (!stale.has(name)) result.push(name, headers[i + 1] ?? "")
  }
  return result
}

/** The headers of the filtered answer. */
export const filteredHeaders = (headers: ReadonlyArray<string>, body: string | Buffer): Array<string> => {
  const result = withoutLength(headers)
  result.push("content-length", String(Buffer.byteLength(body)), "cache-control", "private, no-store")
  return result
}
