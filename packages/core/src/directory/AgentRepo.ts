/**
 * Finds the programs that act for people: by id, by name, and by the
 * application of an identity provider that is bound to one.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { Now } from "../Trace.ts"
import {
  absent,
  type Agent,
  type AgentBinding,
  type AgentId,
  type DirectoryUnavailable,
  type RowNotFound,
  type User
} from "./Directory.ts"
import { answer, compound, MemoryRows } from "./MemoryRows.ts"

type Found<A> = Effect.Effect<A, RowNotFound | DirectoryUnavailable>

/** The rows of agents: who acts for somebody, and what each may (DESIGN: agents and tools). */
export interface AgentRepo {
  /** The agent with this id. */
  readonly byId: (id: AgentId, now?: Now) => Found<Agent>
  /** The agent with this name, compared byte for byte. */
  readonly byName: (name: string, now?: Now) => Found<Agent>
  /** Agents by their applications; absent where no directory binds any, so that nobody is asked for them. */
  readonly identities: AgentIdentities | undefined
}

/** The applications of an identity provider that are agents, and the people who proved to be its subjects (RULES D72). */
export interface AgentIdentities {
  /** What is bound to this client of this tenant. */
  readonly bound: (tenant: string, client: string, now?: Now) => Found<AgentBinding>
  /** The person who signed in as this object of a tenant. */
  readonly person: (issuer: string, tenant: string, object: string, now?: Now) => Found<User>
}

/** A directory that knows no agents, unless one is provided. */
export const AgentRepo = Context.Reference<AgentRepo>("@jotgate/core/AgentRepo", {
  defaultValue: (): AgentRepo => ({ byId: () => absent("agent"), byName: () => absent("agent"), identities: undefined })
})

/** The rows of `MemoryDirectory`; every look-up is an `Exit`. */
export const layerMemory = Layer.effect(
  AgentRepo,
  Effect.map(MemoryRows, (tables): AgentRepo => ({
    byId: (id) =>
      answer(tables, "agents", () => {
        const row = tables.agents.get(id)
        return row === undefined ? absent("agent") : Exit.succeed(row)
      }),
    byName: (name) =>
      answer(tables, "agents", () => {
        const row = tables.agents.find("name", name)[0]
        return row === undefined ? absent("agent") : Exit.succeed(row)
      }),
    identities: tables.agentBindings.length === 0 ? undefined : {
      bound: (tenant, client) =>
        answer(tables, "agents", () => {
          const row = tables.agentBindings.find((it) => it.tenant === tenant && it.client === client)
          return row === undefined ? absent("agent") : Exit.succeed(row)
        }),
      person: (issuer, tenant, object) =>
        answer(tables, "users", () => {
          const row = tables.users.find("subject", compound(issuer, compound(tenant, object)))[0]
          return row === undefined ? absent("user") : Exit.succeed(row)
        })
    }
  }))
)
