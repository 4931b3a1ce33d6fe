/**
 * How the nouns of the directory are kept as rows, and how a row is read back.
 *
 * Lists and records are JSON text, flags 0 or 1. A row is checked by the schema
 * of its noun when it is read, once, before it enters the cache: a row that
 * does not fit is a failing directory, never a guess.
 */
import * as Directory from "@jotgate/core/Directory"
import { foldEmail } from "@jotgate/core/MemoryRows"
import { type Exit, Schema } from "effect"
import { fromJson } from "../JsonText.ts"

/** One row as a driver gives it. */
export type Row = Readonly<Record<string, unknown>>

/** A value of a column. */
export type Value = string | number | null

/** A flag column as a boolean; anything but 0 and 1 stays what it is, for the schema to refuse. */
const flag = (value: unknown): unknown => value === 1 ? true : value === 0 ? false : value

const pairs = (text: unknown): ReadonlyArray<readonly [unknown, unknown]> | undefined => {
  const list = fromJson(text)
  return Array.isArray(list) && list.every((it) => Array.isArray(it) && it.length === 2) ? list : undefined
}

/** Reads one row; fails when the row does not fit the noun. */
export type Read<A> = (row: Row) => Exit.Exit<A, Schema.SchemaError>

const reading = <A>(
  check: (noun: unknown) => Exit.Exit<A, Schema.SchemaError>,
  noun: (row: Row) => { readonly [name in keyof A]: unknown }
): Read<A> =>
(row) => check(noun(row))

/** A list that may say nothing. */
const listOrNull = (text: unknown): unknown => text === null ? null : fromJson(text)

/** What a row lists of MCP servers. */
const toolLists = (row: Row) => ({
  tools: listOrNull(row["tools"]),
  prompts: listOrNull(row["prompts"]),
  resources: listOrNull(row["resources"])
})

const checkUser = Schema.decodeUnknownExit(Directory.User)

/** A user of a row with `subjects` and `teams` as JSON pairs: (namespace, subject) and (team, origin). */
export const user: Read<Directory.User> = reading(checkUser, (row) => {
  const teams = pairs(row["teams"])
  return {
    id: row["id"],
    email: row["email"],
    subjects: pairs(row["subjects"])?.map(([namespace, subject]) => ({ namespace, subject })),
    role: row["role"],
    roleOrigin: row["role_origin"],
    teams: teams?.map(([team]) => team),
    tokenTeams: teams?.filter(([, origin]) => origin === "token").map(([team]) => team),
    models: fromJson(row["models"]),
    ...toolLists(row),
    blocked: flag(row["blocked"]),
    active: flag(row["active"]),
    maxBudget: row["max_budget"],
    spend: row["spend"]
  }
})

export const team: Read<Directory.Team> = reading(Schema.decodeUnknownExit(Directory.Team), (row) => ({
  id: row["id"],
  alias: row["alias"],
  organization: row["organization_id"],
  models: fromJson(row["models"]),
  modelGroups: fromJson(row["model_groups"]),
  modelAliases: fromJson(row["model_aliases"]),
  passThroughRoutes: fromJson(row["pass_through_routes"]),
  deniedPassThroughRoutes: fromJson(row["denied_pass_through_routes"]),
  ...toolLists(row),
  blocked: flag(row["blocked"]),
  maxBudget: row["max_budget"],
  spend: row["spend"]
}))

export const organization: Read<Directory.Organization> = reading(
  Schema.decodeUnknownExit(Directory.Organization),
  (row) => ({
    id: row["id"],
    alias: row["alias"],
    models: fromJson(row["models"]),
    ...toolLists(row),
    maxBudget: row["max_budget"],
    spend: row["spend"]
  })
)

export const endUser: Read<Directory.EndUser> = reading(Schema.decodeUnknownExit(Directory.EndUser), (row) => ({
  id: row["id"],
  models: fromJson(row["models"]),
  blocked: flag(row["blocked"]),
  maxBudget: row["max_budget"],
  spend: row["spend"]
}))

export const membership: Read<Directory.Membership> = reading(
  Schema.decodeUnknownExit(Directory.Membership),
  (row) => ({
    user: row["user_id"],
    team: row["team_id"],
    role: row["role"],
    models: fromJson(row["models"]),
    ...toolLists(row),
    maxBudget: row["max_budget"],
    spend: row["spend"],
    origin: row["origin"]
  })
)

