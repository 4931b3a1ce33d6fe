/** Rows of earlier releases keep working: what the migration of linked subjects makes of them (RULES D61). */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Migrations from "../../src/sql/Migrations.ts"
import * as SqliteClient from "../../src/sqlite/SqliteClient.ts"

it.live("a row that a token made in the empty namespace is linked to its subject; nobody else is", () =>
  Effect.gen(function*() {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-subjects-"))),
      (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
    )
    yield* Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      // A database of the release before.
      yield* Migrations.run("directory", "0002_agents")
      const user = (id: string, origin: string) =>
        sql`INSERT INTO users (id, role_origin, models, blocked, spend, origin) VALUES (${id}, 'api', '[]', 0, 0, ${origin})`
      yield* user("alice", "token")
      yield* user("bob", "api")
      yield* user("okta|carol", "token")
      yield* user("dora", "token")
      yield* user("other", "api")
      yield* sql`INSERT INTO subjects (namespace, subject, user_id) VALUES ('okta', 'carol', 'okta|carol')`
      yield* sql`INSERT INTO subjects (namespace, subject, user_id) VALUES ('', 'dora', 'other')`
      assert.deepStrictEqual(yield* Migrations.run("directory", "0003_linked_subjects"), ["0003_linked_subjects"])
      const rows = yield* sql<{ link: string }>`
        SELECT namespace || ':' || subject || ' ' || user_id AS link FROM subjects ORDER BY link`
      assert.deepStrictEqual(rows.map((it) => it.link), [":alice alice", ":dora other", "okta:carol okta|carol"])
    }).pipe(Effect.provide(SqliteClient.layer({ filename: join(folder, "directory.db"), readonly: false })))
  }).pipe(Effect.scoped))
