import { assert, describe, it } from "@effect/vitest"
import * as BodyPlaces from "../../../src/rules/routes/BodyPlaces.ts"

const { isDisguised, isOpen, memberOf, placesOf } = BodyPlaces

const below = (place: BodyPlaces.BodyPlace | undefined, name: string): BodyPlaces.BodyPlace => {
  const found = place === undefined ? undefined : memberOf(place, name)
  if (found === undefined) throw new Error(`nothing at ${name}`)
  return found
}

describe("placesOf", () => {
  it("where names of members are models, every name matters, and none is one by its text", () => {
    const place = below(placesOf([{ path: "fallbacks", keys: true }]), "fallbacks")
    assert.isTrue(place.keys)
    assert.isTrue(isOpen(place))
    assert.isUndefined(place.names)
    assert.isFalse(isOpen(below(placesOf([{ path: "a.b" }]), "a")))
  })

  it("a carrier holds what its source holds, in every spelling, however deep one stands in the other", () => {
    const root = placesOf([{ path: "model" }, { path: "data_sources[].model" }, { path: "extra_body", like: "" }])
    let carrier = root
    for (let depth = 0; depth < 4; depth++) {
      carrier = below(carrier, "extra_body")
      assert.strictEqual(below(carrier, "model").names, "one")
      assert.isDefined(below(carrier, "dataSources").elements)
      assert.isTrue(isDisguised(carrier, "MODEL"))
      assert.isTrue(isDisguised(carrier, "DATA_SOURCES"))
      assert.isTrue(carrier.strict)
    }
  })

  it("what is like itself is an object, and holds nothing more", () => {
    const place = below(placesOf([{ path: "settings.model" }, { path: "settings", like: "settings" }]), "settings")
    assert.isTrue(place.strict)
    assert.deepStrictEqual([...place.members.keys()], ["model"])
  })

  it("both spellings of a name are one place, and a name that is one of them in another case is no other", () => {
    const root = placesOf([{ path: "embedding_model" }])
    assert.strictEqual(below(root, "embeddingModel"), below(root, "embedding_model"))
    assert.isTrue(isDisguised(root, "EmbeddingModel"))
    assert.isFalse(isDisguised(root, "embedding_model"))
  })
})
