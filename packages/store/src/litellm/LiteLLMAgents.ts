/**
 * LiteLLM's agents: what a registered one may use, and the applications of an
 * identity provider that are bound to a managed one (RULES D72).
 *
 * A release without managed agents binds nothing. A release that has them and
 * lacks one of their tables cannot be asked: the statement fails.
 */
import type * as Directory from "@jotgate/core/Directory"
import type { Question } from "../sql/Lookups.ts"
import * as LiteLLMRows from "./LiteLLMRows.ts"
import type { Tables } from "./LiteLLMTables.ts"
import * as LiteLLMTools from "./LiteLLMTools.ts"

/** Whether this release can bind an application to an agent. */
export const knowsIdentities = ({ has }: Tables): boolean =>
  has("agent", "identity_managed") || has("agentIdentity") || has("verifiedSubject")

/** Whether an agent `a` is managed, bound, or has an identity of the kind before: then no claim names it. */
const hasIdentity = (tables: Tables): string => {
  const { column, of } = tables
  const params = column("agent", "a", "litellm_params", "NULL::jsonb")
  const bound = knowsIdentities(tables)
    ? `EXISTS (SELECT 1 FROM ${of("agentIdentity")} n WHERE n.agent_id = a.agent_id)`
    : "false"
  return `(${column("agent", "a", "identity_managed", "false")} OR ${bound}
    OR coalesce(jsonb_exists(CASE WHEN jsonb_typeof(${params}) = 'object' THEN ${params} END, 'identity'), false))`
}

/** What is selected of an agent `a`; `teams` are those whose grants hold it, where that matters. */
const columns = (tables: Tables, teams: string): string => {
  const { column, has, of } = tables
  const permission = column("agent", "a", "object_permission_id", "NULL")
  const permitted =
    has("agent", "object_permission_id") && (has("objectPermission", "models") || !has("objectPermission"))
      ? `(SELECT to_json(p.models)::text FROM ${of("objectPermission")} p WHERE p.object_permission_id = ${permission})`
      : "NULL"
  return `a.agent_id, a.agent_name, ${column("agent", "a", "litellm_params", "NULL::jsonb")}::text AS params,
    ${column("agent", "a", "identity_managed", "false")} AS managed, ${permitted} AS permitted_models,
    to_json(${column("agent", "a", "access_group_ids", "NULL::text[]")})::text AS agent_groups, ${teams} AS agent_teams,
    ${LiteLLMTools.grants(tables, "agent", "a")} AS grants,
    ${hasIdentity(tables)} AS has_identity`
}

/** What a statement selects of agents, and from what. */
export const agents = (tables: Tables) => ({
  from: `${tables.of("agent")} a`,
  select: `a.agent_id AS id, ${columns(tables, "NULL")}`,
  read: LiteLLMRows.agent
})

/**
 * The teams whose grants hold an agent: by id, by an agent access group, or by a
 * unified access group. Asked for an agent that people may delegate to.
 */
const grantingTeams = ({ has, of }: Tables): string => {
  const permitted = `(p.agents @> ARRAY[a.agent_id] OR p.agent_access_groups && a.agent_access_groups)`
  const grouped = has("team", "access_group_ids") && has("accessGroup", "access_agent_ids")
    ? ` OR EXISTS (SELECT 1 FROM ${of("accessGroup")} g
        WHERE g.access_group_id = ANY(t.access_group_ids) AND g.access_agent_ids @> ARRAY[a.agent_id])`
    : ""
  return `(SELECT coalesce(json_agg(t.team_id)::text, '[]') FROM ${of("team")} t
    LEFT JOIN ${of("objectPermission")} p ON p.object_permission_id = t.object_permission_id
    WHERE ${permitted}${grouped})`
}

/** What is bound to a tenant and a client: `$1` is the tenant, `$2` the client, and both again for what was taken back. */
export const bindings = (tables: Tables): Question<Directory.AgentBinding> | undefined => {
  if (!knowsIdentities(tables)) return undefined
  const { of } = tables
  const entra = "provider = 'microsoft_entra' AND tenant_id = ? AND client_id = ?"
  const teams = `CASE WHEN a.execution_mode = 'autonomous' THEN NULL ELSE ${grantingTeams(tables)} END`
  const none = "NULL::text"
  return {
    name: "agent binding",
    text: `SELECT ${columns(tables, teams)}, (a.identity_managed AND a.enabled AND i.active) AS active, i.issuer,
        i.tenant_id, i.client_id, i.service_principal_id, to_json(i.required_roles)::text AS required_roles,
        to_json(i.required_scopes)::text AS required_scopes, a.execution_mode AS mode
      FROM ${of("agentIdentity")} i JOIN ${of("agent")} a ON a.agent_id = i.agent_id
      WHERE ${entra.replaceAll(/(provider|tenant_id|client_id)/g, "i.$1")}
      UNION ALL SELECT ${none}, ${none}, ${none}, false, ${none}, ${none}, ${none}, ${none}, false, false, r.issuer, r.tenant_id,
        r.client_id, ${none}, ${none}, ${none}, 'autonomous'
      FROM ${of("retiredIdentity")} r WHERE ${entra.replaceAll(/(provider|tenant_id|client_id)/g, "r.$1")} LIMIT 1`,
    read: LiteLLMRows.agentBinding
  }
}

/** The person who proved, by signing in, to be this object of a tenant. */
export const verified = ({ of }: Tables): string =>
  `(SELECT v.user_id FROM ${of("verifiedSubject")} v WHERE v.issuer = ? AND v.tenant_id = ? AND v.oid = ?
    AND v.kind = 'human' AND v.verified_via = 'sso_interactive')`
