/**
 * The rows of a directory in memory, shared by `layerMemory` of every
 * repository and of the Provisioner.
 *
 * A user's `teams` and the membership rows are independent, as in the
 * reference (RULES D24): the list says who is a member, the row has the limits.
 * Every look-up is an `Exit`. `failing` names what does not answer; it is
 * mutable, so that a test can break and mend the directory.
 */
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import { type Kept, ReadLog } from "../cache/Reads.ts"
import { namesOf, type ToolLists } from "../rules/patterns/ToolPattern.ts"
import { stackless } from "../Stackless.ts"
import {
  type Agent,
  type AgentBinding,
  DirectoryUnavailable,
  type EndUser,
  type Membership,
  type ModelGroup,
  type Organization,
  type Team,
  type User
} from "./Directory.ts"
import * as MemoryTable from "./MemoryTable.ts"

/** The rows to begin with; what is left out is empty. */
export interface Rows {
  /** People. */
  readonly users?: ReadonlyArray<User>
  /** Teams. */
  readonly teams?: ReadonlyArray<Team>
  /** Organizations. */
  readonly organizations?: ReadonlyArray<Organization>
  /** Customers of callers. */
  readonly endUsers?: ReadonlyArray<EndUser>
  /** Limits of people in teams. */
  readonly memberships?: ReadonlyArray<Membership>
  /** Groups of models. */
  readonly modelGroups?: ReadonlyArray<ModelGroup>
  /** Programs that act for people. */
  readonly agents?: ReadonlyArray<Agent>
  /** Identities of agents, for tests: only a LiteLLM database has such rows. */
  readonly agentBindings?: ReadonlyArray<AgentBinding>
}

/** A table of the directory. */
export type TableName = "users" | "teams" | "organizations" | "endUsers" | "memberships" | "modelGroups" | "agents"

/** What can fail: reading a table, or writing it. */
export type Operation = TableName | "tools" | `${TableName}.write`

/** The noun of each table. */
export interface Nouns {
  readonly users: User
  readonly teams: Team
  readonly organizations: Organization
  readonly endUsers: EndUser
  readonly memberships: Membership
  readonly modelGroups: ModelGroup
  readonly agents: Agent
}

/** By what else than its id a row of each table is found. */
interface Indexes {
  readonly users: "subject" | "email" | "server"
  readonly teams: "alias" | "organization" | "server"
  readonly organizations: "alias" | "server"
  readonly endUsers: never
  readonly memberships: "user" | "team" | "server"
  readonly modelGroups: never
  readonly agents: "name" | "server"
}

/** A table for each kind of row. */
export type TableSet = { readonly [K in TableName]: MemoryTable.MemoryTable<Nouns[K], Indexes[K]> }

/** The tables, and what of them does not answer. */
export interface MemoryTables extends TableSet {
  /** The applications that are agents. */
  readonly agentBindings: ReadonlyArray<AgentBinding>
  /** What does not answer. */
  readonly failing: Set<Operation>
  /** Where each answer is reported: for whoever remembers what follows from it, all rows are one. */
  readonly reads: ReadLog
  /** All rows as they are; another answer after each change. */
  readonly state: Kept
}

/** One text for several parts, injective. */
export const compound = (...parts: ReadonlyArray<string>): string => JSON.stringify(parts)

/**
 * The folded form of an address: A to Z as a to z, nothing else. Folding more
 * (Unicode case, width, or a mail provider's dots) would let one person's
 * address find another (KELVIN SIGN is not `k`), and no database would agree.
 */
export const foldEmail = (email: string): string => email.replace(/[A-Z]+/g, (it) => it.toLowerCase())

/** The tables whose rows list tools. */
export const serverTables = ["users", "teams", "organizations", "memberships", "agents"] as const

/** The servers that a row names, with their kind. */
const servers = (row: ToolLists): ReadonlyArray<string> => {
  if ((row.tools ?? row.prompts ?? row.resources ?? null) === null) return []
  const names = namesOf([row])
  return (["tool", "prompt", "resource"] as const).flatMap((kind) => names[kind].map((it) => `${kind} ${it}`))
}

/** Makes the tables. */
export const make = (rows: Rows = {}, failing: Iterable<Operation> = []): MemoryTables => {
  const reads = new ReadLog()
  const state: Kept = {
    answer: {},
    freshUntil: Number.POSITIVE_INFINITY,
    staleUntil: Number.POSITIVE_INFINITY,
    life: Number.NaN,
    used: true,
    unchanged: undefined
  }
  const changed = () => {
    state.answer = {}
    reads.changed()
  }
  const tables: MemoryTables = {
    users: MemoryTable.make((it: User) => it.id, {
      subject: (it) => it.subjects.map(({ namespace, subject }) => compound(namespace, subject)),
      email: (it) => it.email === null ? [] : [foldEmail(it.email)],
      server: servers
    }, changed),
    teams: MemoryTable.make((it: Team) => it.id, {
      alias: (it) => it.alias === null ? [] : [it.alias],
      organization: (it) => it.organization === null ? [] : [it.organization],
      server: servers
    }, changed),
    organizations: MemoryTable.make((it: Organization) => it.id, {
      alias: (it) => it.alias === null ? [] : [it.alias],
      server: servers
    }, changed),
    endUsers: MemoryTable.make((it: EndUser) => it.id, {}, changed),
    memberships: MemoryTable.make((it: Membership) => compound(it.user, it.team), {
      user: (it) => [it.user],
      team: (it) => [it.team],
      server: servers
    }, changed),
    modelGroups: MemoryTable.make((it: ModelGroup) => it.id, {}, changed),
    agents: MemoryTable.make((it: Agent) => it.id, {
      name: (it: Agent) => it.name === null ? [] : [it.name],
      server: servers
    }, changed),
    agentBindings: rows.agentBindings ?? [],
    failing: new Set(failing),
    reads,
    state
  }
  rows.users?.forEach(tables.users.put)
  rows.teams?.forEach(tables.teams.put)
  rows.organizations?.forEach(tables.organizations.put)
  rows.endUsers?.forEach(tables.endUsers.put)
  rows.memberships?.forEach(tables.memberships.put)
  rows.modelGroups?.forEach(tables.modelGroups.put)
  rows.agents?.forEach(tables.agents.put)
  return tables
}

/** Answers when the operation is not failing; a look-up or write that fails says which it was. What is read is reported. */
export const answer = <A, E>(
  tables: MemoryTables,
  operation: Operation,
  answer: () => Exit.Exit<A, E>
): Exit.Exit<A, E | DirectoryUnavailable> => {
  if (tables.failing.has(operation)) {
    tables.reads.miss()
    return stackless(() => Exit.fail(new DirectoryUnavailable({ operation })))
  }
  tables.reads.hit(tables.state)
  return answer()
}

/** The rows of a directory in memory. */
export class MemoryRows extends Context.Service<MemoryRows, MemoryTables>()("@jotgate/core/MemoryDirectory") {}
