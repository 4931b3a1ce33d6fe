import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { lifeOf, make, makeWindow, pauseAfter, refreshAfter } from "../../src/keys/KeyBudget.ts"

/** Pauses between tokens with unknown keys in milliseconds, and how many different keys there are. */
const Sequence = Schema.Struct({
  pauses: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20_000 }))).check(
    Schema.isMaxLength(200)
  ),
  keys: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 })),
  found: Schema.Boolean
})

/** Plays a sequence as `IssuerKeys` does; when tokens caused a fetch, and when anything did. */
const play = ({ found, keys, pauses }: typeof Sequence.Type) => {
  const budget = make()
  const window = makeWindow()
  const caused: Array<number> = []
  const all: Array<number> = []
  let waitingSince: number | undefined
  let longest = 0
  let dueAt = Infinity
  let now = 0
  const fetch = (at: number) => {
    window.add(at)
    all.push(at)
    if (waitingSince !== undefined) longest = Math.max(longest, at - waitingSince)
    waitingSince = undefined
    dueAt = Infinity
  }
  for (const [index, pause] of pauses.entries()) {
    now += pause
    if (dueAt <= now) fetch(dueAt)
    const spaced = window.spaced(now) <= now
    if (window.next(now, undefined) <= now && budget.take(now, `${index % keys}`, spaced)) {
      fetch(now)
      caused.push(now)
      budget.settle(found)
    } else {
      waitingSince ??= now
      dueAt = Math.min(dueAt, window.spaced(now))
    }
  }
  return { caused, all, longest }
}

const densest = (times: ReadonlyArray<number>, span: number): number =>
  Math.max(0, ...times.map((start) => times.filter((at) => at >= start && at <= start + span).length))

describe("KeyBudget", () => {
  it.prop(
    "tokens cause at most 2 fetches in any minute, all fetches together at most 3",
    { sequence: Sequence },
    ({ sequence }) => {
      const { all, caused } = play(sequence)
      assert.isAtMost(densest(caused, 60_000), 2)
      assert.isAtMost(densest(all, 60_000), 3)
    },
    { arbitrary: { runs: 500, seed: process.env["SEED"] ?? "jotgate" } }
  )

  it.prop("nobody waits longer than a minute for the next fetch", { sequence: Sequence }, ({ sequence }) => {
    assert.isAtMost(play(sequence).longest, 60_100)
  }, { arbitrary: { runs: 500, seed: process.env["SEED"] ?? "jotgate" } })

  it("in a flood nobody waits longer than 30 s for the next fetch", () => {
    const { longest } = play({ pauses: Array.from({ length: 6_000 }, () => 100), keys: 1_000_000, found: false })
    assert.isAtMost(longest, 30_100)
  })

  it.prop(
    "the pauses of an outage are 1, 2, 4, 8, 15, 30, 30 … s, each shortened by up to a fifth",
    { chance: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })) },
    ({ chance }) => {
      for (const [index, seconds] of [1, 2, 4, 8, 15, 30, 30, 30].entries()) {
        assert.isAtMost(pauseAfter(index + 1, chance), seconds * 1_000)
        assert.isAtLeast(pauseAfter(index + 1, chance), seconds * 800)
      }
      assert.isAtLeast(refreshAfter(1_000, chance), 720)
      assert.isBelow(refreshAfter(1_000, chance), 881)
    }
  )

  it.each([
    [undefined, 300],
    ["max-age=600", 600],
    ["public,MAX-AGE=600", 600],
    ["max-age=\"600\"", 600],
    ["s-maxage=600", 300],
    ["max-age=-1", 300],
    ["max-age=1e3", 300],
    ["max-age=999999999999", 900],
    ["no-cache, max-age=600", 300],
    ["private=\"no-cache\", max-age=600", 600]
  ])("Cache-Control %s makes a life of %d s", (header, seconds) => {
    assert.strictEqual(lifeOf(header, 300_000), seconds * 1_000)
  })
})
