import { assert, describe, it } from "@effect/vitest"
import { Oldest } from "../../src/cache/Oldest.ts"

const full = (size: number) => new Map(Array.from({ length: size }, (_, at) => [at, at]))

describe("Oldest", () => {
  it("comes to each entry in the order in which they were put, to those that are put meanwhile at the end", () => {
    const entries = full(3)
    const oldest = new Oldest(entries)
    const seen: Array<number | undefined> = []
    for (let at = 3; at < 8; at++) {
      const next = oldest.next()?.[0]
      seen.push(next)
      if (next !== undefined) entries.delete(next)
      entries.set(at, at)
    }
    assert.deepStrictEqual(seen, [0, 1, 2, 3, 4])
  })

  it("begins anew at the end, after a rest, and with an empty map", () => {
    const entries = full(2)
    const oldest = new Oldest(entries)
    assert.deepStrictEqual([1, 2, 3].map(() => oldest.next()?.[0]), [0, 1, 0])
    oldest.rest()
    assert.strictEqual(oldest.next()?.[0], 0)
    entries.clear()
    assert.isUndefined(oldest.next())
    entries.set(9, 9)
    assert.strictEqual(oldest.next()?.[0], 9)
  })

  it("costs the same however large the map is", () => {
    const size = 200_000
    const entries = full(size)
    const oldest = new Oldest(entries)
    const began = performance.now()
    for (let at = size; at < 2 * size; at++) {
      const next = oldest.next()
      if (next !== undefined) entries.delete(next[0])
      entries.set(at, at)
    }
    // Some 40 ms; with a new iterator each time more than half a minute.
    assert.isBelow(performance.now() - began, 5_000)
    assert.deepStrictEqual([entries.size, entries.has(size - 1), entries.has(size)], [size, false, true])
  })
})
