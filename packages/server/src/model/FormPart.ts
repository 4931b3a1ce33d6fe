/**
 * The head of one part of a form (RFC 7578 §4), read strictly and written in one spelling.
 *
 * What libraries read in different ways is refused: parameters with `*`, backslashes, an empty file name, a part
 * without a name, a line that is there twice, a transfer encoding, a charset other than UTF-8, a form inside a form.
 * Lines that mean nothing in a form are left out of what is sent on.
 */
import { isUtf8 } from "node:buffer"
import * as MediaType from "./MediaType.ts"

/** One part, before its content. */
export interface FormPart {
  readonly name: string
  /** Set when the part is a file. */
  readonly filename: string | undefined
  /** The one spelling of its media type; "" when it has none. */
  readonly type: string
}

const line = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\u0000-\u0008\u000a-\u001f\u007f]*)$/
const harmless = new Set(["7bit", "8bit", "binary"])

/** The lines of a head by lower-case names; `undefined` when a line is malformed or there twice. */
const readLines = (text: string): ReadonlyMap<string, string> | undefined => {
  const lines = new Map<string, string>()
  for (const one of text.split("\r\n")) {
    const found = line.exec(one)
    const name = found?.[1]?.toLowerCase()
    if (name === undefined || lines.has(name)) return undefined
    lines.set(name, (found?.[2] ?? "").trim())
  }
  return lines
}

/** The spelling of a part's media type; `undefined` when some library could read the content otherwise. */
const readType = (text: string, isFile: boolean): string | undefined => {
  const it = MediaType.parse(text)
  if (it === undefined || it.name.startsWith("multipart/") || it.name.startsWith("message/")) return undefined
  if (isFile) return MediaType.render(it)
  // Some libraries make a file of a field of this type.
  if (it.name === "application/octet-stream" || !MediaType.isUtf8Type(it)) return undefined
  return it.name
}

/** Why a head can be read in more than one way; for the operator. */
export interface Unclear {
  readonly cause: string
}

const unclear = (cause: string): Unclear => ({ cause })

/** The part whose head is `bytes`, without the empty line behind it. */
export const parse = (bytes: Uint8Array): FormPart | Unclear => {
  if (!isUtf8(bytes)) return unclear("a head that is no UTF-8")
  const lines = readLines(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"))
  if (lines === undefined) return unclear("a line of the head that is none, or is there twice")
  const disposition = MediaType.parseParameters(lines.get("content-disposition") ?? "")
  if (disposition?.name !== "form-data") return unclear("no content-disposition that can be read")
  const encoding = lines.get("content-transfer-encoding")
  if (encoding !== undefined && !harmless.has(encoding.toLowerCase())) return unclear("a content-transfer-encoding")
  const { parameters } = disposition
  const name = parameters.get("name")
  const filename = parameters.get("filename")
  if (name === undefined || name === "") return unclear("no name")
  if (filename === "") return unclear("an empty filename")
  if (parameters.size !== (filename === undefined ? 1 : 2)) return unclear("a parameter besides name and filename")
  const told = lines.get("content-type")
  const type = told === undefined ? "" : readType(told, filename !== undefined)
  return type === undefined ? unclear("a content-type that can be read in more than one way") : { name, filename, type }
}

/** A part's head as it is sent, from its delimiter to the empty line. */
export const render = (boundary: string, { filename, name, type }: FormPart): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${
    filename === undefined ? "" : `; filename="${filename}"`
  }\r\n${type === "" ? "" : `Content-Type: ${type}\r\n`}\r\n`
