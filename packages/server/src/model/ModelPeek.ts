/**
 * Reads the model of a whole request: target, then body by its type.
 *
 * The body is fed in as it arrives. Whether it must be JSON follows from type
 * and route: on the JSON routes of LLM APIs a body is JSON whatever it calls
 * itself, because servers there parse it as such; elsewhere a media type is
 * believed unless the body looks like an object.
 */
import { isUtf8 } from "node:buffer"
import { type BodyModel, formModel, multipartModel } from "./FormModel.ts"
import { JsonModel } from "./JsonModel.ts"
import { invalid, join, nothing, type Peeked } from "./Peeked.ts"
import { targetModel } from "./TargetModel.ts"

/** Routes whose body servers parse as JSON without looking at its type. */
const jsonRoute =
  /(?:\/(?:completions|embeddings|responses|messages|moderations|rerank|generations|speech|count_tokens|invoke|invoke-with-response-stream|converse|converse-stream)|:[A-Za-z]+)$/

const mediaTypes =
  /^(?:audio|image|video|font|model)\/|^application\/(?:octet-stream|pdf|zip|gzip|x-tar|x-ndjson|jsonl|protobuf|x-protobuf|grpc)|^text\/(?:csv|html|xml)/

const mimeType = (contentType: string): string => {
  const end = contentType.indexOf(";")
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

/** A body that may be anything: read as JSON when it starts like an object. */
class MediaModel implements BodyModel {
  readonly #json = new JsonModel()
  #looksLikeObject: boolean | undefined

  push(chunk: Uint8Array): void {
    if (this.#looksLikeObject === undefined) {
      const first = chunk.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)
      if (first === undefined) return
      this.#looksLikeObject = first === 0x7b
    }
    if (this.#looksLikeObject) this.#json.push(chunk)
  }

  end(): Peeked {
    return this.#looksLikeObject === true ? this.#json.end() : nothing
  }
}

/** A JSON body; an empty one names nothing. */
class JsonBody implements BodyModel {
  readonly #json = new JsonModel()
  #size = 0

  push(chunk: Uint8Array): void {
    this.#size += chunk.length
    this.#json.push(chunk)
  }

  end(): Peeked {
    return this.#size === 0 ? nothing : this.#json.end()
  }
}

/** The reader for a body of this type on this path; `contentType` as sent, "" when absent. */
export const bodyModel = (path: string, contentType: string): BodyModel => {
  const type = mimeType(contentType)
  if (type === "multipart/form-data") return multipartModel(contentType)
  if (type === "application/x-www-form-urlencoded") return formModel()
  return mediaTypes.test(type) && !jsonRoute.test(path) ? new MediaModel() : new JsonBody()
}

/** Whether bytes of this type must be UTF-8 in whole: JSON parsers differ in what they make of other bytes. */
const mustBeUtf8 = (path: string, contentType: string): boolean => {
  const type = mimeType(contentType)
  return type !== "multipart/form-data" && (!mediaTypes.test(type) || jsonRoute.test(path))
}

/** Gemini bodies name `models/x` where the path names `x`; they are the same model. */
const inGoogleSpelling = (target: Peeked, body: Peeked): Peeked =>
  target._tag === "Found" && body._tag === "Found" && body.name === `models/${target.name}` ? target : body

/** Joins what target and body say; `body` is `undefined` where the door cannot see it. */
export const joinBody = (target: Peeked, body: Peeked): Peeked => join(target, inGoogleSpelling(target, body))

/** The model of a request whose body is at hand, inflated. */
export const peek = (target: string, contentType: string, body: Uint8Array): Peeked => {
  const query = target.indexOf("?")
  const path = query === -1 ? target : target.slice(0, query)
  const named = targetModel(target)
  if (body.length === 0) return named
  if (mustBeUtf8(path, contentType) && !isUtf8(body)) return join(named, invalid)
  const reader = bodyModel(path, contentType)
  for (let at = 0; at < body.length; at += 65_536) reader.push(body.subarray(at, at + 65_536))
  return joinBody(named, reader.end())
}

/** Whether a body that was fed to `bodyModel` in pieces is well-formed text where that matters. */
export const isReadable = (path: string, contentType: string, body: Uint8Array): boolean =>
  !mustBeUtf8(path, contentType) || isUtf8(body)
