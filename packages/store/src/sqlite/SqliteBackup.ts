/**
 * Copies of a SQLite directory, made and put back while processes use it.
 *
 * A backup is one snapshot: what was committed when it began, nothing half
 * done; it is a file of its own that appears whole or not at all. A restore is
 * one transaction that replaces every row, so that who reads meanwhile sees the
 * old rows or the new ones, and every process forgets what it remembered.
 */
import { Data, Effect } from "effect"
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Change from "../remember/Change.ts"
import * as Migrations from "../sql/Migrations.ts"
import * as SqliteClient from "./SqliteClient.ts"

/** The copy was not made, or not put back; nothing has changed. One line for the operator. */
export class BackupFailed extends Data.TaggedError("BackupFailed")<{ readonly message: string }> {}

/** How long another process's transaction is waited for, in milliseconds. */
const PATIENCE = 10_000

/** What is put back, in an order in which what is referred to comes first. */
const tables = [
  "organizations",
  "model_groups",
  "teams",
  "users",
  "subjects",
  "end_users",
  "memberships",
  "revocations",
  "audit",
  "idempotency"
] as const

const reasonOf = (cause: unknown): string => cause instanceof Error ? cause.message : "unknown failure"

const attempt = <A>(what: string, run: () => A) =>
  Effect.try({ try: run, catch: (cause) => new BackupFailed({ message: `${what}: ${reasonOf(cause)}` }) })

/** A folder beside `file`, on the same file system, so that moving out of it is one step. */
const beside = (file: string) =>
  Effect.acquireRelease(
    attempt(file, () => mkdtempSync(join(dirname(resolve(file)), ".jotgate-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

const open = (file: string, readOnly: boolean) =>
  Effect.acquireRelease(
    attempt(file, () => new DatabaseSync(file, { readOnly, timeout: PATIENCE })),
    (db) => Effect.sync(() => db.close())
  )

const text = (db: DatabaseSync, sql: string): string => String(Object.values(db.prepare(sql).get() ?? {})[0] ?? "")

/** Refuses what is no directory of ours, or is damaged. */
const sound = (db: DatabaseSync, file: string) =>
  Effect.gen(function*() {
    const verdict = yield* attempt(file, () => text(db, "PRAGMA integrity_check"))
    if (verdict !== "ok") return yield* new BackupFailed({ message: `${file}: is damaged: ${verdict}` })
    const ours = yield* attempt(file, () =>
      text(db, "SELECT count(*) FROM sqlite_master WHERE name IN ('migrations', 'users', 'revocations')"))
    if (ours !== "3") {
      return yield* new BackupFailed({ message: `${file}: is no directory of jotgate` })
    }
  })

/** Copies the directory in `filename` to the new file `to`. */
export const backup = (filename: string, to: string): Effect.Effect<void, BackupFailed> =>
  Effect.gen(function*() {
    if (!existsSync(filename)) return yield* new BackupFailed({ message: `${filename}: there is no such file` })
    if (existsSync(to)) return yield* new BackupFailed({ message: `${to}: is there already` })
    const db = yield* open(filename, true)
    const copy = join(yield* beside(to), "copy.db")
    yield* attempt(to, () => void db.prepare("VACUUM INTO ?").run(copy))
    yield* sound(yield* open(copy, true), filename)
    yield* attempt(to, () => renameSync(copy, to))
  }).pipe(Effect.scoped)

const replace = (db: DatabaseSync, from: string): void => {
  db.prepare("ATTACH ? AS source").run(from)
  db.exec("BEGIN IMMEDIATE")
  try {
    for (const table of tables.toReversed()) db.exec(`DELETE FROM main.${table}`)
    for (const table of tables) {
      const names = db.prepare(`SELECT group_concat('"' || name || '"') AS names FROM pragma_table_info('${table}')`)
        .get()?.["names"]
      db.exec(`INSERT INTO main.${table} (${String(names)}) SELECT ${String(names)} FROM source.${table}`)
    }
    const change = Change.encode({ everything: true, revocations: true }, "restore")
    db.prepare("INSERT INTO main.changes (change) VALUES (?)").run(change)
    db.exec("COMMIT")
  } catch (cause) {
    db.exec("ROLLBACK")
    throw cause
  }
}

/** Brings the tables of a file to what this program knows; a file of a newer program is refused. */
const migrated = (file: string, name: string) =>
  Effect.gen(function*() {
    const { applied } = yield* Migrations.status()
    const unknown = applied.filter((it) => !Migrations.known("directory").includes(it))
    if (unknown.length > 0) {
      return yield* new BackupFailed({ message: `${name}: was made by a newer jotgate (${unknown.join(", ")})` })
    }
    yield* Migrations.run()
  }).pipe(
    Effect.provide(SqliteClient.layer({ filename: file })),
    Effect.catchTag(
      ["SqlError", "MigrationError"],
      (error) => new BackupFailed({ message: `${name}: ${error.message}` })
    )
  )

/** Replaces every row of the directory in `filename` by those of the backup `from`. */
export const restore = (filename: string, from: string): Effect.Effect<void, BackupFailed> =>
  Effect.gen(function*() {
    if (!existsSync(from)) return yield* new BackupFailed({ message: `${from}: there is no such file` })
    if (resolve(filename) === resolve(from)) {
      return yield* new BackupFailed({ message: `${from}: is the directory itself` })
    }
    // The backup itself stays as it is: an older one is migrated in a copy.
    const copy = join(yield* beside(filename), "restore.db")
    yield* Effect.scoped(Effect.gen(function*() {
      const source = yield* open(from, true)
      yield* sound(source, from)
      yield* attempt(from, () => void source.prepare("VACUUM INTO ?").run(copy))
    }))
    yield* migrated(copy, from)
    yield* migrated(filename, filename)
    const db = yield* open(filename, false)
    yield* attempt(filename, () => replace(db, copy))
  }).pipe(Effect.scoped)
