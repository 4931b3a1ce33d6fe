/**
 * The client of a PostgreSQL directory: a bounded pool, a deadline for every
 * statement, encryption when a certificate authority is named, and our tables
 * in a schema of their own.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, type Redacted } from "effect"

/** The schema of our own tables. */
export const SCHEMA = "jotgate"

export interface Options {
  readonly url: Redacted.Redacted
  /** Most connections of this process, the listening one included. */
  readonly pool: number
  /** How long one statement may run, in milliseconds. */
  readonly timeout: number
  /** PEM of the certificate authority that signed the server's certificate; encryption is then required. */
  readonly ca?: string
  /** Where other tables are looked for, after our own schema. */
  readonly otherSchema?: string
}

/** A client builds while the database is away; its first statement says so. */
export const layer = (options: Options) =>
  PgClient.layer({
    url: options.url,
    maxConnections: options.pool,
    connectTimeout: Duration.seconds(1),
    idleTimeout: Duration.seconds(60),
    applicationName: "jotgate",
    ...(options.ca === undefined ? {} : { ssl: { ca: options.ca, rejectUnauthorized: true } }),
    startupParameters: {
      search_path: [SCHEMA, ...(options.otherSchema === undefined ? [] : [options.otherSchema])].map(quoted).join(", "),
      statement_timeout: String(options.timeout)
    }
  })

const quoted = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`
