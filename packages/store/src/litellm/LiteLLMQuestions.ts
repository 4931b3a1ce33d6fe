/**
 * The look-ups of the decision path on LiteLLM's own tables, written for the
 * columns that there are.
 *
 * An id is compared by a table's primary key, so the cost does not grow. E-mail
 * and alias have the indexes that LiteLLM gives them: none for an e-mail.
 */
import type * as Directory from "@jotgate/core/Directory"
import { pg } from "../sql/Dialect.ts"
import type { Question } from "../sql/Lookups.ts"
import type { Read } from "../sql/Rows.ts"
import * as LiteLLMAgents from "./LiteLLMAgents.ts"
import * as LiteLLMRows from "./LiteLLMRows.ts"
import type { Tables } from "./LiteLLMTables.ts"
import * as LiteLLMTools from "./LiteLLMTools.ts"

/** What a statement selects of one kind, from what, and how a row of it is read. */
export interface Source<A> {
  readonly from: string
  readonly select: string
  readonly read: Read<A>
}

/** What a statement selects of each kind, from what. */
export const selects = (tables: Tables) => {
  const { beside, column, has, of } = tables
  const subjects = `(SELECT json_agg(json_build_array(s.namespace, s.subject) ORDER BY s.seq)::text
    FROM subjects s WHERE s.user_id = u.user_id)`
  const tokenTeams = "(SELECT json_agg(m.team_id)::text FROM token_memberships m WHERE m.user_id = u.user_id)"
  const tokenRole = "(SELECT r.role FROM token_roles r WHERE r.user_id = u.user_id)"
  const user = (name: string, otherwise = "NULL") => column("user", "u", name, otherwise)
  const team = (name: string, otherwise = "NULL") => column("team", "t", name, otherwise)
  const aliases = has("team", "model_id") && (has("model", "aliases") || !has("model"))
    ? `(SELECT a.aliases::text FROM ${of("model")} a WHERE a.id = t.model_id)`
    : "NULL"
  // A table that rows refer to and that is not there fails the question: what is not known is never "no limit".
  const budget = (alias: string, name: string) =>
    has("budget", name) || !has("budget")
      ? `(SELECT b."${name}" FROM ${of("budget")} b WHERE b.budget_id = ${alias}.budget_id)`
      : "NULL"
  const limits = (alias: "o" | "e" | "m", table: "organization" | "endUser" | "membership") =>
    has(table, "budget_id") ? budget(alias, "max_budget") : "NULL"
  const models = has("membership", "budget_id") && (has("budget", "allowed_models") || !has("budget"))
    ? `to_json((SELECT b.allowed_models FROM ${of("budget")} b WHERE b.budget_id = m.budget_id))::text`
    : "NULL"
  const token = beside
    ? "EXISTS (SELECT 1 FROM token_memberships k WHERE k.user_id = m.user_id AND k.team_id = m.team_id)"
    : "false"
  return {
    users: {
      from: `${of("user")} u`,
      select: `u.user_id AS id, ${user("user_email")} AS email, ${user("user_role")} AS role,
        to_json(${user("teams", "NULL::text[]")})::text AS teams, to_json(${
        user("models", "NULL::text[]")
      })::text AS models,
        ${user("max_budget")} AS max_budget, ${user("spend", "0")} AS spend, ${user("sso_user_id")} AS sso_user_id,
        ${user("metadata", "NULL::jsonb")}::text AS metadata, ${LiteLLMTools.grants(tables, "user", "u")} AS grants,
        ${beside ? subjects : "NULL"} AS subjects, ${beside ? tokenTeams : "NULL"} AS token_teams,
        ${beside ? tokenRole : "NULL"} AS token_role`,
      read: LiteLLMRows.user
    },
    teams: {
      from: `${of("team")} t`,
      select: `t.team_id AS id, ${team("team_alias")} AS alias, ${team("organization_id")} AS organization_id,
        to_json(${team("models", "NULL::text[]")})::text AS models,
        to_json(${team("access_group_ids", "NULL::text[]")})::text AS model_groups, ${aliases} AS aliases,
        ${LiteLLMTools.grants(tables, "team", "t")} AS grants,
        ${team("metadata", "NULL::jsonb")}::text AS metadata, ${team("blocked", "false")} AS blocked,
        ${team("max_budget")} AS max_budget, ${team("spend", "0")} AS spend`,
      read: LiteLLMRows.team
    },
    organizations: {
      from: `${of("organization")} o`,
      select: `o.organization_id AS id, o.organization_alias AS alias,
        to_json(${column("organization", "o", "models", "NULL::text[]")})::text AS models,
        ${LiteLLMTools.grants(tables, "organization", "o")} AS grants,
        ${limits("o", "organization")} AS max_budget, ${column("organization", "o", "spend", "0")} AS spend`,
      read: LiteLLMRows.organization
    },
    endUsers: {
      from: `${of("endUser")} e`,
      select: `e.user_id AS id, ${column("endUser", "e", "blocked", "false")} AS blocked,
        to_json(${column("endUser", "e", "models", "NULL::text[]")})::text AS models,
        ${limits("e", "endUser")} AS max_budget, ${column("endUser", "e", "spend", "0")} AS spend`,
      read: LiteLLMRows.endUser
    },
    memberships: {
      from: `${of("membership")} m`,
      select: `m.user_id, m.team_id, ${models} AS models, ${limits("m", "membership")} AS max_budget,
        ${column("membership", "m", "spend", "0")} AS spend, ${token} AS token,
        (SELECT t.members_with_roles::text FROM ${of("team")} t WHERE t.team_id = m.team_id) AS members`,
      read: LiteLLMRows.membership
    },
    modelGroups: {
      // A release without access groups has none; groups that teams name and that have no table are a failure.
      from: has("accessGroup") || has("team", "access_group_ids")
        ? `${of("accessGroup")} g`
        : `(SELECT NULL::text AS access_group_id WHERE false) g`,
      select: `g.access_group_id AS id, ${
        has("accessGroup", "access_model_names") ? "to_json(g.access_model_names)::text" : "NULL"
      } AS models`,
      read: LiteLLMRows.modelGroup
    },
    agents: LiteLLMAgents.agents(tables)
  } as const
}

