/**
 * The one place that writes the gate's own answers to Node's response, and has
 * each recorded when it is written.
 */
import { challenges, type Refusal, render } from "@jotgate/core/ProblemResponse"
import { metadataUrl } from "@jotgate/core/ResourceMetadata"
import type { ServerResponse } from "node:http"
import type { Recording } from "../record/Recording.ts"
import * as Pipelined from "./Pipelined.ts"
import * as Turn from "./Turn.ts"

/** The end of an answer whose head is made. */
class Ending implements Turn.Part {
  readonly #response: ServerResponse
  readonly #body: string | Uint8Array

  constructor(response: ServerResponse, body: string | Uint8Array) {
    this.#response = response
    this.#body = body
  }

  run(): void {
    if (this.#response.destroyed) return
    const body = this.#body
    // A head that leaves with a text has the encoding of the text, and its values have one byte a character.
    if (typeof body !== "string") this.#response.end(body)
    else this.#response.end(body === "" ? "" : Buffer.from(body).toString("latin1"), "latin1")
  }

  abort(): void {
    Pipelined.breakOff(this.#response)
  }
}

/** Writes raw headers and a body, unless the caller has gone; for answers that carry no decision. */
export const write = (
  response: ServerResponse,
  status: number,
  headers: Array<string>,
  body: string | Uint8Array = ""
): void => {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, headers)
  Turn.write(new Ending(response, body))
}

/** A body that stands in place of the problem. */
export interface ErrorBody {
  readonly type: string
  readonly text: string
}

/** Where and for whom a denial is rendered. */
export interface Place {
  readonly recording: Recording
  /** The judged path. */
  readonly path: string
  /** The path below which the gate is mounted; callers see it before the judged one. */
  readonly prefix?: string
  /** `https://gate.example`; "" when the request has no usable host. */
  readonly origin: () => string
  /** Raw headers that the answer carries besides. */
  readonly extra?: ReadonlyArray<string>
  /** The status that the proxy in front can carry. */
  readonly status?: (status: number) => number
  /** What callers of another protocol read instead of the problem; gets the id of the decision. */
  readonly body?: ((decision: string) => ErrorBody) | undefined
  /** The path of the resource that was asked for, where it is not that of the request. */
  readonly resource?: string | undefined
  /** Whether there is no document about what was asked for. */
  readonly hasNoDocument?: boolean
}

/** Raw headers with those that describe another body. */
const describing = (headers: ReadonlyArray<string>, { text, type }: ErrorBody): Array<string> => {
  const result: Array<string> = ["content-type", type, "content-length", String(Buffer.byteLength(text))]
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ""
    if (name !== "content-type" && name !== "content-length") result.push(name, headers[i + 1] ?? "")
  }
  return result
}

/** Whether nobody reads what is written: the caller has gone, or has ended the connection, which Node then ends too. */
const isGone = ({ destroyed, socket }: ServerResponse): boolean => destroyed || socket?.writable === false

/** Writes a denial. A caller who has gone is not told: that is what its record says. */
export const refuse = (response: ServerResponse, refusal: Refusal, place: Place): void => {
  const { recording } = place
  if (response.headersSent) return
  if (isGone(response)) return recording.over(response)
  const origin = challenges(refusal) ? place.origin() : ""
  const resource = place.resource ?? `${place.prefix ?? ""}${place.path}`
  const metadata = origin === "" || place.hasNoDocument === true ? undefined : metadataUrl(origin, resource)
  const rendered = render(refusal, recording.id, place.path, metadata)
  const body = place.body?.(recording.id)
  const described = body === undefined ? rendered.headers : describing(rendered.headers, body)
  const headers = place.extra === undefined ? described : [...described, ...place.extra]
  const status = place.status === undefined ? rendered.status : place.status(rendered.status)
  write(response, status, headers, body?.text ?? rendered.body)
  recording.refused(status, refusal.code, refusal.cause)
}

/** Writes an allow: 200 and raw headers. */
export const allow = (response: ServerResponse, headers: Array<string>, recording: Recording): void => {
  if (isGone(response)) return recording.over(response)
  write(response, 200, headers)
  recording.answered(200)
}

/** What a denial of `AuthBuilder` says to the renderer. */
export const refusalOf = (
  denial: Pick<Refusal, "code" | "scope" | "held" | "retryAfter">
): Refusal => denial
