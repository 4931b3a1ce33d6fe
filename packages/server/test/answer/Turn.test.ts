import { assert, describe, it } from "@effect/vitest"
import { setImmediate as turn } from "node:timers/promises"
import { post } from "../../src/answer/Turn.ts"

/** Parcels that write their names down when they leave. */
const parcels = () => {
  const left: Array<string> = []
  const destroyed: Array<string> = []
  const parcel = (name: string, leave: () => void = () => {}) => ({
    leave: () => {
      leave()
      left.push(name)
    },
    abort: () => void destroyed.push(name)
  })
  return { left, destroyed, parcel }
}

const names = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `${from + at}`)

describe("what is written at the end of a turn", () => {
  it("waits for the rest of its turn, and leaves in the order in which it was posted", async () => {
    const { left, parcel } = parcels()
    for (const name of names(0, 5)) post(parcel(name))
    assert.deepStrictEqual(left, [])
    await turn()
    assert.deepStrictEqual(left, names(0, 5))
  })

  it("leaves at once, when 32 wait: the first of a long turn is not late", async () => {
    const { left, parcel } = parcels()
    for (const name of names(0, 31)) post(parcel(name))
    assert.deepStrictEqual(left, [])
    post(parcel("31"))
    assert.deepStrictEqual(left, names(0, 32))
    for (const name of names(32, 35)) post(parcel(name))
    assert.deepStrictEqual(left, names(0, 32))
    await turn()
    assert.deepStrictEqual(left, names(0, 35))
  })

  it("ends the connection of what cannot be written, and no other", async () => {
    const { destroyed, left, parcel } = parcels()
    post(parcel("0"))
    post(parcel("1", () => {
      throw new Error("cannot be written")
    }))
    post(parcel("2"))
    await turn()
    assert.deepStrictEqual({ left, destroyed }, { left: ["0", "2"], destroyed: ["1"] })
  })

  it("leaves with the next turn, what is posted while others leave", async () => {
    const { left, parcel } = parcels()
    post(parcel("0", () => post(parcel("2"))))
    post(parcel("1"))
    await turn()
    assert.deepStrictEqual(left, ["0", "1"])
    await turn()
    assert.deepStrictEqual(left, ["0", "1", "2"])
  })
})
