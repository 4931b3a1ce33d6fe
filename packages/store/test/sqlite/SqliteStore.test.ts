import { describe, it } from "@effect/vitest"
import type { Rows } from "@jotgate/core/MemoryRows"
import { DirectorySuite } from "@jotgate/core/testing"
import { Effect, Layer } from "effect"
import * as SqliteStore from "../../src/sqlite/SqliteStore.ts"
import * as Folder from "../support/Folder.ts"
import { seed } from "../support/Seed.ts"

const layerOf = (rows: Rows) =>
  Layer.unwrap(Effect.map(Folder.make, (folder) => {
    const store = SqliteStore.layer({ filename: `${folder}/jotgate.db` })
    return Layer.effectDiscard(seed(rows)).pipe(Layer.provideMerge(store))
  }))

describe("the directory on SQLite keeps the contract", () => {
  for (const { run, title } of DirectorySuite.suite(layerOf)) it.live(title, () => run)
})
