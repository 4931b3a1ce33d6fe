/**
 * Filters an upstream's list of models to what the caller may call: a model is
 * listed exactly when a call with it would be allowed.
 *
 * An answer that cannot be read is not passed on: unfiltered it would tell what
 * exists.
 */
import type { Reach } from "@jotgate/core/Decision"
import { brotliDecompress, gunzip, inflate, type InputType, type ZlibOptions } from "node:zlib"

/** Whether the answer to this request is a list of models. */
export const listsModels = (method: string, path: string): boolean =>
  method === "GET" &&
  (path === "/v1/models" || path === "/models" || path === "/openai/v1/models" || path === "/openai/models" ||
    path === "/v1/models/" || path === "/models/")

/** The largest list that is read, in bytes. */
export const maxListBytes = 8 * 1024 * 1024

const isObject = (it: unknown): it is Readonly<Record<string, unknown>> =>
  typeof it === "object" && it !== null && !Array.isArray(it)

const idOf = (entry: unknown): string | undefined =>
  typeof entry === "string" ? entry : isObject(entry) && typeof entry.id === "string" ? entry.id : undefined

const parse = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString("utf8"))
  } catch {
    return undefined
  }
}

type Decoder = (
  bytes: InputType,
  options: ZlibOptions,
  done: (error: Error | null, plain: Buffer) => void
) => void

const decoders: Readonly<Record<string, Decoder>> = {
  "gzip": gunzip,
  "x-gzip": gunzip,
  "deflate": inflate,
  "br": brotliDecompress
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

/** The filtered list, or `undefined` when the answer is no list of models. */
export const filterModels = (body: Buffer, reach: Reach): string | undefined => {
  const list = parse(body)
  if (!isObject(list) || !Array.isArray(list.data)) return undefined
  const entries: ReadonlyArray<unknown> = list.data
  const data = entries.filter((entry) => {
    const id = idOf(entry)
    return id !== undefined && reach.mayCall(id)
  })
  const page = "first_id" in list || "last_id" in list
    ? { first_id: idOf(data[0]) ?? null, last_id: idOf(data.at(-1)) ?? null }
    : {}
  return JSON.stringify({ ...list, ...page, data })
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

/** The headers of the filtered answer. */
export const filteredHeaders = (headers: ReadonlyArray<string>, body: string): Array<string> => {
  const result: Array<string> = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ""
    if (!stale.has(name)) result.push(name, headers[i + 1] ?? "")
  }
  result.push("content-length", String(Buffer.byteLength(body)), "cache-control", "private, no-store")
  return result
}
