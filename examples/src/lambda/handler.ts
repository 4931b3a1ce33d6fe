/** An AWS Lambda behind a function URL or an HTTP API (payload format 2.0). */
import type { BodyReader, PromiseGate } from "@jotgate/core/Gate"
import type { Verdict } from "@jotgate/core/Verdict"

/** The part of an event that is read. */
export interface Event {
  readonly rawPath: string
  readonly rawQueryString: string
  readonly headers: Readonly<Record<string, string>>
  readonly requestContext: { readonly domainName: string; readonly http: { readonly method: string } }
  readonly body?: string
  readonly isBase64Encoded: boolean
}

/** What the function answers. */
export interface Result {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The body, which is decoded when the gate asks for it. */
const bodyOf = ({ body, isBase64Encoded }: Event): { readonly body?: string | BodyReader } =>
  body === undefined
    ? {}
    : { body: isBase64Encoded ? () => Uint8Array.from(atob(body), (it) => it.charCodeAt(0)) : body }

/** The function; `next` is what it does for whom it lets in. */
export const handler =
  (gate: Pick<PromiseGate, "decide">, next: (event: Event, verdict: Verdict) => Promise<Result>) =>
  async (event: Event): Promise<Result> => {
    const { headers, rawPath, rawQueryString, requestContext: { domainName, http } } = event
    const verdict = await gate.decide({
      method: http.method,
      path: rawQueryString === "" ? rawPath : `${rawPath}?${rawQueryString}`,
      headers,
      origin: `https://${domainName}`,
      ...bodyOf(event)
    })
    return verdict.allowed
      ? next(event, verdict)
      : { statusCode: verdict.status, headers: verdict.headers, body: JSON.stringify(verdict.problem) }
  }
