import { assert, describe, it } from "@effect/vitest"
import { ReadingTurns } from "../../../src/doors/grpc/ReadingTurns.ts"

describe("turns to read a message", () => {
  it("are had by so many at once, and then in order", () => {
    const turns = new ReadingTurns(2, 1_000)
    const begun: Array<string> = []
    const [a, b, c, d] = ["a", "b", "c", "d"].map((it) => turns.take("one", () => void begun.push(it)))
    assert.deepStrictEqual([begun, turns.waiting], [["a", "b"], 2])
    b?.()
    b?.()
    assert.deepStrictEqual([begun, turns.waiting], [["a", "b", "c"], 1])
    d?.()
    a?.()
    c?.()
    assert.deepStrictEqual([begun, turns.waiting], [["a", "b", "c"], 0])
    turns.take("one", () => void begun.push("e"))
    turns.take("one", () => void begun.push("f"))
    turns.take("one", () => void begun.push("g"))
    assert.deepStrictEqual([begun, turns.waiting], [["a", "b", "c", "e", "f"], 1])
  })

  it("go from connection to connection, however many calls of one wait", () => {
    const turns = new ReadingTurns(1, 1_000)
    const begun: Array<string> = []
    const take = (connection: string, call: string) => turns.take(connection, () => void begun.push(call))
    const ends = new Map(
      ["a1", "a2", "a3", "a4", "b1", "b2", "c1"].map((call) => [call, take(call.slice(0, 1), call)])
    )
    ends.get("a3")?.()
    for (let at = 0; at < 6; at++) ends.get(begun[at] ?? "")?.()
    assert.deepStrictEqual(begun, ["a1", "a2", "b1", "c1", "a4", "b2"])
    assert.strictEqual(turns.waiting, 0)
    take("d", "d1")
    assert.strictEqual(begun.at(-1), "d1")
  })
})
