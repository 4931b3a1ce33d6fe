/** A key that goes while a signature is being checked with it: the check takes its time in runtimes other than Node. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Issuers } from "../../src/issuer/Issuer.ts"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import { SavedKeys } from "../../src/keys/SavedKeys.ts"
import { Secrets } from "../../src/settings/Secrets.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import * as TestIssuer from "../../src/testing/Issuer.ts"
import { Token } from "../../src/Token.ts"
import { Signature } from "../../src/token/Signature.ts"
import { now, publicKey, settings } from "../support/KeyStoreWorld.ts"
import { opaque } from "../support/TokenWorld.ts"

const A = "https://a.idp.test"

/** Takes a second for each check and finds every signature genuine. */
const slow = Layer.succeed(Signature, {
  digest: (text) => Exit.succeed(text),
  importKey: () => Exit.succeed(() => Effect.as(Effect.sleep("1 second"), true))
})

const world = Effect.gen(function*() {
  const idp = yield* TestIssuer.make(A)
  const issuer = Hostile.HostileIssuer.make(A, idp.jwks.keys)
  const live = Token.layer.pipe(
    Layer.provideMerge(KeyStore.layer),
    Layer.provide([
      Issuers.layer([settings(A, { audience: "https://api.test" })]),
      Hostile.layer(issuer),
      SavedKeys.layerMemory,
      Secrets.layerTest({}),
      slow,
      opaque()
    ])
  )
  return { idp, issuer, live }
})

/** How a token ends that is verified while `meanwhile` happens. */
const verified = Effect.fnUntraced(function*(text: string, meanwhile: Effect.Effect<unknown, unknown, KeyStore>) {
  const token = yield* Token
  const outcome = yield* Effect.forkChild(
    token.verify(text, yield* now).pipe(
      Effect.as("accepted"),
      Effect.catchTag("TokenRefused", ({ reason }) => Effect.succeed<string>(reason)),
      Effect.catchTag("IssuerUnavailable", () => Effect.succeed("503"))
    )
  )
  yield* TestClock.adjust("500 millis")
  yield* Effect.ignore(meanwhile)
  yield* TestClock.adjust("2 seconds")
  return yield* Fiber.join(outcome)
})

describe("a signature check in flight", () => {
  it.effect("proves nothing when the operator drops its key meanwhile, and counts when nothing happens", () =>
    Effect.gen(function*() {
      const { idp, live } = yield* world
      const text = yield* idp.token({ now: 0 })
      const kid = idp.key().kid
      yield* Effect.gen(function*() {
        yield* KeyStore.use((keys) => keys.refresh(A))
        assert.strictEqual(yield* verified(text, Effect.void), "accepted")
        assert.strictEqual(yield* verified(text, KeyStore.use((keys) => keys.drop(A, kid))), "signature")
        assert.strictEqual(yield* verified(text, Effect.void), "unknown_key")
      }).pipe(Effect.provide(live))
    }))

  it.effect("proves nothing when its key is removed meanwhile, and counts when only the others changed", () =>
    Effect.gen(function*() {
      const { idp, issuer, live } = yield* world
      const text = yield* idp.token({ now: 0 })
      const publish = (keys: ReadonlyArray<object>) =>
        KeyStore.use((store) => {
          issuer.on("/keys", Hostile.json({ keys }))
          return store.refresh(A)
        })
      yield* Effect.gen(function*() {
        yield* KeyStore.use((keys) => keys.refresh(A))
        assert.strictEqual(
          yield* verified(text, publish([publicKey("new"), ...idp.jwks.keys])),
          "accepted",
          "the set was replaced, the key is still in it"
        )
        assert.strictEqual(yield* verified(text, publish([publicKey("new")])), "signature")
      }).pipe(Effect.provide(live))
    }))
})
