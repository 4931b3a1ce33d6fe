/**
 * Which tables and columns a LiteLLM database has, read once.
 *
 * Releases differ in their columns, and our own tables stand beside only when
 * we may write; what is not there is read as its default, never as an error.
 */
import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { SCHEMA } from "../postgres/PostgresClient.ts"

/** LiteLLM's tables that are read here. */
export const names = {
  team: "LiteLLM_TeamTable",
  user: "LiteLLM_UserTable",
  organization: "LiteLLM_OrganizationTable",
  endUser: "LiteLLM_EndUserTable",
  membership: "LiteLLM_TeamMembership",
  budget: "LiteLLM_BudgetTable",
  model: "LiteLLM_ModelTable",
  accessGroup: "LiteLLM_AccessGroupTable",
  agent: "LiteLLM_AgentsTable",
  agentIdentity: "LiteLLM_AgentIdentity",
  retiredIdentity: "LiteLLM_RetiredAgentIdentity",
  verifiedSubject: "LiteLLM_VerifiedSubject",
  objectPermission: "LiteLLM_ObjectPermissionTable",
  mcpServer: "LiteLLM_MCPServerTable"
} as const

export type Name = keyof typeof names

/** What there is. */
export interface Tables {
  readonly has: (table: Name, column?: string) => boolean
  /** Whether our own tables stand beside. */
  readonly beside: boolean
  /** A table's name for a statement, with its schema. */
  readonly of: (table: Name) => string
  /** The column when there is one, else `otherwise`; `alias` is what the statement calls the table. */
  readonly column: (table: Name, alias: string, column: string, otherwise: string) => string
}

const quoted = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`

const load = (sql: SqlClient.SqlClient, schema: string) =>
  Effect.gen(function*() {
    const rows = yield* sql.unsafe<{ table_name: string; column_name: string }>(
      "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = $1",
      [schema]
    ).withoutTransform
    const own = yield* sql.unsafe("SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'token_memberships'", [
      SCHEMA
    ]).withoutTransform
    const columns = new Set(rows.flatMap((row) => [row.table_name, `${row.table_name}.${row.column_name}`]))
    const has = (table: Name, column?: string) =>
      columns.has(column === undefined ? names[table] : `${names[table]}.${column}`)
    const tables: Tables = {
      has,
      beside: own.length > 0,
      of: (table) => `${quoted(schema)}.${quoted(names[table])}`,
      column: (table, alias, column, otherwise) => has(table, column) ? `${alias}.${quoted(column)}` : otherwise
    }
    return { tables, found: has("team") && has("user") }
  })

export class LiteLLMTables extends Context.Service<LiteLLMTables, {
  /** Fails while the database is away; read once after that. `undefined`: there is no LiteLLM in this database. */
  readonly read: Effect.Effect<Tables | undefined, SqlError.SqlError>
  /** What was read already. */
  readonly known: () => Tables | undefined
}>()("@jotgate/store/LiteLLMTables") {
  static readonly layer = (schema: string) =>
    Layer.effect(
      LiteLLMTables,
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        let known: Tables | undefined
        return {
          known: () => known,
          read: Effect.suspend(() =>
            known !== undefined ? Effect.succeed(known) : Effect.map(load(sql, schema), ({ found, tables }) => {
              // A database that is migrated later is read again.
              if (found) known = tables
              return known
            })
          )
        }
      })
    )
}
