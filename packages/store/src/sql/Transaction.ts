/**
 * Transactions, and connections that are cut off in the middle of one.
 *
 * A transaction that fails is rolled back; where its connection is gone that
 * fails too, which the client takes for a defect of the program. It is a
 * failure of the database like any other.
 */
import { Effect } from "effect"
import { type SqlClient, SqlError } from "effect/sql"

/** Runs an effect in a transaction. */
export const within =
  (sql: SqlClient.SqlClient) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError.SqlError, R> =>
    Effect.catchDefect(
      sql.withTransaction(self),
      (defect) => SqlError.isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect)
    )

/** SQLSTATE 57P01 to 57P03: the server ends this connection, has crashed, or is starting. */
export const isStopping = ({ cause }: SqlError.SqlError["reason"]): boolean =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string" &&
  cause.code.startsWith("57P")

/** Whether the connection is gone, and another one may do what this one did not. */
export const isCutOff = ({ reason }: SqlError.SqlError): boolean =>
  reason._tag === "ConnectionError" || isStopping(reason)
