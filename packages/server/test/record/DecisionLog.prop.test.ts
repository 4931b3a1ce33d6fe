import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { type Decided, line } from "../../src/record/DecisionLog.ts"

const Text = Schema.NullOr(Schema.String)

describe("the line of a decision", () => {
  it.prop("is the entry as JSON, whatever its texts hold; the steps only of a denial", {
    time: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4e12 })),
    route: Schema.String,
    model: Text,
    user: Text,
    team: Text,
    requestId: Text,
    millis: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1e6 })),
    isDenied: Schema.Boolean
  }, ({ isDenied, time, ...texts }) => {
    const steps = [{ step: "token", outcome: "ok", facts: { kid: "k\n1" }, resolved: {} }] as const
    const it: Decided = {
      time,
      decision: "d_1",
      door: "proxy",
      method: "GET",
      status: isDenied ? 403 : 200,
      code: isDenied ? "team_denied" : null,
      issuer: "idp",
      organization: null,
      steps,
      ...texts
    }
    const { steps: _, ...rest } = it
    assert.notInclude(line(it), "\n")
    assert.deepStrictEqual(JSON.parse(line(it)), {
      ...rest,
      message: "decision",
      time: new Date(time).toISOString(),
      ...(isDenied ? { steps: [{ step: "token", outcome: "ok", facts: { kid: "k\n1" } }] } : {})
    })
  })
})
