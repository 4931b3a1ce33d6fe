/**
 * The schema of the directory, forward only, in the bundle.
 *
 * One text serves SQLite and PostgreSQL; what differs is spelled by `Dialect`.
 * Ids are opaque text and compare byte for byte: SQLite's default collation is
 * binary, PostgreSQL's columns say `COLLATE "C"`. Of several processes that
 * start at once, one migrates and the others find it done.
 */
import { Effect } from "effect"
import { Migrator, SqlClient, type SqlError } from "effect/sql"
import * as Dialect from "./Dialect.ts"

const initial = (it: Dialect.Dialect): ReadonlyArray<string> => [
  `CREATE TABLE users (
    seq ${it.sequence}, id ${it.text} NOT NULL UNIQUE, email ${it.text}, email_folded ${it.text}, role ${it.text},
    role_origin ${it.text} NOT NULL, models ${it.text} NOT NULL, blocked INTEGER NOT NULL, max_budget ${it.real},
    spend ${it.real} NOT NULL, origin ${it.text} NOT NULL)`,
  `CREATE INDEX users_email ON users (email_folded)`,
  `CREATE TABLE subjects (
    seq ${it.sequence}, namespace ${it.text} NOT NULL, subject ${it.text} NOT NULL,
    user_id ${it.text} NOT NULL REFERENCES users (id) ON DELETE CASCADE, UNIQUE (namespace, subject))`,
  `CREATE INDEX subjects_user ON subjects (user_id)`,
  `CREATE TABLE organizations (
    seq ${it.sequence}, id ${it.text} NOT NULL UNIQUE, alias ${it.text}, models ${it.text} NOT NULL,
    max_budget ${it.real}, spend ${it.real} NOT NULL, origin ${it.text} NOT NULL)`,
  `CREATE INDEX organizations_alias ON organizations (alias)`,
  `CREATE TABLE teams (
    seq ${it.sequence}, id ${it.text} NOT NULL UNIQUE, alias ${it.text},
    organization_id ${it.text} REFERENCES organizations (id), models ${it.text} NOT NULL,
    model_groups ${it.text} NOT NULL, model_aliases ${it.text} NOT NULL, pass_through_routes ${it.text} NOT NULL,
    blocked INTEGER NOT NULL, max_budget ${it.real}, spend ${it.real} NOT NULL, origin ${it.text} NOT NULL)`,
  `CREATE INDEX teams_alias ON teams (alias)`,
  `CREATE INDEX teams_organization ON teams (organization_id)`,
  `CREATE TABLE end_users (
    seq ${it.sequence}, id ${it.text} NOT NULL UNIQUE, blocked INTEGER NOT NULL, max_budget ${it.real},
    spend ${it.real} NOT NULL, origin ${it.text} NOT NULL)`,
  `CREATE TABLE memberships (
    seq ${it.sequence}, user_id ${it.text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team_id ${it.text} NOT NULL REFERENCES teams (id) ON DELETE CASCADE, role ${it.text} NOT NULL,
    models ${it.text} NOT NULL, max_budget ${it.real}, spend ${it.real} NOT NULL, origin ${it.text} NOT NULL,
    UNIQUE (user_id, team_id))`,
  `CREATE INDEX memberships_team ON memberships (team_id, user_id)`,
  `CREATE TABLE model_groups (
    seq ${it.sequence}, id ${it.text} NOT NULL UNIQUE, models ${it.text} NOT NULL, origin ${it.text} NOT NULL)`,
  ...bookkeeping(it)
]

/**
 * A person is (namespace, subject): rows that a token made in the empty namespace had the subject as their id, and it
 * becomes a linked subject like that of rows with a made id. Nobody who has links already gets another.
 */
const linkedSubjects = (_: Dialect.Dialect): ReadonlyArray<string> => [
  `INSERT INTO subjects (namespace, subject, user_id)
    SELECT '', u.id, u.id FROM users u
    WHERE u.origin = 'token' AND NOT EXISTS (SELECT 1 FROM subjects s WHERE s.user_id = u.id)
      AND NOT EXISTS (SELECT 1 FROM subjects s WHERE s.namespace = '' AND s.subject = u.id)`
]

/** The tables that a LiteLLM database gets beside its own: what LiteLLM has no place for. */
const bookkeeping = (it: Dialect.Dialect): ReadonlyArray<string> => [
  `CREATE TABLE revocations (
    seq ${it.sequence}, id ${it.text} NOT NULL UNIQUE, issuer ${it.text} NOT NULL, jti ${it.text}, subject ${it.text},
    issued_before ${it.real}, kid ${it.text}, expires_at ${it.real})`,
  `CREATE TABLE audit (
    seq ${it.sequence}, at ${it.text} NOT NULL, actor ${it.text} NOT NULL, action ${it.text} NOT NULL,
    kind ${it.text} NOT NULL, id ${it.text} NOT NULL, before_row ${it.text}, after_row ${it.text})`,
  `CREATE TABLE idempotency (
    id ${it.text} PRIMARY KEY, fingerprint ${it.text} NOT NULL, response ${it.text} NOT NULL, at ${it.real} NOT NULL)`,
  `CREATE INDEX idempotency_at ON idempotency (at)`,
  `CREATE TABLE changes (seq ${it.sequence}, change ${it.text} NOT NULL)`
]

