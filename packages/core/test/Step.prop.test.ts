/** The steps of any decision are those of the closed union, with the facts of their own and no others. */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Step } from "../src/Step.ts"
import * as CoreArbitrary from "../src/testing/CoreArbitrary.ts"
import * as CoreTest from "../src/testing/CoreTest.ts"
import { told } from "../src/Trace.ts"
import { runs } from "./support/Runs.ts"

const decode = Schema.decodeUnknownSync(Schema.Array(Step), { onExcessProperty: "error" })

it.effect.prop(
  "every step of a decision is JSON that reads back as the same step",
  { world: CoreArbitrary.world, ask: CoreArbitrary.ask },
  ({ ask, world }) =>
    Effect.gen(function*() {
      const verdict = yield* CoreTest.CoreTest.use((core) => core.ask(ask)).pipe(
        Effect.provide(CoreTest.CoreTest.layer(world))
      )
      const steps = verdict.steps.map(told)
      assert.deepStrictEqual(decode(JSON.parse(JSON.stringify(steps))), steps)
    }),
  runs(120)
)
