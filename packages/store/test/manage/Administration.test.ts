import { describe, it } from "@effect/vitest"
import { describeWith } from "@jotgate/servers"
import { Effect, Layer } from "effect"
import * as MemoryStore from "../../src/memory/MemoryStore.ts"
import * as PostgresStore from "../../src/postgres/PostgresStore.ts"
import * as SqliteStore from "../../src/sqlite/SqliteStore.ts"
import * as AdminSuite from "../support/AdminSuite.ts"
import * as Folder from "../support/Folder.ts"
import * as PostgresDatabase from "../support/PostgresDatabase.ts"

describe("the administration of rows in memory", () => {
  for (const [title, run] of Object.entries(AdminSuite.cases)) {
    it.live(title, () => Effect.provide(run, MemoryStore.layer()))
  }
})

describe("the administration of rows on SQLite", () => {
  const store = Layer.unwrap(
    Effect.map(Folder.make, (folder) => SqliteStore.layer({ filename: `${folder}/jotgate.db` }))
  )
  for (const [title, run] of Object.entries(AdminSuite.cases)) {
    it.live(title, () => Effect.provide(run, Layer.fresh(store)))
  }
})

describeWith("postgres", "the administration of rows on PostgreSQL", () => {
  const database = PostgresDatabase.shared()
  const store = Layer.unwrap(Effect.map(database.fresh, PostgresStore.layer))
  for (const [title, run] of Object.entries(AdminSuite.cases)) {
    it.live(title, () => Effect.provide(run, Layer.fresh(store)))
  }
})
