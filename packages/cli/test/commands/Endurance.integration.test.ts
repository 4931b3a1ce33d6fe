/** What happens to a gate under load: a short form of `npm run soak -- rolling reloads kills live capacity`. */
import { assert, describe, it } from "@effect/vitest"
import { describeWith } from "@jotgate/servers"
import { Effect } from "effect"
import * as Endurance from "../support/Endurance.ts"
import { overload } from "../support/Overload.ts"

/** Milliseconds between two requests of a caller: a machine that runs all tests has other work, too. */
const pause = 20

describe("jotgate serve under load", () => {
  it.live(
    "starts again after kill -9, and answers nobody wrong",
    () =>
      Effect.gen(function*() {
        const { refused, wrong } = yield* Endurance.kills(1, { pause })
        assert.deepStrictEqual([refused, wrong], [[], []])
      }).pipe(Effect.scoped),
    180_000
  )

  it.live(
    "reads its file again ten times, once a bad one: nobody is lost, nobody answered wrong",
    () =>
      Effect.gen(function*() {
        const { lost, refused, wrong } = yield* Endurance.reloads(10, pause)
        assert.deepStrictEqual([lost, wrong], [[], []])
        assert.isAtLeast(refused, 1)
      }).pipe(Effect.scoped),
    180_000
  )

  it.live(
    "goes on while its issuer takes another key and fails now and then",
    () =>
      Effect.gen(function*() {
        const { done, lost, rotations, wrong } = yield* Endurance.live(500, 500, pause)
        assert.deepStrictEqual([lost, wrong, rotations], [[], [], 1])
        assert.isAbove(done, 0)
      }).pipe(Effect.scoped),
    180_000
  )

  it.live(
    "asked for four times what it may hold, refuses the rest in so many words, lives, and holds nothing afterwards",
    () =>
      Effect.gen(function*() {
        const { alive, left, next, refused, strange } = yield* overload({ times: 4, millis: 1_000 })
        assert.deepStrictEqual({ strange, left, next }, { strange: [], left: 0, next: 200 })
        assert.isAbove(refused, 0)
        assert.deepStrictEqual([...new Set(alive)], [200])
      }).pipe(Effect.scoped),
    180_000
  )
})

describeWith("haproxy", "two gates behind HAProxy under load", () => {
  it.live(
    "are replaced one after the other, and nobody is lost",
    () =>
      Effect.gen(function*() {
        const { exits, lost, restarts, wrong } = yield* Endurance.rolling(150, pause)
        assert.deepStrictEqual([lost, wrong], [[], []])
        assert.isAtLeast(restarts, 1)
        assert.deepStrictEqual([...new Set(exits)], [0])
      }).pipe(Effect.scoped),
    180_000
  )
})
