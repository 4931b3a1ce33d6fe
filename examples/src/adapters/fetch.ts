/** A Fetch handler behind a gate: for workerd, Deno, Bun, and every server that speaks `Request` and `Response`. */
import type { PromiseGate } from "@jotgate/core/Gate"
import type { Verdict } from "@jotgate/core/Verdict"

/** What goes on when a request is let in. */
export type Next = (request: Request, verdict: Verdict) => Response | Promise<Response>

/** Lets in whom the gate allows; everybody else is answered with the problem. */
export const guard = (gate: PromiseGate, next: Next) => async (request: Request): Promise<Response> => {
  const document = gate.metadata(request)
  if (document !== undefined) return document
  const verdict = await gate.decide(request)
  return verdict.allowed ? next(request, verdict) : verdict.toResponse()
}

/** The request as the next hop may have it: with who is calling, and without the caller's own token or such headers. */
export const forwarded = (request: Request, { headers }: Verdict): Request => {
  const sent = new Headers(request.headers)
  for (const name of request.headers.keys()) {
    // Some servers read a name with `_` for one with `-`.
    if (/^x[-_]jotgate[-_]/.test(name) || name === "authorization") sent.delete(name)
  }
  for (const [name, value] of Object.entries(headers)) sent.set(name, value)
  return new Request(request, { headers: sent })
}
