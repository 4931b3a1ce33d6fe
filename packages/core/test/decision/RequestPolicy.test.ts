import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { RequestFacts } from "../../src/decision/RequestPolicy.ts"
import { namesOf, severalModels, unnamedModel, unseenModel } from "../../src/Request.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { CustomDenied, CustomUnavailable } from "../../src/token/ClaimsPolicy.ts"

const rows = { users: [CoreTest.user("u-1")], teams: [CoreTest.team("red", { models: ["gpt-4o*"] })] }
const ask = { claims: { uid: "u-1", groups: ["red"] }, model: "gpt-4o" }

const denying: CoreTest.World = { rows, rule: { check: () => Effect.fail(new CustomDenied({ reason: "lunch" })) } }

describe("RequestPolicy", () => {
  it.effect("sees who is calling and what is asked, when nothing else objects", () =>
    Effect.gen(function*() {
      const seen: Array<RequestFacts> = []
      const world = { rows, rule: { check: (facts: RequestFacts) => Effect.sync(() => void seen.push(facts)) } }
      const verdict = yield* CoreTest.ask(world, ask)
      assert.strictEqual(verdict.line, "allow user=u-1 team=red")
      assert.deepStrictEqual(
        seen.map((
          { identity, method, model, path, principal }
        ) => [identity.user, principal.teamId, method, path, model._tag]),
        [["u-1", "red", "POST", "/v1/chat/completions", "Known"]]
      )
      assert.strictEqual((yield* CoreTest.ask(world, { ...ask, model: "o1" })).code, "team_model_denied")
      assert.lengthOf(seen, 1)
    }))

  it.effect("is told what an alias means, and the name that was asked for besides", () =>
    Effect.gen(function*() {
      const seen: Array<readonly [tag: string, ...names: ReadonlyArray<string>]> = []
      const check = ({ model }: RequestFacts) => Effect.sync(() => void seen.push([model._tag, ...namesOf(model)]))
      const world: CoreTest.World = {
        policy: { modelAliases: { smart: "gpt-5", "gpt-4o": "gpt-4o-2026" } },
        rows: { users: rows.users, teams: [CoreTest.team("red", { modelAliases: { ours: "smart", plain: "o1" } })] },
        rule: { check }
      }
      for (const model of ["o1", "smart", "ours", "plain", "gpt-4o"]) {
        assert.isTrue((yield* CoreTest.ask(world, { ...ask, model })).allowed, model)
      }
      yield* CoreTest.ask(world, { ...ask, model: severalModels(["o1", "ours"]) })
      assert.deepStrictEqual(seen, [
        ["Known", "o1"],
        ["Known", "gpt-5", "smart"],
        ["Known", "gpt-5", "smart", "ours"],
        ["Known", "o1", "plain"],
        ["Known", "gpt-4o-2026", "gpt-4o"],
        ["Several", "o1", "gpt-5", "smart", "ours"]
      ])
    }))

  it.effect("is never asked about what is not seen, though the next hop would keep to what may be called", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = { rows: { users: rows.users, teams: [CoreTest.team("red")] } }
      for (const model of [unseenModel, unnamedModel, { _tag: "Unseen", names: [], enforced: true } as const]) {
        assert.isTrue((yield* CoreTest.ask(world, { ...ask, model })).allowed)
        const ruled = yield* CoreTest.ask({ ...world, rule: { check: () => Effect.void } }, { ...ask, model })
        assert.strictEqual(ruled.line, model._tag === "Unnamed" ? "403 model_unnamed" : "403 model_unseen")
      }
    }))

  it.effect("denies with 403 custom_denied, and its reason is a step", () =>
    Effect.gen(function*() {
      const verdict = yield* CoreTest.ask(denying, ask)
      assert.strictEqual(verdict.line, "403 custom_denied")
      assert.deepStrictEqual(verdict.steps.at(-1), {
        step: "rule",
        outcome: "denied",
        facts: { code: "custom_denied", reason: "lunch" }
      })
    }))

  it.effect("a failing rule is 503, never an allow", () =>
    Effect.gen(function*() {
      const rule = { check: () => Effect.fail(new CustomUnavailable({ reason: "away" })) }
      assert.strictEqual((yield* CoreTest.ask({ rows, rule }, ask)).line, "503 custom_unavailable")
    }))

  it.effect("admins are asked about too, an open route never", () =>
    Effect.gen(function*() {
      const world = { ...denying, issuer: { adminScope: "admin" }, policy: { openRoutes: ["/status"] } }
      const admin = yield* CoreTest.ask(world, {
        ...ask,
        claims: { uid: "u-1", scope: "admin" },
        path: "/key/generate"
      })
      assert.strictEqual(admin.line, "403 custom_denied")
      assert.isTrue((yield* CoreTest.ask(world, { token: null, path: "/status" })).allowed)
    }))

  it.effect("is asked each time, also when the decision is remembered, and nothing is written when it denies", () =>
    Effect.gen(function*() {
      let open = true
      const world: CoreTest.World = {
        rows: { teams: rows.teams },
        directory: { users: { create: true } },
        rule: { check: () => open ? Effect.void : Effect.fail(new CustomDenied({ reason: "closed" })) }
      }
      const it = yield* Effect.provide(CoreTest.CoreTest, CoreTest.CoreTest.layer(world))
      open = false
      const token = yield* it.token({ uid: "new", groups: ["red"] })
      assert.strictEqual((yield* it.ask({ ...ask, token })).code, "custom_denied")
      assert.lengthOf(it.tables.users.all(), 0)
      open = true
      for (let round = 0; round < 3; round++) assert.isTrue((yield* it.quietly({ ...ask, token })).allowed)
      open = false
      assert.strictEqual((yield* it.quietly({ ...ask, token })).code, "custom_denied")
    }))
})
