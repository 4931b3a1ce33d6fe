import { assert, describe, it } from "@effect/vitest"
import { describeWith, Postgres } from "@jotgate/servers"
import { Context, Effect, Layer, Redacted } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { RecordStore } from "../../src/records/RecordStore.ts"
import type { RecordRow } from "../../src/records/RecordText.ts"

const row = (number: number, more: Partial<RecordRow> = {}): RecordRow => ({
  id: `d_${String(number).padStart(6, "0")}`,
  status: 403,
  code: "team_denied",
  person: "u-1",
  claimed: "c-1",
  email: "a@acme.test",
  team: "red",
  model: "gpt-4o",
  tool: null,
  agent: null,
  body: `{"number":${number},"text":"it's \\"…\\" \\u0000"}`,
  question: null,
  ...more
})

const limit = 100

/** What every store of records does. */
const contract = Effect.gen(function*() {
  const store = yield* RecordStore
  yield* store.append([
    row(1),
    row(2, { person: "u-2", claimed: "u-2", email: null }),
    row(3, { model: "o1,gpt-4o", tool: "a\u0000b" })
  ])
  yield* store.append([row(3, { status: 200 }), row(4, { status: 200, code: null, team: null, question: "{}" })])
  const ids = (query: object) =>
    Effect.map(store.search({ limit, ...query }), (rows) => rows.map((it) => Number(it.id.slice(2))))
  assert.deepStrictEqual(yield* ids({}), [4, 3, 2, 1])
  assert.deepStrictEqual(yield* ids({ limit: 2 }), [4, 3])
  assert.deepStrictEqual(yield* ids({ below: row(3).id }), [2, 1])
  assert.deepStrictEqual(yield* ids({ from: row(3).id }), [4, 3])
  assert.deepStrictEqual(yield* ids({ who: "u-2" }), [2])
  assert.deepStrictEqual(yield* ids({ who: "a@acme.test" }), [4, 3, 1])
  assert.deepStrictEqual(yield* ids({ team: "red", code: "team_denied", status: 403 }), [3, 2, 1])
  assert.deepStrictEqual(yield* ids({ model: "o1" }), [3])
  assert.deepStrictEqual(yield* ids({ model: "gpt" }), [])
  assert.deepStrictEqual(yield* ids({ who: "' OR '1'='1" }), [])
  assert.strictEqual((yield* store.find(row(4).id))?.question, "{}")
  assert.strictEqual((yield* store.find(row(1).id))?.body, row(1).body)
  assert.isUndefined(yield* store.find("d_none"))
  assert.isFalse(yield* store.prune(row(3).id))
  assert.deepStrictEqual(yield* ids({}), [4, 3])
})

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-records-"))),
  (it) => Effect.sync(() => rmSync(it, { recursive: true }))
)

describe("RecordStore", () => {
  it.live("in a file of its own: appends once, finds, searches in pages, and prunes", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "records.db")
      const services = yield* Layer.build(RecordStore.layerSqlite(file))
      yield* Effect.provideService(contract, RecordStore, Context.get(services, RecordStore))
    }))

  it.live("gives as many as it was asked for, more than a call takes arguments", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "records.db")
      const services = yield* Layer.build(RecordStore.layerSqlite(file))
      const store = Context.get(services, RecordStore)
      yield* store.append([row(0, { body: "{}", code: null, person: null, team: null })])
      const db = new DatabaseSync(file)
      db.exec(`WITH RECURSIVE numbers (it) AS (SELECT 1 UNION ALL SELECT it + 1 FROM numbers WHERE it < 130000)
        INSERT INTO answers (id, status, body) SELECT printf('d_%06d', it), 403, '{}' FROM numbers`)
      db.close()
      assert.lengthOf(yield* store.search({ limit: 1_000_000 }), 130_001)
    }))

  it.live("changes a file in a thread of its own; what fails there is told, and the next batch goes on", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "records.db")
      const services = yield* Layer.build(RecordStore.layerSqliteApart(file))
      const store = Context.get(services, RecordStore)
      yield* Effect.provideService(contract, RecordStore, store)
      let turns = 0
      const timer = setInterval(() => turns++, 0)
      yield* store.append(Array.from({ length: 5_000 }, (_, at) => row(at + 10)))
      clearInterval(timer)
      assert.isAbove(turns, 0, "others had their turn meanwhile")
      assert.isFalse(yield* store.prune(row(1_000).id))
      assert.lengthOf(yield* store.search({ limit: 10_000 }), 4_010)
      const refused = yield* Effect.flip(store.append([{ ...row(1), status: Number.NaN }]))
      assert.include(refused.message, "NOT NULL")
      yield* store.append([row(9_000)])
      assert.isDefined(yield* store.find(row(9_000).id))
    }))

  it.live("looks for somebody rare among many without keeping others waiting, whatever no index helps with", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "records.db")
      const store = Context.get(yield* Layer.build(RecordStore.layerSqlite(file)), RecordStore)
      const rare = new Set([3, 10_001, 20_000, 25_000])
      for (let from = 1; from <= 25_000; from += 5_000) {
        yield* store.append(
          Array.from(
            { length: 5_000 },
            (_, at) =>
              row(from + at, { body: "{}", ...(rare.has(from + at) ? { email: "rare@acme.test", agent: "bot" } : {}) })
          )
        )
      }
      let turns = 0
      const timer = setInterval(() => turns++, 0)
      const ids = (query: object) =>
        Effect.map(store.search({ limit, ...query }), (rows) => rows.map((it) => Number(it.id.slice(2))))
      assert.deepStrictEqual(yield* ids({ who: "rare@acme.test" }), [25_000, 20_000, 10_001, 3])
      assert.isAbove(turns, 1, "others had their turn meanwhile")
      clearInterval(timer)
      assert.deepStrictEqual(yield* ids({ agent: "bot", limit: 2 }), [25_000, 20_000])
      assert.deepStrictEqual(yield* ids({ agent: "bot", below: row(20_000).id }), [10_001, 3])
      assert.deepStrictEqual(yield* ids({ agent: "bot", from: row(4).id, below: row(25_000).id }), [20_000, 10_001])
      assert.deepStrictEqual(yield* ids({ agent: "none" }), [])
    }))
})

describeWith(["postgres"], "RecordStore on PostgreSQL", () => {
  it.live("appends once, finds, searches in pages, and prunes", () =>
    Effect.gen(function*() {
      const server = yield* Postgres.make()
      yield* contract.pipe(Effect.provide(RecordStore.layerPostgres(Redacted.make(server.url))))
    }))
})
