/** What the tests of the key store share: public keys, settings of issuers, and a store over hostile issuers. */
import { type Clock, Effect, Exit, Layer, Schema } from "effect"
import { generateKeyPairSync } from "node:crypto"
import { fromClock } from "../../src/cache/Ticks.ts"
import { Issuers } from "../../src/issuer/Issuer.ts"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import { SavedKeys } from "../../src/keys/SavedKeys.ts"
import { Issuer } from "../../src/Settings.ts"
import { Secrets } from "../../src/settings/Secrets.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { Signature } from "../../src/token/Signature.ts"
import type { Now } from "../../src/Trace.ts"

/** A new public key as a member of a set. */
export const publicKey = (kid: string) => ({
  ...generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" }),
  kid,
  alg: "ES256",
  use: "sig"
})

/** Settings of an issuer with all defaults. */
export const settings = (issuer: string, more: object = {}): Issuer =>
  Schema.decodeUnknownSync(Issuer)({ id: issuer, issuer, audience: "gate", ...more })

export const now: Effect.Effect<Now> = Effect.clockWith((clock: Clock.Clock) =>
  Effect.succeed({ time: clock.currentTimeMillisUnsafe(), ticks: fromClock(clock), note: undefined })
)

/** Takes every key; these tests ask which key is found, not what it verifies. */
export const signature = Layer.succeed(Signature, {
  digest: (text) => Exit.succeed(text),
  importKey: () => Exit.succeed(() => Exit.succeed(true))
})

/** A key store without anything saved. */
export const store = (
  issuers: ReadonlyArray<Issuer>,
  hostile: ReadonlyArray<Hostile.HostileIssuer>,
  files: Readonly<Record<string, string>> = {}
) => storeWithoutSaved(issuers, hostile, files).pipe(Layer.provide(SavedKeys.layerMemory))

/** A key store that still needs the place of saved sets. */
export const storeWithoutSaved = (
  issuers: ReadonlyArray<Issuer>,
  hostile: ReadonlyArray<Hostile.HostileIssuer>,
  files: Readonly<Record<string, string>> = {}
) =>
  KeyStore.layer.pipe(
    Layer.provideMerge(Issuers.layer(issuers)),
    Layer.provide([Hostile.layer(...hostile), Secrets.layerTest(files), signature])
  )

/** How a look-up for one key of one issuer ends: the ids of the keys found, or the reason. */
export const look = Effect.fnUntraced(function*(issuer: string, kid: string | undefined, algorithm = "ES256") {
  const keys = yield* KeyStore
  const profile = (yield* Issuers).byId(issuer)
  if (profile === undefined) return yield* Effect.die(`no issuer ${issuer}`)
  return yield* keys.find(profile, { algorithm, kid }, yield* now).pipe(
    Effect.map((found) => found.map((key) => key.kid).join()),
    Effect.catchTag("TokenRefused", ({ reason }) => Effect.succeed(reason)),
    Effect.catchTag("IssuerUnavailable", () => Effect.succeed("503"))
  )
})
