/** The directory that `directory.url` names, as the server wants it: repositories, provisioner and deny list. */
import { Cache } from "@jotgate/core/Cache"
import type { DirectoryFile } from "@jotgate/core/DirectoryFile"
import type { OrganizationRepo } from "@jotgate/core/OrganizationRepo"
import type { Provisioner } from "@jotgate/core/Provisioner"
import type { RevocationRepo } from "@jotgate/core/RevocationRepo"
import type { TeamRepo } from "@jotgate/core/TeamRepo"
import type { UserRepo } from "@jotgate/core/UserRepo"
import type { FileSettings } from "@jotgate/server/GatewaySettings"
import * as CachedRepos from "@jotgate/store/CachedRepos"
import { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import { Forgetting } from "@jotgate/store/Forgetting"
import { Lookups } from "@jotgate/store/Lookups"
import * as MemoryStore from "@jotgate/store/MemoryStore"
import * as SqlDirectory from "@jotgate/store/SqlDirectory"
import * as SqliteClient from "@jotgate/store/SqliteClient"
import * as SqliteStore from "@jotgate/store/SqliteStore"
import { Effect, Layer } from "effect"
import type { Migrator, SqlError } from "effect/sql"
import { existsSync } from "node:fs"

export interface DirectoryOptions {
  /** Opens nothing for writing and makes no file: a database that is not there yet has no rows. */
  readonly readOnly?: boolean
  /** Rows for a directory in which nobody is yet. */
  readonly seed?: DirectoryFile
}

const filenameOf = (url: string): string | undefined =>
  url.startsWith("sqlite:") ? url.slice("sqlite:".length) : undefined

type Store = UserRepo | TeamRepo | OrganizationRepo | Provisioner | RevocationRepo | DirectoryAdmin | Forgetting

const storeOf = (
  { directory }: FileSettings,
  readOnly: boolean
): Layer.Layer<Store, SqlError.SqlError | Migrator.MigrationError> => {
  const filename = filenameOf(directory.url)
  if (filename === undefined || (readOnly && !existsSync(filename))) return MemoryStore.layer()
  return readOnly
    ? SqlDirectory.layer.pipe(
      Layer.provideMerge(Layer.merge(Lookups.layerSqlite, Forgetting.layerLocal)),
      Layer.provideMerge(SqliteClient.layer({ filename, readonly: true }))
    )
    : SqliteStore.layer({ filename })
}

const seeded = (seed: DirectoryFile | undefined) =>
  Layer.effectDiscard(Effect.gen(function*() {
    if (seed === undefined) return
    const admin = yield* DirectoryAdmin
    const { rows } = yield* admin.list("users", { limit: 1 })
    if (rows.length === 0) yield* admin.apply(seed, { actor: "dev", prune: "none", origin: "api" })
  }))

/** Opens the directory of these settings, with a memory in front of it. */
export const layer = (settings: FileSettings, { readOnly = false, seed }: DirectoryOptions = {}) => {
  const { rows, staleRows } = settings.cache
  return CachedRepos.layer({ rows, staleRows }).pipe(
    Layer.provideMerge(seeded(seed)),
    Layer.provideMerge(storeOf(settings, readOnly)),
    Layer.provide(Cache.layer)
  )
}