/** Beside LiteLLM's own tables: the subjects that are linked to its users, and the memberships that a token made. */
const besideLiteLLM = (it: Dialect.Dialect): ReadonlyArray<string> => [
  `CREATE TABLE subjects (
    seq ${it.sequence}, namespace ${it.text} NOT NULL, subject ${it.text} NOT NULL, user_id ${it.text} NOT NULL,
    UNIQUE (namespace, subject))`,
  `CREATE INDEX subjects_user ON subjects (user_id)`,
  `CREATE TABLE token_memberships (user_id ${it.text} NOT NULL, team_id ${it.text} NOT NULL, UNIQUE (user_id, team_id))`,
  `CREATE TABLE token_roles (user_id ${it.text} PRIMARY KEY, role ${it.text})`,
  ...bookkeeping(it)
]

/** A migration takes the time that it takes: the time that a statement is given is meant for look-ups. */
const patience: Record<Dialect.Dialect["name"], ReadonlyArray<string>> = {
  pg: ["SET LOCAL statement_timeout = 0"],
  sqlite: []
}

const statements = (texts: (it: Dialect.Dialect) => ReadonlyArray<string>) =>
  SqlClient.SqlClient.use((sql) => {
    const dialect = Dialect.of(sql)
    return Effect.forEach([...patience[dialect.name], ...texts(dialect)], (text) => sql.unsafe(text).withoutTransform, {
      discard: true
    })
  })

/** What LiteLLM 1.110 has come to know: people who left, models of end users, refused pass-through routes, agents. */
const agents = (it: Dialect.Dialect): ReadonlyArray<string> => [
  `ALTER TABLE users ADD COLUMN active INTEGER NOT NULL DEFAULT 1`,
  `ALTER TABLE end_users ADD COLUMN models ${it.text} NOT NULL DEFAULT '[]'`,
  `ALTER TABLE teams ADD COLUMN denied_pass_through_routes ${it.text} NOT NULL DEFAULT '[]'`,
  `CREATE TABLE agents (
    seq ${it.sequence}, id ${it.text} NOT NULL UNIQUE, name ${it.text} UNIQUE, models ${it.text},
    model_groups ${it.text}, teams ${it.text}, blocked INTEGER NOT NULL, autonomous INTEGER NOT NULL,
    require_trace_id INTEGER NOT NULL, origin ${it.text} NOT NULL)`
]

const listing = ["users", "teams", "organizations", "memberships", "agents"] as const
const kinds = [["tool", "tools"], ["prompt", "prompts"], ["resource", "resources"]] as const

const some = (row: "NEW" | "OLD") => kinds.map(([, column]) => `${row}.${column} IS NOT NULL`).join(" OR ")

/** Keeps `tool_servers` true on SQLite: the server parts of the patterns that each row has. */
const sqliteServers = (table: string): ReadonlyArray<string> => {
  const pattern = "(CASE WHEN substr(value, 1, 1) = '!' THEN substr(value, 2) ELSE value END || '/')"
  const parts = kinds.map(([kind, column]) =>
    `SELECT '${kind} ' || substr(${pattern}, 1, instr(${pattern}, '/') - 1), '${table} ' || NEW.seq
      FROM json_each(coalesce(NEW.${column}, '[]'))`
  )
  // UNION leaves each key once.
  const insert = `INSERT INTO tool_servers (key, place) ${parts.join(" UNION ")};`
  const remove = `DELETE FROM tool_servers WHERE place = '${table} ' || OLD.seq;`
  return [
    `CREATE TRIGGER ${table}_servers_made AFTER INSERT ON ${table} WHEN ${some("NEW")} BEGIN ${insert} END`,
    `CREATE TRIGGER ${table}_servers_changed AFTER UPDATE OF tools, prompts, resources ON ${table}
      WHEN ${some("OLD")} OR ${some("NEW")} BEGIN ${remove} ${insert} END`,
    `CREATE TRIGGER ${table}_servers_gone AFTER DELETE ON ${table} WHEN ${some("OLD")} BEGIN ${remove} END`
  ]
}

const pgFunction = `CREATE FUNCTION keep_tool_servers() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP <> 'INSERT' THEN
      DELETE FROM tool_servers WHERE place = TG_TABLE_NAME || ' ' || OLD.seq;
    END IF;
    IF TG_OP <> 'DELETE' THEN
      INSERT INTO tool_servers (key, place)
        SELECT DISTINCT k.kind || ' ' ||
            split_part(CASE WHEN left(p.pattern, 1) = '!' THEN substr(p.pattern, 2) ELSE p.pattern END, '/', 1),
          TG_TABLE_NAME || ' ' || NEW.seq
        FROM (VALUES ${kinds.map(([kind, column]) => `('${kind}', NEW.${column}::text)`).join(", ")}) AS k (kind, list),
          jsonb_array_elements_text(k.list::jsonb) AS p (pattern);
    END IF;
    RETURN NULL;
  END $$`

