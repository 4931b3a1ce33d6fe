/**
 * The migrations of the store that the settings name, for the operator: which
 * there are, and making those that are missing.
 */
import type { Secrets } from "@jotgate/core/Secrets"
import { Effect, Result } from "effect"
import { existsSync } from "node:fs"
import * as PostgresClient from "./postgres/PostgresClient.ts"
import * as PostgresStore from "./postgres/PostgresStore.ts"
import * as Migrations from "./sql/Migrations.ts"
import * as SqliteClient from "./sqlite/SqliteClient.ts"
import { connection, failed, type Options, StoreFailed } from "./Store.ts"
import * as StoreUrl from "./StoreUrl.ts"

interface Target {
  readonly kind: Migrations.Kind
  readonly status: Effect.Effect<Migrations.Status, StoreFailed>
  readonly run: Effect.Effect<ReadonlyArray<string>, StoreFailed>
}

const nothing = (kind: Migrations.Kind): Migrations.Status => ({ applied: [], missing: Migrations.known(kind) })

const target = Effect.fnUntraced(function*(
  { directory }: Pick<Options, "directory">
): Effect.fn.Return<Target, StoreFailed, Secrets> {
  const parsed = StoreUrl.parse(directory.url)
  if (Result.isFailure(parsed)) return yield* new StoreFailed({ message: `directory.url ${parsed.failure}` })
  const url = parsed.success
  if (url._tag === "Memory") return yield* new StoreFailed({ message: "directory.url memory: has no migrations" })
  if (url._tag === "Sqlite") {
    const on = (readonly: boolean) => SqliteClient.layer({ filename: url.path, readonly })
    return {
      kind: "directory",
      // A look makes no file.
      status: existsSync(url.path)
        ? Migrations.status().pipe(Effect.provide(on(true)), Effect.mapError(failed))
        : Effect.succeed(nothing("directory")),
      run: Migrations.run().pipe(Effect.provide(on(false)), Effect.mapError(failed))
    }
  }
  const kind = url._tag === "LiteLLM" ? "beside-litellm" : "directory"
  const client = PostgresClient.layer({ ...yield* connection(directory.connection), url: url.url })
  return {
    kind,
    status: Migrations.status(kind).pipe(Effect.provide(client), Effect.mapError(failed)),
    run: PostgresStore.migrate(kind).pipe(Effect.provide(client), Effect.mapError(failed))
  }
})

/** What was applied and what is missing; changes nothing. */
export const status = (options: Pick<Options, "directory">) => Effect.flatMap(target(options), (it) => it.status)

/** Applies what is missing, and tells what that was. */
export const run = (options: Pick<Options, "directory">) => Effect.flatMap(target(options), (it) => it.run)
