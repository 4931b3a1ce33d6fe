/**
 * A directory in one SQLite file: the default store.
 */
import { Effect, Layer } from "effect"
import * as Administration from "../Administration.ts"
import { DirectoryAdmin } from "../DirectoryAdmin.ts"
import { Lookups } from "../Lookups.ts"
import * as Migrations from "../Migrations.ts"
import * as SqlOrganizationRepo from "../SqlOrganizationRepo.ts"
import * as SqlProvisioner from "../SqlProvisioner.ts"
import * as SqlRevocationRepo from "../SqlRevocationRepo.ts"
import * as SqlRowStore from "../SqlRowStore.ts"
import * as SqlTeamRepo from "../SqlTeamRepo.ts"
import * as SqlUserRepo from "../SqlUserRepo.ts"
import * as SqliteClient from "./SqliteClient.ts"
import * as SqliteForgetting from "./SqliteForgetting.ts"

/** Everything that a directory on our own tables provides, over a client that is migrated. */
export const layerRepos = Layer.mergeAll(
  SqlUserRepo.layer,
  SqlTeamRepo.layer,
  SqlOrganizationRepo.layer,
  SqlProvisioner.layer,
  SqlRevocationRepo.layer,
  Layer.effect(DirectoryAdmin, Effect.map(SqlRowStore.make, Administration.make))
)

/** Opens and migrates the file. Nothing remembers rows here: see `CachedRepos`. */
export const layer = (options: SqliteClient.Options) =>
  layerRepos.pipe(
    Layer.provideMerge(Layer.merge(Lookups.layerSqlite, SqliteForgetting.layer)),
    Layer.provideMerge(Layer.effectDiscard(Migrations.run())),
    Layer.provideMerge(SqliteClient.layer(options))
  )