/** The same on PostgreSQL. */
const pgServers = (table: string): ReadonlyArray<string> => [
  `CREATE TRIGGER ${table}_servers_made AFTER INSERT ON ${table} FOR EACH ROW
    WHEN (${some("NEW")}) EXECUTE FUNCTION keep_tool_servers()`,
  `CREATE TRIGGER ${table}_servers_changed AFTER UPDATE OF tools, prompts, resources ON ${table} FOR EACH ROW
    WHEN (${some("OLD")} OR ${some("NEW")}) EXECUTE FUNCTION keep_tool_servers()`,
  `CREATE TRIGGER ${table}_servers_gone AFTER DELETE ON ${table} FOR EACH ROW
    WHEN (${some("OLD")}) EXECUTE FUNCTION keep_tool_servers()`
]

/**
 * What rows list of MCP servers, and which servers are named by any row: kept beside the rows by the database itself, so
 * that one look-up tells it, however many rows there are.
 */
const tools = (it: Dialect.Dialect): ReadonlyArray<string> => [
  ...listing.flatMap((table) => kinds.map(([, column]) => `ALTER TABLE ${table} ADD COLUMN ${column} ${it.text}`)),
  `CREATE TABLE tool_servers (key ${it.text} NOT NULL, place ${it.text} NOT NULL, PRIMARY KEY (key, place))`,
  `CREATE INDEX tool_servers_place ON tool_servers (place)`,
  ...(it.name === "pg" ? [pgFunction] : []),
  ...listing.flatMap(it.name === "pg" ? pgServers : sqliteServers)
]

const own = {
  "0001_directory": statements(initial),
  "0002_agents": statements(agents),
  "0003_linked_subjects": statements(linkedSubjects),
  "0004_tools": statements(tools)
}

const beside = { "0001_beside_litellm": statements(besideLiteLLM) }

/** Where the applied migrations are listed. */
const table = "migrations"

/** Which schema: the whole directory, or what stands beside LiteLLM's tables. */
export type Kind = "directory" | "beside-litellm"

const recordOf = (kind: Kind) => kind === "directory" ? own : beside

/** The names of all migrations, in their order. */
export const known = (kind: Kind): ReadonlyArray<string> => Object.keys(recordOf(kind))

const upTo = <A>(last: string | undefined, migrations: Readonly<Record<string, A>>): Record<string, A> =>
  Object.fromEntries(Object.entries(migrations).filter(([name]) => last === undefined || name <= last))

/** Applies what is missing, up to `last` where that is said; answers with the names of what was applied. */
export const run = (
  kind: Kind = "directory",
  last?: string
): Effect.Effect<ReadonlyArray<string>, SqlError.SqlError | Migrator.MigrationError, SqlClient.SqlClient> =>
  Effect.map(
    Migrator.make({})({ loader: Migrator.fromRecord(upTo(last, recordOf(kind))), table }),
    (applied) => applied.map(([id, name]) => nameOf(id, name))
  )

/** What a database has and what it lacks. */
export interface Status {
  readonly applied: ReadonlyArray<string>
  readonly missing: ReadonlyArray<string>
}

/** Reads what was applied; changes nothing (`migrate --status`, `--dry-run`). */
export const status = Effect.fnUntraced(function*(kind: Kind = "directory") {
  const sql = yield* SqlClient.SqlClient
  const exists = yield* sql.onDialectOrElse({
    pg: () => sql<{ found: number }>`SELECT 1 AS found WHERE to_regclass(${table}) IS NOT NULL`,
    orElse: () => sql<{ found: number }>`SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = ${table}`
  })
  const rows = exists.length === 0
    ? []
    : yield* sql<{ migration_id: number; name: string }>`SELECT migration_id, name FROM ${
      sql(table)
    } ORDER BY migration_id`
  const applied = rows.map((row) => nameOf(row.migration_id, row.name))
  return { applied, missing: known(kind).filter((name) => !applied.includes(name)) } satisfies Status
})

/** Fails when something is missing, and makes nothing: for a look at a directory that others serve. */
export const complete = Effect.fnUntraced(function*(kind: Kind = "directory") {
  const { applied, missing } = yield* status(kind)
  if (missing.length === 0) return
  const what = applied.length === 0 ? "it has no schema yet" : `its schema is old: ${missing.join(", ")} is missing`
  return yield* new Migrator.MigrationError({ kind: "BadState", message: `${what}; run jotgate migrate` })
})

const nameOf = (id: number, name: string): string => `${String(id).padStart(4, "0")}_${name}`