export const modelGroup: Read<Directory.ModelGroup> = reading(
  Schema.decodeUnknownExit(Directory.ModelGroup),
  (row) => ({ id: row["id"], models: fromJson(row["models"]) })
)

export const agent: Read<Directory.Agent> = reading(Schema.decodeUnknownExit(Directory.Agent), (row) => ({
  id: row["id"],
  name: row["name"],
  models: listOrNull(row["models"]),
  modelGroups: listOrNull(row["model_groups"]),
  teams: listOrNull(row["teams"]),
  ...toolLists(row),
  blocked: flag(row["blocked"]),
  autonomous: flag(row["autonomous"]),
  requireTraceId: flag(row["require_trace_id"]),
  hasIdentity: false
}))

const json = (value: unknown): string => JSON.stringify(value)
const jsonOrNull = (value: unknown): string | null => value === null ? null : json(value)

const ofToolLists = (it: Pick<Directory.Team, "tools" | "prompts" | "resources">): Record<string, Value> => ({
  tools: jsonOrNull(it.tools),
  prompts: jsonOrNull(it.prompts),
  resources: jsonOrNull(it.resources)
})

/** The columns of a user, without subjects and memberships, which have tables of their own. */
export const ofUser = (it: Directory.User, origin: Directory.Origin): Record<string, Value> => ({
  id: it.id,
  email: it.email,
  email_folded: it.email === null ? null : foldEmail(it.email),
  role: it.role,
  role_origin: it.roleOrigin,
  models: json(it.models),
  ...ofToolLists(it),
  blocked: it.blocked ? 1 : 0,
  active: it.active ? 1 : 0,
  max_budget: it.maxBudget,
  spend: it.spend,
  origin
})

export const ofTeam = (it: Directory.Team, origin: Directory.Origin): Record<string, Value> => ({
  id: it.id,
  alias: it.alias,
  organization_id: it.organization,
  models: json(it.models),
  model_groups: json(it.modelGroups),
  model_aliases: json(it.modelAliases),
  pass_through_routes: json(it.passThroughRoutes),
  denied_pass_through_routes: json(it.deniedPassThroughRoutes),
  ...ofToolLists(it),
  blocked: it.blocked ? 1 : 0,
  max_budget: it.maxBudget,
  spend: it.spend,
  origin
})

export const ofOrganization = (it: Directory.Organization, origin: Directory.Origin): Record<string, Value> => ({
  id: it.id,
  alias: it.alias,
  models: json(it.models),
  ...ofToolLists(it),
  max_budget: it.maxBudget,
  spend: it.spend,
  origin
})

export const ofEndUser = (it: Directory.EndUser, origin: Directory.Origin): Record<string, Value> => ({
  id: it.id,
  models: json(it.models),
  blocked: it.blocked ? 1 : 0,
  max_budget: it.maxBudget,
  spend: it.spend,
  origin
})

export const ofMembership = (it: Directory.Membership): Record<string, Value> => ({
  user_id: it.user,
  team_id: it.team,
  role: it.role,
  models: json(it.models),
  ...ofToolLists(it),
  max_budget: it.maxBudget,
  spend: it.spend,
  origin: it.origin
})

export const ofModelGroup = (it: Directory.ModelGroup, origin: Directory.Origin): Record<string, Value> => ({
  id: it.id,
  models: json(it.models),
  origin
})

export const ofAgent = (it: Directory.Agent, origin: Directory.Origin): Record<string, Value> => ({
  id: it.id,
  name: it.name,
  models: jsonOrNull(it.models),
  model_groups: jsonOrNull(it.modelGroups),
  teams: jsonOrNull(it.teams),
  ...ofToolLists(it),
  blocked: it.blocked ? 1 : 0,
  autonomous: it.autonomous ? 1 : 0,
  require_trace_id: it.requireTraceId ? 1 : 0,
  origin
})

/**
 * Whether every database can hold this text as it is. A NUL or a lone surrogate
 * cannot be kept (PostgreSQL refuses the one, UTF-8 replaces the other), so no
 * row can have it, and nobody is asked for it.
 */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes("\0")
