/**
 * LiteLLM's rows as nouns of the directory.
 *
 * A SQL NULL for a list is an empty list; JSON columns may hold JSON as text,
 * and `members_with_roles` an empty object. What cannot be read as the noun is
 * a row that does not fit.
 */
import * as Directory from "@jotgate/core/Directory"
import { Predicate, Schema } from "effect"
import { fromJson } from "../JsonText.ts"
import type { Read, Row } from "../sql/Rows.ts"
import * as LiteLLMTools from "./LiteLLMTools.ts"

/** A JSON column, which may hold JSON as text, once or twice encoded. */
export const json = (value: unknown): unknown => {
  const once = typeof value === "string" ? fromJson(value) : value
  return typeof once === "string" ? fromJson(once) : once
}

/** A list of texts; NULL is empty, and a NULL in it is left out. */
const texts = (value: unknown): unknown => {
  if (value === null || value === undefined) return []
  const list = typeof value === "string" ? fromJson(value) : value
  return Array.isArray(list) ? list.filter((it) => it !== null) : list
}

/** A record of texts; what is not a text in it is left out, and no record is an empty one. */
const textRecord = (value: unknown): Readonly<Record<string, string>> => {
  const record = json(value)
  if (!Predicate.isObject(record) || Array.isArray(record)) return {}
  return Object.fromEntries(Object.entries(record).filter((it): it is [string, string] => typeof it[1] === "string"))
}

/** One entry of a team's `members_with_roles`. */
export interface Member {
  readonly [name: string]: unknown
  readonly user_id?: unknown
  readonly role?: unknown
}

/** A team's members; anything but a list (the empty object of a new row) has none. */
export const members = (value: unknown): ReadonlyArray<Member> => {
  const list = json(value)
  return Array.isArray(list) ? list.filter((it): it is Member => Predicate.isObject(it)) : []
}

const checkUser = Schema.decodeUnknownExit(Directory.User)

export const user: Read<Directory.User> = (row) => {
  const teams = texts(row["teams"])
  const token = texts(row["token_teams"])
  const sso = row["sso_user_id"]
  const own = fromJson(row["subjects"])
  return checkUser({
    id: row["id"],
    email: row["email"],
    subjects: [
      ...(typeof sso === "string" && sso !== "" ? [{ namespace: "", subject: sso }] : []),
      ...(Array.isArray(own) ? own.map(([namespace, subject]) => ({ namespace, subject })) : [])
    ],
    role: row["role"],
    roleOrigin: row["token_role"] !== null && row["token_role"] === row["role"] ? "token" : "api",
    teams,
    tokenTeams: Array.isArray(teams) && Array.isArray(token) ? teams.filter((it) => token.includes(it)) : [],
    models: texts(row["models"]),
    ...LiteLLMTools.lists(row["grants"]),
    blocked: false,
    active: !isMarked(row["metadata"], "scim_active", false),
    maxBudget: row["max_budget"],
    spend: row["spend"]
  })
}

/** Whether a member of a JSON column is exactly this. */
const isMarked = (column: unknown, name: string, value: boolean): boolean => {
  const it = json(column)
  return Predicate.isObject(it) && !Array.isArray(it) && Predicate.hasProperty(it, name) && it[name] === value
}

const checkTeam = Schema.decodeUnknownExit(Directory.Team)

const passThrough = (metadata: unknown, list: "allowed_passthrough_routes" | "denied_passthrough_routes"): unknown => {
  const it = json(metadata)
  const routes = Predicate.hasProperty(it, list) ? it[list] : []
  return Array.isArray(routes) ? routes.filter((route) => typeof route === "string") : []
}

