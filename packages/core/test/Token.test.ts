import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as TestIssuer from "../src/testing/Issuer.ts"
import { Token } from "../src/Token.ts"
import { Signature } from "../src/token/Signature.ts"
import { at, layer, now, verdict, verdicts, world } from "./support/TokenWorld.ts"

const { a, b } = await world

describe("Token", () => {
  it.effect("accepts a good token of every algorithm, on node:crypto and on WebCrypto alike", () =>
    Effect.gen(function*() {
      for (const signature of [undefined, Signature.layer]) {
        const live = layer([a.settings()], signature === undefined ? {} : { signature })
        for (const { kid } of a.keys) {
          const token = yield* a.token({ now, kid })
          assert.strictEqual(yield* verdict(token).pipe(Effect.provide(live)), "accepted", kid)
        }
      }
    }))

  it.effect("answers at once, as an Exit, when the key is in memory", () =>
    Effect.gen(function*() {
      const token = yield* Token
      const good = yield* a.token({ now })
      assert.isTrue(Exit.isExit(token.verify(good, at(now))))
      assert.isTrue(Exit.isExit(token.verify(`${good}x`, at(now))))
    }).pipe(Effect.provide(layer([a.settings()]))))

  it.effect("tells the claims, the issuer, the end of life and how it was verified", () =>
    Effect.gen(function*() {
      const token = yield* Token
      const claims = yield* token.verify(yield* a.token({ now }), at(now))
      assert.strictEqual(claims.issuer.id, "a.idp.test")
      assert.strictEqual(claims.payload.sub, "u-1")
      assert.isUndefined(claims.payload["constructor"])
      assert.strictEqual(claims.expiresAt, (now + 300) * 1000)
      assert.deepStrictEqual(claims.verifiedBy, { _tag: "Signature", algorithm: "ES256", kid: "a.idp.test-es256" })
    }).pipe(Effect.provide(layer([a.settings(), b.settings()]))))

  it.effect("RULES D8: EdDSA and Ed25519 name one algorithm, in the token, the set and the settings", () =>
    Effect.gen(function*() {
      const tokens = Object.fromEntries(
        ["a.idp.test-ed25519", "a.idp.test-eddsa"].flatMap((kid) =>
          ["EdDSA", "Ed25519"].map((alg) => [`${kid} ${alg}`, a.token({ now, kid, header: { alg } })])
        )
      )
      for (const algorithms of [["EdDSA"], ["Ed25519"], ["EdDSA", "ES256"]]) {
        const found = yield* verdicts(tokens).pipe(Effect.provide(layer([a.settings({ algorithms })])))
        assert.deepStrictEqual(new Set(Object.values(found)), new Set(["accepted"]))
      }
    }))

  it.effect("RULES D8: no kid is enough only when exactly one key fits", () =>
    Effect.gen(function*() {
      const [es256, rs256] = a.keys
      if (es256 === undefined || rs256 === undefined) return assert.fail("no keys")
      const second = yield* TestIssuer.makeKey("ES256", "second")
      const token = a.token({ now, header: { kid: undefined } })
      const live = (...keys: ReadonlyArray<TestIssuer.TestKey>) =>
        layer([a.settings({ jwks: { keys: keys.map((it) => it.publicJwk) } })])
      assert.strictEqual(yield* Effect.flatMap(token, verdict).pipe(Effect.provide(live(es256, rs256))), "accepted")
      assert.strictEqual(yield* Effect.flatMap(token, verdict).pipe(Effect.provide(live(es256, second))), "unknown_key")
      assert.strictEqual(yield* Effect.flatMap(token, verdict).pipe(Effect.provide(live(rs256))), "unknown_key")
    }))

  it.effect("RULES D1: `any` takes what no other entry lists, a missing iss included, never an empty one or one that is no text", () =>
    Effect.gen(function*() {
      const any = a.settings({ id: "any", issuer: "any" })
      const found = yield* verdicts({
        other: a.token({ now, claims: { iss: "https://whoever.test" } }),
        missing: a.token({ now, claims: { iss: undefined } }),
        empty: a.token({ now, claims: { iss: "" } }),
        number: a.token({ now, claims: { iss: 7 } }),
        null: a.token({ now, claims: { iss: null } }),
        list: a.token({ now, claims: { iss: ["https://whoever.test"] } }),
        listed: a.token({ now, claims: { iss: b.iss } })
      }).pipe(Effect.provide(layer([any, b.settings()])))
      assert.deepStrictEqual(found, {
        other: "accepted",
        missing: "accepted",
        empty: "issuer",
        number: "issuer",
        null: "issuer",
        list: "issuer",
        listed: "unknown_key"
      })
    }))

  it.effect("an issuer whose keys cannot be had is 503 whatever its token says", () =>
    Effect.gen(function*() {
      const found = yield* verdicts({
        good: a.token({ now }),
        "algorithm that is not allowed": a.token({ now, header: { alg: "HS256" } }),
        "unknown kid": a.token({ now, header: { kid: "unheard-of" } }),
        malformed: `${yield* a.token({ now })}.`
      }).pipe(Effect.provide(layer([a.settings({ jwks: { keys: [] } })])))
      assert.deepStrictEqual(found, {
        good: "unavailable",
        "algorithm that is not allowed": "unavailable",
        "unknown kid": "unavailable",
        malformed: "opaque_refused"
      })
    }))
})
