import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { look, publicKey, settings, store } from "../support/KeyStoreWorld.ts"

const A = "https://a.idp.test"

describe("KeyStore", () => {
  it.effect("threat A01, A02: an algorithm that the issuer does not allow costs no fetch", () => {
    const issuer = Hostile.HostileIssuer.make(A, [publicKey("a-es")])
    return Effect.gen(function*() {
      yield* look(A, "a-es")
      const before = issuer.count("/keys")
      for (const algorithm of ["none", "HS256", "RS256", "PS512"]) {
        for (const kid of ["a-es", "nope", undefined]) assert.strictEqual(yield* look(A, kid, algorithm), "unknown_key")
      }
      assert.strictEqual(issuer.count("/keys"), before)
      assert.strictEqual(yield* look(A, "nope"), "unknown_key")
      assert.strictEqual(issuer.count("/keys"), before + 1)
    }).pipe(Effect.provide(store([settings(A, { algorithms: ["ES256"] })], [issuer])))
  })
})
