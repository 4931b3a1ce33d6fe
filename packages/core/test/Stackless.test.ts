import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { DirectoryUnavailable, RowAmbiguous, RowNotFound } from "../src/directory/Directory.ts"
import { Codes, deny, Details, Forbidden, Unauthenticated, Unavailable } from "../src/Errors.ts"
import { stackless } from "../src/Stackless.ts"
import { CustomDenied } from "../src/token/ClaimsPolicy.ts"

describe("denials and row errors", () => {
  it.effect("can be yielded", () =>
    Effect.gen(function*() {
      const raise = Effect.gen(function*() {
        return yield* new Forbidden({ code: "team_denied" })
      })
      assert.strictEqual((yield* Effect.flip(raise)).code, "team_denied")
      const absent = Effect.gen(function*() {
        return yield* new RowNotFound({ kind: "user" })
      })
      assert.strictEqual((yield* Effect.flip(absent)).kind, "user")
    }))

  it("are errors where a promise is rejected with them, and say what the caller is told", async () => {
    const rejected = async (error: Effect.Effect<never, unknown>): Promise<unknown> =>
      Effect.runPromise(error).then(() => undefined, (reason: unknown) => reason)
    const denied = await rejected(Effect.fail(new Unauthenticated({ code: "token_missing" })))
    assert.instanceOf(denied, Unauthenticated)
    assert.instanceOf(denied, Error)
    assert.strictEqual(denied.message, Details.token_missing)
    for (
      const error of [
        new RowAmbiguous({ kind: "team" }),
        new DirectoryUnavailable({ operation: "users" }),
        new CustomDenied({ reason: "lunch" })
      ]
    ) assert.instanceOf(await rejected(Effect.fail(error)), Error)
  })

  it("that a decision raises hold no stack, with a scope or without", () => {
    for (const code of [...Codes[400], ...Codes[401], ...Codes[403], ...Codes[404], ...Codes[429]]) {
      for (const exit of [deny(code), deny(code, ["llm.chat"])]) {
        const denial = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
        assert.strictEqual(denial?._tag, "Fail")
        if (denial?._tag === "Fail") assert.notMatch(denial.error.stack ?? "", /\n\s+at /, code)
      }
    }
  })

  it("the limit of stacks is as before, also when making fails", () => {
    const before = Error.stackTraceLimit
    assert.notMatch(stackless(() => new Unavailable({ code: "overloaded", retryAfter: 1 })).stack ?? "", /\n\s+at /)
    assert.throws(() =>
      stackless(() => {
        throw new RangeError("no")
      })
    )
    assert.strictEqual(Error.stackTraceLimit, before)
    assert.match(new Forbidden({ code: "team_denied" }).stack ?? "", /\n\s+at /)
  })
})