/** The questions of the repositories. */
export const make = (tables: Tables) => {
  const from = selects(tables)
  const { beside, has } = tables
  const ask = <A>(
    name: string,
    source: Source<A>,
    where: string
  ): Question<A> => ({ name, text: `SELECT ${source.select} FROM ${source.from} WHERE ${where}`, read: source.read })
  const users = (name: string, where: string): Question<Directory.User> => ask(name, from.users, where)
  const oldest = has("user", "created_at") ? `u.created_at NULLS FIRST, u.user_id` : "u.user_id"
  const linked = "(SELECT s.user_id FROM subjects s WHERE s.namespace = ? AND s.subject = ?)"
  return {
    user: users("user by id", "u.user_id = ?"),
    /** RULES D31: `sso_user_id` is a linked subject of the empty namespace only. */
    userBySso: has("user", "sso_user_id") ? users("user by subject", "u.sso_user_id = ?") : undefined,
    userBySubject: beside ? users("user by subject", `u.user_id = ${linked}`) : undefined,
    // In the C collation `lower` folds A to Z and nothing else.
    usersByEmail: has("user", "user_email")
      ? users("users by e-mail", `lower(u.user_email COLLATE "C") = ? ORDER BY ${oldest}`)
      : undefined,
    membership: ask("membership", from.memberships, "m.user_id = ? AND m.team_id = ?"),
    memberships: ask("memberships", from.memberships, `m.user_id = ? AND m.team_id ${pg.ids}`),
    team: ask("team by id", from.teams, "t.team_id = ?"),
    teams: ask("teams by id", from.teams, `t.team_id ${pg.ids}`),
    teamsByAlias: ask("teams by alias", from.teams, `t.team_alias ${pg.ids}`),
    teamByAlias: ask("team by alias", from.teams, "t.team_alias = ? LIMIT 2"),
    modelGroups: ask("model groups by id", from.modelGroups, `g.access_group_id ${pg.ids}`),
    organization: ask("organization by id", from.organizations, "o.organization_id = ?"),
    organizationByAlias: ask("organization by alias", from.organizations, "o.organization_alias = ? LIMIT 2"),
    endUser: ask("end user by id", from.endUsers, "e.user_id = ?"),
    agent: ask("agent by id", from.agents, "a.agent_id = ?"),
    agentByName: ask("agent by name", from.agents, "a.agent_name = ?"),
    agentBinding: LiteLLMAgents.bindings(tables),
    named: LiteLLMTools.named(tables),
    verified: LiteLLMAgents.knowsIdentities(tables)
      ? users("user by verified subject", `u.user_id = ${LiteLLMAgents.verified(tables)}`)
      : undefined
  }
}

export type Questions = ReturnType<typeof make>
