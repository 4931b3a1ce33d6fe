/**
 * A directory in one SQLite file: the default store.
 */
import { Layer } from "effect"
import * as Migrations from "../sql/Migrations.ts"
import * as SqlDirectory from "../sql/SqlDirectory.ts"
import * as SqliteClient from "./SqliteClient.ts"
import * as SqliteForgetting from "./SqliteForgetting.ts"
import * as SqliteLookups from "./SqliteLookups.ts"

/** Opens and migrates the file. Nothing remembers rows here: see `CachedRepos`. */
export const layer = (options: SqliteClient.Options) =>
  SqlDirectory.layer.pipe(
    Layer.provideMerge(Layer.merge(SqliteLookups.layer, SqliteForgetting.layer)),
    Layer.provideMerge(options.readonly === true ? Layer.empty : Layer.effectDiscard(Migrations.run())),
    Layer.provideMerge(SqliteClient.layer(options))
  )
