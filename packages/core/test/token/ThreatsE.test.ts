/** Threats E12 and E17, and D08, as far as tokens go: what a refusal tells, and what judging garbage costs. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { problem } from "../../src/Errors.ts"
import * as TestIssuer from "../../src/testing/Issuer.ts"
import { Token } from "../../src/Token.ts"
import { codeOf, RefusalReason, shown, TokenRefused } from "../../src/token/Refusal.ts"
import { at, layer, now, verdict, world } from "../support/TokenWorld.ts"

const { a, b } = await world
const A = layer([a.settings(), b.settings()])

/** What the operator learns about a token. */
const facts = (token: Effect.Effect<string>) =>
  Effect.flatMap(token, (text) => Token.use((it) => it.verify(text, at(now)))).pipe(
    Effect.flip,
    Effect.map((refused) => refused.facts)
  )

/** The shortest of some runs, in milliseconds. */
const shortest = (run: () => void): number =>
  Math.min(...Array.from({ length: 15 }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  }))

describe("threats E: what a refusal tells and costs", () => {
  it("threat E12: one constant body for every cause, except a token that is good but over", () => {
    const bodies = RefusalReason.literals.map((reason) => {
      const code = codeOf(new TokenRefused({ reason, facts: { error: "never shown" } }))
      return [reason, JSON.stringify(problem(code, "d_1"))] as const
    })
    const invalid = JSON.stringify(problem("invalid_token", "d_1"))
    for (const [reason, body] of bodies) {
      assert.strictEqual(body, reason === "expired" ? JSON.stringify(problem("token_expired", "d_1")) : invalid, reason)
      assert.notInclude(body, "never shown")
    }
  })

  it.effect("threat E12: `expired` is said only of a token whose signature and all else is good", () =>
    Effect.gen(function*() {
      const over = { iat: now - 900, exp: now - 600 }
      assert.strictEqual(yield* Effect.flatMap(a.token({ now, claims: over }), verdict), "expired")
      const forged = TestIssuer.signAnything(
        b.key(),
        TestIssuer.headerOf(a.key()),
        TestIssuer.claimsOf(a.iss, now, over)
      )
      assert.strictEqual(yield* Effect.flatMap(forged, verdict), "signature")
      for (
        const [claims, reason] of [[{ aud: "x" }, "audience"], [{ sub: 1 }, "subject"], [
          { cnf: {} },
          "confirmation"
        ]] as const
      ) {
        assert.strictEqual(yield* Effect.flatMap(a.token({ now, claims: { ...over, ...claims } }), verdict), reason)
      }
    }).pipe(Effect.provide(A)))

  it.effect("threat E12: the causes do not differ by 5 ms at the median", () =>
    Effect.gen(function*() {
      const token = yield* Token
      const over = { iat: now - 900, exp: now - 600 }
      const causes = [
        yield* a.token({ now, header: { kid: "x" } }),
        `${(yield* a.token({ now })).slice(0, -4)}AAAA`,
        yield* a.token({ now, claims: over })
      ]
      const took = (text: string) => {
        const start = performance.now()
        Effect.runSyncExit(token.verify(text, at(now)))
        return performance.now() - start
      }
      // In turn, so that whatever else the machine does meets all of them.
      const rounds = Array.from({ length: 101 }, () => causes.map(took))
      const medians = causes.map((_, which) =>
        rounds.map((round) => round[which] ?? Infinity).toSorted((left, right) => left - right)[50] ?? Infinity
      )
      assert.isBelow(Math.max(...medians) - Math.min(...medians), 5)
    }).pipe(Effect.provide(A)))

  it.effect("the operator learns what was expected and what was found, and by how much the clocks differ", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* facts(a.token({ now, claims: { aud: ["x", "y"] } })), {
        expected: ["https://api.test"],
        found: ["x", "y"]
      })
      assert.deepStrictEqual(yield* facts(a.token({ now, claims: { iat: now - 900, exp: now - 600 } })), {
        exp: now - 600,
        now,
        difference: -600,
        skew: 60
      })
      assert.deepStrictEqual(yield* facts(a.token({ now, claims: { iat: now + 90, exp: now + 99 } })), {
        iat: now + 90,
        now,
        difference: 90,
        skew: 60
      })
      assert.deepInclude(yield* facts(a.token({ now, header: { alg: "HS256" } })), { found: "HS256" })
      assert.deepInclude(yield* facts(a.token({ now, claims: { iss: "https://c.test" } })), { found: "https://c.test" })
      assert.deepInclude(yield* facts(a.token({ now, header: { kid: "x" } })), { kid: "x" })
    }).pipe(Effect.provide(A)))

  it("threat A08, B12: what an operator sees of a token is cut and escaped", () => {
    assert.strictEqual(shown("k".repeat(65)), `${"k".repeat(64)}…`)
    assert.strictEqual(shown("k".repeat(64)), "k".repeat(64))
    assert.strictEqual(shown("k".repeat(300), 256), `${"k".repeat(256)}…`)
    assert.strictEqual(
      shown("u-1\r\nX-Org: o-2\u2028\u202e\ud800\u0085"),
      "u-1\\u{d}\\u{a}X-Org: o-2\\u{2028}\\u{202e}\\u{d800}\\u{85}"
    )
    assert.deepStrictEqual(shown(["a", 1, null, { b: 1 }]), ["a", 1, null, "(object)"])
    assert.deepStrictEqual(shown(Array.from({ length: 9 }, () => 1)), [1, 1, 1, 1, 1, 1, 1, 1, "…"])
    assert.strictEqual(shown(undefined), "(absent)")
  })

  it.effect("no fact holds the token or its signature", () =>
    Effect.gen(function*() {
      for (const changes of [{ aud: 1 }, { exp: now - 999, iat: now - 1000 }, { iss: "x" }, { cnf: {} }]) {
        const token = yield* a.token({ now, claims: changes })
        const told = JSON.stringify(yield* facts(Effect.succeed(token)))
        for (const part of token.split(".")) assert.notInclude(told, part)
      }
    }).pipe(Effect.provide(A)))

  it.effect("threat E17: hostile input is refused by its length, before anything reads it", () =>
    Effect.gen(function*() {
      const token = yield* Token
      const signature = "A".repeat(86)
      const nested = TestIssuer.part("[".repeat(1_000_000))
      const inputs = {
        "64 MB of dots": ".".repeat(64_000_000),
        "10 MB of payload": `${TestIssuer.part({ alg: "ES256" })}.${"A".repeat(10_000_000)}.${signature}`,
        "a header of 1 MB of lists": `${nested}.e30.${signature}`,
        "16 kB of dots": ".".repeat(16_000),
        "16 kB of lists": `${TestIssuer.part("[".repeat(8_000))}.e30.${signature}`,
        "16 kB of escapes": `${TestIssuer.part(`{"${"\\u0061".repeat(1_900)}`)}.e30.${signature}`,
        "16 kB of members": `${
          TestIssuer.part(`{${Array.from({ length: 900 }, (_, i) => `"m${i}":1`).join()}`)
        }.e30.${signature}`
      }
      for (const [name, input] of Object.entries(inputs)) {
        const judge = () => Effect.runSyncExit(token.verify(input, at(now)))
        assert.strictEqual(judge()._tag, "Failure", name)
        // A millisecond is wanted, and kept where nothing else runs.
        assert.isBelow(shortest(judge), 5, name)
      }
    }).pipe(Effect.provide(A)))

  it.effect("the length of a token is limited as configured", () =>
    Effect.gen(function*() {
      const token = yield* a.token({ now, claims: { filler: "x".repeat(9_000) } })
      assert.strictEqual(yield* verdict(token).pipe(Effect.provide(A)), "accepted")
      assert.strictEqual(
        yield* verdict(token).pipe(Effect.provide(layer([a.settings()], { maxLength: 8_192 }))),
        "too_long"
      )
      const long = yield* a.token({ now, claims: { filler: "x".repeat(20_000) } })
      assert.strictEqual(yield* verdict(long).pipe(Effect.provide(A)), "too_long")
      assert.strictEqual(
        yield* verdict(long).pipe(Effect.provide(layer([a.settings()], { maxLength: 32_768 }))),
        "accepted"
      )
    }))

  it.effect("threat D08, D09: only what can be an opaque token reaches its issuer, and never what looks like a JWT", () => {
    const seen: Array<string> = []
    return Effect.gen(function*() {
      const good = yield* a.token({ now })
      for (
        const text of [
          "a\tb",
          "a,b",
          "\"a\"",
          "a;b",
          "zoë",
          "' OR 1=1--",
          ".".repeat(15_000),
          "",
          "=",
          "a=b",
          "a b",
          `${good}x`,
          yield* a.token({ now, claims: { exp: 1, iat: 0 } }),
          yield* a.token({ now, claims: { iss: "https://c.test" } }),
          "a.b.c",
          ".."
        ]
      ) assert.notStrictEqual(yield* verdict(text), "accepted", text)
      assert.deepStrictEqual(seen, [])
      for (const text of ["opaque", "a.b", "ya29.a0~x+/==", "a.b.c.d.e"]) yield* verdict(text)
      assert.deepStrictEqual(seen, ["opaque", "a.b", "ya29.a0~x+/==", "a.b.c.d.e"])
    }).pipe(Effect.provide(layer([a.settings()], { seen })))
  })
})
