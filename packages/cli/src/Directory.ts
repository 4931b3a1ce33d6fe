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
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

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
): Layer.Layer<Directory | DirectoryAdmin, Store.StoreFailed | SqlError.SqlError, Secrets> => {
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

/** Which directory a look sees. */
export interface Looked {
  /** In words, for the first line. */
  readonly rows: string
  /** The file whose rows are laid over it. */
  readonly file: string | null
  readonly layer: (
    settings: FileSettings
  ) => Layer.Layer<Directory, Store.StoreFailed | SqlError.SqlError, Secrets>
}

/** A copy of a SQLite database that is gone with the scope, so that rows can be laid over it. */
const copied = Effect.fnUntraced(function*(filename: string) {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-look-"))),
    (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
  )
  const copy = join(folder, "directory.db")
  const { backup } = yield* Effect.promise(() => import("@jotgate/store/SqliteBackup"))
  yield* backup(filename, copy)
  return copy
})

const placeOf = ({ directory: { url } }: FileSettings): string =>
  url.startsWith("sqlite:") || url === "memory:" ? url : url.replace(/\/\/[^@/]*@/, "//")

/** The directory of the settings with the rows of `directory.file` laid over it; nothing of it is changed. */
export const looked = Effect.fnUntraced(function*(settings: FileSettings) {
  const { file, url } = settings.directory
  const store = placeOf(settings)
  if (file === null) return { rows: `rows: ${store}`, file, layer: readOnly } satisfies Looked
  if (isPassing(settings)) return { rows: `rows: ${file}`, file, layer: readOnly } satisfies Looked
  if (!url.startsWith("sqlite:")) {
    return {
      rows: `rows: ${store}, as they are: those of ${file} are not laid over a database server`,
      file: null,
      layer: readOnly
    } satisfies Looked
  }
  const copy = yield* copied(url.slice("sqlite:".length))
  return {
    rows: `rows: ${store} with those of ${file} laid over them`,
    file,
    layer: (it) => Store.layer({ ...it, directory: { ...it.directory, url: `sqlite:${copy}`, write: true } })
  } satisfies Looked
})
