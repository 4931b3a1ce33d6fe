import { assert, describe, it } from "@effect/vitest"
import type { Allowed } from "@jotgate/core/Decision"
import type { Denial } from "@jotgate/core/Errors"
import { CoreTest } from "@jotgate/core/testing"
import type { Noted } from "@jotgate/core/Trace"
import { Effect } from "effect"
import * as Remembering from "./support/Remembering.ts"

const world: CoreTest.World = {
  rows: {
    users: [CoreTest.user("u-1")],
    teams: [CoreTest.team("red", { models: ["gpt-4o"] }), CoreTest.team("blue", { models: ["claude-3"] })]
  }
}
const ask = { claims: { uid: "u-1", groups: ["red", "blue"] }, model: "gpt-4o" }

/** A pipeline that was asked often enough to remember. */
const warm = Effect.gen(function*() {
  const pipeline = yield* Remembering.make({
    ...world,
    rows: { ...world.rows, memberships: [CoreTest.membership("u-1", "red"), CoreTest.membership("u-1", "blue")] }
  })
  const asked = yield* pipeline.asked(ask)
  yield* pipeline.remembered(asked, 0)
  const known = yield* pipeline.remembered(asked, 0)
  return { ...pipeline, asked, known, tokenOf: pipeline.asked }
})

const codeOf = (answer: Allowed | Denial): string => answer._tag === "Allowed" ? "allowed" : answer.code

describe("DecisionMemory", () => {
  it.live("the same question about the same token is the same decision", () =>
    Effect.scoped(Effect.gen(function*() {
      const { asked, known, remembered } = yield* warm
      assert.strictEqual(yield* remembered(asked, 1), known)
      assert.strictEqual(yield* remembered({ ...asked, rawHeaders: [...asked.rawHeaders, "a", "b"] }, 1), known)
    })))

  it.live("another model, path, method, team or list is another question", () =>
    Effect.scoped(Effect.gen(function*() {
      const { asked, known, remembered } = yield* warm
      const others = [
        { ...asked, model: { _tag: "Known", name: "claude-3" } as const },
        { ...asked, model: { _tag: "None" } as const },
        { ...asked, path: "/v1/embeddings" },
        { ...asked, method: "PUT" },
        { ...asked, rawHeaders: [...asked.rawHeaders, "x-team-id", "blue"] },
        { ...asked, listsModels: true }
      ]
      for (const other of others) assert.notStrictEqual(yield* remembered(other, 1), known)
    })))

  it.live("a change of a row it rests on that was announced is seen at once, one of another row changes nothing", () =>
    Effect.scoped(Effect.gen(function*() {
      const { announce, asked, known, remembered, tables } = yield* warm
      tables.teams.put(CoreTest.team("green"))
      yield* announce({ teams: ["green"] })
      assert.strictEqual(yield* remembered(asked, 1), known)
      tables.teams.put(CoreTest.team("red", { models: ["o1"] }))
      yield* announce({ teams: ["red"] })
      assert.strictEqual(codeOf(yield* remembered(asked, 1)), "team_model_denied")
    })))

  it.live("it counts for no longer than its rows do", () =>
    Effect.scoped(Effect.gen(function*() {
      const { asked, known, remembered, tables } = yield* warm
      tables.users.put(CoreTest.user("u-1", { blocked: true }))
      assert.strictEqual(yield* remembered(asked, Remembering.ROWS / 1000 - 1), known)
      assert.strictEqual(codeOf(yield* remembered(asked, Remembering.ROWS / 1000)), "user_blocked")
    })))

  it.live("an absence it rests on counts as long as a row, and until a row is announced", () =>
    Effect.scoped(Effect.gen(function*() {
      const { announce, asked, remembered, tables } = yield* Remembering.make(world)
      const question = yield* asked(ask)
      yield* remembered(question, 0)
      const known = yield* remembered(question, 0)
      assert.strictEqual(yield* remembered(question, Remembering.ROWS / 1000 - 1), known)
      tables.memberships.put(CoreTest.membership("u-1", "red", { models: ["o1"] }))
      yield* announce({ memberships: [["u-1", "red"]] })
      assert.strictEqual(codeOf(yield* remembered(question, Remembering.ROWS / 1000 - 1)), "member_model_denied")
    })))

  it.live("an absence it rests on counts for two seconds where a row may appear without a word", () =>
    Effect.scoped(Effect.gen(function*() {
      const { asked, remembered, tables } = yield* Remembering.make(world, false)
      const question = yield* asked(ask)
      yield* remembered(question, 0)
      const known = yield* remembered(question, 0)
      assert.strictEqual(yield* remembered(question, 1.9), known)
      tables.memberships.put(CoreTest.membership("u-1", "red", { models: ["o1"] }))
      assert.strictEqual(codeOf(yield* remembered(question, 2)), "member_model_denied")
    })))

  it.live("whoever listens gets every step", () =>
    Effect.scoped(Effect.gen(function*() {
      const { asked, known, remembered } = yield* warm
      const steps: Array<Noted> = []
      const told = yield* remembered(asked, 1, (step) => void steps.push(step))
      assert.notStrictEqual(told, known)
      assert.includeMembers(steps.map((it) => it.step), ["token", "team", "user", "model", "route"])
    })))

  it.live("threat D01: another token is another decision, and one that has expired is none", () =>
    Effect.scoped(Effect.gen(function*() {
      const { asked, known, remembered, tokenOf } = yield* warm
      const other = yield* tokenOf({ ...ask, claims: { uid: "u-2", groups: ["blue", "red"] } })
      assert.notStrictEqual(yield* remembered(other, 1), known)
      assert.strictEqual(codeOf(yield* remembered(asked, 600)), "token_expired")
    })))

  it.live("no token is kept with what is remembered", () =>
    Effect.scoped(Effect.gen(function*() {
      const { asked, known } = yield* warm
      const token = asked.rawHeaders[1]?.slice("Bearer ".length) ?? ""
      const seen = new Set<unknown>()
      const search = (value: unknown): boolean => {
        if (typeof value === "string") return value.includes(token)
        if (typeof value !== "object" || value === null || seen.has(value)) return false
        seen.add(value)
        return Reflect.ownKeys(value).some((key) => search(Reflect.get(value, key)))
      }
      assert.isFalse(search(known))
    })))

  it.live("a question that is too long to be kept is decided each time", () =>
    Effect.scoped(Effect.gen(function*() {
      const { asked, remembered } = yield* warm
      const long = { ...asked, path: `/v1/files/${"x".repeat(600)}` }
      yield* remembered(long, 1)
      assert.notStrictEqual(yield* remembered(long, 1), yield* remembered(long, 1))
    })))

  it.live("nothing is remembered over repositories that nobody remembers", () =>
    Effect.scoped(Effect.gen(function*() {
      const { anew, asked } = yield* warm
      yield* anew(asked, 0)
      assert.notStrictEqual(yield* anew(asked, 0), yield* anew(asked, 0))
    })))
})
