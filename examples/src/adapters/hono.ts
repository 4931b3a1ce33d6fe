/** Hono middleware over a gate. */
import type { PromiseGate } from "@jotgate/core/Gate"
import type { Verdict } from "@jotgate/core/Verdict"
import type { MiddlewareHandler } from "hono"

/** What a handler behind the gate finds: `c.get("verdict")`. */
export interface Guarded {
  readonly Variables: { readonly verdict: Verdict }
}

/** Lets in whom the gate allows; everybody else is answered with the problem. */
export const guard = (gate: PromiseGate): MiddlewareHandler<Guarded> => async (context, next) => {
  const document = gate.metadata(context.req.raw)
  if (document !== undefined) return document
  const verdict = await gate.decide(context.req.raw)
  if (!verdict.allowed) return verdict.toResponse()
  context.set("verdict", verdict)
  return next()
}
