import { assert, describe, it } from "@effect/vitest"
import { Sessions } from "../../src/mcp/Sessions.ts"

describe("sessions that several processes know of", () => {
  it("belong to whoever was first at any of them, and no process takes one away from another", () => {
    const told: Array<readonly [string, string]> = []
    const one = new Sessions()
    const other = new Sessions()
    one.onTaken = (session, caller) => {
      told.push([session, caller])
      other.learn(session, caller)
    }
    one.learn("s-1", "alice")
    other.learn("s-1", "mallory")
    assert.deepStrictEqual(one.all(), [["s-1", "alice"]])
    assert.deepStrictEqual(told, [], "what was learnt is not told again")
    other.learn("s-2", "bob")
    for (const [session, caller] of other.all()) one.learn(session, caller)
    assert.deepStrictEqual(one.all(), [["s-1", "alice"], ["s-2", "bob"]])
  })
})
