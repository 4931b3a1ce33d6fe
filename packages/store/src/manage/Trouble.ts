/**
 * What a database's failure is about, for the operator: a tag of what it is,
 * and where a disk or a file is the reason, the words for it. Nothing of a
 * statement, a row or an address is told.
 */
import type { SqlError } from "effect/sql"

/** SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL; their extended codes have them in the lower eight bits. */
const sqlite: Readonly<Record<number, string>> = {
  8: "the database file may not be written",
  10: "the disk or the system does not let the database file be written",
  13: "the disk is full"
}

/** disk_full, read_only_sql_transaction. */
const postgres: Readonly<Record<string, string>> = {
  "53100": "the disk of the database is full",
  "25006": "the database takes no writes (a standby, or read-only)"
}

const has = <K extends string>(cause: unknown, name: K): cause is { readonly [key in K]: unknown } =>
  typeof cause === "object" && cause !== null && name in cause

/** Why nothing can be written, when that is what failed. */
export const unwritable = ({ reason: { cause } }: SqlError.SqlError): string | undefined => {
  if (has(cause, "errcode") && typeof cause.errcode === "number") return sqlite[cause.errcode & 0xff]
  return has(cause, "code") && typeof cause.code === "string" ? postgres[cause.code] : undefined
}

/** One word or clause for a log line. */
export const reasonOf = (error: SqlError.SqlError): string => unwritable(error) ?? error.reason._tag
