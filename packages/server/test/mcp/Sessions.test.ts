import { assert, describe, it } from "@effect/vitest"
import { nobody } from "@jotgate/core/Principal"
import { Sessions, type SessionUser } from "../../src/mcp/Sessions.ts"

const who = (userId: string, ...chain: ReadonlyArray<string>): SessionUser => ({
  claims: undefined,
  identity: undefined,
  principal: { ...nobody, userId, agent: chain.length === 0 ? undefined : { id: chain[0] ?? "", chain } }
})

describe("sessions", () => {
  it("are their caller's alone, who may use several at once", () => {
    const sessions = new Sessions()
    assert.isTrue(sessions.takes("a", ["session 1", "task 1"], who("alice")))
    for (const other of [who("bob"), who("alice", "agent-7"), who("alice", "agent-7", "agent-8")]) {
      assert.isFalse(sessions.takes("a", ["session 1"], other))
      assert.isFalse(sessions.takes("a", ["session 2", "task 1"], other))
    }
    // What was refused is not taken with it, and another server's sessions are others.
    assert.isTrue(sessions.takes("a", ["session 2"], who("carol")))
    assert.isTrue(sessions.takes("b", ["session 1"], who("bob")))
    assert.isTrue(sessions.takes("a", [], who("bob")))
  })

  it("are bounded; whoever has too many loses the oldest of their own", () => {
    const sessions = new Sessions({ all: 100, perCaller: 10 })
    assert.isTrue(sessions.takes("a", ["alice's"], who("alice")))
    for (let i = 0; i < 1000; i++) sessions.takes("a", [`session ${i}`], who("mallory"))
    assert.strictEqual(sessions.size, 11)
    assert.isFalse(sessions.takes("a", ["alice's"], who("mallory")))
    assert.isTrue(sessions.takes("a", ["session 0"], who("bob")))
    assert.isFalse(sessions.takes("a", ["session 999"], who("bob")))
    for (let i = 0; i < 1000; i++) sessions.takes("a", [`s ${i}`], who(`user ${i}`))
    assert.strictEqual(sessions.size, 100)
  })

  it("can be asked about without being taken", () => {
    const sessions = new Sessions()
    assert.isTrue(sessions.isFree("a", "endpoint /x", who("alice")))
    assert.strictEqual(sessions.size, 0)
    sessions.takes("a", ["endpoint /x"], who("bob"))
    assert.isFalse(sessions.isFree("a", "endpoint /x", who("alice")))
    assert.isTrue(sessions.isFree("a", "endpoint /x", who("bob")))
  })
})
