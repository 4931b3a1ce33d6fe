import { assert, describe, it } from "@effect/vitest"
import { allowing, Repeated } from "../../../src/doors/grpc/CheckReply.ts"

const ids = ["d_01KBA0000000000000000000AA", "d_01KBA0000000000000000000BB"] as const

const answer = (id: string): Buffer =>
  allowing({
    set: [["x-jotgate-decision", id], ["x-jotgate-user", "d_01KBA"], ["x-trace", id]],
    remove: ["authorization"],
    metadata: { decision: id, user: "ü", admin: false, models: ["gpt-4o*"], upstream: { authorization: "Bearer k" } }
  })

describe("an allow that is given again", () => {
  it("says the other id wherever it said the first, and everything else alike", () => {
    const repeated = new Repeated(answer(ids[0]), ids[0])
    for (const id of [ids[1], ids[0], ids[1]]) assert.deepStrictEqual(repeated.with(id), answer(id))
  })
})
