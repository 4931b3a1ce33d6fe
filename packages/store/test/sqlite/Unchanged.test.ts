import { assert, describe, it } from "@effect/vitest"
import { Cache } from "@jotgate/core/Cache"
import { TeamId } from "@jotgate/core/Directory"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { DatabaseSync } from "node:sqlite"
import { DirectoryAdmin } from "../../src/manage/DirectoryAdmin.ts"
import * as Folder from "../support/Folder.ts"
import { storeOf } from "../support/StoreOf.ts"

/** A store with one team, its file, and what its memory was asked for and did not know. */
const world = Effect.gen(function*() {
  const admin = yield* DirectoryAdmin
  const teams = yield* TeamRepo
  const cache = yield* Cache
  const put = (blocked: boolean) => admin.put("teams", { id: "red", blocked }, { actor: "test" })
  yield* put(false)
  return {
    put,
    blocked: Effect.map(Effect.suspend(() => teams.byId(TeamId.make("red"))), (it) => it.blocked),
    misses: () => cache.stats?.().misses
  }
})

const over = <A, E>(test: (file: string) => Effect.Effect<A, E, DirectoryAdmin | TeamRepo | Cache>) =>
  Effect.gen(function*() {
    const file = `${yield* Folder.make}/jotgate.db`
    return yield* Effect.provide(test(file), storeOf({ url: `sqlite:${file}` }))
  })

/** Writes to the file without a word to anybody. */
const byHand = (file: string, sql: string) =>
  Effect.sync(() => {
    const db = new DatabaseSync(file)
    db.exec(sql)
    db.close()
  })

describe("a SQLite file that nobody writes", () => {
  it.effect("is not asked for a row twice, however long that takes", () =>
    over(() =>
      Effect.gen(function*() {
        const { blocked, misses } = yield* world
        yield* blocked
        const asked = misses()
        for (let minute = 0; minute < 10; minute++) {
          yield* TestClock.adjust("1 minute")
          assert.isFalse(yield* blocked)
        }
        assert.strictEqual(misses(), asked)
      })
    ))

  it.effect("what is written through us is in force at once", () =>
    over(() =>
      Effect.gen(function*() {
        const { blocked, put } = yield* world
        yield* blocked
        yield* TestClock.adjust("10 minutes")
        yield* put(true)
        assert.isTrue(yield* blocked)
      })
    ))

  it.effect("what is written to it by hand is in force when the row is as old as it may be", () =>
    over((file) =>
      Effect.gen(function*() {
        const { blocked } = yield* world
        yield* blocked
        yield* TestClock.adjust("10 minutes")
        assert.isFalse(yield* blocked)
        yield* byHand(file, "UPDATE teams SET blocked = 1")
        yield* TestClock.adjust("30 seconds")
        assert.isTrue(yield* blocked)
        yield* TestClock.adjust("10 minutes")
        yield* byHand(file, "UPDATE teams SET blocked = 0")
        yield* TestClock.adjust("100 millis")
        assert.isTrue(yield* blocked, "it is not noticed yet, and counts as known since the last look")
        yield* TestClock.adjust("30 seconds")
        assert.isFalse(yield* blocked)
      })
    ))
})
