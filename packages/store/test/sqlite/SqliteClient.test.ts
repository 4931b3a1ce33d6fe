import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { DirectoryAdmin } from "../../src/manage/DirectoryAdmin.ts"
import { layer, type Options, SqliteClient } from "../../src/sqlite/SqliteClient.ts"
import * as Folder from "../support/Folder.ts"
import { storeOf } from "../support/StoreOf.ts"

const withClient = <A, E>(
  body: Effect.Effect<A, E, SqlClient.SqlClient | SqliteClient>,
  options: Partial<Options> = {}
) =>
  Effect.gen(function*() {
    const folder = yield* Folder.make
    return yield* Effect.provide(body, layer({ filename: `${folder}/test.db`, ...options }))
  })

const tables = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE parents (id TEXT PRIMARY KEY)`
  yield* sql`CREATE TABLE children (id TEXT PRIMARY KEY,
    parent TEXT NOT NULL REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)`
  return sql
})

const count = Effect.flatMap(
  SqliteClient,
  (client) => Effect.map(client.read("SELECT count(*) AS n FROM parents", []), ([row]) => Number(row?.["n"]))
)

describe("SqliteClient", () => {
  it.live("a transaction is all or nothing, also when it is interrupted or its COMMIT is refused", () =>
    withClient(Effect.gen(function*() {
      const sql = yield* tables
      const insert = sql`INSERT INTO parents (id) VALUES ('a')`
      yield* Effect.exit(sql.withTransaction(Effect.andThen(insert, Effect.fail("no"))))
      const fiber = yield* Effect.forkChild(sql.withTransaction(Effect.andThen(insert, Effect.never)), {
        startImmediately: true
      })
      yield* Effect.sleep(0)
      yield* Fiber.interrupt(fiber)
      const orphan = sql`INSERT INTO children (id, parent) VALUES ('c', 'nobody')`
      const refused = yield* Effect.flip(sql.withTransaction(Effect.andThen(insert, orphan)))
      assert.strictEqual(refused.reason._tag, "ConstraintError")
      assert.strictEqual(yield* count, 0)
      yield* sql.withTransaction(insert)
      assert.strictEqual(yield* count, 1)
    })))

  it.live("a look-up sees committed rows only, and does not wait for a transaction", () =>
    withClient(Effect.gen(function*() {
      const sql = yield* tables
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`INSERT INTO parents (id) VALUES ('a')`
        assert.strictEqual(yield* count, 0)
      }))
      assert.strictEqual(yield* count, 1)
    })))

  it.live("says which constraint was violated, and what is no SQL", () =>
    withClient(Effect.gen(function*() {
      const sql = yield* tables
      yield* sql`INSERT INTO parents (id) VALUES ('a')`
      const twice = yield* Effect.flip(sql`INSERT INTO parents (id) VALUES ('a')`)
      assert.strictEqual(twice.reason._tag, "UniqueViolation")
      const client = yield* SqliteClient
      assert.isTrue(Exit.isFailure(client.readNow("SELECT nothing FROM nowhere", [])))
    })))

  it.live("a file that may not be written is read, and says so when it is written", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      const filename = `${folder}/test.db`
      yield* Effect.provide(tables, layer({ filename }))
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        assert.strictEqual(yield* count, 0)
        const error = yield* Effect.flip(sql`INSERT INTO parents (id) VALUES ('a')`)
        assert.match(error.reason.message ?? "", /readonly/)
      }).pipe(Effect.provide(layer({ filename, readonly: true })))
    }))

  it.live("a full disk is a clear error, and what was there stays", () =>
    withClient(Effect.gen(function*() {
      const sql = yield* tables
      yield* sql`INSERT INTO parents (id) VALUES ('kept')`
      // SQLite's own limit stands for the disk's: the error is the same.
      yield* sql`PRAGMA max_page_count = 10`
      const big = "x".repeat(100_000)
      const error = yield* Effect.flip(sql.withTransaction(sql`INSERT INTO parents (id) VALUES (${big})`))
      assert.match(error.reason.message ?? "", /full/)
      assert.strictEqual(yield* count, 1)
      yield* sql`DELETE FROM parents`
      assert.strictEqual(yield* count, 0)
    })))

  it.live("what is no database is one clear line, and is left as it is", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      const filename = `${folder}/notes.txt`
      const text = "These are notes, and they are not a database.\n".repeat(50)
      writeFileSync(filename, text)
      const exit = yield* Effect.exit(Layer.build(storeOf({ url: `sqlite:${filename}` })))
      assert.include(JSON.stringify(exit), "file is not a database")
      assert.strictEqual(readFileSync(filename, "utf8"), text)
    }))

  it.live("a folder that may not be written is one clear line", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      chmodSync(folder, 0o500)
      const exit = yield* Effect.exit(
        DirectoryAdmin.pipe(Effect.provide(storeOf({ url: `sqlite:${folder}/none/jotgate.db` })))
      )
      assert.include(JSON.stringify(exit), "the directory cannot be opened")
      chmodSync(folder, 0o700)
    }))
})
