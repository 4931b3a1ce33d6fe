import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Issuers } from "../../src/issuer/Issuer.ts"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import { SavedKeys } from "../../src/keys/SavedKeys.ts"
import { Secrets } from "../../src/settings/Secrets.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import * as KeyStoreSuite from "../../src/testing/KeyStoreSuite.ts"
import type { Signature } from "../../src/token/Signature.ts"
import { look, publicKey, settings, signature } from "../support/KeyStoreWorld.ts"

const fetched = [["kept fresh in the background", KeyStore.layer], [
  "fetched by the requests",
  KeyStore.layerOnDemand
]] as const

/** Issuers that publish these sets; those that are not among them are not there. */
const publishing = (sets: KeyStoreSuite.Sets) =>
  Layer.mergeAll(
    Hostile.layer(
      ...Object.entries(sets).map(([id, { keys }]) => Hostile.HostileIssuer.make(`https://${id}.test`, keys))
    ),
    SavedKeys.layerMemory,
    Secrets.layerTest({})
  )

for (const [name, store] of fetched) {
  describe(`keys that are ${name} keep the contract`, () => {
    const layerOf = (sets: KeyStoreSuite.Sets): Layer.Layer<KeyStore, never, Issuers | Signature> =>
      Layer.provide(store, publishing(sets))
    for (const { run, title } of [...KeyStoreSuite.reads(layerOf), ...KeyStoreSuite.drops(layerOf)]) {
      it.effect(title, () => run)
    }
    for (const { run, title } of KeyStoreSuite.outages(layerOf({}))) it.effect(title, () => run)
  })
}

describe("keys in memory keep the contract", () => {
  for (const { run, title } of [KeyStoreSuite.reads, KeyStoreSuite.drops].flatMap((it) => it(KeyStore.layerMemory))) {
    it.effect(title, () => run)
  }
  for (const { run, title } of KeyStoreSuite.outages(KeyStore.layerMemory({}))) it.effect(title, () => run)

  const key = publicKey("k-1")
  const kept = KeyStore.layerMemory({ a: { keys: [key] } }).pipe(
    Layer.provideMerge(Layer.merge(Issuers.layer([settings("a")]), signature))
  )
  it.effect("a refresh brings dropped keys back", () =>
    Effect.gen(function*() {
      const store = yield* KeyStore
      yield* store.drop("a", "k-1")
      assert.strictEqual(yield* look("a", "k-1"), "503")
      yield* store.refresh("a")
      assert.strictEqual(yield* look("a", "k-1"), "k-1")
      assert.strictEqual(store.epoch("a"), 2)
    }).pipe(Effect.provide(kept)))
})
