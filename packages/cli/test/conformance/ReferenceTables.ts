/**
 * The reference's rows as statements for its own PostgreSQL tables: the columns
 * as they were recorded, the rest at the database's defaults.
 */
import type { Directory } from "./Scenario.ts"

type Row = Readonly<Record<string, unknown>>

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

const insert = (table: string, row: Row): string => {
  const columns = Object.keys(row).map((it) => `"${it}"`).join(", ")
  return `INSERT INTO "${table}" (${columns})
    SELECT ${columns} FROM jsonb_populate_record(NULL::"${table}", ${quoted(JSON.stringify(row))}::jsonb);`
}

const stamped = { created_at: "2026-01-01T00:00:00", updated_at: "2026-01-01T00:00:00" }
const signed = { ...stamped, created_by: "test", updated_by: "test" }

const tables = {
  budgets: "LiteLLM_BudgetTable",
  organizations: "LiteLLM_OrganizationTable",
  objectPermissions: "LiteLLM_ObjectPermissionTable",
  accessGroups: "LiteLLM_AccessGroupTable",
  users: "LiteLLM_UserTable",
  endUsers: "LiteLLM_EndUserTable",
  teamMemberships: "LiteLLM_TeamMembership",
  agents: "LiteLLM_AgentsTable",
  agentIdentities: "LiteLLM_AgentIdentity"
} as const

/** What the database asks for and a recording leaves out. */
const needed: Partial<Record<keyof typeof tables, Row>> = {
  budgets: signed,
  organizations: { ...signed, budget_id: "none", metadata: {}, models: [], spend: 0, model_spend: {} },
  accessGroups: stamped,
  endUsers: { blocked: false },
  agents: {
    ...signed,
    access_group_ids: [],
    agent_access_groups: [],
    identity_managed: false,
    enabled: true,
    execution_mode: "autonomous"
  },
  agentIdentities: { provider: "microsoft_entra", required_scopes: ["user_impersonation"], revision: "1" }
}

/** A team, with its aliases in the table that is joined. */
const teamOf = ({ model_aliases: aliases, ...row }: Row, index: number): ReadonlyArray<string> => {
  const id = index + 1
  const model = aliases === undefined || aliases === null
    ? []
    : [insert("LiteLLM_ModelTable", { ...signed, id, aliases: JSON.stringify(aliases) })]
  return [
    ...model,
    insert("LiteLLM_TeamTable", {
      ...stamped,
      admins: [],
      members: [],
      members_with_roles: [],
      metadata: {},
      blocked: false,
      ...row,
      models: row["models"] ?? [],
      ...(model.length === 0 ? {} : { model_id: id })
    })
  ]
}

/** Empties the tables and fills them with the rows of one scenario, whatever refers to what. */
export const statements = (directory: Directory): string => {
  const all = [...Object.values(tables), "LiteLLM_TeamTable", "LiteLLM_ModelTable"]
  const rows = Object.entries(tables).flatMap(([kind, table]) =>
    (directory[kind as keyof typeof tables] ?? []).map((row) =>
      insert(table, { ...needed[kind as keyof typeof tables], ...row })
    )
  )
  return [
    "SET session_replication_role = replica;",
    `TRUNCATE ${all.map((it) => `"${it}"`).join(", ")} CASCADE;`,
    ...rows,
    ...(directory.teams ?? []).flatMap(teamOf)
  ].join("\n")
}
