/**
 * Forgetting on SQLite: changes are rows, and each process looks for new ones
 * when the file has changed.
 *
 * Asking whether the file has changed is one statement of microseconds; so a
 * second process, a command line for example, is noticed within half a second
 * at no cost to speak of. As long as it has not, whoever writes it and however,
 * no row that was read since is older than the last time of asking.
 */
import type { Unchanged } from "@jotgate/core/Reads"
import * as Ticks from "@jotgate/core/Ticks"
import { Duration, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Change from "../remember/Change.ts"
import { Forgetting, makeListeners } from "../remember/Forgetting.ts"
import { SqliteClient } from "./SqliteClient.ts"

const EVERY = Duration.millis(500)

/** Changes that are kept for those who have not looked yet. */
const KEPT = 1_000

const latest = "SELECT coalesce(max(seq), 0) AS seq FROM changes"
const since = `SELECT seq, change FROM changes WHERE seq > ? ORDER BY seq LIMIT ${KEPT}`

export const layer = Layer.effect(
  Forgetting,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const sqlite = yield* SqliteClient
    const { deliver, doubt, ...shared } = makeListeners(() => true)
    let version = yield* sqlite.dataVersion
    const begun = yield* Ticks.ticks
    let unchanged: Unchanged = { since: begun, until: begun }
    let seen = Number((yield* sqlite.read(latest, []))[0]?.["seq"])

    const look = Effect.gen(function*() {
      const asked = yield* Ticks.ticks
      const now = yield* sqlite.dataVersion
      if (now === version) {
        unchanged = { since: unchanged.since, until: asked }
        return
      }
      const told = yield* Ticks.ticks
      const rows = yield* sqlite.read(since, [seen])
      const first = Number(rows[0]?.["seq"] ?? seen + 1)
      const last = Number(rows.at(-1)?.["seq"] ?? seen)
      if (first !== seen + 1 || rows.length === KEPT) doubt()
      else for (const row of rows) shared.hear(Change.decode(String(row["change"])))
      seen = rows.length === KEPT ? Number((yield* sqlite.read(latest, []))[0]?.["seq"]) : last
      version = now
      unchanged = { since: told, until: told }
    })

    const looked = Effect.catch(look, (error) =>
      Effect.andThen(
        Effect.logWarning("changes of the directory cannot be read", { reason: error.reason._tag }),
        Effect.sync(doubt)
      ))
    yield* looked.pipe(Effect.andThen(Effect.sleep(EVERY)), Effect.forever, Effect.forkScoped)

    return {
      ...shared,
      unchanged: () => unchanged,
      announce: (change) =>
        Effect.gen(function*() {
          yield* sql`INSERT INTO changes (change) VALUES (${Change.encode(change, shared.self)})`
          yield* sql`DELETE FROM changes WHERE seq <= (SELECT max(seq) FROM changes) - ${KEPT}`
          yield* sql.afterCommit(Effect.andThen(Effect.sync(() => deliver(change)), looked))
        })
    }
  })
)
