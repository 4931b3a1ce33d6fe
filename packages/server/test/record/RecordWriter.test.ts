import { assert, it } from "@effect/vitest"
import { RecordStore } from "@jotgate/store/RecordStore"
import { rowsOf } from "@jotgate/store/RecordText"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Recording } from "../../src/record/Recording.ts"
import { line } from "../../src/record/RecordLine.ts"
import * as RecordWriter from "../../src/record/RecordWriter.ts"

const answered = (time: number): Recording => {
  const it = new Recording(
    { time: () => time, ticks: () => 0, record: () => {}, refused: () => {}, firstByte: () => {} },
    { door: "proxy", method: "GET", route: "/v1/models", requestId: null }
  )
  it.verdict = "allow"
  it.question = `{"at":${time}}`
  it.answered(200)
  return it
}

/** A writer over a store whose first batch takes until it is let go; what is in the store. */
const slow = Effect.gen(function*() {
  const begun = yield* Deferred.make<void>()
  const go = yield* Deferred.make<void>()
  const stored: Array<string> = []
  const store = Layer.mock(RecordStore, {
    appendBatches: (batches) =>
      Effect.andThen(
        Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(go)),
        Effect.sync(() => {
          for (const it of batches.flatMap(rowsOf)) stored.push(`${it.id} ${it.status} ${it.question}`)
        })
      ),
    prune: () => Effect.succeed(false)
  })
  return { begun, go, stored, layer: RecordWriter.layer(1_000).pipe(Layer.provide(store)) }
})

const write = (writer: RecordWriter.RecordWriter, records: ReadonlyArray<Recording>) =>
  writer.write(records, records.map(line))

it.effect("what comes while a batch is stored is stored after it, once, in order", () =>
  Effect.gen(function*() {
    const { begun, go, layer, stored } = yield* slow
    const records = [1, 2, 3, 4, 5].map(answered)
    yield* Effect.gen(function*() {
      const writer = yield* RecordWriter.RecordWriter
      write(writer, records.slice(0, 2))
      yield* TestClock.adjust("200 millis")
      yield* Deferred.await(begun)
      write(writer, records.slice(2, 3))
      write(writer, records.slice(3))
      assert.deepStrictEqual(writer.state(), { away: false, waiting: 5, dropped: 0 })
      yield* Deferred.succeed(go, undefined)
      yield* TestClock.adjust("200 millis")
      assert.deepStrictEqual(writer.state(), { away: false, waiting: 0, dropped: 0 })
    }).pipe(Effect.provide(layer))
    assert.deepStrictEqual(stored, records.map((it) => `${it.decision} 200 ${it.question}`))
  }))

it.effect("of more than there is room for, the newest are dropped and counted", () =>
  Effect.gen(function*() {
    const { go, layer } = yield* slow
    const one = answered(1)
    yield* Effect.gen(function*() {
      const writer = yield* RecordWriter.RecordWriter
      write(writer, Array.from({ length: 49_999 }, () => one))
      write(writer, [one, one, one])
      assert.deepStrictEqual(writer.state(), { away: false, waiting: 50_000, dropped: 2 })
      yield* Deferred.succeed(go, undefined)
    }).pipe(Effect.provide(layer))
  }))

it.effect("who reads the store now finds what was answered before, however short ago", () =>
  Effect.gen(function*() {
    const { go, layer, stored } = yield* slow
    yield* Deferred.succeed(go, undefined)
    yield* Effect.gen(function*() {
      const writer = yield* RecordWriter.RecordWriter
      // The writer has just looked whether there is something, and looks again in its time.
      yield* TestClock.adjust("200 millis")
      const records = [1, 2].map(answered)
      write(writer, records)
      yield* writer.settled
      assert.deepStrictEqual(stored, records.map((it) => `${it.decision} 200 ${it.question}`))
      yield* writer.settled
      assert.lengthOf(stored, 2)
    }).pipe(Effect.provide(layer))
  }))

it.effect("who reads while the store is slow waits for two seconds, and no batch is stored twice", () =>
  Effect.gen(function*() {
    const { begun, go, layer, stored } = yield* slow
    yield* Effect.gen(function*() {
      const writer = yield* RecordWriter.RecordWriter
      write(writer, [1, 2].map(answered))
      const reader = yield* Effect.forkChild(writer.settled)
      yield* Deferred.await(begun)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(reader)
      assert.lengthOf(stored, 0)
      yield* Deferred.succeed(go, undefined)
      yield* writer.settled
      assert.lengthOf(stored, 2)
    }).pipe(Effect.provide(layer))
  }))
