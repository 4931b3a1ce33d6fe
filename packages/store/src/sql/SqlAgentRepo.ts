/**
 * Agents on SQL. Identities of agents are LiteLLM's alone: nothing is bound here.
 */
import { AgentRepo } from "@jotgate/core/AgentRepo"
import { absent } from "@jotgate/core/Directory"
import { Effect, Layer } from "effect"
import { Lookups } from "./Lookups.ts"
import * as Rows from "./Rows.ts"

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
    byId: (id) => Rows.isStorable(id) ? lookups.first(ask.byId, [id], absent("agent")) : absent("agent"),
    byName: (name) => Rows.isStorable(name) ? lookups.first(ask.byName, [name], absent("agent")) : absent("agent"),
    identities: undefined
  }))
)
