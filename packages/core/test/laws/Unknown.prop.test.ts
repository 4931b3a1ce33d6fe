/** Unknown is never more than known, and several are never more than each: for every deployment and every token. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Allowed } from "../../src/Decision.ts"
import { severalModels } from "../../src/Request.ts"
import * as CoreArbitrary from "../../src/testing/CoreArbitrary.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { runs } from "../support/Runs.ts"

const often = runs(40)

const inWorld = <A, E>(world: CoreTest.World, use: (core: CoreTest.CoreTest["Service"]) => Effect.Effect<A, E>) =>
  CoreTest.CoreTest.use(use).pipe(Effect.provide(CoreTest.CoreTest.layer(world)))

/** Names that nothing in a drawn deployment lists, besides those that something does. */
const names = [...CoreArbitrary.models, "nobody-lists-this", "x/y"]

/** The team that a call went to, allowed or not. */
const teamOf = ({ steps }: CoreTest.Verdict): string | undefined =>
  steps.findLast(({ resolved }) => resolved?.team !== undefined)?.resolved?.team?.id

/**
 * Whether a call by name comes out as one without did: by its name it goes to the first team that lists it, and where
 * that is another team, it may be blocked, or have spent what it had (RULES D7, D23).
 */
const isAsGood = (call: CoreTest.Verdict, { principal }: Allowed): boolean =>
  call.allowed || (
    (call.code === "team_blocked" || call.code === "budget_exceeded") &&
    teamOf(call) !== undefined && teamOf(call) !== principal.teamId
  )

it.effect.prop(
  "a request whose model is not known is allowed only where every model is, and always where the reach is everything",
  { world: CoreArbitrary.world, ask: CoreArbitrary.ask },
  ({ ask, world }) =>
    inWorld(world, (core) =>
      Effect.gen(function*() {
        for (const model of ["unnamed", "unseen"]) {
          const { decision, line } = yield* core.dryly({ ...ask, model })
          if (decision !== undefined && decision.claims !== undefined) {
            assert.isTrue(decision.reach.isEverything(), line)
            for (const name of names) {
              const call = yield* core.dryly({ ...ask, model: name })
              assert.isTrue(isAsGood(call, decision), `${model} is allowed, ${name}: ${call.line}`)
            }
          }
        }
      })),
  often
)

it.effect.prop(
  "several are allowed if and only if each is, for the team that is chosen for them",
  { world: CoreArbitrary.world, ask: CoreArbitrary.ask },
  ({ ask, world }) =>
    inWorld(world, (core) =>
      Effect.gen(function*() {
        for (const pair of [["gpt-4o", "claude-3"], ["gpt-4o-mini", "o1"]] as const) {
          const { decision, line } = yield* core.dryly({ ...ask, model: severalModels(pair) })
          const calls = yield* Effect.forEach(pair, (model) => core.dryly({ ...ask, model }))
          if (decision !== undefined) {
            for (const call of calls) assert.isTrue(isAsGood(call, decision), `${line}, but ${call.line}`)
          } else if (calls.every((it) => it.decision !== undefined)) {
            // Each goes to a team of its own, and no single team takes both.
            const teams = new Set(calls.map((it) => it.decision?.principal.teamId))
            assert.isTrue(teams.size > 1 || line.startsWith("429") || line.startsWith("403"), line)
            if (teams.size === 1) assert.strictEqual(calls[0]?.decision?.principal.teamId, undefined, line)
          }
        }
      })),
  often
)
