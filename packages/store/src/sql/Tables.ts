/**
 * The tables of the directory as data, and the statements that write them.
 *
 * Many rows travel as one parameter (a JSON array), so that a thousand rows are
 * one statement on either database and every value stays a bound parameter.
 * Who made a row is set when it is made and stays.
 */
import type { Origin } from "@jotgate/core/Directory"
import type { Nouns } from "@jotgate/core/DirectoryPlan"
import { compound, type TableName } from "@jotgate/core/MemoryRows"
import { fromJson } from "../JsonText.ts"
import type * as Dialect from "./Dialect.ts"
import * as Rows from "./Rows.ts"
import { columns as agentColumns } from "./SqlAgentRepo.ts"
import { columns as organizationColumns, endUserColumns } from "./SqlOrganizationRepo.ts"
import { columns as teamColumns } from "./SqlTeamRepo.ts"
import { columns as userColumns, membershipColumns } from "./SqlUserRepo.ts"

type Type = "text" | "real" | "integer"

/** One table: its name, its key, and its columns besides `seq`. */
export interface Table<A> {
  readonly name: string
  readonly key: ReadonlyArray<string>
  readonly columns: ReadonlyArray<readonly [name: string, type: Type]>
  /** What a question selects, with the table called `u`. */
  readonly select: (dialect: Dialect.Dialect) => string
  readonly read: Rows.Read<A>
  readonly write: (noun: A, origin: Origin) => Readonly<Record<string, Rows.Value>>
}

const texts = (...names: ReadonlyArray<string>) => names.map((name) => [name, "text"] as const)
const toolLists = texts("tools", "prompts", "resources")
const amounts = [["max_budget", "real"], ["spend", "real"]] as const
const blocked = [["blocked", "integer"]] as const

/** The table of each kind of row. */
export const tables: { readonly [K in TableName]: Table<Nouns[K]> } = {
  users: {
    name: "users",
    key: ["id"],
    columns: [
      ...texts("id", "email", "email_folded", "role", "role_origin", "models"),
      ...toolLists,
      ...blocked,
      ["active", "integer"],
      ...amounts,
      ...texts("origin")
    ],
    select: userColumns,
    read: Rows.user,
    write: Rows.ofUser
  },
  teams: {
    name: "teams",
    key: ["id"],
    columns: [
      ...texts("id", "alias", "organization_id", "models", "model_groups", "model_aliases", "pass_through_routes"),
      ...texts("denied_pass_through_routes"),
      ...toolLists,
      ...blocked,
      ...amounts,
      ...texts("origin")
    ],
    select: () => teamColumns,
    read: Rows.team,
    write: Rows.ofTeam
  },
  organizations: {
    name: "organizations",
    key: ["id"],
    columns: [...texts("id", "alias", "models"), ...toolLists, ...amounts, ...texts("origin")],
    select: () => organizationColumns,
    read: Rows.organization,
    write: Rows.ofOrganization
  },
  endUsers: {
    name: "end_users",
    key: ["id"],
    columns: [...texts("id", "models"), ...blocked, ...amounts, ...texts("origin")],
    select: () => endUserColumns,
    read: Rows.endUser,
    write: Rows.ofEndUser
  },
  memberships: {
    name: "memberships",
    key: ["user_id", "team_id"],
    columns: [...texts("user_id", "team_id", "role", "models"), ...toolLists, ...amounts, ...texts("origin")],
    select: () => membershipColumns,
    read: Rows.membership,
    write: Rows.ofMembership
  },
  modelGroups: {
    name: "model_groups",
    key: ["id"],
    columns: [...texts("id", "models"), ...texts("origin")],
    select: () => "id, models",
    read: Rows.modelGroup,
    write: Rows.ofModelGroup
  },
  agents: {
    name: "agents",
    key: ["id"],
    columns: [
      ...texts("id", "name", "models", "model_groups", "teams"),
      ...toolLists,
      ...blocked,
      ["autonomous", "integer"],
      ["require_trace_id", "integer"],
      ...texts("origin")
    ],
    select: () => agentColumns,
    read: Rows.agent,
    write: Rows.ofAgent
  }
}

const names = (table: Pick<Table<unknown>, "columns">): string => table.columns.map(([name]) => name).join(", ")

/** Makes or replaces rows: one parameter, a JSON array of objects. */
export const upsert = (dialect: Dialect.Dialect, kind: TableName): string => {
  const table = tables[kind]
  const sets = table.columns
    .filter(([name]) => !table.key.includes(name) && name !== "origin")
    .map(([name]) => `${name} = excluded.${name}`)
  return `INSERT INTO ${table.name} (${names(table)}) SELECT ${names(table)} FROM ${dialect.rows(table.columns)}
    WHERE true ON CONFLICT (${table.key.join(", ")}) DO UPDATE SET ${sets.join(", ")}`
}

/** Removes rows: one parameter, a JSON array of objects with the key. */
export const remove = (dialect: Dialect.Dialect, kind: TableName): string => {
  const { key, name } = tables[kind]
  const columns = key.map((it) => [it, "text"] as const)
  return `DELETE FROM ${name} WHERE (${key.join(", ")}) IN (SELECT ${key.join(", ")} FROM ${dialect.rows(columns)})`
}

/** The rows with these keys; `locked` holds them until the transaction ends, where a database needs to be told. */
export const byKeys = (dialect: Dialect.Dialect, kind: TableName, locked: boolean): string => {
  const table = tables[kind]
  const columns = table.key.map((it) => [it, "text"] as const)
  const key = table.key.map((it) => `u.${it}`).join(", ")
  return `SELECT ${table.select(dialect)} FROM ${table.name} u WHERE (${key}) IN
    (SELECT ${table.key.join(", ")} FROM ${dialect.rows(columns)})${
    locked && dialect.name === "pg" ? " FOR UPDATE OF u" : ""
  }`
}

/** The key columns of a row from its id: a membership's id is `[user, team]`. */
export const keyOf = (kind: TableName, id: string): Readonly<Record<string, string>> => {
  if (kind !== "memberships") return { id }
  const parts = fromJson(id)
  return Array.isArray(parts) && parts.length === 2 ? { user_id: String(parts[0]), team_id: String(parts[1]) } : {
    user_id: id,
    team_id: ""
  }
}

/** The id of a row from its key columns. */
export const idOf = (kind: TableName, row: Rows.Row): string =>
  kind === "memberships" ? compound(String(row["user_id"]), String(row["team_id"])) : String(row["id"])
