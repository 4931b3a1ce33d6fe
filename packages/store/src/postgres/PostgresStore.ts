/**
 * A directory in PostgreSQL, for several processes.
 *
 * The schema is made and migrated at the start; while the database is away the
 * store is there, answers nobody, and migrates as soon as it can. Of several
 * processes that start at once, one migrates.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Schedule } from "effect"
import { type Migrator, SqlError } from "effect/sql"
import { Lookups } from "../sql/Lookups.ts"
import * as Migrations from "../sql/Migrations.ts"
import * as SqlDirectory from "../sql/SqlDirectory.ts"
import { isCutOff } from "../sql/Transaction.ts"
import * as PostgresClient from "./PostgresClient.ts"
import * as PostgresForgetting from "./PostgresForgetting.ts"

const schemaExists = PgClient.PgClient.use((pg) =>
  Effect.map(
    pg<{ found: number }>`SELECT 1 AS found FROM pg_namespace WHERE nspname = ${PostgresClient.SCHEMA}`
      .withoutTransform,
    (rows) => rows.length > 0
  )
)

/** Makes our schema unless it is there; another process may be making it too. */
const makeSchema = Effect.gen(function*() {
  const pg = yield* PgClient.PgClient
  if (yield* schemaExists) return
  yield* Effect.catch(
    pg`CREATE SCHEMA ${pg(PostgresClient.SCHEMA)}`.withoutTransform,
    (error) => Effect.flatMap(schemaExists, (exists) => exists ? Effect.void : Effect.fail(error))
  )
})

/** Makes what is missing of our tables. */
export const migrate = (kind: Migrations.Kind) => Effect.andThen(makeSchema, Migrations.run(kind))

/** Whether a later attempt may go better: the database is away, or another process is making its tables. */
const isAway = (error: SqlError.SqlError | Migrator.MigrationError): boolean => {
  if (error._tag === "MigrationError") {
    return error.kind === "Locked" || (SqlError.isSqlError(error.cause) && isAway(error.cause))
  }
  return isCutOff(error) || error.reason.isRetryable
}

/** Tries until it could, whatever is in its way: a store that had given up would answer nobody for good. */
const migratedAtLast = (kind: Migrations.Kind) =>
  Effect.suspend(() => {
    let told = ""
    const tell = (reason: string) => {
      if (reason === told) return Effect.void
      told = reason
      return Effect.logError("the directory cannot be migrated yet", { reason })
    }
    return migrate(kind).pipe(
      Effect.tapError((error) =>
        isAway(error) ? Effect.void : tell(error._tag === "SqlError" ? error.reason._tag : error.kind)
      ),
      Effect.retry(Schedule.spaced("1 second"))
    )
  })

/** Migrates now, or, while the database cannot be reached, in the background until it could. */
export const migrated = (kind: Migrations.Kind) =>
  Layer.effectDiscard(Effect.catchIf(migrate(kind), isAway, () =>
    Effect.andThen(
      Effect.logWarning("the database of the directory cannot be reached yet"),
      Effect.forkScoped(migratedAtLast(kind))
    )))

/** Fails when the schema is missing or old; while the database is away nobody knows, and look-ups say so. */
export const complete = (kind: Migrations.Kind) =>
  Layer.effectDiscard(Effect.catchIf(Migrations.complete(kind), isAway, () => Effect.void))

/** `write: false` makes nothing in the database: it must be migrated already. */
export interface Options extends PostgresClient.Options {
  readonly write?: boolean
  /** `false`: a schema that is missing or old is a failure instead of being made. */
  readonly migrate?: boolean
}

/** The store over its own client. */
export const layer = (options: Options) =>
  PostgresClient.closingInTime(
    SqlDirectory.layer.pipe(
      Layer.provideMerge(
        Layer.merge(
          Lookups.layerPg({ timeout: options.timeout, connecting: PostgresClient.connecting(options) }),
          PostgresForgetting.layer(options.pool)
        )
      ),
      Layer.provideMerge(
        options.write === false
          ? Layer.empty
          : options.migrate === false
          ? complete("directory")
          : migrated("directory")
      ),
      Layer.provideMerge(PostgresClient.layer(options))
    )
  )
