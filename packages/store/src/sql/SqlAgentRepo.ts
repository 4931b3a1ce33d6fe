/**
 * Agents on SQL. Identities of agents are LiteLLM's alone: nothing is bound here.
 */
import { AgentRepo } from "@jotgate/core/AgentRepo"
import { RowNotFound } from "@jotgate/core/Directory"
import { Effect, Exit, Layer } from "effect"
import { Lookups } from "./Lookups.ts"
import * as Rows from "./Rows.ts"

const noAgent = Exit.fail(new RowNotFound({ kind: "agent" }))

/** The columns of an agent as `Rows.agent` reads them. */
export const columns =
  "id, name, models, model_groups, teams, tools, prompts, resources, blocked, autonomous, require_trace_id"

const question = (name: string, where: string) => ({
  name,
  text: `SELECT ${columns} FROM agents WHERE ${where}`,
  read: Rows.agent
})

const ask = { byId: question("agent by id", "id = ?"), byName: question("agent by name", "name = ?") }

/** `AgentRepo` over `Lookups`, without memory. */
export const layer = Layer.effect(
  AgentRepo,
  Effect.map(Lookups, (lookups): AgentRepo => ({
    byId: (id) => Rows.isStorable(id) ? lookups.first(ask.byId, [id], noAgent) : noAgent,
    byName: (name) => Rows.isStorable(name) ? lookups.first(ask.byName, [name], noAgent) : noAgent,
    identities: undefined
  }))
)
