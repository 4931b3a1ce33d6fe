import { it } from "@effect/vitest"
import type { Rows } from "@jotgate/core/MemoryRows"
import { DirectorySuite } from "@jotgate/core/testing"
import { describeWith } from "@jotgate/servers"
import { Effect, Layer } from "effect"
import * as PostgresStore from "../../src/postgres/PostgresStore.ts"
import * as PostgresDatabase from "../support/PostgresDatabase.ts"
import { seed } from "../support/Seed.ts"

describeWith("postgres", "the directory on PostgreSQL keeps the contract", () => {
  const database = PostgresDatabase.shared()
  const layerOf = (rows: Rows) =>
    Layer.unwrap(
      Effect.map(database.fresh, (options) =>
        Layer.effectDiscard(seed(rows)).pipe(
          Layer.provideMerge(PostgresStore.layer(options)),
          Layer.provide(PostgresDatabase.patient)
        ))
    )

  for (const { run, title } of DirectorySuite.suite(layerOf)) it.live(title, () => run)
})
