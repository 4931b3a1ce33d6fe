/**
 * Reads the models of a request whose body is at hand as a whole: for programs that ask, and for questions that are put
 * together by hand.
 */
import type { RequestedModel } from "@jotgate/core/Request"
import { isUtf8 } from "node:buffer"
import { invalid, join, nothing, type Peeked, unnamed } from "./Peeked.ts"
import { bodyReader, joinBody, readTarget, requestedModel, type TargetReading } from "./RequestModel.ts"

/** A request as a whole. */
export interface WholeRequest {
  /** Upper case. */
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: ReadonlyArray<string>
  /** As sent; "" when there is none. */
  readonly contentType: string
  /** Inflated. */
  readonly body: Uint8Array
}

/**
 * What a whole body names; `asItIs`: nobody can send another spelling of it on, so that one which the gate would have
 * written otherwise is not known to be read alike.
 */
export const readBody = (target: TargetReading, contentType: string, body: Uint8Array, asItIs = false): Peeked => {
  if (body.length === 0) return nothing
  const reader = bodyReader(target, contentType, undefined, () => {})
  if (reader === undefined) return invalid("a type that can be read in more than one way")
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  for (let at = 0; at < bytes.length && reader.seen._tag !== "Refused"; at += 65_536) {
    reader.push(bytes.subarray(at, at + 65_536))
  }
  const seen = reader.end()
  if (reader.isText && !isUtf8(bytes)) return invalid("no UTF-8")
  return reader.isKnown && (!asItIs || reader.isSameAsSent(contentType)) ? seen : join(seen, unnamed)
}

/** What all places of a request say together. */
export const peek = ({ body, contentType, method, rawHeaders, target }: WholeRequest): Peeked => {
  const reading = readTarget(method, target, rawHeaders)
  return joinBody(reading.seen, readBody(reading, contentType, body))
}

/** What a request asks for; `undefined` when it cannot be judged at all. */
export const asked = ({ body, contentType, method, rawHeaders, target }: WholeRequest): RequestedModel | undefined => {
  const reading = readTarget(method, target, rawHeaders)
  return requestedModel(reading, readBody(reading, contentType, body))
}
