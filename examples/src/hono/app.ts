/** A Hono program behind the gate. */
import type { PromiseGate } from "@jotgate/core/Gate"
import { Hono } from "hono"
import { guard, type Guarded } from "../adapters/hono.ts"

export const app = (gate: PromiseGate): Hono<Guarded> =>
  new Hono<Guarded>()
    .get("/status", (context) => context.text("up"))
    .use(guard(gate))
    .get("/v1/models", (context) => {
      const { models, team, user } = context.get("verdict")
      return context.json({ user: user?.id, team: team?.id, models })
    })
    .post("/v1/chat/completions", async (context) => context.json({ model: (await context.req.json()).model }))
