import { assert, describe, it } from "@effect/vitest"
import { CoreTest } from "@jotgate/core/testing"
import { Effect, Schema } from "effect"
import { world } from "../src/policy/Policy.ts"

const Groups = Schema.Array(Schema.Literals(["research", "interns", "sales"]))
const Model = Schema.Literals(["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "o1"])
const Path = Schema.Literals(["/v1/chat/completions", "/v1/embeddings", "/key/generate", "/user/new", "/v1/models"])
const options = { arbitrary: { runs: 60, seed: process.env["SEED"] ?? "jotgate" } }

const ask = (question: CoreTest.Ask) =>
  CoreTest.CoreTest.use((pipeline) => pipeline.ask(question)).pipe(Effect.provide(CoreTest.CoreTest.layer(world)))

describe("the policy", () => {
  it.effect.prop("nobody without the admin scope manages anything", { groups: Groups, path: Path, model: Model }, ({
    groups,
    model,
    path
  }) =>
    Effect.gen(function*() {
      const verdict = yield* ask({ claims: { uid: "u", groups }, path, model })
      if (path === "/key/generate" || path === "/user/new") assert.isFalse(verdict.allowed)
    }), options)

  it.effect.prop("interns alone never reach a large model", { model: Model }, ({ model }) =>
    Effect.gen(function*() {
      const verdict = yield* ask({ claims: { uid: "u", groups: ["interns"] }, model })
      assert.strictEqual(verdict.allowed, model === "gpt-4o-mini")
    }), options)

  it.effect.prop("more groups never take anything away", { fewer: Groups, more: Groups, model: Model }, ({
    fewer,
    model,
    more
  }) =>
    Effect.gen(function*() {
      const small = yield* ask({ claims: { uid: "u", groups: fewer }, model })
      const large = yield* ask({ claims: { uid: "u", groups: [...fewer, ...more] }, model })
      if (small.allowed) assert.isTrue(large.allowed)
    }), options)
})
