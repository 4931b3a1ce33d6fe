import { assert, describe, it } from "@effect/vitest"
import { RevocationRepo } from "@jotgate/core/RevocationRepo"
import { describeWith } from "@jotgate/servers"
import { Effect, Layer, type Scope } from "effect"
import { writeFileSync } from "node:fs"
import * as PostgresStore from "../src/postgres/PostgresStore.ts"
import * as FileRevocationRepo from "../src/remember/FileRevocationRepo.ts"
import * as SqliteStore from "../src/sqlite/SqliteStore.ts"
import * as Folder from "./support/Folder.ts"
import * as PostgresDatabase from "./support/PostgresDatabase.ts"

const entry = { issuer: "okta", jti: "' OR 1=1--", expiresAt: 2_000_000_000 }
const other = { issuer: "okta", subject: "日本", issuedBefore: 1_700_000_000.5 }

/** Two processes that share one list. */
const contract = <E>(make: () => Effect.Effect<Layer.Layer<RevocationRepo, E>, never, Scope.Scope>) =>
  Effect.gen(function*() {
    const layer = yield* make()
    const [one, two] = yield* Effect.all([Layer.build(Layer.fresh(layer)), Layer.build(Layer.fresh(layer))])
    const first = yield* Effect.provide(RevocationRepo, one)
    const second = yield* Effect.provide(RevocationRepo, two)
    const told: Array<string> = []
    yield* second.listen(() => void told.push("a change"))
    yield* Effect.sleep("100 millis")
    yield* first.add(entry)
    yield* first.add({ ...entry, expiresAt: 2_100_000_000 })
    yield* first.add(other)
    assert.deepStrictEqual(yield* second.all, [{ ...entry, expiresAt: 2_100_000_000 }, other])
    const before = performance.now()
    while (told.length === 0) yield* Effect.sleep("10 millis")
    assert.isBelow(performance.now() - before, 20_000)
    yield* second.remove(entry)
    yield* second.remove(entry)
    assert.deepStrictEqual(yield* first.all, [other])
  })

describe("the deny list", () => {
  it.live(
    "on SQLite: one entry for what it denies, and told to every process",
    () => contract(() => Effect.map(Folder.make, (folder) => SqliteStore.layer({ filename: `${folder}/jotgate.db` })))
  )

  it.live(
    "in a file: one entry for what it denies, and told to every process",
    () => contract(() => Effect.map(Folder.make, (folder) => FileRevocationRepo.layer(folder)))
  )

  it.live("a file that cannot be read is unavailable, never empty", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      for (const text of ["", "{", `{"version":2,"entries":[]}`, `{"version":1,"entries":[{"issuer":"okta"}]}`]) {
        writeFileSync(`${folder}/revocations.json`, text)
        const error = yield* Effect.flip(RevocationRepo.use((it) => it.all)).pipe(
          Effect.provide(Layer.fresh(FileRevocationRepo.layer(folder)))
        )
        assert.strictEqual(error._tag, "RevocationsUnavailable", text)
      }
    }))
})

describeWith("postgres", "the deny list", () => {
  const database = PostgresDatabase.shared()
  it.live(
    "on PostgreSQL: one entry for what it denies, and told to every process",
    () => contract(() => Effect.map(database.fresh, PostgresStore.layer))
  )
})
