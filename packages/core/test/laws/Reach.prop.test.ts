/** What is listed and what may be called are the same, for every deployment and every token. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Pattern from "../../src/rules/patterns/Pattern.ts"
import * as CoreArbitrary from "../../src/testing/CoreArbitrary.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { runs } from "../support/Runs.ts"

const often = runs(80)

/** Whether a call gets as far as the budgets, which come and go. */
const callable = ({ allowed, status }: CoreTest.Verdict): boolean => allowed || status === 429

/** Names that a pattern covers: itself, or what its stars may stand for, and every name that is known. */
const coveredBy = (pattern: string): ReadonlyArray<string> =>
  Pattern.isLiteral(pattern)
    ? [pattern]
    : [
      ...["", "x", "gpt-4o", "claude-3"].map((it) => pattern.replaceAll("*", it)),
      ...CoreArbitrary.models.filter(Pattern.compile(pattern))
    ]

const inWorld = <A, E>(world: CoreTest.World, use: (core: CoreTest.CoreTest["Service"]) => Effect.Effect<A, E>) =>
  CoreTest.CoreTest.use(use).pipe(Effect.provide(CoreTest.CoreTest.layer(world)))

it.effect.prop(
  "a model may be called if and only if a call with it is allowed, budgets apart",
  { world: CoreArbitrary.world, ask: CoreArbitrary.ask },
  ({ ask, world }) =>
    inWorld(world, (core) =>
      Effect.gen(function*() {
        const { decision } = yield* core.dryly(ask)
        if (decision === undefined || decision.claims === undefined) return
        for (const model of CoreArbitrary.models) {
          const call = yield* core.dryly({ ...ask, model })
          assert.strictEqual(decision.reach.mayCall(model), callable(call), `${model}: ${call.line}`)
        }
      })),
  often
)

it.effect.prop(
  "no pattern that is listed covers a model that may not be called",
  { world: CoreArbitrary.world, ask: CoreArbitrary.ask },
  ({ ask, world }) =>
    inWorld(world, (core) =>
      Effect.gen(function*() {
        const { decision } = yield* core.dryly(ask)
        if (decision === undefined) return
        for (const pattern of decision.reach.models()) {
          for (const model of coveredBy(pattern)) {
            assert.isTrue(decision.reach.mayCall(model), `${pattern} is listed, ${model} may not be called`)
          }
        }
      })),
  often
)

it.effect.prop(
  "a model that may be called is listed, unless an earlier team takes some of what a pattern covers",
  { world: CoreArbitrary.world, ask: CoreArbitrary.ask },
  ({ ask, world }) =>
    inWorld(world, (core) =>
      Effect.gen(function*() {
        const { decision } = yield* core.dryly(ask)
        const groups = ask.claims?.["groups"]
        if (decision === undefined || (Array.isArray(groups) && groups.length > 1)) return
        const listed = Pattern.compileAny(decision.reach.models())
        for (const model of CoreArbitrary.models) {
          if (decision.reach.mayCall(model)) assert.isTrue(listed(model), `${model} may be called and is not listed`)
        }
      })),
  often
)

it.effect.prop(
  "with nobody listening nothing is listed that may not be called, and everything is when the door asks for the list",
  { world: CoreArbitrary.world, ask: CoreArbitrary.ask },
  ({ ask, world }) =>
    Effect.gen(function*() {
      const told = yield* CoreTest.ask(world, ask)
      for (const listsModels of [false, true]) {
        const quiet = yield* inWorld(world, (core) => core.quietly({ ...ask, listsModels }))
        assert.strictEqual(quiet.line, told.line)
        if (told.decision === undefined || quiet.decision === undefined) return
        const all = Pattern.compileAny(told.decision.reach.models())
        if (listsModels) assert.deepStrictEqual(quiet.decision.reach.models(), told.decision.reach.models())
        for (const model of CoreArbitrary.models) {
          const said = quiet.decision.reach.mayCall(model)
          if (said || listsModels) assert.strictEqual(said, told.decision.reach.mayCall(model), model)
        }
        for (const pattern of quiet.decision.reach.models().filter(Pattern.isLiteral)) assert.isTrue(all(pattern))
      }
    }),
  often
)
