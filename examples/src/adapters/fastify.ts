/** A Fastify hook over a gate. */
import { fromNode, type PromiseGate } from "@jotgate/core/Gate"
import type { Verdict } from "@jotgate/core/Verdict"
import type { FastifyReply, FastifyRequest } from "fastify"

const verdicts = new WeakMap<FastifyRequest, Verdict>()

/** The verdict on a request that was let in. */
export const verdictOf = (request: FastifyRequest): Verdict | undefined => verdicts.get(request)

/** Lets in whom the gate allows. A `preHandler`: the body is parsed by then, and its models are judged. */
export const guard =
  (gate: Pick<PromiseGate, "decide">) => async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const verdict = await gate.decide(fromNode(request.raw, request.body))
    verdicts.set(request, verdict)
    if (verdict.allowed) return undefined
    return reply.code(verdict.status).headers(verdict.headers).send(Buffer.from(JSON.stringify(verdict.problem)))
  }
