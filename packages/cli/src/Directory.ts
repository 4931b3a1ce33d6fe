/** The directories of the verbs that do not simply open what the settings name. */
import { Cache } from "@jotgate/core/Cache"
import type { DirectoryFile } from "@jotgate/core/DirectoryFile"
import type { Secrets } from "@jotgate/core/Secrets"
import type { FileSettings } from "@jotgate/server/GatewaySettings"
import type { Directory } from "@jotgate/server/Server"
import * as CachedRepos from "@jotgate/store/CachedRepos"
import { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import { Forgetting } from "@jotgate/store/Forgetting"
import * as MemoryStore from "@jotgate/store/MemoryStore"
import * as Migrations from "@jotgate/store/Migrations"
import * as SqlDirectory from "@jotgate/store/SqlDirectory"
import * as SqliteClient from "@jotgate/store/SqliteClient"
import * as SqliteLookups from "@jotgate/store/SqliteLookups"
import * as Store from "@jotgate/store/Store"
import { Effect, Layer } from "effect"
import type { SqlError } from "effect/sql"
import { existsSync } from "node:fs"

/** The directory of the settings; where nobody is yet, `seed` is applied. */
export const seeded = (settings: FileSettings, seed: DirectoryFile) =>
  Layer.effectDiscard(Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    const { rows } = yield* admin.list("users", { limit: 1 })
    if (rows.length === 0) yield* admin.apply(seed, { actor: "dev", prune: "none", origin: "api" })
  })).pipe(Layer.provideMerge(Store.layer(settings)))

const sqlite = (filename: string, { cache }: FileSettings) =>
  CachedRepos.layer({ ...cache, announced: false }).pipe(
    Layer.provideMerge(SqlDirectory.layer),
    Layer.provideMerge(Layer.effectDiscard(Effect.mapError(Migrations.complete(), Store.failed))),
    Layer.provideMerge(Layer.merge(SqliteLookups.layer, Forgetting.layerLocal)),
    Layer.provideMerge(SqliteClient.layer({ filename, readonly: true })),
    Layer.provide(Cache.layer)
  )

/** Whether what a look sees is gone with it: a directory in memory, or a SQLite database that is not there yet. */
export const isPassing = ({ directory: { url } }: FileSettings): boolean =>
  url === "memory:" || (url.startsWith("sqlite:") && !existsSync(url.slice("sqlite:".length)))

/**
 * The directory of the settings for a look: no file is made and no table
 * changed; a schema that is missing or old is a failure that says so. A SQLite
 * database that is not there yet has no rows.
 */
export const readOnly = (
  settings: FileSettings
): Layer.Layer<Directory, Store.StoreFailed | SqlError.SqlError, Secrets> => {
  const { url, write } = settings.directory
  // A shared cache would be filled by looking.
  const look = { ...settings, cache: { ...settings.cache, redis: null }, migrate: false }
  if (!url.startsWith("sqlite:")) return Store.layer(look)
  const filename = url.slice("sqlite:".length)
  return !existsSync(filename)
    ? MemoryStore.layer()
    : write === false
    ? Store.layer(look)
    : sqlite(filename, settings)
}
