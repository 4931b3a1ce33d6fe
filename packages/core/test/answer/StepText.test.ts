/** Denials of what is not known, as people read them: at a real decision of the pipeline. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { isPrinted, lines } from "../../src/answer/StepText.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"

const { team, user } = CoreTest
const rows = { users: [user("u-1")], teams: [team("red", { models: ["gpt-4o*"] })] }
const claims = { uid: "u-1", groups: ["red"] }

/** The line of the step that denies. */
const denial = (world: CoreTest.World, ask: CoreTest.Ask) =>
  Effect.map(
    CoreTest.ask(world, ask),
    ({ steps }) => lines(steps.filter(isPrinted), null, undefined).find((it) => it.includes("✘"))
  )

describe("what an unknown model or person is told as", () => {
  it.effect("a model that no place names, and one that the door does not see (RULES D53)", () =>
    Effect.gen(function*() {
      const on = (model: NonNullable<CoreTest.Ask["model"]>) => denial({ rows }, { claims, model })
      assert.match(
        (yield* on({ _tag: "Unnamed", looked: ["body model", "query model"] })) ?? "",
        /no model is named on a route that runs one, looked at body model, query model, may call \["gpt-4o\*"\]$/
      )
      assert.match(
        (yield* on({ _tag: "Unseen", names: [], enforced: false })) ?? "",
        /what names the model is not seen at this door, may call \["gpt-4o\*"\]$/
      )
    }))

  it.effect("a person whom only an address without a proof names (RULES D57)", () =>
    Effect.gen(function*() {
      const world = { rows, issuer: { claims: { user: "email", teams: "groups" } } }
      assert.match(
        (yield* denial(world, { claims: { email: "u-1@acme.test", groups: ["red"] } })) ?? "",
        /only an address names the person, and nothing proves it$/
      )
    }))

  it.effect("a row that may do nothing", () =>
    Effect.gen(function*() {
      const world = (red: object, one: object): CoreTest.World => ({
        rows: { users: [user("u-1", one)], teams: [team("red", red)] }
      })
      const asked = { claims, model: "gpt-4o" }
      assert.match((yield* denial(world({ blocked: true }, {}), asked)) ?? "", /✘ team +red is blocked$/)
      assert.match((yield* denial(world({}, { blocked: true }), asked)) ?? "", /✘ user +u-1 is blocked$/)
      assert.match((yield* denial(world({}, { active: false }), asked)) ?? "", /✘ user +u-1 has left$/)
    }))
})
