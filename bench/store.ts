/**
 * The store: a look-up among a thousand and among a million rows, a look-up
 * against the driver's own prepared statement, a list page at any depth, an
 * import of 100 000 rows, and what a remembered row costs in memory.
 *
 * PostgreSQL's part runs when it is installed.
 */
import { PgConnection } from "@effect/sql-pg"
import { Cache } from "@jotgate/core/Cache"
import { makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Catalog, Postgres } from "@jotgate/servers"
import { DirectoryAdmin, SqliteStore } from "@jotgate/store"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import * as PostgresStore from "../packages/store/src/postgres/PostgresStore.ts"
import { numbered, pg, sqlite } from "../packages/store/src/sql/Dialect.ts"
import { questions } from "../packages/store/src/sql/SqlUserRepo.ts"
import { figure, type Pair, report, row, spread } from "./Measure.ts"

const SMALL = 1_000
const LARGE = 1_000_000
const BATCH = 100

const idOf = (index: number): string => `user-${index}`

/** Fills a database with users of two teams each, without going through the store. */
const fill = (rows: number, numbers: string) =>
  SqlClient.SqlClient.use((sql) =>
    Effect.forEach(
      [
        `INSERT INTO teams (id, models, model_groups, model_aliases, pass_through_routes, blocked, spend, origin)
        SELECT 'team-' || n, '["gpt-4o*"]', '[]', '{}', '[]', 0, 0, 'api' FROM ${numbers}`,
        `INSERT INTO users (id, email, email_folded, role, role_origin, models, blocked, spend, origin)
        SELECT 'user-' || n, 'user' || n || '@acme.com', 'user' || n || '@acme.com', 'internal_user', 'api', '[]', 0, 0,
        'api' FROM ${numbers}`,
        `INSERT INTO subjects (namespace, subject, user_id) SELECT 'okta', 'sub-' || n, 'user-' || n FROM ${numbers}`,
        `INSERT INTO memberships (user_id, team_id, role, models, spend, origin)
        SELECT 'user-' || n, 'team-' || n, 'user', '[]', 0, 'api' FROM ${numbers}`,
        `INSERT INTO memberships (user_id, team_id, role, models, spend, origin)
        SELECT 'user-' || n, 'team-' || ((n + 1) % ${rows}), 'user', '[]', 0, 'api' FROM ${numbers}`,
        "ANALYZE"
      ],
      (text) => sql.unsafe(text).withoutTransform,
      { discard: true }
    )
  )

const folder = mkdtempSync(join(tmpdir(), "jotgate-bench-"))
const file = (rows: number): string => join(folder, `${rows}.db`)

const sqliteOf = (rows: number) => {
  const numbers = `(WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < ${
    rows - 1
  }) SELECT n FROM c) AS numbers`
  const runtime = ManagedRuntime.make(SqliteStore.layer({ filename: file(rows) }))
  return runtime.runPromise(fill(rows, numbers)).then(() => runtime)
}

/** Any row, in an order that no cache likes. */
const walker = (rows: number) => {
  let at = 0
  return (): string => idOf(at = (at + 7_919) % rows)
}

const lookups = (users: UserRepo["Service"], next: () => string) =>
  Effect.gen(function*() {
    for (let i = 0; i < BATCH; i++) yield* users.byId(UserId.make(next()))
  })

const sqlitePairs = async (): Promise<ReadonlyArray<Pair>> => {
  const small = await sqliteOf(SMALL)
  const large = await sqliteOf(LARGE)
  const [smallUsers, largeUsers] = [await small.runPromise(UserRepo), await large.runPromise(UserRepo)]
  const among = (users: UserRepo["Service"], rows: number) => {
    const batch = lookups(users, walker(rows))
    return () => Effect.runSync(batch)
  }
  const db = new DatabaseSync(file(SMALL), { readOnly: true })
  const bare = db.prepare(questions(sqlite).byId.text)
  const next = walker(SMALL)
  const bareBatch = () => {
    for (let i = 0; i < BATCH; i++) bare.all(next())
  }
  const admin = await large.runPromise(DirectoryAdmin)
  const page = (after: string) => () => Effect.runSync(admin.list("users", { limit: 50, after }))
  return [
    {
      name: "SQLite, a look-up of the bare prepared statement",
      ratio: 0.5,
      candidate: among(smallUsers, SMALL),
      baseline: bareBatch
    },
    {
      name: "SQLite, a look-up among 1 000 000 of one among 1 000",
      ratio: 1 / 3,
      candidate: among(largeUsers, LARGE),
      baseline: among(smallUsers, SMALL)
    },
    {
      name: "SQLite, the last page of 1 000 000 of the first",
      ratio: 0.5,
      candidate: page("user-99998"),
      baseline: page("user-0")
    }
  ]
}

