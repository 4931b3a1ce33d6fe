/** A Fastify program behind the gate. */
import type { PromiseGate } from "@jotgate/core/Gate"
import Fastify, { type FastifyInstance } from "fastify"
import { guard, verdictOf } from "../adapters/fastify.ts"

export const app = (gate: PromiseGate): FastifyInstance => {
  const server = Fastify()
  server.get("/status", () => "up")
  server.register(async (guarded) => {
    guarded.addHook("preParsing", guard(gate))
    guarded.get("/v1/models", (request) => {
      const verdict = verdictOf(request)
      return { user: verdict?.user?.id, team: verdict?.team?.id, models: verdict?.models }
    })
    guarded.post<{ readonly Body: { readonly model: string } }>(
      "/v1/chat/completions",
      ({ body }) => ({ model: body.model })
    )
  })
  return server
}
