import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { KeyFleet } from "../../src/keys/KeyFleet.ts"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import { SavedKeys, type SavedSet } from "../../src/keys/SavedKeys.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { look, publicKey, settings, storeWithoutSaved } from "../support/KeyStoreWorld.ts"

const A = "https://a.idp.test"
const source = `${A}/.well-known/openid-configuration`
const [old, fresh] = [publicKey("old"), publicKey("fresh")]

/** A fleet whose shared sets and budget a test sets, and notes of what was asked of it. */
const makeFleet = () => {
  const shared = new Map<string, SavedSet>()
  const world = { shared, left: Infinity, taken: 0, fleet: undefined as KeyFleet | undefined }
  const keyOf = (issuer: string, name: string) => `${issuer} ${name}`
  const fleet: KeyFleet = {
    load: (issuer, name) => Effect.sync(() => shared.get(keyOf(issuer, name))),
    save: (set) => Effect.sync(() => void shared.set(keyOf(set.issuer, set.source), set)),
    remove: (issuer, name) => Effect.sync(() => void shared.delete(keyOf(issuer, name))),
    take: () => Effect.sync(() => ++world.taken <= world.left)
  }
  return { ...world, world, fleet }
}

const setOf = Effect.fnUntraced(
  function*(keys: ReadonlyArray<object>, age: number, dropped: ReadonlyArray<string> = []) {
    const fetchedAt = (yield* Clock.currentTimeMillis) - age
    return { issuer: A, source, text: JSON.stringify({ keys }), fetchedAt, life: 300_000, dropped }
  }
)

/** A process of the fleet; `own`: what it saved before, `others`: what another process shared. */
const process = (
  { fleet, shared }: ReturnType<typeof makeFleet>,
  issuer: Hostile.HostileIssuer,
  saved: { readonly own?: Effect.Effect<SavedSet>; readonly others?: Effect.Effect<SavedSet> } = {},
  more: object = {}
) => {
  const place = Layer.tap(SavedKeys.layerMemory, (context) =>
    Effect.gen(function*() {
      yield* TestClock.setTime(100 * 86_400_000)
      const places = yield* Effect.provideContext(SavedKeys, context)
      if (saved.own !== undefined) yield* places.save(yield* saved.own, true)
      if (saved.others !== undefined) shared.set(`${A} ${source}`, yield* saved.others)
    }))
  return storeWithoutSaved([settings(A, more)], [issuer]).pipe(
    Layer.provide([place, Layer.succeed(KeyFleet, fleet)])
  )
}

describe("KeyFleet", () => {
  it.effect("a process that starts in an outage uses the set of another one", () => {
    const issuer = Hostile.HostileIssuer.make(A, [old]).all(Hostile.refused)
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "old"), "old")
    }).pipe(Effect.provide(process(makeFleet(), issuer, { others: setOf([old], 3_600_000) })))
  })

  it.effect("the younger of its own set and the shared one is used, the other when that is unusable", () => {
    const issuer = Hostile.HostileIssuer.make(A, [old]).all(Hostile.refused)
    const found = (own: Effect.Effect<SavedSet>, others: Effect.Effect<SavedSet>) =>
      Effect.all([look(A, "old"), look(A, "fresh")]).pipe(
        Effect.provide(process(makeFleet(), issuer, { own, others }), { local: true })
      )
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* found(setOf([old], 60_000), setOf([fresh], 1_000)), ["503", "fresh"])
      assert.deepStrictEqual(yield* found(setOf([old], 1_000), setOf([fresh], 60_000)), ["old", "503"])
      assert.deepStrictEqual(yield* found(setOf([old], 60_000), setOf([{ kty: "junk" }], 1_000)), ["old", "503"])
      assert.deepStrictEqual(yield* found(setOf([old], 60_000), setOf([fresh], -3_600_000)), ["old", "503"])
    })
  })

  it.effect("a key that another process dropped is dropped", () => {
    const issuer = Hostile.HostileIssuer.make(A, [old]).all(Hostile.refused)
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "old"), "unknown_key")
    }).pipe(
      Effect.provide(process(makeFleet(), issuer, { own: setOf([old], 60_000), others: setOf([old], 9e8, ["old"]) }))
    )
  })

  it.effect("shares what it fetched, takes back what is dropped, and shares nothing that is not to be saved", () => {
    const [one, two] = [makeFleet(), makeFleet()]
    const issuer = Hostile.HostileIssuer.make(A, [old])
    return Effect.gen(function*() {
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* look(A, "old"), "old")
        yield* TestClock.adjust("1 second")
        assert.include(one.shared.get(`${A} ${source}`)?.text, "old")
        issuer.all(Hostile.refused)
        yield* KeyStore.use((keys) => keys.drop(A))
        assert.strictEqual(one.shared.size, 0)
      }).pipe(Effect.provide(process(one, issuer)))
      issuer.all(Hostile.json({ keys: [old] })).on(
        "/.well-known/openid-configuration",
        Hostile.json({ issuer: A, jwks_uri: `${A}/keys` })
      )
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* look(A, "old"), "old")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(two.shared.size, 0)
      }).pipe(Effect.provide(process(two, issuer, {}, { keys: { save: false } })))
    })
  })

  it.effect("threat C01: when the fleet has fetched enough, an unknown kid costs no fetch, and is found in what others fetched", () => {
    const fleet = makeFleet()
    const issuer = Hostile.HostileIssuer.make(A, [old])
    return Effect.gen(function*() {
      assert.strictEqual(yield* look(A, "old"), "old")
      yield* TestClock.adjust("2 minutes")
      const before = issuer.hits.length
      fleet.world.left = 0
      fleet.shared.set(`${A} ${source}`, yield* setOf([old, fresh], 0))
      assert.strictEqual(yield* look(A, "fresh"), "fresh")
      assert.strictEqual(fleet.world.taken, 1)
      assert.strictEqual(yield* look(A, "invented"), "unknown_key")
      assert.strictEqual(issuer.hits.length, before)
    }).pipe(Effect.provide(process(fleet, issuer)))
  })
})
