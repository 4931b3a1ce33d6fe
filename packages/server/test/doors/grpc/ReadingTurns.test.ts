import { assert, describe, it } from "@effect/vitest"
import { ReadingTurns } from "../../../src/doors/grpc/ReadingTurns.ts"

describe("turns to read a message", () => {
  it("are had by so many at once, and then in order", () => {
    const turns = new ReadingTurns(2, 1_000)
    const begun: Array<string> = []
    const [a, b, c, d] = ["a", "b", "c", "d"].map((it) => turns.take(() => void begun.push(it)))
    assert.deepStrictEqual([begun, turns.waiting], [["a", "b"], 2])
    b?.()
    b?.()
    assert.deepStrictEqual([begun, turns.waiting], [["a", "b", "c"], 1])
    d?.()
    a?.()
    c?.()
    assert.deepStrictEqual([begun, turns.waiting], [["a", "b", "c"], 0])
    turns.take(() => void begun.push("e"))
    turns.take(() => void begun.push("f"))
    turns.take(() => void begun.push("g"))
    assert.deepStrictEqual([begun, turns.waiting], [["a", "b", "c", "e", "f"], 1])
  })
})
