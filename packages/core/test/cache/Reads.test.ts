import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cache from "../../src/cache/Cache.ts"

const at = (ticks: number) => ({ time: 0, ticks, note: undefined })

/** A region of two entries whose look-ups answer at once, and what was read of it. */
const small = Effect.gen(function*() {
  const cache = yield* Cache.Cache
  const region = yield* cache.region<string, string, never>({
    name: "small",
    capacity: 2,
    key: (key) => key,
    timeToLive: () => 1000,
    lookup: (key) => Effect.succeed(key)
  })
  const read = (...keys: ReadonlyArray<string>) =>
    cache.reads?.listen(() => keys.map((key) => region.get(key, at(0))))[1]
  return { region, read }
})

const run = <A>(effect: Effect.Effect<A, never, Cache.Cache>) =>
  Effect.scoped(Effect.provide(effect, Cache.Cache.layer))

describe("Reads", () => {
  it.effect("a run that asked for something that was not at hand tells nothing", () =>
    run(Effect.gen(function*() {
      const { read, region } = yield* small
      yield* region.get("a", at(0))
      assert.isUndefined(read("a", "b"))
      assert.isDefined(read("a"))
    })))

  it.effect("what was read stands until one of the answers is past its time", () =>
    run(Effect.gen(function*() {
      const { read } = yield* small
      read("a", "b")
      const reads = read("a", "b")
      assert.isTrue(reads?.stand(at(999)))
      assert.isFalse(reads?.stand(at(1000)))
    })))

  it.effect("what was forgotten, expired, replaced or evicted stands no longer", () =>
    run(Effect.gen(function*() {
      const { read, region } = yield* small
      const known = () => {
        read("a")
        return read("a")
      }
      const ends: ReadonlyArray<() => void> = [
        () => region.invalidate("a"),
        () => region.clear(),
        () => region.expire(),
        () => void read("b", "c", "d", "e")
      ]
      for (const end of ends) {
        const reads = known()
        assert.isTrue(reads?.stand(at(0)))
        end()
        assert.isFalse(reads?.stand(at(0)))
      }
    })))

  it.effect("another entry changes nothing, and an answer in use is not the first to be evicted", () =>
    run(Effect.gen(function*() {
      const { read, region } = yield* small
      read("a", "b")
      const reads = read("a")
      region.invalidate("b")
      read("c")
      assert.isTrue(reads?.stand(at(0)))
      read("d")
      assert.isTrue(reads?.stand(at(0)))
    })))

  it.effect("nobody is listened to outside of a run", () =>
    run(Effect.gen(function*() {
      const { read, region } = yield* small
      read("a")
      const reads = read("a")
      yield* region.get("b", at(0))
      region.invalidate("b")
      assert.isTrue(reads?.stand(at(0)))
    })))
})
