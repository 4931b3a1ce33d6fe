/**
 * Which tables and columns a LiteLLM database has, read once.
 *
 * Releases differ in their columns, and our own tables stand beside only when
 * we may write; what is not there is read as its default, never as an error.
 */
import { Context, Deferred, Effect, Exit, Layer } from "effect"
import { SqlClient, type SqlConnection, SqlError } from "effect/sql"
import { SCHEMA } from "../postgres/PostgresClient.ts"
import { Lookups } from "../sql/Lookups.ts"

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

const load = (connection: SqlConnection.Connection, schema: string) =>
  Effect.gen(function*() {
    const rows: ReadonlyArray<{ readonly table_name: string; readonly column_name: string }> = yield* connection
      .execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = $1",
        [schema],
        undefined
      )
    const own = yield* connection.execute(
      "SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'token_memberships'",
      [SCHEMA],
      undefined
    )
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

/** The failure of an operation that finds no tables of LiteLLM. */
export const notThere = (operation: string, message: string): Exit.Exit<never, SqlError.SqlError> =>
  Exit.fail(
    new SqlError.SqlError({ reason: new SqlError.ConnectionError({ cause: undefined, message, operation }) })
  )

const tooLate = notThere("read", "the tables of LiteLLM are not named in time")

export class LiteLLMTables extends Context.Service<LiteLLMTables, {
  /** Fails while the database is away; read once after that, however many ask. `undefined`: there is no LiteLLM in this database. */
  readonly read: Effect.Effect<Tables | undefined, SqlError.SqlError>
  /** What was read already. */
  readonly known: () => Tables | undefined
}>()("@jotgate/store/LiteLLMTables") {
  static readonly layer = (schema: string) =>
    Layer.effect(
      LiteLLMTables,
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const lookups = yield* Lookups
        let known: Tables | undefined
        let flight: Deferred.Deferred<Tables | undefined, SqlError.SqlError> | undefined
        const loaded = lookups.within(
          (begun) =>
            Effect.scoped(Effect.flatMap(sql.reserve, (connection) => Effect.andThen(begun, load(connection, schema)))),
          () => tooLate
        ).pipe(Effect.map(({ found, tables }) => {
          // A database that is migrated later is read again.
          if (found) known = tables
          return known
        }))
        // Nobody who is cut off leaves a flight behind that never begins: whoever reads later would wait for it.
        const fly = Effect.uninterruptibleMask((restore) => {
          const mine = Deferred.makeUnsafe<Tables | undefined, SqlError.SqlError>()
          flight = mine
          const run = Effect.onExit(loaded, (exit) =>
            Effect.sync(() => {
              flight = undefined
              Deferred.doneUnsafe(mine, exit)
            }))
          return Effect.andThen(Effect.forkDetach(run, { startImmediately: true }), restore(Deferred.await(mine)))
        })
        return {
          known: () => known,
          read: Effect.suspend(() =>
            known !== undefined ? Effect.succeed(known) : flight === undefined ? fly : Deferred.await(flight)
          )
        }
      })
    )
}
