/**
 * The contract of `KeyStore`: the same cases for every store of keys, whether it
 * fetches them or holds them.
 *
 * A case is an effect that fails when the store breaks the contract, so that any
 * test runner can run it; finding, dropping and outages are apart:
 *
 *     for (const { title, run } of KeyStoreSuite.reads(layerOfSets)) it.live(title, () => run)
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { now } from "../cache/Ticks.ts"
import { Issuers, KeyStore } from "../keys/KeyStore.ts"
import { Issuer as IssuerSettings } from "../Settings.ts"
import { Signature } from "../token/Signature.ts"
import { type Case, type Cases, over, same } from "./Contract.ts"
import { makeKey, type TestKey } from "./Issuer.ts"

export type { Case } from "./Contract.ts"

/** JWK Sets (RFC 7517) by the `id` of their issuer. */
export type Sets = Readonly<Record<string, { readonly keys: ReadonlyArray<Readonly<Record<string, unknown>>> }>>

/** The issuers of every case: `away` has no set, and what would be its set cannot be had. */
const issuers = ["idp", "other", "away"].map((id) =>
  Schema.decodeUnknownSync(IssuerSettings)({
    id,
    issuer: `https://${id}.test`,
    audience: "gate",
    identities: { namespace: id }
  })
)

/** The keys of the issuers: two of one algorithm and one of another, and a key of another issuer with the same id. */
class Keys extends Context.Service<Keys, {
  readonly first: TestKey
  readonly second: TestKey
  readonly odd: TestKey
  readonly twin: TestKey
  readonly foreign: TestKey
}>()("@jotgate/core/KeyStoreSuite/Keys") {}

const made: Effect.Effect<Keys["Service"]> = Effect.all({
  first: makeKey("ES256", "k-1"),
  second: makeKey("ES256", "k-2"),
  odd: makeKey("ES384", "k-3"),
  twin: makeKey("ES256", "k-1"),
  foreign: makeKey("ES256", "k-4")
})

const setsOf = ({ first, foreign, odd, second, twin }: Keys["Service"]): Sets => ({
  idp: { keys: [first.publicJwk, second.publicJwk, odd.publicJwk] },
  other: { keys: [twin.publicJwk, foreign.publicJwk] }
})

const find = Effect.fnUntraced(function*(issuer: string, kid: string | undefined, algorithm = "ES256") {
  const profile = (yield* Issuers).byId(issuer)
  if (profile === undefined) return yield* Effect.die(new Error(`no issuer ${issuer}`))
  return yield* (yield* KeyStore).find(profile, { algorithm, kid }, yield* now)
})

/** How a look-up ends: the ids of the keys, or why there are none. */
const look = (issuer: string, kid: string | undefined, algorithm?: string) =>
  find(issuer, kid, algorithm).pipe(
    Effect.map((keys) => keys.map((it) => it.kid).join()),
    Effect.catchTags({
      TokenRefused: ({ reason }) => Effect.succeed(reason),
      IssuerUnavailable: () => Effect.succeed("unavailable")
    })
  )

type Tested = KeyStore | Issuers

const readCases: Cases<Tested | Keys> = {
  "a key is found by its id and verifies what its holder signed, and nothing else": Effect.gen(function*() {
    const keys = yield* Keys
    const text = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ"
    const signature = yield* keys.first.sign(text)
    const [key, ...more] = yield* find("idp", "k-1")
    yield* same(more.length, 0, "one key")
    yield* same(key?.algorithm, "ES256", "algorithm")
    yield* same(yield* key?.verify(text, signature) ?? Effect.succeed(null), true, "its own signature")
    yield* same(yield* key?.verify(`${text}x`, signature) ?? Effect.succeed(null), false, "another text")
    for (const it of [keys.second, keys.twin]) {
      yield* same(yield* key?.verify(text, yield* it.sign(text)) ?? Effect.succeed(null), false, "another key")
    }
  }),
  "threats B03, B04: a key belongs to its issuer, and an id names a key of one algorithm": Effect.gen(function*() {
    yield* same(yield* look("idp", "k-2"), "k-2", "k-2")
    yield* same(yield* look("other", "k-4"), "k-4", "k-4")
    yield* same(yield* look("idp", "k-4"), "unknown_key", "a key of another issuer")
    yield* same(yield* look("other", "k-2"), "unknown_key", "and the other way round")
    yield* same(yield* look("idp", "k-1", "ES384"), "unknown_key", "another algorithm")
    yield* same(yield* look("idp", "k-3", "ES384"), "k-3", "its own")
    for (const kid of ["", "K-1", "k-1 ", "k-1\0", "__proto__"]) {
      yield* same(yield* look("idp", kid), "unknown_key", JSON.stringify(kid))
    }
  }),
  "RULES D8: a token that names no key has one when exactly one fits": Effect.gen(function*() {
    yield* same(yield* look("idp", undefined, "ES384"), "k-3", "one")
    yield* same(yield* look("idp", undefined), "unknown_key", "two")
    yield* same(yield* look("idp", undefined, "RS256"), "unknown_key", "none")
  }),
  "RULES D43: an issuer whose keys cannot be had is unavailable, never one without keys": Effect.gen(function*() {
    yield* same(yield* look("away", "k-1"), "unavailable", "a key")
    yield* same(yield* look("away", undefined), "unavailable", "any key")
  }),
  "status has one entry for each issuer": Effect.gen(function*() {
    yield* look("idp", "k-1")
    yield* look("other", "k-1")
    yield* look("away", "k-1")
    const status = yield* (yield* KeyStore).status
    yield* same(status.map((it) => `${it.issuer} ${it.ready}`), ["idp true", "other true", "away false"], "ready")
    yield* same(status.map((it) => it.keys.length), [3, 2, 0], "keys")
  })
}

