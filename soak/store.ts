/** The long runs of the store: fifty writers killed in the middle, on SQLite and on PostgreSQL. */
import { Postgres } from "@jotgate/servers"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Kill from "../packages/store/test/support/Kill.ts"
import { figure } from "./Figures.ts"

const TIMES = 50

/** Kills that left everything whole; a kill that did not ends the run. */
const survived = (url: string): Promise<number> =>
  Effect.runPromise(
    Kill.writers(url, TIMES).pipe(
      Effect.as(TIMES),
      Effect.catchCause((cause) => Effect.as(Effect.logError("a kill left something broken", cause), 0))
    )
  )

const folder = mkdtempSync(join(tmpdir(), "jotgate-soak-"))
figure("kill -9 of a writer on SQLite, nothing half-made or lost", await survived(`sqlite:${folder}/jotgate.db`), {
  least: TIMES
})
rmSync(folder, { recursive: true, force: true })

const server = await Postgres.start()
figure("kill -9 of a writer on PostgreSQL, nothing half-made or lost", await survived(server.url), { least: TIMES })
await server.stop()
process.exit()
