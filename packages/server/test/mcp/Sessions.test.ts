import { assert, describe, it } from "@effect/vitest"
import { nobody } from "@jotgate/core/Principal"
import { addressOf } from "../../src/mcp/Address.ts"
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

  it("are the same in every spelling that a server may read as one", () => {
    const sessions = new Sessions()
    assert.isTrue(sessions.takes("a", ["session 3F2504E0-4f89-11d3-9a0c-0305e82c3301"], who("alice")))
    for (
      const id of [
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
        "%33F2504E0-4f89-11d3-9a0c-0305e82c3301",
        "%2533F2504E0%2D4f89-11d3-9a0c-0305e82c3301"
      ]
    ) assert.isFalse(sessions.takes("a", [`session ${id}`], who("bob")), id)
  })
})

describe("addresses for messages", () => {
  const at = addressOf

  it("are whose they were given to, however they are written", () => {
    const sessions = new Sessions()
    sessions.gives("a", at("/m?sessionId=s1"), who("alice"))
    sessions.gives("a", at("/m?sessionId=s2"), who("bob"))
    sessions.gives("a", at("/n/s3/"), who("alice"))
    for (
      const target of [
        "/m?sessionId=s1",
        "/m?sessionId=%731",
        "/m?sessionId=S1",
        "/m?session%49d=s1",
        "/m?x=1&sessionId=s1",
        "/m?sessionId=s2&sessionId=s1",
        "/m?sessionId=s1;x",
        "/m?sessionId[]=s1",
        "/other?s1",
        "/m/?&&sessionId=s1&",
        "/n/s3",
        "/n/%733//",
        "/n/s3?sessionId=s2"
      ]
    ) {
      assert.isFalse(sessions.mayPost("a", at(target), who("bob")), target)
      if (!target.includes("s2")) assert.isTrue(sessions.mayPost("a", at(target), who("alice")), target)
    }
    assert.isTrue(sessions.mayPost("a", at("/m?sessionId=s2"), who("bob")))
    assert.isTrue(sessions.mayPost("b", at("/m?sessionId=s1"), who("bob")))
  })

  it("that were given elsewhere are whose they were used by first; a path alone is nobody's", () => {
    const sessions = new Sessions()
    assert.isTrue(sessions.mayPost("a", at("/m?sessionId=s1"), who("alice")))
    assert.isFalse(sessions.mayPost("a", at("/m?sessionId=s1"), who("bob")))
    assert.isTrue(sessions.mayPost("a", at("/m"), who("alice")))
    assert.isTrue(sessions.mayPost("a", at("/m"), who("bob")))
    // With a value of one's own nothing else is taken.
    assert.isTrue(sessions.mayPost("a", at("/m?sessionId=s1&v=1"), who("alice")))
    assert.isTrue(sessions.mayPost("a", at("/m?sessionId=s2&v=1"), who("bob")))
  })

  it("have parts that are everybody's: what several are given", () => {
    const taken: Array<string> = []
    const [here, there] = [new Sessions(), new Sessions()]
    here.onTaken = (session, caller) => {
      taken.push(caller)
      there.learn(session, caller)
    }
    here.gives("a", at("/m?v=1&sessionId=s1"), who("alice"))
    assert.isFalse(there.mayPost("a", at("/m?v=1"), who("bob")))
    here.gives("a", at("/m?v=1&sessionId=s2"), who("bob"))
    for (const sessions of [here, there]) {
      assert.isTrue(sessions.mayPost("a", at("/m?v=1&sessionId=s1"), who("alice")))
      assert.isTrue(sessions.mayPost("a", at("/m?v=1&sessionId=s2"), who("bob")))
      assert.isFalse(sessions.mayPost("a", at("/m?v=1&sessionId=s1"), who("bob")))
    }
    assert.lengthOf(taken, 4)
  })
})
