/**
 * What a proxy is answered (`envoy.service.auth.v3.CheckResponse`), as bytes.
 *
 * Everything that an allow says but the id of its decision is the same as long as the decision is remembered. So it is
 * written once, and the id is put where it stands.
 */
import { readFileSync } from "node:fs"
import protobuf from "protobufjs"

const CheckResponse = protobuf
  .parse(readFileSync(new URL("ExtAuthz.proto", import.meta.url), "utf8"), { keepCase: true })
  .root.lookupType("jotgate.CheckResponse")

/** A value of dynamic metadata. */
export type MetadataValue = string | boolean | ReadonlyArray<string> | { readonly [name: string]: MetadataValue }

/** A request that may pass. Headers are `[name, value]`. */
export interface Allowing {
  readonly set: ReadonlyArray<readonly [string, string]>
  /** Names of headers that do not go on. */
  readonly remove: ReadonlyArray<string>
  readonly metadata: { readonly [name: string]: MetadataValue }
}

/** A request that may not. */
export interface Denying {
  readonly status: number
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly body: string
}

/** `OVERWRITE_IF_EXISTS_OR_ADD`: what a caller sent under one of our names does not stay. */
const OVERWRITE = 2

const option = ([key, value]: readonly [string, string]) => ({ header: { key, value }, append_action: OVERWRITE })

const valueOf = (it: MetadataValue): object => {
  if (typeof it === "string") return { string_value: it }
  if (typeof it === "boolean") return { bool_value: it }
  return isList(it) ? { list_value: { values: it.map(valueOf) } } : { struct_value: structOf(it) }
}

const isList = (it: MetadataValue): it is ReadonlyArray<string> => Array.isArray(it)

const structOf = (it: { readonly [name: string]: MetadataValue }): object => ({
  fields: Object.fromEntries(Object.entries(it).map(([name, value]) => [name, valueOf(value)]))
})

/** The codes of google.rpc that proxies log; never 0 for a denial, because 0 is an allow. */
const rpcCodes: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  413: 8,
  415: 3,
  429: 8,
  431: 8,
  503: 14
}

const bytesOf = (message: object): Buffer => {
  const bytes = CheckResponse.encode(message).finish()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** An allow → bytes. */
export const allowing = ({ metadata, remove, set }: Allowing): Buffer =>
  bytesOf({
    status: { code: 0 },
    ok_response: { headers: set.map(option), headers_to_remove: remove },
    dynamic_metadata: structOf(metadata)
  })

/** A denial → bytes. */
export const denying = ({ body, headers, status }: Denying): Buffer =>
  bytesOf({
    status: { code: rpcCodes[status] ?? 7 },
    denied_response: { status: { code: status }, headers: headers.map(option), body }
  })

/** An allow that is given again with other ids. */
export class Repeated {
  /** One character a byte: held for less than a buffer. */
  readonly #text: string
  readonly #places: ReadonlyArray<number>

  /** `bytes` say this `id`: it is made for one decision, so nothing else in them reads like it. */
  constructor(bytes: Buffer, id: string) {
    this.#text = bytes.toString("latin1")
    const places: Array<number> = []
    for (let at = this.#text.indexOf(id); at !== -1; at = this.#text.indexOf(id, at + id.length)) places.push(at)
    this.#places = places
  }

  /** The bytes with this id, which is as long as the first. */
  with(id: string): Buffer {
    const bytes = Buffer.allocUnsafe(this.#text.length)
    bytes.write(this.#text, "latin1")
    for (const place of this.#places) bytes.write(id, place, "latin1")
    return bytes
  }
}
