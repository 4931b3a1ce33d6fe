import { assert, describe, it } from "@effect/vitest"
import { TeamId } from "@jotgate/core/Directory"
import { RevocationRepo } from "@jotgate/core/RevocationRepo"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { Effect, Schedule } from "effect"
import { existsSync, readdirSync, truncateSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { DirectoryAdmin } from "../../src/manage/DirectoryAdmin.ts"
import * as SqliteBackup from "../../src/sqlite/SqliteBackup.ts"
import * as Folder from "../support/Folder.ts"
import { storeOf } from "../support/StoreOf.ts"

const now = (ticks: number) => ({ time: 0, ticks, note: undefined })
const by = { actor: "test" }

describe("backup and restore of SQLite", () => {
  it.live("a backup under load is one moment: of every change that it holds, all of it", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      const file = `${folder}/jotgate.db`
      yield* Effect.gen(function*() {
        const admin = yield* DirectoryAdmin
        // Each change gives both teams the same spend.
        const change = (spend: number) =>
          admin.apply({ teams: [{ id: "a", spend }, { id: "b", spend }] }, { ...by, prune: "none" })
        yield* change(0)
        const load = Effect.forEach(Array.from({ length: 200 }, (_, index) => index + 1), change, { discard: true })
        const backups = Effect.forEach(
          Array.from({ length: 8 }, (_, index) => `${folder}/backup-${index}.db`),
          (to) => Effect.as(Effect.andThen(Effect.sleep("20 millis"), SqliteBackup.backup(file, to)), to)
        )
        const [, files] = yield* Effect.all([load, backups], { concurrency: "unbounded" })
        for (const it of files) {
          const db = new DatabaseSync(it, { readOnly: true })
          const spends = db.prepare("SELECT spend FROM teams").all().map((row) => row["spend"])
          db.close()
          assert.strictEqual(spends.length, 2)
          assert.strictEqual(spends[0], spends[1], it)
        }
      }).pipe(Effect.provide(storeOf({ url: `sqlite:${file}` })))
      assert.deepStrictEqual(readdirSync(folder).filter((it) => it.startsWith(".")), [])
    }))

  it.live("a restore puts every row back, and who is running forgets what it knew within two seconds", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      const file = `${folder}/jotgate.db`
      yield* Effect.gen(function*() {
        const admin = yield* DirectoryAdmin
        const teams = yield* TeamRepo
        const red = Effect.suspend(() => teams.byId(TeamId.make("red"), now(1)))
        yield* admin.apply({
          teams: [{ id: "red", models: ["o1"] }],
          users: [{ id: "u-1", subjects: [{ namespace: "okta", subject: "s" }] }],
          memberships: [{ user: "u-1", team: "red" }]
        }, { ...by, prune: "none" })
        yield* RevocationRepo.use((it) => it.add({ issuer: "okta", jti: "kept" }))
        yield* SqliteBackup.backup(file, `${folder}/backup.db`)
        yield* admin.put("teams", { id: "red", blocked: true }, by)
        yield* admin.put("teams", { id: "blue" }, by)
        yield* admin.remove("users", "u-1", by)
        yield* RevocationRepo.use((it) => it.add({ issuer: "okta", jti: "later" }))
        assert.isTrue((yield* red).blocked)
        yield* SqliteBackup.restore(file, `${folder}/backup.db`)
        assert.deepStrictEqual((yield* admin.list("teams", { limit: 9 })).rows.map((it) => it.id), ["red"])
        const [user] = (yield* admin.list("users", { limit: 9 })).rows
        assert.deepStrictEqual([user?.teams, user?.subjects], [["red"], [{ namespace: "okta", subject: "s" }]])
        assert.deepStrictEqual(yield* RevocationRepo.use((it) => it.all), [{ issuer: "okta", jti: "kept" }])
        yield* Effect.flatMap(red, (row) => row.blocked ? Effect.fail("still blocked") : Effect.void).pipe(
          Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 40 })
        )
      }).pipe(Effect.provide(storeOf({ url: `sqlite:${file}` })))
    }))

  it.live("what cannot be done is one line and changes nothing", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      const file = `${folder}/jotgate.db`
      yield* DirectoryAdmin.use((it) => it.put("teams", { id: "red" }, by)).pipe(
        Effect.provide(storeOf({ url: `sqlite:${file}` }))
      )
      writeFileSync(`${folder}/text.db`, "no database at all, but long enough to be looked at".repeat(20))
      new DatabaseSync(`${folder}/other.db`).exec("CREATE TABLE t (a)")
      yield* SqliteBackup.backup(file, `${folder}/cut.db`)
      truncateSync(`${folder}/cut.db`, 8192)
      yield* SqliteBackup.backup(file, `${folder}/newer.db`)
      new DatabaseSync(`${folder}/newer.db`).exec(
        "INSERT INTO migrations (migration_id, name) VALUES (9999, 'from_the_future')"
      )
      const failures: ReadonlyArray<readonly [Effect.Effect<void, SqliteBackup.BackupFailed>, RegExp]> = [
        [SqliteBackup.backup(file, `${folder}/text.db`), /text\.db: is there already/],
        [SqliteBackup.backup(`${folder}/none.db`, `${folder}/b.db`), /none\.db: there is no such file/],
        [SqliteBackup.backup(file, `${folder}/no/where.db`), /where\.db: /],
        [SqliteBackup.restore(file, `${folder}/none.db`), /none\.db: there is no such file/],
        [SqliteBackup.restore(file, `${folder}/text.db`), /text\.db: .*not a database/],
        [SqliteBackup.restore(file, `${folder}/other.db`), /other\.db: is no directory of jotgate/],
        [SqliteBackup.restore(file, `${folder}/cut.db`), /cut\.db: /],
        [SqliteBackup.restore(file, `${folder}/newer.db`), /newer\.db: was made by a newer jotgate/],
        [SqliteBackup.restore(file, file), /is the directory itself/]
      ]
      for (const [failure, message] of failures) {
        const error = yield* Effect.flip(failure)
        assert.match(error.message, message)
        assert.notInclude(error.message, "\n")
      }
      const { rows } = yield* DirectoryAdmin.use((it) => it.list("teams", { limit: 9 })).pipe(
        Effect.provide(storeOf({ url: `sqlite:${file}` }))
      )
      assert.deepStrictEqual(rows.map((it) => it.id), ["red"])
      assert.isFalse(existsSync(`${folder}/b.db`))
      assert.deepStrictEqual(readdirSync(folder).filter((it) => it.startsWith(".")), [])
    }))
})
