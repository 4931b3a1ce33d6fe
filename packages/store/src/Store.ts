/**
 * The store of one deployment: what `directory` and `cache` of the settings
 * name, ready to be looked up in.
 *
 * Rows are remembered in front of every database. What cannot be used at all (a
 * URL that names no store, a file that cannot be opened) is one clear failure at
 * the start; a database server that is away is not. Drivers are loaded by those
 * who need them: the embedded store holds none.
 */
import { Cache } from "@jotgate/core/Cache"
import type { OrganizationRepo } from "@jotgate/core/OrganizationRepo"
import { Provisioner } from "@jotgate/core/Provisioner"
import { RevocationRepo } from "@jotgate/core/RevocationRepo"
import { Secrets } from "@jotgate/core/Secrets"
import type { CacheSettings, DirectorySettings } from "@jotgate/core/Settings"
import type { TeamRepo } from "@jotgate/core/TeamRepo"
import type { UserRepo } from "@jotgate/core/UserRepo"
import { Data, Effect, Layer, Redacted, Result } from "effect"
import type { Migrator, SqlError } from "effect/sql"
import { DirectoryAdmin } from "./manage/DirectoryAdmin.ts"
import * as ReadOnly from "./manage/ReadOnly.ts"
import * as MemoryStore from "./memory/MemoryStore.ts"
import * as CachedRepos from "./remember/CachedRepos.ts"
import * as FileRevocationRepo from "./remember/FileRevocationRepo.ts"
import type { Forgetting } from "./remember/Forgetting.ts"
import type { Lookups } from "./sql/Lookups.ts"
import * as SqliteStore from "./sqlite/SqliteStore.ts"
import { StoreHealth } from "./StoreHealth.ts"
import * as StoreUrl from "./StoreUrl.ts"

export { LookupDeadline } from "./sql/Lookups.ts"

/** The store cannot be used; `message` is one line for the operator, without secrets. */
export class StoreFailed extends Data.TaggedError("StoreFailed")<{ readonly message: string }> {}

/** The part of the settings that says where rows are. */
export interface Options {
  /** Which directory, and who may write to it (`directory` in the configuration). */
  readonly directory: Pick<DirectorySettings, "url" | "write" | "connection">
  /** How long rows are remembered, and where else (`cache` in the configuration). */
  readonly cache: Pick<CacheSettings, "dir" | "rows" | "staleRows" | "redis">
  /** `false` for a look at a database server: a schema that is missing or old is a failure instead of being made. */
  readonly migrate?: boolean
}

/** What a store provides. */
export type Provided =
  | UserRepo
  | TeamRepo
  | OrganizationRepo
  | Provisioner
  | RevocationRepo
  | DirectoryAdmin
  | StoreHealth
  | Forgetting
  | Cache

/** One line about what a database said. */
export const failed = (error: SqlError.SqlError | Migrator.MigrationError): StoreFailed => {
  const cause = error._tag === "MigrationError" ? error.cause : undefined
  const detail = cause instanceof Error ? `: ${cause.message}` : ""
  return new StoreFailed({ message: `the directory cannot be opened: ${error.message}${detail}` })
}

/** A store whose failure is one line for the operator. */
const clear = <A, R>(
  store: Layer.Layer<A, SqlError.SqlError | Migrator.MigrationError, R>
): Layer.Layer<A, StoreFailed, R> =>
  Layer.catch(store, (error) => Layer.effectContext<A, StoreFailed, never>(failed(error)))

const secret = (reference: string) =>
  Secrets.use((secrets) => secrets.read(reference)).pipe(
    Effect.mapError((error) => new StoreFailed({ message: `${error.reference}: ${error.reason}` }))
  )

/** How a database is connected to. */
export interface Connection {
  /** The most connections. */
  readonly pool: number
  /** How long is waited for one, in milliseconds. */
  readonly timeout: number
  /** The certificate authority that is trusted, as PEM. */
  readonly ca?: string
}

/** How the database of the settings is connected to. */
export const connection = (
  { ca, pool, timeout }: DirectorySettings["connection"]
): Effect.Effect<Connection, StoreFailed, Secrets> =>
  ca === null
    ? Effect.succeed({ pool, timeout })
    : Effect.map(secret(ca), (text) => ({ pool, timeout, ca: Redacted.value(text) }))

/** Nothing is written: not by decisions, not by people, and the deny list is a file. */
const readOnly = <E, R>(
  store: Layer.Layer<Provided, E, R>,
  folder: string | null,
  takesFile = false
) => {
  const admin = Layer.effect(DirectoryAdmin, Effect.map(DirectoryAdmin, (it) => ReadOnly.of(it, takesFile)))
  const revocations = folder === null ? RevocationRepo.layerMemory : FileRevocationRepo.layer(folder)
  return Layer.mergeAll(admin, Provisioner.layerNoop, revocations).pipe(Layer.provideMerge(store))
}

/** One process that shares nothing. */
const alone = { fleet: Layer.empty, joined: Layer.empty, memory: Cache.layer }

/** The store that the settings name. Two of them in one graph share nothing; one that is used twice is one. */
export const layer = (options: Options): Layer.Layer<Provided, StoreFailed, Secrets> =>
  Layer.suspend(() => Layer.fresh(storeOf(options)))

const storeOf = (options: Options): Layer.Layer<Provided, StoreFailed, Secrets> =>
  Layer.unwrap(Effect.gen(function*() {
    const { cache, directory } = options
    const url = StoreUrl.parse(directory.url)
    if (Result.isFailure(url)) return yield* new StoreFailed({ message: `directory.url ${url.failure}` })
    const store = url.success
    const write = directory.write !== false
    const migrate = options.migrate !== false
    const { fleet, joined, memory } = cache.redis === null
      ? alone
      : (yield* Effect.promise(() => import("./redis/Shared.ts"))).make(yield* secret(cache.redis))
    /** Rows are remembered in front of a database. */
    const front = <A, E, R>(
      store: Layer.Layer<A | UserRepo | TeamRepo | OrganizationRepo | Lookups | Forgetting, E, R>,
      name: string,
      announced = true
    ) =>
      Layer.mergeAll(CachedRepos.layer({ ...cache, announced }), joined, fleet).pipe(
        Layer.provideMerge(StoreHealth.layer(name)),
        Layer.provideMerge(store),
        Layer.provideMerge(memory)
      )
    switch (store._tag) {
      case "Memory": {
        const rows = Layer.mergeAll(MemoryStore.layer(), StoreHealth.layerMemory, memory, fleet)
        return write ? rows : readOnly(rows, cache.dir, true)
      }
      case "Sqlite": {
        const sqlite = front(SqliteStore.layer({ filename: store.path, readonly: !write }), "sqlite")
        return clear(write ? sqlite : readOnly(sqlite, cache.dir))
      }
      case "Postgres": {
        const PostgresStore = yield* Effect.promise(() => import("./postgres/PostgresStore.ts"))
        const client = { ...yield* connection(directory.connection), url: store.url }
        const postgres = front(PostgresStore.layer({ ...client, write, migrate }), "postgres")
        return clear(write ? postgres : readOnly(postgres, cache.dir))
      }
      case "LiteLLM": {
        const LiteLLMStore = yield* Effect.promise(() => import("./litellm/LiteLLMStore.ts"))
        const { schema, url } = store
        const litellm = LiteLLMStore.layer({
          ...yield* connection(directory.connection),
          url,
          schema,
          write: directory.write === true,
          migrate,
          folder: cache.dir
        })
        return clear(front(litellm, "litellm", false))
      }
    }
  }))
