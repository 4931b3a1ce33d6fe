import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { OpaqueToken } from "../../src/opaque/OpaqueToken.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { Token } from "../../src/Token.ts"
import { now, settings } from "../support/KeyStoreWorld.ts"
import { A, asked, B, introspecting, outcome, over, tokenOf, world } from "../support/OpaqueWorld.ts"

const active = { active: true, aud: "gate", sub: "u-1", client_id: "cli" }

describe("OpaqueToken with introspection (RFC 7662)", () => {
  it.effect("takes an active token for us, with the claims of the answer", () => {
    const { issuer, live } = world(introspecting(), Hostile.json({ ...active, "_litellm_role": "admin" }))
    return Effect.gen(function*() {
      const claims = yield* (yield* OpaqueToken).verify("t-1", yield* now)
      assert.strictEqual(claims.payload["sub"], "u-1")
      assert.strictEqual(claims.issuer.id, A)
      assert.deepStrictEqual(claims.verifiedBy, { _tag: "Introspection" })
      assert.deepStrictEqual(asked(issuer), [{ token: "t-1", token_type_hint: "access_token" }])
    }).pipe(Effect.provide(live))
  })

  it.effect.each(
    [
      ["inactive", { active: false }, "inactive"],
      ["not said to be active", { sub: "u-1", aud: "gate" }, "opaque_refused"],
      ["active in words", { ...active, active: "true" }, "opaque_refused"],
      ["past its end", { ...active, exp: 0 }, "inactive"],
      ["not valid yet", { ...active, nbf: 120 }, "not_yet_valid"],
      ["with an end that is no time", { ...active, exp: "soon" }, "time_claim"],
      ["of another issuer", { ...active, iss: B }, "issuer"],
      ["bound to a key of its sender (RULES D36)", { ...active, cnf: { jkt: "x" } }, "confirmation"],
      ["of type DPoP (RULES D36)", { ...active, token_type: "DPoP" }, "confirmation"],
      ["a refresh token", { ...active, token_type: "refresh_token" }, "token_kind"],
      ["with a subject that is no text", { ...active, sub: 1 }, "subject"],
      ["threat D05: of another client and audience", { ...active, aud: "other", client_id: "other" }, "opaque_client"],
      ["threat D05: without client and audience", { active: true, sub: "u-1" }, "opaque_client"],
      ["threat D05: for an audience that begins like ours", { ...active, aud: ["gateway"] }, "opaque_client"]
    ] as const
  )("refuses a token that is %s", ([, answer, reason]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* outcome("t"), reason)
    }).pipe(Effect.provide(world(introspecting(), Hostile.json(answer)).live)))

  it.effect("threat D05: accept names clients and audiences in place of the issuer's audience", () => {
    const accept = { clients: ["cli"], audiences: ["api"] }
    const answers: Record<string, object> = {
      client: { active: true, client_id: "cli" },
      audience: { active: true, aud: ["x", "api"], client_id: "other" },
      ours: { active: true, aud: "gate", client_id: "other" }
    }
    const { live } = world(
      introspecting({ accept }),
      Hostile.chosen((_, request) => Hostile.json(answers[tokenOf(request)] ?? {}))
    )
    return Effect.gen(function*() {
      assert.strictEqual(yield* outcome("client"), "allowed")
      assert.strictEqual(yield* outcome("audience"), "allowed")
      assert.strictEqual(yield* outcome("ours"), "opaque_client")
    }).pipe(Effect.provide(live))
  })

  it.effect.each(
    [
      ["its own client credentials are refused (401)", Hostile.json({ error: "invalid_client" }, {}, 401), "503"],
      ["its own client credentials are refused (400)", Hostile.json({ error: "invalid_client" }, {}, 400), "503"],
      ["it is forbidden to ask (403)", Hostile.status(403), "503"],
      ["the issuer fails", Hostile.status(500), "503"],
      ["the issuer is busy", Hostile.status(429), "503"],
      ["nobody is there", Hostile.refused, "503"],
      ["it is sent elsewhere", Hostile.redirect("https://canary.test/"), "503"],
      ["the answer has no end", Hostile.endless, "503"],
      [
        "the token is of a kind that is not introspected",
        Hostile.json({ error: "unsupported_token_type" }, {}, 400),
        "opaque_refused"
      ],
      ["the answer is HTML", Hostile.html, "opaque_refused"],
      ["the answer is a list", Hostile.json([active]), "opaque_refused"],
      [
        "the answer says active twice",
        Hostile.text("{\"active\":false,\"active\":true,\"aud\":\"gate\"}"),
        "opaque_refused"
      ]
    ] as const
  )("threat D06: when %s the token is %s", ([, behaviour, expected]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* outcome("t"), expected)
    }).pipe(Effect.provide(world(introspecting(), behaviour).live)))

  it.effect("threat D06: silence is 503 after 3 s", () =>
    Effect.gen(function*() {
      const waiting = yield* Effect.forkChild(outcome("t"))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(waiting), "503")
    }).pipe(Effect.provide(world(introspecting(), Hostile.silent).live)))

  it.effect("threat D01: a token that shares its beginning with a good one is asked for on its own", () => {
    const good = "g".repeat(200)
    const { issuer, live } = world(
      introspecting(),
      Hostile.chosen((_, request) => Hostile.json(tokenOf(request) === good ? active : { active: false }))
    )
    return Effect.gen(function*() {
      assert.strictEqual(yield* outcome(good), "allowed")
      for (const length of [20, 64, 128]) {
        const forged = `${good.slice(0, length)}junk`
        assert.strictEqual(yield* outcome(forged), "inactive")
        assert.strictEqual(yield* outcome(forged), "inactive")
      }
      assert.strictEqual(issuer.count("/introspect"), 4)
    }).pipe(Effect.provide(live))
  })

  it.effect("an answer is remembered for 60 s as an Exit, a refusal for 5 s, an outage not at all", () => {
    const answers: Record<string, Hostile.Behaviour> = {
      good: Hostile.json(active),
      bad: Hostile.json({ active: false }),
      down: Hostile.status(500)
    }
    const { issuer, live } = world(
      introspecting(),
      Hostile.chosen((_, request) => answers[tokenOf(request)] ?? Hostile.html)
    )
    const hits = (token: string) => asked(issuer).filter((it) => it.token === token).length
    return Effect.gen(function*() {
      const opaque = yield* OpaqueToken
      for (const token of ["good", "bad", "down", "good", "bad", "down"]) yield* outcome(token)
      assert.deepStrictEqual([hits("good"), hits("bad"), hits("down")], [1, 1, 2])
      assert.isTrue(Exit.isExit(opaque.verify("good", yield* now)))
      yield* TestClock.adjust("6 seconds")
      for (const token of ["good", "bad"]) yield* outcome(token)
      assert.deepStrictEqual([hits("good"), hits("bad")], [1, 2])
      yield* TestClock.adjust("55 seconds")
      yield* outcome("good")
      assert.strictEqual(hits("good"), 2)
    }).pipe(Effect.provide(live))
  })

  it.effect("threat D04: an answer is not remembered longer than the token lives", () => {
    const { live } = world(introspecting(), Hostile.json({ ...active, exp: 2 }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* outcome("t"), "allowed")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* outcome("t"), "allowed")
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* outcome("t"), "inactive")
    }).pipe(Effect.provide(live))
  })

  it.effect("threat D02: a token is asked for at the one issuer that its prefix names, and nowhere else", () => {
    const a = Hostile.HostileIssuer.make(A, []).on("/introspect", Hostile.json(active))
    const b = Hostile.HostileIssuer.make(B, []).on("/introspect", Hostile.json(active))
    const issuers = [settings(A, introspecting({}, A, "a_")), settings(B, introspecting({}, B, "a_b_"))]
    return Effect.gen(function*() {
      assert.strictEqual(yield* outcome("a_1"), "allowed")
      assert.strictEqual(yield* outcome("a_b_1"), "allowed")
      assert.strictEqual(yield* outcome("other"), "opaque_refused")
      assert.deepStrictEqual([asked(a), asked(b)].map((it) => it.map(({ token }) => token)), [["a_1"], ["a_b_1"]])
    }).pipe(Effect.provide(over(issuers, [a, b])))
  })

  it.effect("two issuers that fit alike are nobody, and an issuer that does not enable it is never asked", () => {
    const a = Hostile.HostileIssuer.make(A, [])
    return Effect.gen(function*() {
      const both = [settings(A, introspecting()), settings(B, introspecting({}, B))]
      assert.strictEqual(yield* outcome("t").pipe(Effect.provide(over(both, [a]))), "opaque_refused")
      assert.strictEqual(yield* outcome("t").pipe(Effect.provide(over([settings(A)], [a]))), "opaque_refused")
      assert.strictEqual(a.count("/introspect"), 0)
    })
  })

  it.effect("threat D07: a flood of random tokens causes 10 calls a second, the rest is 503, and good tokens go on", () => {
    const { issuer, live } = world(
      introspecting(),
      Hostile.chosen((_, request) => Hostile.json(tokenOf(request) === "good" ? active : { active: false }))
    )
    return Effect.gen(function*() {
      yield* outcome("good")
      const outcomes = new Map<string, number>()
      for (let token = 0; token < 3_000; token++) {
        const ended = yield* outcome(`random-${token}`)
        outcomes.set(ended, (outcomes.get(ended) ?? 0) + 1)
        if (token % 100 === 0) assert.strictEqual(yield* outcome("good"), "allowed")
        yield* TestClock.adjust("10 millis")
      }
      assert.isAtMost(issuer.densest("/introspect", 1_000), 10)
      assert.deepStrictEqual([...outcomes.keys()].toSorted(), ["503", "inactive"])
    }).pipe(Effect.provide(live))
  })

  it.effect("concurrent callers of one token share one call, and the first one's hanging up cancels nothing", () => {
    const { issuer, live } = world(introspecting(), Hostile.slow(1_000, Hostile.json(active)))
    return Effect.gen(function*() {
      const callers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(outcome("t")))
      yield* TestClock.adjust("500 millis")
      const [first, ...others] = callers
      if (first === undefined) return assert.fail("no caller")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(yield* Fiber.joinAll(others), ["allowed", "allowed"])
      assert.strictEqual(issuer.count("/introspect"), 1)
    }).pipe(Effect.provide(live))
  })

  it.effect("threat D09: a JWT is never asked for, whatever is wrong with it (RULES D9)", () => {
    const { issuer, live } = world(introspecting(), Hostile.json(active))
    return Effect.gen(function*() {
      const token = yield* Token
      for (const jwt of ["eyJhbGciOiJub25lIn0.e30.", "a.b.c", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA", ".."]) {
        assert.isTrue(Exit.isFailure(yield* Effect.exit(token.verify(jwt, yield* now))))
      }
      assert.strictEqual(issuer.count("/introspect"), 0)
    }).pipe(Effect.provide(Layer.provideMerge(Token.layer, live)))
  })

  it.effect("threat D08: bytes that are no token reach nobody", () => {
    const { issuer, live } = world(introspecting(), Hostile.json(active))
    return Effect.gen(function*() {
      const token = yield* Token
      for (const bytes of ["a\tb", "a,b", "\"a\"", "a;b", "é", "' OR 1=1--", ".".repeat(15_000)]) {
        assert.isTrue(Exit.isFailure(yield* Effect.exit(token.verify(bytes, yield* now))), bytes)
      }
      assert.strictEqual(issuer.count("/introspect"), 0)
    }).pipe(Effect.provide(Layer.provideMerge(Token.layer, live)))
  })
})
