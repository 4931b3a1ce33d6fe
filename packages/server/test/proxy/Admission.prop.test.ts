/** Whatever ends a request first, and however often: all that it held is given back exactly once. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { IncomingMessage, ServerResponse } from "node:http"
import { Socket } from "node:net"
import type { Deployment, Lease } from "../../src/Deployment.ts"
import { Admission, type Stay } from "../../src/proxy/Admission.ts"
import * as UpstreamShare from "../../src/proxy/UpstreamShare.ts"
import { doorsOf } from "../support/Doorless.ts"
import { defaultLimits } from "../support/World.ts"

const limits = { ...defaultLimits, body: 100, inFlightPerCaller: 3 }
const deployment: Deployment = doorsOf(limits)

/** What happens to one request, in any order. */
const Happening = Schema.Struct({
  which: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 7 })),
  what: Schema.Literals(["grow", "caller", "upstream", "leave", "close", "gone"]),
  bytes: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 120 })),
  name: Schema.Literals(["alice", "bob", ""])
})

describe("what a request holds", () => {
  it.prop(
    "is given back exactly once, in every order of what may happen",
    { steps: Schema.Array(Happening).check(Schema.isMaxLength(60)) },
    ({ steps }) => {
      const admission = new Admission()
      const [share] = UpstreamShare.make(1, 4)
      if (share === undefined) throw new Error("there is no share")
      const released: Array<number> = []
      const stays: Array<Stay> = Array.from({ length: 8 }, (_, at) => {
        const socket = new Socket()
        const lease: Lease = { deployment, release: () => void (released[at] = (released[at] ?? 0) + 1) }
        const stay = admission.enter(lease, new ServerResponse(new IncomingMessage(socket)), socket, 0)
        stay.ends = { cut: stay.leave }
        stay.response.once("close", stay.leave)
        return stay
      })
      const open = new Set(stays.keys())
      for (const { bytes, name, what, which } of steps) {
        const stay = stays[which]
        if (stay === undefined) continue
        const before = admission.held
        switch (what) {
          case "grow": {
            const grown = stay.grow(bytes)
            assert.strictEqual(admission.held, before + (grown ? bytes : 0))
            if (!open.has(which)) assert.isFalse(grown)
            break
          }
          case "caller":
            stay.belongsTo(name === "" ? undefined : name)
            break
          case "upstream":
            if (stay.goesTo(share)) assert.isTrue(open.has(which))
            break
          case "leave":
            stay.leave()
            open.delete(which)
            break
          case "close":
            stay.response.emit("close")
            open.delete(which)
            break
          case "gone":
            admission.gone(stay.socket)
            open.delete(which)
        }
        assert.strictEqual(admission.inFlight, open.size)
        assert.isAtMost(share.taken(), Math.min(4, open.size))
        assert.isAtMost(admission.held, 16 * limits.body)
      }
      for (const stay of stays) {
        stay.leave()
        stay.leave()
        assert.isFalse(stay.grow(1))
      }
      assert.deepStrictEqual([admission.inFlight, admission.held, admission.callers, share.taken()], [0, 0, 0, 0])
      assert.deepStrictEqual(released, Array.from({ length: 8 }, () => 1))
    }
  )

  it("of one caller is at most its part", () => {
    const admission = new Admission()
    const enter = (caller: string) => {
      const socket = new Socket()
      const stay = admission.enter(
        { deployment, release: () => {} },
        new ServerResponse(new IncomingMessage(socket)),
        socket,
        0
      )
      return { stay, isIn: stay.belongsTo(caller) }
    }
    const first = [enter("alice"), enter("alice"), enter("alice")]
    assert.deepStrictEqual(first.map((it) => it.isIn), [true, true, true])
    assert.isFalse(enter("alice").isIn)
    const bob = enter("bob")
    assert.isTrue(bob.isIn)
    // Four of the largest bodies are one caller's part; others have theirs.
    assert.isTrue(first[0]?.stay.grow(400))
    assert.isFalse(first[1]?.stay.grow(1))
    assert.isTrue(bob.stay.grow(100))
    first[0]?.stay.leave()
    assert.isTrue(first[1]?.stay.grow(1))
    assert.isTrue(enter("alice").isIn)
  })
})

describe("the share of an upstream", () => {
  it.prop(
    "leaves every other one its own part, however many hang",
    {
      count: Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 8 })),
      places: Schema.Int.check(Schema.isBetween({ minimum: 16, maximum: 400 }))
    },
    ({ count, places }) => {
      const shares = UpstreamShare.make(count, places)
      const [last, ...hung] = shares
      let taken = 0
      for (const it of hung) while (it.enter()) taken++
      let free = 0
      while (last?.enter() === true) free++
      assert.isAtLeast(free, Math.floor(places / (2 * count)))
      assert.isAtMost(taken + free, places)
      for (const it of shares) while (it.taken() > 0) it.leave()
      let again = 0
      while (last?.enter() === true) again++
      assert.isAtLeast(again, Math.floor(places / 2))
    }
  )

  it("is everything where there is only one", () => {
    const [only] = UpstreamShare.make(1, 3)
    assert.deepStrictEqual([only?.enter(), only?.enter(), only?.enter(), only?.enter()], [true, true, true, false])
  })
})
