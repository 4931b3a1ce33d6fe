/** Express middleware over a gate: `Gate.make` of core, or `createGate` of server. */
import { fromNode, type PromiseGate } from "@jotgate/core/Gate"
import type { Verdict } from "@jotgate/core/Verdict"
import type { Request, RequestHandler, Response } from "express"
import { reading } from "./node.ts"

/** The verdict on a request that was let in. */
export const callerOf = (response: Response): Verdict => response.locals["caller"]

/** Reads a body for the gate, and leaves it parsed for the handlers: a request without a token is not read. */
const parsing = (request: Request) => async (limit: number): Promise<Buffer> => {
  const body = await reading(request, limit)
  if (body.length > 0) request.body = request.is(["json", "+json"]) ? JSON.parse(body.toString()) : body
  return body
}

/**
 * Lets in whom the gate allows; everybody else reads why not. It parses JSON itself; a parser in front of it
 * reads bodies before there is a token.
 */
export const guard = (gate: Pick<PromiseGate, "decide">): RequestHandler => (request, response, next) => {
  gate.decide(fromNode(request, request.body ?? parsing(request))).then((verdict) => {
    response.locals["caller"] = verdict
    if (verdict.allowed) return next()
    // What is left of a body is not waited for.
    if (!request.complete) response.set("connection", "close")
    response.status(verdict.status).set(verdict.headers).end(JSON.stringify(verdict.problem))
  }, next)
}
