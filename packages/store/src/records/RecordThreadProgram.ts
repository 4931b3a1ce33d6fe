/** What the thread of `RecordThread` does: runs statements on one SQLite file, one after the other, and says what came of each. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"
import { parentPort, workerData } from "node:worker_threads"
import type { Asked, Told } from "./RecordThread.ts"

/** How long a statement waits for the lock of another connection, in milliseconds; nobody else waits with it. */
const patience = 5_000

const db = new DatabaseSync(workerData, { enableForeignKeyConstraints: true, timeout: patience })
db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")

const prepared = new Map<string, StatementSync>()
const statement = (text: string): StatementSync => {
  const known = prepared.get(text)
  if (known !== undefined) return known
  const made = db.prepare(text)
  prepared.set(text, made)
  return made
}

const run = (text: string, params: ReadonlyArray<SQLInputValue>): Told => {
  try {
    const { changes } = statement(text).run(...params)
    return { changes: Number(changes) }
  } catch (cause) {
    const code = cause instanceof Error && "errcode" in cause ? Number(cause.errcode) : undefined
    return { message: cause instanceof Error ? cause.message : "unknown failure", code }
  }
}

parentPort?.on("message", (it: Asked) => {
  if (it === "end") {
    db.close()
    parentPort?.close()
  } else parentPort?.postMessage(run(it.text, it.params), [])
})
