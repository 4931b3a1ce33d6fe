/**
 * What SQLite and PostgreSQL spell differently; everything else is one text.
 */
import type { SqlClient } from "effect/sql"

export interface Dialect {
  readonly name: "sqlite" | "pg"
  /** Opaque text, compared byte for byte. */
  readonly text: string
  readonly real: string
  /** A column that numbers the rows in the order in which they are made. */
  readonly sequence: string
  /** The ids in one parameter: a JSON array of texts. */
  readonly ids: string
  /** Values as a JSON array, as text. */
  readonly list: (...values: ReadonlyArray<string>) => string
  /** An array of such arrays from a query, as JSON text, `[]` when there is none. */
  readonly lists: (values: ReadonlyArray<string>, order: string, from: string) => string
  /** Rows from one parameter: a JSON array of objects; `columns` with their types. */
  readonly rows: (columns: ReadonlyArray<readonly [name: string, type: "text" | "real" | "integer"]>) => string
}

export const sqlite: Dialect = {
  name: "sqlite",
  text: "TEXT",
  real: "REAL",
  sequence: "INTEGER PRIMARY KEY AUTOINCREMENT",
  ids: "IN (SELECT value FROM json_each(?))",
  list: (...values) => `json_array(${values.join(", ")})`,
  lists: (values, order, from) =>
    `(SELECT json_group_array(json_array(${values.join(", ")}) ORDER BY ${order}) FROM ${from})`,
  rows: (columns) =>
    `(SELECT ${columns.map(([name]) => `value ->> '${name}' AS ${name}`).join(", ")} FROM json_each(?)) AS given`
}

export const pg: Dialect = {
  name: "pg",
  text: `TEXT COLLATE "C"`,
  real: "DOUBLE PRECISION",
  sequence: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
  ids: "= ANY(ARRAY(SELECT jsonb_array_elements_text(?::text::jsonb)))",
  list: (...values) => `json_build_array(${values.join(", ")})::text`,
  lists: (values, order, from) =>
    `(SELECT coalesce(json_agg(json_build_array(${values.join(", ")}) ORDER BY ${order})::text, '[]') FROM ${from})`,
  rows: (columns) =>
    `jsonb_to_recordset(?::text::jsonb) AS given (${
      columns.map(([name, type]) => `${name} ${type === "real" ? "double precision" : type}`).join(", ")
    })`
}

/** The dialect of a client. */
export const of = (sql: SqlClient.SqlClient): Dialect => sql.onDialectOrElse({ pg: () => pg, orElse: () => sqlite })

/** The text with its `?` numbered as PostgreSQL wants them. */
export const numbered = (dialect: Dialect, text: string): string => {
  if (dialect.name === "sqlite") return text
  let number = 0
  return text.replaceAll("?", () => `$${++number}`)
}
