import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, ManagedRuntime, Schema } from "effect"
import * as TestIssuer from "../src/testing/Issuer.ts"
import { Token } from "../src/Token.ts"
import { at, layer, now, verdict, world } from "./support/TokenWorld.ts"

const { a, b } = await world
const pool = [
  ...a.keys.slice(0, 3),
  ...(await Effect.runPromise(TestIssuer.make(b.iss, ["ES256", "RS256", "Ed25519"]))).keys
]

const live = ManagedRuntime.make(layer([a.settings()]))

/** The text with one bit of one character turned. */
const turned = (text: string, index: number, bit: number): string =>
  text.slice(0, index) + String.fromCharCode(text.charCodeAt(index) ^ (1 << bit)) + text.slice(index + 1)

const Index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))
const Bit = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 7 }))
const Kid = Schema.Literals(["1", "2", ""])

/** Up to four of three keys, under ids that repeat. */
const Members = Arbitrary.schema(
  Schema.Array(Schema.Tuple([Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 })), Kid])).check(
    Schema.isMaxLength(4)
  )
)

const jwks = (keys: ReadonlyArray<TestIssuer.TestKey>, members: ReadonlyArray<readonly [number, string]>) => ({
  keys: members.map(([i, kid]) => ({ ...keys[i]?.publicJwk, kid: kid === "" ? undefined : kid }))
})

describe("laws of Token", () => {
  it("any single turned bit of a good token, in any part, is refused", async () => {
    const token = await live.runPromise(Token)
    for (const kid of ["a.idp.test-es256", "a.idp.test-ed25519"]) {
      const good = await Effect.runPromise(a.token({ now, kid }))
      assert.strictEqual(await live.runPromise(verdict(good)), "accepted")
      for (let index = 0; index < good.length; index++) {
        for (let bit = 0; bit < 8; bit++) {
          const exit = Effect.runSyncExit(token.verify(turned(good, index, bit), at(now)))
          if (exit._tag === "Success") assert.fail(`bit ${bit} of character ${index} does not matter`)
        }
      }
    }
  })

  it.effect.prop(
    "the same for any claims and any algorithm",
    { claims: Schema.Record(Schema.String, Schema.Json), key: Index, index: Index, bit: Bit },
    ({ bit, claims, index, key }) =>
      Effect.gen(function*() {
        const { kid } = a.keys[key % a.keys.length] ?? a.key()
        const good = yield* a.token({ now, kid, claims: { extra: claims } })
        assert.strictEqual(yield* verdict(good), "accepted")
        assert.notStrictEqual(yield* verdict(turned(good, index % good.length, bit)), "accepted")
      }).pipe(Effect.provide(layer([a.settings()]))),
    { arbitrary: { runs: 150, seed: process.env["SEED"] ?? "jotgate" } }
  )

  it.effect.prop(
    "threat B03, B04: a token of one issuer never verifies under another, whatever the key sets are",
    { own: Members, others: Members, signer: Index, kid: Kid },
    ({ kid, others, own, signer }) =>
      Effect.gen(function*() {
        const settings = [
          a.settings({ jwks: jwks(pool.slice(0, 3), own) }),
          b.settings({ jwks: jwks(pool.slice(3), others) })
        ]
        const key = pool[signer % 3] ?? a.key()
        const header = { alg: key.algorithm, kid: kid === "" ? undefined : kid }
        const stolen = yield* TestIssuer.signAnything(key, header, TestIssuer.claimsOf(b.iss, now))
        assert.notStrictEqual(yield* verdict(stolen).pipe(Effect.provide(layer(settings))), "accepted")
      }),
    { arbitrary: { runs: 150, seed: process.env["SEED"] ?? "jotgate" } }
  )

  it.effect.prop(
    "a token is accepted from nbf to exp and at no other time, both moved by the skew",
    {
      start: Schema.Int.check(Schema.isBetween({ minimum: -500, maximum: 500 })),
      life: Index,
      skew: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 300 }))
    },
    ({ life, skew, start }) =>
      Effect.gen(function*() {
        const nbf = now + start
        const exp = nbf + (life % 600)
        const token = yield* a.token({ now, claims: { nbf, exp, iat: undefined } })
        const expected = now + skew < nbf ? "not_yet_valid" : now - skew >= exp ? "expired" : "accepted"
        const strict = layer([a.settings({ expiry: { skew: `${skew}s` } })])
        assert.strictEqual(yield* verdict(token).pipe(Effect.provide(strict)), expected)
      }),
    { arbitrary: { runs: 200, seed: process.env["SEED"] ?? "jotgate" } }
  )
})
