import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as Cache from "../../src/cache/Cache.ts"
import type { Unchanged } from "../../src/cache/Reads.ts"

const at = (ticks: number) => ({ time: 0, ticks, note: undefined })

const options = {
  name: "small",
  capacity: 2,
  key: (key: string) => key,
  timeToLive: () => 1000,
  lookup: (key: string) => Exit.succeed(key)
}

/** A region of two entries whose look-ups answer at once, and what was read of it. */
const small = Effect.gen(function*() {
  const cache = yield* Cache.Cache
  const region = yield* cache.region(options)
  const read = (...keys: ReadonlyArray<string>) =>
    cache.reads?.listen(() => keys.map((key) => region.get(key, at(0))))[1]
  return { cache, region, read }
})

const run = <A>(effect: Effect.Effect<A, never, Cache.Cache>) =>
  Effect.scoped(Effect.provide(effect, Cache.Cache.layer))

describe("Reads", () => {
  it.effect("a run that asked for something that has to be waited for tells nothing", () =>
    run(Effect.gen(function*() {
      const { cache, read, region } = yield* small
      const later = yield* cache.region<string, string, never>({ ...options, lookup: (key) => Effect.sync(() => key) })
      yield* later.get("a", at(0))
      const tells = (...keys: ReadonlyArray<string>) =>
        cache.reads?.listen(() => [region.get("a", at(0)), ...keys.map((key) => later.get(key, at(0)))])[1]
      assert.isUndefined(tells("a", "b"))
      assert.isDefined(tells("a"))
      assert.isDefined(read("a"))
    })))

  it.effect("what is looked up at once is read like what is remembered, and stands as long", () =>
    run(Effect.gen(function*() {
      const { read, region } = yield* small
      const reads = read("a")
      assert.isTrue(reads?.stand(at(999)))
      assert.isFalse(reads?.stand(at(1000)))
      region.invalidate("a")
      const again = read("a")
      assert.isTrue(again?.stand(at(0)))
      region.invalidate("a")
      assert.isFalse(again?.stand(at(0)))
    })))

  it.effect("what is looked up at once and not kept is no answer to rest on", () =>
    run(Effect.gen(function*() {
      const { cache } = yield* small
      const region = yield* cache.region<string, string, string>({
        ...options,
        timeToLive: (answer) => answer._tag === "Success" ? 1000 : 0,
        lookup: (key: string) => key === "down" ? Exit.fail("down") : Exit.succeed(key)
      })
      const tells = (key: string) => cache.reads?.listen(() => region.get(key, at(0)))[1]
      assert.isUndefined(tells("down"))
      assert.isDefined(tells("a"))
    })))

  it.effect("of many keys each is read, whether it was remembered or is looked up at once", () =>
    run(Effect.gen(function*() {
      const { cache } = yield* small
      const asked: Array<ReadonlyArray<string>> = []
      const region = yield* cache.region<string, string, never>({
        ...options,
        capacity: 10,
        lookupMany: (keys) => {
          asked.push(keys)
          return Exit.succeed(keys.map((key) => Exit.succeed(key)))
        }
      })
      yield* region.getMany(["a", "c"], at(0))
      const tells = () => cache.reads?.listen(() => region.getMany(["a", "b", "c", "d", "b"], at(0)))[1]
      for (const key of ["a", "b", "c", "d"]) {
        const reads = tells()
        assert.isTrue(reads?.stand(at(0)), key)
        region.invalidate(key)
        assert.isFalse(reads?.stand(at(0)), key)
      }
      assert.deepStrictEqual(asked, [["a", "c"], ["b", "d"], ["a"], ["b"], ["c"]])
    })))

  it.effect("what was looked up in a span without any change stands for its time after the end of that span", () =>
    run(Effect.gen(function*() {
      let span: Unchanged = { since: 0, until: 0 }
      const { cache } = yield* small
      const region = yield* cache.region<string, string, never>({ ...options, unchanged: () => span })
      const reads = cache.reads?.listen(() => region.get("a", at(0)))[1]
      span = { since: 0, until: 5000 }
      assert.isTrue(reads?.stand(at(5999)))
      assert.isFalse(reads?.stand(at(6000)))
      span = { since: 5500, until: 6000 }
      assert.isFalse(reads?.stand(at(6000)), "something has changed since it was looked up")
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
