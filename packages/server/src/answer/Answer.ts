/**
 * Writes the gate's own answers to Node's response.
 */
import type { ServerResponse } from "node:http"
import { challenges, type Refusal, render } from "./ProblemResponse.ts"
import { metadataUrl } from "./ResourceMetadata.ts"

/** Writes raw headers and a body, unless the caller has gone. */
export const write = (response: ServerResponse, status: number, headers: Array<string>, body = ""): void => {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, headers)
  response.end(body)
}

/** Where and for whom a denial is rendered. */
export interface Place {
  readonly id: string
  /** The judged path. */
  readonly path: string
  /** `https://gate.example`; "" when the request has no usable host. */
  readonly origin: () => string
  /** Raw headers that the answer carries besides. */
  readonly extra?: ReadonlyArray<string>
  /** The status that the proxy in front can carry. */
  readonly status?: (status: number) => number
}

/** Writes a denial. */
export const refuse = (response: ServerResponse, refusal: Refusal, place: Place): void => {
  const origin = challenges(refusal.code) ? place.origin() : ""
  const metadata = origin === "" ? undefined : metadataUrl(origin, place.path)
  const rendered = render(refusal, place.id, place.path, metadata)
  const headers = place.extra === undefined ? rendered.headers : [...rendered.headers, ...place.extra]
  write(response, place.status === undefined ? rendered.status : place.status(rendered.status), headers, rendered.body)
}

/** What a denial of `AuthBuilder` says to the renderer. */
export const refusalOf = (
  denial: { readonly code: Refusal["code"]; readonly scope?: string; readonly retryAfter?: number }
): Refusal => denial
