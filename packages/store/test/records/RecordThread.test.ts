import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as RecordThread from "../../src/records/RecordThread.ts"

it.live("a thread that ends fails what it was given, and another one takes what comes then", () =>
  Effect.gen(function*() {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-thread-"))),
      (it) => Effect.sync(() => rmSync(it, { recursive: true }))
    )
    const { change } = yield* RecordThread.make(join(folder, "later", "records.db"))
    const create = change("CREATE TABLE answers (id TEXT)", [])
    const failed = yield* Effect.all([Effect.flip(create), Effect.flip(create)], { concurrency: 2 })
    for (const { message } of failed) assert.include(message, "unable to open database file")
    mkdirSync(join(folder, "later"))
    yield* create
    assert.strictEqual(yield* change("INSERT INTO answers VALUES (?), (?)", ["a", "b"]), 2)
    assert.include((yield* Effect.flip(change("no statement", []))).message, "syntax error")
    assert.strictEqual(yield* change("DELETE FROM answers WHERE id = ?", ["a"]), 1)
  }))
