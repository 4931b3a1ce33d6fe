import { assert, describe, it } from "@effect/vitest"
import { setImmediate as turn } from "node:timers/promises"
import { decide, end, write } from "../../src/answer/Turn.ts"

/** Parts that write their names down when they run. */
const parts = () => {
  const ran: Array<string> = []
  const destroyed: Array<string> = []
  const part = (name: string, run: () => void = () => {}) => ({
    run: () => {
      run()
      ran.push(name)
    },
    abort: () => void destroyed.push(name)
  })
  return { ran, destroyed, part }
}

const names = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `${from + at}`)

describe.each([{ what: "decided", add: decide }, { what: "written", add: write }])(
  "what is $what at the end of a turn",
  ({ add }) => {
    it("waits for the rest of its turn, and keeps the order in which it came", async () => {
      const { part, ran } = parts()
      for (const name of names(0, 5)) add(part(name))
      assert.deepStrictEqual(ran, [])
      await turn()
      assert.deepStrictEqual(ran, names(0, 5))
    })

    it("is done at once, when 32 wait: the first of a long turn is not late", async () => {
      const { part, ran } = parts()
      for (const name of names(0, 31)) add(part(name))
      assert.deepStrictEqual(ran, [])
      add(part("31"))
      assert.deepStrictEqual(ran, names(0, 32))
      for (const name of names(32, 35)) add(part(name))
      assert.deepStrictEqual(ran, names(0, 32))
      await turn()
      assert.deepStrictEqual(ran, names(0, 35))
    })

    it("ends the connection of what throws, and no other", async () => {
      const { destroyed, part, ran } = parts()
      add(part("0"))
      add(part("1", () => {
        throw new Error("cannot be done")
      }))
      add(part("2"))
      await turn()
      assert.deepStrictEqual({ ran, destroyed }, { ran: ["0", "2"], destroyed: ["1"] })
    })

    it("comes behind the others, when it is added while they run", async () => {
      const { part, ran } = parts()
      add(part("0", () => add(part("2"))))
      add(part("1"))
      await turn()
      assert.deepStrictEqual(ran, ["0", "1", "2"])
    })

    it("is not overtaken by what comes after one that ends the turn", async () => {
      const { part, ran } = parts()
      add(part("0", () => {
        add(part("2"))
        end()
      }))
      add(part("1"))
      await turn()
      assert.deepStrictEqual(ran, ["1", "2", "0"])
    })
  }
)

describe("a turn", () => {
  it("decides all that came before it writes anything", async () => {
    const { part, ran } = parts()
    write(part("an earlier answer"))
    for (const name of ["one", "other"]) {
      decide(part(`decides ${name}`, () => write(part(`answers ${name}`))))
    }
    await turn()
    assert.deepStrictEqual(ran, ["decides one", "decides other", "an earlier answer", "answers one", "answers other"])
  })

  it("decides what comes while it writes in the next one", async () => {
    const { part, ran } = parts()
    write(part("writes", () => decide(part("decides"))))
    await turn()
    assert.deepStrictEqual(ran, ["writes"])
    await turn()
    assert.deepStrictEqual(ran, ["writes", "decides"])
  })

  it("lets the event loop rest afterwards", async () => {
    const { part } = parts()
    decide(part("decides", () => write(part("writes"))))
    await turn()
    assert.notInclude(process.getActiveResourcesInfo(), "Immediate")
  })
})
