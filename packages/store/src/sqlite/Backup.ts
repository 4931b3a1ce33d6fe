/**
 * Copies of a SQLite directory: consistent while others read and write, and put
 * back in one step.
 *
 * A copy is written beside its final name and takes it only when it is whole and
 * checked, so that a failed backup leaves no half of one. A file that is no
 * directory of ours is never put back.
 */
import { Data, Effect } from "effect"
import { randomUUID } from "node:crypto"
import { existsSync, renameSync, rmSync } from "node:fs"
import { backup, DatabaseSync } from "node:sqlite"

/** A copy that could not be made or put back; `message` is one line for the operator. */
export class BackupFailed extends Data.TaggedError("BackupFailed")<{ readonly message: string }> {}

/** More pages than any file has: all in one step, so that nobody sees half of it. */
const ALL = 2 ** 30

const attempt = <A>(what: string, run: () => A | Promise<A>): Effect.Effect<A, BackupFailed> =>
  Effect.tryPromise({
    try: async () => await run(),
    catch: (cause) =>
      new BackupFailed({ message: `${what}: ${cause instanceof Error ? cause.message : "unknown failure"}` })
  })

const open = (path: string, readOnly: boolean) =>
  Effect.acquireRelease(
    attempt(`cannot open ${path}`, () => {
      if (readOnly && !existsSync(path)) throw new Error("there is no such file")
      return new DatabaseSync(path, { readOnly, timeout: 0 })
    }),
    (db) => Effect.sync(() => db.close())
  )

/** Whether a database is whole and one of ours. */
const check = (db: DatabaseSync, path: string) =>
  attempt(`${path} is no directory of jotgate`, () => {
    const [integrity] = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {})
    if (integrity !== "ok") throw new Error("the file is damaged")
    const tables = db.prepare("SELECT name FROM sqlite_master WHERE name IN ('migrations', 'users', 'teams')").all()
    if (tables.length !== 3) throw new Error("it lacks the tables of a directory")
  })

/** Copies the directory `filename` to the file `to`, which is replaced; answers with the number of pages. */
export const make = (filename: string, to: string): Effect.Effect<number, BackupFailed> =>
  Effect.scoped(Effect.gen(function*() {
    const source = yield* open(filename, true)
    yield* check(source, filename)
    const draft = `${to}.${randomUUID()}`
    yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(draft, { force: true })))
    // Few pages at a time: between them the event loop goes on, and so do writers.
    const pages = yield* attempt(`cannot write ${to}`, () => backup(source, draft, { rate: 200 }))
    yield* attempt(`cannot write ${to}`, () => renameSync(draft, to))
    return pages
  }))

/** Replaces everything in the directory `filename` by what the file `from` holds, in one transaction. */
export const restore = (from: string, filename: string): Effect.Effect<number, BackupFailed> =>
  Effect.scoped(Effect.gen(function*() {
    const source = yield* open(from, true)
    yield* check(source, from)
    return yield* attempt(`cannot restore ${filename}`, () => backup(source, filename, { rate: ALL }))
  }))
