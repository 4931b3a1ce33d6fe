/** Express middleware over the promise façade. */
import { type EmbeddedDecision, type EmbeddedGate, fromNode } from "@jotgate/server/EmbeddedGate"
import type { RequestHandler, Response } from "express"

/** The decision of a request that was let in. */
export const callerOf = (response: Response): EmbeddedDecision => response.locals["caller"]

/** Lets in whom the gate allows; everybody else reads why not. */
export const guard = (gate: EmbeddedGate): RequestHandler => (request, response, next) => {
  gate.decide(fromNode(request)).then((decision) => {
    response.locals["caller"] = decision
    if (decision.allowed) next()
    else response.status(decision.status).type("application/problem+json").send(JSON.stringify(decision.problem))
  }, next)
}
