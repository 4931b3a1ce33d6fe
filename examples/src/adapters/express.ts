/** Express middleware over a gate: `Gate.make` of core, or `createGate` of server. */
import { fromNode, type PromiseGate } from "@jotgate/core/Gate"
import type { Verdict } from "@jotgate/core/Verdict"
import type { RequestHandler, Response } from "express"

/** The verdict on a request that was let in. */
export const callerOf = (response: Response): Verdict => response.locals["caller"]

/** Lets in whom the gate allows; everybody else reads why not. Put it behind `express.json()` where models are in bodies. */
export const guard = (gate: Pick<PromiseGate, "decide">): RequestHandler => (request, response, next) => {
  gate.decide(fromNode(request, request.body)).then((verdict) => {
    response.locals["caller"] = verdict
    if (verdict.allowed) next()
    else response.status(verdict.status).set(verdict.headers).end(JSON.stringify(verdict.problem))
  }, next)
}