export const team: Read<Directory.Team> = (row) =>
  checkTeam({
    id: row["id"],
    alias: row["alias"],
    organization: row["organization_id"],
    models: texts(row["models"]),
    modelGroups: texts(row["model_groups"]),
    modelAliases: textRecord(row["aliases"]),
    passThroughRoutes: passThrough(row["metadata"], "allowed_passthrough_routes"),
    deniedPassThroughRoutes: passThrough(row["metadata"], "denied_passthrough_routes"),
    ...LiteLLMTools.lists(row["grants"]),
    blocked: row["blocked"] ?? false,
    maxBudget: row["max_budget"],
    spend: row["spend"]
  })

const checkOrganization = Schema.decodeUnknownExit(Directory.Organization)

export const organization: Read<Directory.Organization> = (row) =>
  checkOrganization({
    id: row["id"],
    alias: row["alias"],
    models: texts(row["models"]),
    ...LiteLLMTools.lists(row["grants"]),
    maxBudget: row["max_budget"],
    spend: row["spend"]
  })

const checkEndUser = Schema.decodeUnknownExit(Directory.EndUser)

export const endUser: Read<Directory.EndUser> = (row) =>
  checkEndUser({
    id: row["id"],
    models: texts(row["models"]),
    blocked: row["blocked"] ?? false,
    maxBudget: row["max_budget"],
    spend: row["spend"]
  })

const checkMembership = Schema.decodeUnknownExit(Directory.Membership)

const roleOf = (row: Row): string => {
  const found = members(row["members"]).find((it) => it.user_id === row["user_id"])
  return typeof found?.role === "string" ? found.role : "user"
}

export const membership: Read<Directory.Membership> = (row) =>
  checkMembership({
    user: row["user_id"],
    team: row["team_id"],
    role: roleOf(row),
    models: texts(row["models"]),
    // LiteLLM says nothing of servers for a membership.
    ...LiteLLMTools.lists(null),
    maxBudget: row["max_budget"],
    spend: row["spend"],
    origin: row["token"] === true ? "token" : "api"
  })

const checkModelGroup = Schema.decodeUnknownExit(Directory.ModelGroup)

export const modelGroup: Read<Directory.ModelGroup> = (row) =>
  checkModelGroup({ id: row["id"], models: texts(row["models"]) })

const checkAgent = Schema.decodeUnknownExit(Directory.Agent)

/** Groups that are named cap the models even when they do not exist; no name says nothing. */
const namedOrNull = (value: unknown): unknown => {
  const list = texts(value)
  return Array.isArray(list) && list.length === 0 ? null : list
}

const isTruthy = (value: unknown): boolean => Boolean(Array.isArray(value) ? value.length : value)

const agentOf = (row: Row) => {
  const params = json(row["params"])
  const traced = Predicate.hasProperty(params, "require_trace_id_on_calls_by_agent") &&
    isTruthy(params.require_trace_id_on_calls_by_agent)
  return {
    id: row["agent_id"],
    name: row["agent_name"],
    models: row["managed"] === true ? texts(row["permitted_models"]) : null,
    modelGroups: namedOrNull(row["agent_groups"]),
    teams: row["agent_teams"] === null ? null : texts(row["agent_teams"]),
    ...LiteLLMTools.lists(row["grants"]),
    blocked: false,
    autonomous: row["managed"] === true,
    requireTraceId: traced,
    hasIdentity: row["has_identity"] === true
  }
}

export const agent: Read<Directory.Agent> = (row) => checkAgent(agentOf(row))

const checkBinding = Schema.decodeUnknownExit(Directory.AgentBinding)

/** A binding with its agent; one that was taken back has none. */
export const agentBinding: Read<Directory.AgentBinding> = (row) =>
  checkBinding({
    agent: row["agent_id"] === null ? null : agentOf(row),
    active: row["active"],
    issuer: row["issuer"],
    tenant: row["tenant_id"],
    client: row["client_id"],
    servicePrincipal: row["service_principal_id"],
    requiredRoles: texts(row["required_roles"]),
    requiredScopes: texts(row["required_scopes"]),
    mode: row["mode"]
  })