/** The ratio of wall time: what a caller of a server waits for. */
const walls = async (candidate: () => Promise<unknown>, baseline: () => Promise<unknown>) => {
  const timed = async (run: () => Promise<unknown>): Promise<number> => {
    const before = performance.now()
    await run()
    return performance.now() - before
  }
  for (let i = 0; i < 20; i++) await candidate().then(baseline)
  const ratios: Array<number> = []
  for (let round = 0; round < 21; round++) {
    const [fast, slow] = [await timed(baseline), await timed(candidate)]
    ratios.push(fast / slow)
  }
  return spread(ratios)
}

const postgres = async (): Promise<void> => {
  const server = await Postgres.start()
  const storeOf = async (rows: number) => {
    const url = Redacted.make(await server.createDatabase(`rows_${rows}`))
    const runtime = ManagedRuntime.make(PostgresStore.layer({ url, pool: 4, timeout: 600_000 }))
    await runtime.runPromise(fill(rows, `generate_series(0, ${rows - 1}) AS numbers (n)`))
    return { url, runtime, users: await runtime.runPromise(UserRepo) }
  }
  const small = await storeOf(SMALL)
  const large = await storeOf(LARGE)
  const among = (it: typeof small, rows: number) => {
    const batch = lookups(it.users, walker(rows))
    return () => it.runtime.runPromise(batch)
  }
  const next = walker(SMALL)
  const text = numbered(pg, questions(pg).byId.text)
  await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const startupParameters = { search_path: "jotgate" }
    const connection = yield* PgConnection.make({ url: small.url, startupParameters })
    const bare = Effect.gen(function*() {
      for (let i = 0; i < BATCH; i++) yield* connection.query(text, [next()])
    })
    const ratio = yield* Effect.promise(() => walls(among(small, SMALL), () => Effect.runPromise(bare)))
    row("PostgreSQL, a look-up of the bare prepared statement", ratio, 0.5)
  })))
  row(
    "PostgreSQL, a look-up among 1 000 000 of one among 1 000",
    await walls(among(large, LARGE), among(small, SMALL)),
    0.5
  )
  await Promise.all([small.runtime.dispose(), large.runtime.dispose()])
  await server.stop()
}

/** Bytes of one remembered user and one remembered team. */
const memory = async (): Promise<void> => {
  const entries = 20_000
  const used = (): number => {
    for (let i = 0; i < 3; i++) globalThis.gc?.()
    return process.memoryUsage().heapUsed
  }
  const region = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const cache = yield* Effect.provide(Cache, yield* Layer.build(Cache.layer))
    return yield* cache.region<string, unknown, never>({
      name: "bench",
      capacity: entries,
      key: (id) => id,
      timeToLive: () => 60_000,
      lookup: (id) =>
        Effect.succeed(
          id.startsWith("team") ?
            makeTeam({ id: TeamId.make(id), alias: id, models: [`${id}-gpt-4o*`, `${id}-mini`] }) :
            makeUser({
              id: UserId.make(id),
              email: `${id}@acme.com`,
              role: "internal_user",
              subjects: [{ namespace: "okta", subject: `00u${id}` }],
              teams: [TeamId.make(`${id}-red`), TeamId.make(`${id}-blue`)]
            })
        )
    })
  })))
  const now = { time: 0, ticks: 0, note: undefined }
  const before = used()
  for (let i = 0; i < entries / 2; i++) {
    Effect.runSync(region.get(idOf(i), now))
    Effect.runSync(region.get(`team-${i}`, now))
  }
  const bytes = (used() - before) / region.size()
  figure(bytes, "bytes", "a remembered row", 1_024)
}

if (import.meta.main) {
  await memory()
  const apply = fileURLToPath(new URL("programs/Apply.ts", import.meta.url))
  spawnSync(process.execPath, ["--conditions=source", apply, join(folder, "import.db")], { stdio: "inherit" })
  const imports = fileURLToPath(new URL("programs/Import.ts", import.meta.url))
  spawnSync(process.execPath, ["--conditions=source", imports, folder], { stdio: "inherit" })
  for (const pair of await sqlitePairs()) report(pair)
  if (Catalog.find("postgres") === undefined) console.log("PostgreSQL is not installed: not measured (npm run servers)")
  else await postgres()
  rmSync(folder, { recursive: true, force: true })
  process.exit()
}
