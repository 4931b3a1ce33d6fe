/** What the thread of `RecordThread` does: runs statements on one SQLite file, one after the other, and says what came of each. */
import { DatabaseSync, type StatementSync } from "node:sqlite"
import { parentPort, workerData } from "node:worker_threads"
import { rowsOf, valuesOf } from "./RecordText.ts"
import type { Asked, Told } from "./RecordThread.ts"

/** How long a statement waits for the lock of another connection, in milliseconds; nobody else waits with it. */
const patience = 5_000

const db = new DatabaseSync(workerData, { enableForeignKeyConstraints: true, timeout: patience })
// A page that many batches change is written back once for all of them, and those of a million records' indexes stay at hand.
db.exec(
  "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8000"
)

const prepared = new Map<string, StatementSync>()
const statement = (text: string): StatementSync => {
  const known = prepared.get(text)
  if (known !== undefined) return known
  const made = db.prepare(text)
  prepared.set(text, made)
  return made
}

/** All rows of the batches, or none. */
const insert = (text: string, batches: ReadonlyArray<Uint8Array>): number => {
  const one = statement(text)
  let changes = 0
  db.exec("BEGIN IMMEDIATE")
  try {
    for (const row of batches.flatMap(rowsOf)) changes += Number(one.run(...valuesOf(row)).changes)
    db.exec("COMMIT")
    return changes
  } catch (cause) {
    if (db.isTransaction) db.exec("ROLLBACK")
    throw cause
  }
}

const run = (it: Exclude<Asked, "end">): Told => {
  try {
    return {
      changes: "batches" in it ? insert(it.text, it.batches) : Number(statement(it.text).run(...it.params).changes)
    }
  } catch (cause) {
    const code = cause instanceof Error && "errcode" in cause ? Number(cause.errcode) : undefined
    return { message: cause instanceof Error ? cause.message : "unknown failure", code }
  }
}

parentPort?.on("message", (it: Asked) => {
  if (it === "end") {
    db.close()
    parentPort?.close()
  } else parentPort?.postMessage(run(it), [])
})
