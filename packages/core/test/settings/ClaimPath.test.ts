import { assert, describe, it } from "@effect/vitest"
import { parse, read } from "../../src/settings/ClaimPath.ts"

const payload = {
  team: "red",
  realm_access: { roles: ["a", "b"], "inner.dot": { deep: null } },
  "kubernetes.io": { namespace: "ns" },
  metadata: { team: "blue" },
  "": { "": "empty" },
  text: "text"
}

const at = (text: string) => read(parse(text), payload)

describe("ClaimPath", () => {
  it("walks names joined by dots; a backslash keeps a dot in a name", () => {
    assert.strictEqual(at("team"), "red")
    assert.deepStrictEqual(at("realm_access.roles"), ["a", "b"])
    assert.strictEqual(at("kubernetes\\.io.namespace"), "ns")
    assert.isNull(at("realm_access.inner\\.dot.deep"))
  })

  it("drops one leading `metadata.`", () => {
    assert.strictEqual(at("metadata.team"), "red")
    assert.strictEqual(at("metadata.metadata.team"), "blue")
    assert.deepStrictEqual(at("metadata"), { team: "blue" })
  })

  it("finds nothing where a name is missing or stands below something that is no object", () => {
    for (
      const path of [
        "x",
        "team.x",
        "realm_access.roles.0",
        "realm_access.roles.length",
        "text.length",
        "realm_access.inner\\.dot.deep.x"
      ]
    ) {
      assert.isUndefined(at(path), path)
    }
  })

  it("sees own members only", () => {
    for (const path of ["constructor", "__proto__", "toString", "realm_access.hasOwnProperty"]) {
      assert.isUndefined(at(path), path)
    }
  })
})
