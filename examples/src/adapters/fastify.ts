/** A Fastify hook over a gate. */
import { fromNode, type PromiseGate } from "@jotgate/core/Gate"
import type { Verdict } from "@jotgate/core/Verdict"
import type { FastifyRequest, preParsingAsyncHookHandler } from "fastify"
import { Readable } from "node:stream"
import { reading } from "./node.ts"

const verdicts = new WeakMap<FastifyRequest, Verdict>()

/** The verdict on a request that was let in. */
export const verdictOf = (request: FastifyRequest): Verdict | undefined => verdicts.get(request)

/** Lets in whom the gate allows. A `preParsing` hook: the token comes first, and the parser gets the bytes that were judged. */
export const guard =
  (gate: Pick<PromiseGate, "decide">): preParsingAsyncHookHandler => async (request, reply, payload) => {
    let body: Buffer | undefined
    const verdict = await gate.decide(
      fromNode(request.raw, async (limit: number) => body = await reading(request.raw, limit))
    )
    verdicts.set(request, verdict)
    if (verdict.allowed) return body === undefined ? payload : Readable.from([body])
    // What is left of a body is not waited for.
    if (!request.raw.complete) reply.header("connection", "close")
    return reply.code(verdict.status).headers(verdict.headers).send(Buffer.from(JSON.stringify(verdict.problem)))
  }
