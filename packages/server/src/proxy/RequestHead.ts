/**
 * Reads the head of a request once, from the raw header pairs, and refuses what
 * two servers could read differently.
 *
 * Node keeps the first of two `Host` or `Content-Type` lines silently and lets
 * an unknown transfer coding through (threats E04, E08, E10); the upstream may
 * read the other. Everything that is refused here is 400.
 */
import type { IncomingMessage } from "node:http"

/** What the gate needs to know of a head. */
export interface RequestHead {
  readonly host: string
  readonly contentType: string
  /** Lower case; "" when the body is not encoded. */
  readonly contentEncoding: string
  /** Whether a body is announced. */
  readonly hasBody: boolean
  /** The announced length in bytes; `undefined` when the body is chunked or absent. */
  readonly contentLength: number | undefined
  /** Lower-case names that `Connection` lists. */
  readonly connection: ReadonlyArray<string>
  readonly requestId: string | undefined
  /** Whether the caller accepts trailers. */
  readonly trailers: boolean
}

const hostPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

let lastHost = ""

/** Whether a `Host` is `host` or `host:port` and nothing else (threat E08). */
export const isHost = (text: string): boolean => {
  // Nearly every request of a gate has the same one.
  if (text === lastHost) return true
  if (text.length > 255 || !hostPattern.test(text)) return false
  lastHost = text
  return true
}

/** What RTSP and ICE have and HTTP has not; Node's parser takes their first lines for those of HTTP/1.0. */
const otherProtocols: ReadonlySet<string> = new Set([
  "ANNOUNCE",
  "DESCRIBE",
  "FLUSH",
  "GET_PARAMETER",
  "PAUSE",
  "PLAY",
  "RECORD",
  "REDIRECT",
  "SET_PARAMETER",
  "SETUP",
  "SOURCE",
  "TEARDOWN"
])

/**
 * Why the first line of a request is none of HTTP/1.0 or HTTP/1.1: Node's parser takes `HTTP/2.0`, `HTTP/0.9` and a line
 * without a version for one, and a server behind the gate may not.
 */
export const foreignLine = (
  { httpVersion, method = "" }: { readonly httpVersion: string; readonly method?: string | undefined }
): string | undefined =>
  httpVersion !== "1.1" && httpVersion !== "1.0"
    ? "a version other than HTTP/1.0 and HTTP/1.1"
    : otherProtocols.has(method)
    ? "a method of another protocol"
    : undefined

const requestIdPattern = /^[\w.:=+/@-]{1,128}$/

/** Whether a text is an id that records, and the upstream, may be told as it is. */
export const isRequestId = (text: string): boolean => requestIdPattern.test(text)

const tokens = (value: string): Array<string> =>
  value.toLowerCase().split(",").map((it) => it.trim()).filter((it) => it !== "")

/** How long the names are that say something here: of others nothing is read. */
const lengths = ["host", "te", "connection", "content-type", "content-length", "content-encoding", "transfer-encoding"]
  .concat("x-request-id").map((it) => it.length)
const says = Array.from({ length: Math.max(...lengths) + 1 }, (_, it) => lengths.includes(it))

/** The head; a text when it could be read in more than one way, which says why to the operator. */
export const readHead = (request: IncomingMessage): RequestHead | string => {
  const foreign = foreignLine(request)
  if (foreign !== undefined) return foreign
  const raw = request.rawHeaders
  let host: string | undefined
  let contentType: string | undefined
  let contentEncoding: string | undefined
  let contentLength: string | undefined
  let transferEncoding: string | undefined
  let requestId: string | undefined
  let connection: ReadonlyArray<string> = []
  let trailers = false
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ""
    if (says[name.length] !== true) continue
    const value = raw[i + 1] ?? ""
    switch (name.toLowerCase()) {
      case "host":
        if (host !== undefined) return "two values of host"
        host = value
        break
      case "content-type":
        if (contentType !== undefined) return "two values of content-type"
        contentType = value
        break
      case "content-encoding":
        if (contentEncoding !== undefined) return "two values of content-encoding"
        contentEncoding = value.trim().toLowerCase()
        break
      case "content-length":
        if (contentLength !== undefined) return "two values of content-length"
        contentLength = value
        break
      case "transfer-encoding":
        if (transferEncoding !== undefined) return "two values of transfer-encoding"
        transferEncoding = value
        break
      case "connection":
        connection = connection.length === 0 ? tokens(value) : [...connection, ...tokens(value)]
        break
      case "te":
        if (tokens(value).includes("trailers")) trailers = true
        break
      case "x-request-id":
        if (requestId === undefined && isRequestId(value)) requestId = value
        break
      default:
    }
  }
  if (host === undefined ? request.httpVersion !== "1.0" : !isHost(host)) return "host is no name"
  if (transferEncoding !== undefined) {
    if (contentLength !== undefined) return "content-length and transfer-encoding"
    if (request.httpVersion === "1.0") return "transfer-encoding in HTTP/1.0"
    if (transferEncoding.toLowerCase() !== "chunked") return "a transfer-encoding other than chunked"
  }
  if (contentLength !== undefined && !/^\d{1,15}$/.test(contentLength)) return "content-length is no number"
  const length = contentLength === undefined ? undefined : Number(contentLength)
  return {
    host: host ?? "",
    contentType: contentType ?? "",
    contentEncoding: contentEncoding === "identity" ? "" : contentEncoding ?? "",
    hasBody: transferEncoding !== undefined || (length !== undefined && length > 0),
    contentLength: length,
    connection,
    requestId,
    trailers
  }
}
