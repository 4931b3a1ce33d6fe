/** A Fetch handler behind the gate: what Deno, Bun and workerd serve. */
import type { PromiseGate } from "@jotgate/core/Gate"
import { guard } from "../adapters/fetch.ts"

export const app = (gate: PromiseGate) =>
  guard(gate, async (request, { models, team, user }) =>
    new URL(request.url).pathname === "/v1/models"
      ? Response.json({ user: user?.id, team: team?.id, models })
      : Response.json({ model: (await request.json()).model }))