const dropCases: Cases<Tested> = {
  "a dropped key is gone at once, other keys stay, and what it verified is asked again": Effect.gen(function*() {
    const store = yield* KeyStore
    yield* same(yield* look("idp", "k-1"), "k-1", "before")
    yield* look("other", "k-1")
    const [epoch, other] = [store.epoch("idp"), store.epoch("other")]
    yield* store.drop("idp", "k-1")
    yield* same(yield* look("idp", "k-1"), "unknown_key", "after")
    yield* same(yield* look("idp", "k-2"), "k-2", "another key")
    yield* same(yield* look("other", "k-1"), "k-1", "of another issuer")
    yield* same(store.epoch("idp") === epoch, false, "the epoch is another")
    yield* same(store.epoch("other"), other, "the other issuer's is the same")
  }),
  "all keys of an issuer are dropped": Effect.gen(function*() {
    const store = yield* KeyStore
    yield* look("idp", "k-1")
    const epoch = store.epoch("idp")
    yield* store.drop("idp")
    yield* same(store.epoch("idp") === epoch, false, "the epoch is another")
    yield* same(yield* look("other", "k-4"), "k-4", "another issuer keeps its own")
  })
}

const outageCases: Cases<Tested> = {
  "RULES D43: while no key can be had every look-up is unavailable, and so is a refresh": Effect.gen(function*() {
    const store = yield* KeyStore
    for (const issuer of ["idp", "other"]) {
      yield* same(yield* look(issuer, "k-1"), "unavailable", issuer)
      yield* same(yield* look(issuer, undefined, "ES384"), "unavailable", `${issuer}, no id`)
      const refreshed = yield* Effect.match(store.refresh(issuer), {
        onSuccess: () => "refreshed",
        onFailure: (error) => error._tag
      })
      yield* same(refreshed, "IssuerUnavailable", `${issuer}, refresh`)
    }
    const status = (yield* store.status).filter((it) => it.issuer !== "away")
    yield* same(status.map((it) => !it.ready && it.lastError !== null), [true, true], "status says why")
  })
}

/** A store that holds exactly these sets; issuers that are not among them do not answer. */
export type LayerOf<E> = (sets: Sets) => Layer.Layer<KeyStore, E, Issuers | Signature>

const on = <E>(store: Layer.Layer<KeyStore, E, Issuers | Signature>): Layer.Layer<Tested, E> =>
  Layer.provideMerge(store, Layer.merge(Issuers.layer(issuers), Signature.layer))

/** A store of keys that are made for one case. */
const holding = <E>(layerOf: LayerOf<E>) => (): Layer.Layer<Tested | Keys, E> =>
  Layer.unwrap(Effect.map(made, (keys) => Layer.merge(on(layerOf(setsOf(keys))), Layer.succeed(Keys, keys))))

/** The cases that find keys. */
export const reads = <E>(layerOf: LayerOf<E>): ReadonlyArray<Case> => over(readCases, holding(layerOf))

/** The cases that drop keys by hand. */
export const drops = <E>(layerOf: LayerOf<E>): ReadonlyArray<Case> => over(dropCases, holding(layerOf))

/** The cases of a store that has no keys and cannot get any. */
export const outages = <E>(store: Layer.Layer<KeyStore, E, Issuers | Signature>): ReadonlyArray<Case> =>
  over(outageCases, () => on(store))
