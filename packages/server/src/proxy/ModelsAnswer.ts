/**
 * Filters an upstream's list of models to what the caller may call: a model is
 * listed exactly when a call with it would be allowed.
 *
 * An answer that cannot be read is not passed on: unfiltered it would tell what
 * exists.
 */
import type { Reach } from "@jotgate/core/Decision"

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

/** Headers of the answer that described the unfiltered list. */
const stale = new Set([
  "content-length",
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
