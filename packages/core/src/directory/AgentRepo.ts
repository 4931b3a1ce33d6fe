/**
 * Finds the programs that act for people: by id, by name, and by the
 * application of an identity provider that is bound to one.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
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
