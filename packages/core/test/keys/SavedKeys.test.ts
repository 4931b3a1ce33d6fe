import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SavedKeys, type SavedSet } from "../../src/keys/SavedKeys.ts"

const set = (issuer: string): SavedSet => ({
  issuer,
  source: "s",
  text: "{}",
  fetchedAt: 1_000,
  life: 300_000,
  dropped: []
})

describe("SavedKeys in memory", () => {
  it.effect("holds a set by issuer and source as two values, replaces it as a whole and forgets it", () =>
    Effect.gen(function*() {
      const saved = SavedKeys.makeMemory()
      yield* saved.save(set("a"), false)
      yield* saved.save({ ...set("a"), text: "new" }, true)
      assert.strictEqual((yield* saved.load("a", "s"))?.text, "new")
      assert.isUndefined(yield* saved.load("a", "other"))
      assert.isUndefined(yield* saved.load("as", ""))
      yield* saved.remove("a", "s")
      assert.isUndefined(yield* saved.load("a", "s"))
    }))

  it.effect("is bounded: of sources that no settings name any more the oldest go first", () =>
    Effect.gen(function*() {
      const saved = SavedKeys.makeMemory()
      yield* saved.save(set("kept"), true)
      for (let index = 0; index < 1_500; index++) {
        yield* saved.save(set(`gone-${index}`), true)
        if (index % 100 === 0) yield* saved.save(set("kept"), true)
      }
      assert.isDefined(yield* saved.load("kept", "s"))
      assert.isUndefined(yield* saved.load("gone-400", "s"))
      assert.isDefined(yield* saved.load("gone-1499", "s"))
    }))
})
