/** An Express program behind the gate. */
import type { EmbeddedGate } from "@jotgate/server/EmbeddedGate"
import express, { type Express } from "express"
import { callerOf, guard } from "../adapters/express.ts"

/** The program; `gate` is made with `createGate`. */
export const app = (gate: EmbeddedGate): Express =>
  express()
    .get("/status", (_, response) => void response.send("up"))
    .use(guard(gate))
    .get("/v1/models", (_, response) => {
      const { models, team, user } = callerOf(response)
      response.json({ user: user?.id, team: team?.id, models })
    })
    .post("/v1/chat/completions", ({ body }, response) => void response.json({ model: body.model }))
