/**
 * The client of a PostgreSQL directory: a bounded pool, a deadline for every
 * statement, encryption when a certificate authority is named, and our tables
 * in a schema of their own.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer, type Redacted, Scope } from "effect"
import { within } from "../sql/Deadline.ts"

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

/** How long the end of the process waits for the connections to be closed. */
const CLOSING = Duration.seconds(2)

/**
 * A layer whose end a server that hangs cannot hold up. Whatever has statements under way in the background has to be
 * within, too: to interrupt one is to wait until the server has heard of it.
 */
export const closingInTime = <A, E, R>(layer: Layer.Layer<A, E, R>) =>
  Layer.effectContext(Effect.gen(function*() {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer((exit) => within(Scope.close(scope, exit), CLOSING, () => Effect.void))
    return yield* Layer.buildWithScope(layer, scope)
  }))

/** How long a connection may take to be made, in milliseconds: names, encryption and password are several ways there and back. */
export const connecting = ({ timeout }: Pick<Options, "timeout">): number => Math.max(3_000, 3 * timeout)

/** A client builds while the database is away; its first statement says so. */
export const layer = (options: Options) =>
  closingInTime(PgClient.layer({
    url: options.url,
    maxConnections: options.pool,
    // No decision should have to wait for a connection to be made, not even the first ones.
    minConnections: options.pool,
    // Look-ups have a deadline of their own: this one only ends attempts that nobody answers.
    connectTimeout: Duration.millis(connecting(options)),
    idleTimeout: Duration.seconds(60),
    applicationName: "jotgate",
    ...(options.ca === undefined ? {} : { ssl: { ca: options.ca, rejectUnauthorized: true } }),
    startupParameters: {
      search_path: [SCHEMA, ...(options.otherSchema === undefined ? [] : [options.otherSchema])].map(quoted).join(", "),
      statement_timeout: String(options.timeout)
    }
  }))

const quoted = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`
