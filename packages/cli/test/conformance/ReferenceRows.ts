/**
 * The reference's rows as rows of the memory directory; an absent column has
 * the reference's default.
 */
import {
  type Agent,
  type AgentBinding,
  AgentId,
  EndUserId,
  makeAgent,
  makeEndUser,
  makeMembership,
  makeOrganization,
  makeTeam,
  makeUser,
  ModelGroupId,
  OrganizationId,
  TeamId,
  UserId
} from "@jotgate/core/Directory"
import type { Operation, Rows } from "@jotgate/core/MemoryRows"
import { Option, Schema } from "effect"
import type { Directory } from "./Scenario.ts"

type Row = Readonly<Record<string, unknown>>

const text = (value: unknown): string | null => typeof value === "string" ? value : null
const number = (value: unknown): number | null => typeof value === "number" ? value : null
const texts = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value) ? value.filter((it) => typeof it === "string") : []
const ids = (value: unknown): ReadonlyArray<string> => texts(value).filter((it) => it !== "")

/** The rows of a table that have an id. */
const rowsWith = (table: ReadonlyArray<Row> | null | undefined, ...columns: ReadonlyArray<string>) =>
  (table ?? []).filter((row) => columns.every((it) => (text(row[it]) ?? "") !== ""))
const json = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))
const record = (value: unknown): Row => {
  const parsed: unknown = typeof value === "string" ? Option.getOrNull(json(value)) : value
  return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : {}
}
const aliases = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(record(value)).flatMap(([name, model]) => typeof model === "string" ? [[name, model]] : [])
  )

const tables: Readonly<Record<string, Operation>> = {
  users: "users",
  teams: "teams",
  organizations: "organizations",
  endUsers: "endUsers",
  teamMemberships: "memberships",
  memberships: "memberships",
  accessGroups: "modelGroups",
  agents: "agents",
  "users.write": "users.write",
  "teams.write": "teams.write",
  "teamMemberships.write": "memberships.write",
  "memberships.write": "memberships.write"
}

/** What does not answer. */
export const failingOf = (directory: Directory): ReadonlySet<Operation> =>
  new Set((directory.failing ?? []).flatMap((name) => tables[name] ?? []))

/** The rows of one scenario. */
export const rowsOf = (directory: Directory): Rows => {
  const budgets = new Map((directory.budgets ?? []).map((it) => [it["budget_id"], it]))
  const budget = (row: Row): Row => budgets.get(row["budget_id"]) ?? {}
  const agentRows = rowsWith(directory.agents, "agent_id")
  const permissions = new Map((directory.objectPermissions ?? []).map((it) => [it["object_permission_id"], it]))
  const agent = (it: Row): Agent => {
    const groups = ids(it["access_group_ids"])
    return makeAgent({
      id: AgentId.make(text(it["agent_id"]) ?? ""),
      name: text(it["agent_name"]),
      models: it["identity_managed"] === true ? texts(permissions.get(it["object_permission_id"])?.["models"]) : null,
      modelGroups: groups.length === 0 ? null : groups.map((id) => ModelGroupId.make(id)),
      autonomous: it["identity_managed"] === true,
      hasIdentity: it["identity_managed"] === true || record(it["litellm_params"])["identity"] !== undefined ||
        (directory.agentIdentities ?? []).some((one) => one["agent_id"] === it["agent_id"]),
      requireTraceId: Boolean(record(it["litellm_params"])["require_trace_id_on_calls_by_agent"])
    })
  }
  return {
    users: rowsWith(directory.users, "user_id").map((it) =>
      makeUser({
        id: UserId.make(text(it["user_id"]) ?? ""),
        email: text(it["user_email"]),
        subjects: text(it["sso_user_id"]) === null ? [] : [{ namespace: "", subject: text(it["sso_user_id"]) ?? "" }],
        role: text(it["user_role"]),
        teams: ids(it["teams"]).map((id) => TeamId.make(id)),
        models: texts(it["models"]),
        active: record(it["metadata"])["scim_active"] !== false,
        maxBudget: number(it["max_budget"]),
        spend: number(it["spend"]) ?? 0
      })
    ),
    teams: rowsWith(directory.teams, "team_id").map((it) =>
      makeTeam({
        id: TeamId.make(text(it["team_id"]) ?? ""),
        alias: text(it["team_alias"]),
        organization: (text(it["organization_id"]) ?? "") === ""
          ? null
          : OrganizationId.make(text(it["organization_id"]) ?? ""),
        models: texts(it["models"]),
        modelGroups: ids(it["access_group_ids"]).map((id) => ModelGroupId.make(id)),
        modelAliases: aliases(it["model_aliases"]),
        passThroughRoutes: texts(record(it["metadata"])["allowed_passthrough_routes"]),
        deniedPassThroughRoutes: texts(record(it["metadata"])["denied_passthrough_routes"]),
        blocked: it["blocked"] === true,
        maxBudget: number(it["max_budget"]),
        spend: number(it["spend"]) ?? 0
      })
    ),
    organizations: rowsWith(directory.organizations, "organization_id").map((it) =>
      makeOrganization({
        id: OrganizationId.make(text(it["organization_id"]) ?? ""),
        alias: text(it["organization_alias"]),
        models: texts(it["models"]),
        maxBudget: number(budget(it)["max_budget"]),
        spend: number(it["spend"]) ?? 0
      })
    ),
    endUsers: rowsWith(directory.endUsers, "user_id").map((it) =>
      makeEndUser({
        id: EndUserId.make(text(it["user_id"]) ?? ""),
        models: texts(it["models"]),
        blocked: it["blocked"] === true,
        maxBudget: number(budget(it)["max_budget"]),
        spend: number(it["spend"]) ?? 0
      })
    ),
    memberships: rowsWith(directory.teamMemberships, "user_id", "team_id").map((it) =>
      makeMembership({
        user: UserId.make(text(it["user_id"]) ?? ""),
        team: TeamId.make(text(it["team_id"]) ?? ""),
        models: texts(budget(it)["allowed_models"]),
        maxBudget: number(budget(it)["max_budget"]),
        spend: number(it["spend"]) ?? 0
      })
    ),
    modelGroups: rowsWith(directory.accessGroups, "access_group_id").map((it) => ({
      id: ModelGroupId.make(text(it["access_group_id"]) ?? ""),
      models: texts(it["access_model_names"])
    })),
    agents: agentRows.map(agent),
    agentBindings: rowsWith(directory.agentIdentities, "agent_id", "tenant_id", "client_id").map((it): AgentBinding => {
      const row = agentRows.find((one) => one["agent_id"] === it["agent_id"]) ?? {}
      return {
        agent: text(row["agent_id"]) === null ? null : agent(row),
        active: row["identity_managed"] === true && row["enabled"] !== false && it["active"] !== false,
        issuer: text(it["issuer"]) ?? "",
        tenant: text(it["tenant_id"]) ?? "",
        client: text(it["client_id"]) ?? "",
        servicePrincipal: text(it["service_principal_id"]),
        requiredRoles: texts(it["required_roles"]),
        requiredScopes: it["required_scopes"] === undefined ? ["user_impersonation"] : texts(it["required_scopes"]),
        mode: row["execution_mode"] === "delegated" || row["execution_mode"] === "both"
          ? row["execution_mode"]
          : "autonomous"
      }
    })
  }
}
