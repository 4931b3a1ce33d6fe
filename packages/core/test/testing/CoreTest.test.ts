import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as PlainDirectory from "../../src/embed/PlainDirectory.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"

it.effect("a world takes the repositories of its author", () =>
  Effect.gen(function*() {
    const repositories = PlainDirectory.layer({ team: (id) => id === "red" ? { id, models: ["gpt-4o*"] } : null })
    const world: CoreTest.World = { repositories, directory: { users: { unknown: "allow" } } }
    const ask = { claims: { uid: "ada", groups: ["red"] } }
    assert.strictEqual((yield* CoreTest.ask(world, { ...ask, model: "gpt-4o" })).line, "allow user=ada team=red")
    assert.strictEqual((yield* CoreTest.ask(world, { ...ask, model: "o1" })).line, "403 team_model_denied")
  }))
