/** What is remembered of tokens is what would be found out anew, whatever tokens, time, keys and the deny list do. */
import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as VerifiedTokens from "../../src/decision/VerifiedTokens.ts"
import { ClaimExtractor } from "../../src/identity/ClaimExtractor.ts"
import { Issuers } from "../../src/issuer/Issuer.ts"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import { SavedKeys } from "../../src/keys/SavedKeys.ts"
import { Policy } from "../../src/rules/Policy.ts"
import { Secrets } from "../../src/settings/Secrets.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import * as TestIssuer from "../../src/testing/Issuer.ts"
import { Token } from "../../src/Token.ts"
import * as NodeSignature from "../../src/token/NodeSignature.ts"
import { codeOf } from "../../src/token/Refusal.ts"
import { Revocation } from "../../src/token/Revocation.ts"
import { Signature } from "../../src/token/Signature.ts"
import { now } from "../support/KeyStoreWorld.ts"
import { opaque } from "../support/TokenWorld.ts"

const iss = "https://idp.test"
const settings = CoreTest.settingsOf({})
const kids = ["k-1", "k-2", "k-3"] as const
const keys = await Effect.runPromise(Effect.forEach(kids, (kid) => TestIssuer.makeKey("ES256", kid)))

const Kid = Schema.Literals(kids)
const Event = Schema.Union([
  Schema.Struct({
    _tag: Schema.Literal("Asked"),
    kid: Kid,
    life: Schema.Literals([20, 90, 3_000]),
    jti: Schema.Literals(["j-1", "j-2"]),
    is: Schema.Literals(["good", "early", "forged", "of another audience", "again"])
  }),
  Schema.Struct({ _tag: Schema.Literal("Waited"), seconds: Schema.Literals([1, 6, 29, 61, 400]) }),
  Schema.Struct({ _tag: Schema.Literal("Published"), kids: Schema.Array(Kid).check(Schema.isMaxLength(3)) }),
  Schema.Struct({ _tag: Schema.Literal("Refreshed") }),
  Schema.Struct({ _tag: Schema.Literal("Dropped"), kid: Kid }),
  Schema.Struct({ _tag: Schema.Literal("Down") }),
  Schema.Struct({
    _tag: Schema.Literal("Denied"),
    jti: Schema.Literals(["j-1", "j-2"]),
    seconds: Schema.Literals([5, 500])
  })
])
type Event = typeof Event.Type

const world = () => {
  const issuer = Hostile.HostileIssuer.make(iss, [keys[0]?.publicJwk])
  const live = Layer.mergeAll(ClaimExtractor.layer, Token.layer).pipe(
    Layer.provideMerge(KeyStore.layer),
    Layer.provideMerge(Revocation.layerMemory),
    Layer.provideMerge(NodeSignature.layer),
    Layer.provide([
      Issuers.layer(settings.issuers),
      Hostile.layer(issuer),
      SavedKeys.layerMemory,
      Secrets.layerTest({}),
      opaque()
    ])
  )
  return { issuer, live }
}

/** A verifier with a memory and one without, over the same keys and the same deny list. */
const verifiers = Effect.gen(function*() {
  const sources = {
    signature: yield* Signature,
    token: yield* Token,
    extractor: yield* ClaimExtractor,
    keys: yield* KeyStore,
    revocation: yield* Revocation,
    policy: new Policy(settings)
  }
  const verdict = (verify: VerifiedTokens.Verify, token: string) =>
    Effect.flatMap(now, (it) => verify(token, it)).pipe(
      Effect.map(({ identity }) => `accepted ${identity.user}`),
      // What the caller sees: a bad signature is remembered as one for 5 s, whatever else would be said of it by then.
      Effect.catchTag("TokenRefused", (refused) => Effect.succeed<string>(codeOf(refused))),
      Effect.catchTag("IssuerUnavailable", () => Effect.succeed("issuer_unavailable"))
    )
  const [remembering, anew] = [VerifiedTokens.make(sources, 100), VerifiedTokens.make(sources, 0)]
  return {
    remembered: (token: string) => verdict(remembering, token),
    anew: (token: string) => verdict(anew, token)
  }
})

/** The token of an event, made at this moment. */
const tokenOf = Effect.fnUntraced(function*({ is, jti, kid, life }: Extract<Event, { readonly _tag: "Asked" }>) {
  const at = Math.floor((yield* now).time / 1000)
  const key = keys.find((it) => it.kid === kid)
  const other = keys.find((it) => it.kid !== kid)
  if (key === undefined || other === undefined) return yield* Effect.die("no key")
  const claims = {
    iss,
    aud: is === "of another audience" ? "other" : "gate",
    uid: jti,
    jti,
    iat: at,
    exp: at + life,
    ...(is === "early" ? { nbf: at + 100 } : {})
  }
  return yield* TestIssuer.signAnything(is === "forged" ? other : key, TestIssuer.headerOf(key), claims)
})

const apply = Effect.fnUntraced(function*(event: Event, issuer: Hostile.HostileIssuer) {
  const store = yield* KeyStore
  switch (event._tag) {
    case "Waited":
      return yield* TestClock.adjust(`${event.seconds} seconds`)
    case "Published": {
      const set = keys.filter((it) => event.kids.some((kid) => kid === it.kid)).map((it) => it.publicJwk)
      return void issuer.on("/keys", Hostile.json({ keys: set }))
    }
    case "Refreshed":
      return yield* Effect.ignore(store.refresh("idp"))
    case "Dropped":
      return yield* store.drop("idp", event.kid)
    case "Down":
      return void issuer.on("/keys", Hostile.status(500))
    case "Denied": {
      const expiresAt = Math.floor((yield* now).time / 1000) + event.seconds
      return yield* Effect.orDie((yield* Revocation).add({ issuer: iss, jti: event.jti, expiresAt }))
    }
    case "Asked":
  }
})

it.effect.prop(
  "with and without a memory the verdict is the same, for any sequence of tokens, clock steps and key changes",
  { events: Arbitrary.schema(Schema.Array(Event).check(Schema.isMinLength(10), Schema.isMaxLength(30))) },
  ({ events }) => {
    const { issuer, live } = world()
    return Effect.gen(function*() {
      const { anew, remembered } = yield* verifiers
      let token = yield* tokenOf({ _tag: "Asked", kid: "k-1", life: 90, jti: "j-1", is: "good" })
      for (const event of events) {
        if (event._tag === "Asked" && event.is !== "again") token = yield* tokenOf(event)
        yield* apply(event, issuer)
        for (let again = 0; again < 2; again++) {
          const fresh = yield* anew(token)
          assert.strictEqual(yield* remembered(token), fresh, JSON.stringify(event))
        }
      }
    }).pipe(Effect.provide(live))
  },
  { arbitrary: { runs: 200, seed: process.env["SEED"] ?? "jotgate" }, timeout: 60_000 }
)
