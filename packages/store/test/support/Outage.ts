/** What becomes of people's look-ups while their directory has a fault. */
import { assert } from "@effect/vitest"
import { UserId } from "@jotgate/core/Directory"
import type { TableName } from "@jotgate/core/MemoryRows"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Clock, Effect, Schedule } from "effect"
import { DirectoryAdmin, type Written } from "../../src/manage/DirectoryAdmin.ts"
import { Forgetting } from "../../src/remember/Forgetting.ts"

/** Milliseconds in which everybody has an answer: 250 are wanted, with twentyfold room for busy neighbours. */
export const ANSWER = 5_000

/** Milliseconds in which all is well again: five seconds are wanted, with twentyfold room for busy neighbours. */
export const RECOVERY = 100_000

/** Milliseconds in which a change through one process is seen by another: two seconds are wanted; rows age out after thirty. */
export const SEEN = 20_000

/** On a machine that is busy with other tests, any one wait may be longer. */
export const median = (waits: ReadonlyArray<number>): number => waits.toSorted((a, b) => a - b)[waits.length >> 1] ?? 0

export const now = Effect.map(Clock.Clock, (clock) => ({
  time: 0,
  ticks: Number(clock.monotonicTimeNanosUnsafe()) / 1e6,
  note: undefined
}))

export const find = (id: string) =>
  Effect.flatMap(now, (it) => UserRepo.use((users) => users.byId(UserId.make(id), it)))

let strangers = 0

/** What a look-up of nobody in memory comes to, and how long it takes. */
export const stranger = Effect.gen(function*() {
  const before = performance.now()
  const id = `stranger-${++strangers}`
  const tag = yield* Effect.match(find(id), { onSuccess: () => "found", onFailure: (error) => error._tag })
  return { tag, took: performance.now() - before }
})

/** How long it takes until something holds. */
export const until = Effect.fnUntraced(function*<E, R>(holds: Effect.Effect<boolean, E, R>) {
  const before = performance.now()
  while (!(yield* holds)) yield* Effect.sleep("10 millis")
  return performance.now() - before
})

/** Whether changes of other processes are heard; until then a doubt may come, which forgets what is being looked up. */
export const hears = Forgetting.use((it) => Effect.sync(() => it.isConnected()))

/** Writes a row, once the tables are made: a busy machine may make them only after the start. */
export const put = <K extends TableName>(table: K, row: Written[K]) =>
  DirectoryAdmin.use((admin) => admin.put(table, row, { actor: "test" })).pipe(
    Effect.retry({ schedule: Schedule.spaced("50 millis"), while: (it) => it._tag === "DirectoryUnavailable" })
  )

/** Whether strangers are looked up. */
export const answers = Effect.map(stranger, (it) => it.tag === "RowNotFound")

/**
 * Many at once, for as long as `during` runs: those who were seen go on, nobody else is let in, and every stranger is
 * told in time.
 */
export const load = Effect.fnUntraced(function*(known: string, during: Effect.Effect<unknown>) {
  const waits: Array<number> = []
  const tags = new Set<string>()
  let goesOn = 0
  const state = { isOver: false }
  const worker = Effect.gen(function*() {
    while (!state.isOver) {
      const { tag, took } = yield* stranger
      tags.add(tag)
      waits.push(took)
      assert.strictEqual((yield* find(known)).id, known, "who was seen goes on")
      goesOn += 1
      yield* Effect.sleep("5 millis")
    }
  })
  const end = Effect.andThen(during, Effect.sync(() => void (state.isOver = true)))
  yield* Effect.all([end, ...Array.from({ length: 20 }, () => worker)], { concurrency: "unbounded" })
  assert.isAbove(goesOn, 50, "there was load")
  return { tags, waits }
})
