import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as ClaimMapping from "../../src/identity/ClaimMapping.ts"
import type { JsonObject } from "../../src/Json.ts"
import * as Settings from "../../src/Settings.ts"
import * as Path from "../../src/settings/ClaimPath.ts"

const compile = (mapping: typeof Settings.ClaimMapping.Encoded) => {
  const normal = Settings.normalizeMapping(Schema.decodeUnknownSync(Settings.ClaimMapping)(mapping))
  if (normal === undefined) throw new TypeError("no mapping")
  return ClaimMapping.compile(normal)
}
const entries = (mapping: typeof Settings.ClaimMapping.Encoded, payload: JsonObject) =>
  compile(mapping).entries(payload).values

describe("claim paths", () => {
  const payload: JsonObject = {
    a: { b: { c: "deep" }, "x.y": "dotted", list: [{ z: 1 }], empty: {}, "metadata": "inner" },
    metadata: { a: "real" },
    "kubernetes.io": { namespace: "ns" },
    flat: "f",
    "": "nameless"
  }
  it.each(
    [
      ["flat", "f"],
      ["a.b.c", "deep"],
      ["a.x\\.y", "dotted"],
      ["kubernetes\\.io.namespace", "ns"],
      ["metadata.a.b.c", "deep"],
      ["metadata.flat", "f"],
      ["metadata", { a: "real" }],
      ["a.metadata", "inner"],
      ["a.missing", undefined],
      ["a.b.c.d", undefined],
      ["flat.length", undefined],
      ["a.list.0", undefined],
      ["a.list.length", undefined],
      ["a.empty.x", undefined],
      ["toString", undefined],
      ["a.__proto__", undefined],
      ["constructor.name", undefined]
    ] as const
  )("%j reads %j", (path, value) => assert.deepStrictEqual(Path.read(Path.parse(path), payload), value))

  it("missing and present are told apart: null is present, and absent by RULES D11", () => {
    assert.isNull(Path.read(["x"], { x: null }))
    assert.isTrue(Path.isAbsent(null))
    assert.isTrue(Path.isAbsent(""))
    assert.isTrue(Path.isAbsent([]))
    assert.isFalse(Path.isAbsent(0))
    assert.isFalse(Path.isAbsent(false))
    assert.isFalse(Path.isAbsent({}))
  })
})

describe("a claim that is not there", () => {
  const told = (path: string, payload: JsonObject) => compile([path]).entries(payload).unreadable?.path

  it("is absent where nothing, or nothing with names, stands on the way (RULES D11)", () => {
    for (
      const way of ["admin", 7, true, ["roles"], [{ roles: ["admin"] }], null, "", [], {}, { roles: null }, {
        roles: []
      }, { other: 1 }]
    ) {
      assert.isUndefined(told("realm_access.roles", { realm_access: way }), JSON.stringify(way))
    }
    assert.isUndefined(told("realm_access.roles", {}))
    assert.isUndefined(told("groups", { other: 7 }))
  })

  it("is unreadable where the token says that it is elsewhere; groups that are elsewhere are an overage", () => {
    const elsewhere = { _claim_names: { memberOf: "src1", groups: "src1" } }
    assert.strictEqual(told("memberOf", elsewhere), "memberOf")
    assert.strictEqual(told("memberOf.llm", { ...elsewhere, memberOf: null }), "memberOf.llm")
    assert.isUndefined(told("memberOf", { ...elsewhere, memberOf: ["red"] }))
    assert.isUndefined(told("groups", elsewhere))
    assert.isUndefined(told("other", elsewhere))
  })
})

describe("the mapping object", () => {
  const payload: JsonObject = {
    groups: ["llm-red", "LLM-Blue", "vpn"],
    roles: ["r-1"],
    one: "a,b, ,c",
    none: null,
    guid: ["g-1", "g-2"]
  }

  it("`from` is tried in order; null, empty text and empty lists are not there", () => {
    assert.deepStrictEqual(entries(["none", "missing", "roles", "groups"], payload), ["r-1"])
    assert.strictEqual(compile(["none", "roles"]).entries(payload).path, "roles")
    assert.deepStrictEqual(entries({ from: [] }, payload), [])
  })
  it("`mode: union` takes every path, in order, each entry once", () => {
    assert.deepStrictEqual(
      entries({ from: ["roles", "groups"], mode: "union" }, { roles: ["x", "y"], groups: ["y", "z"] }),
      ["x", "y", "z"]
    )
    assert.deepStrictEqual(entries({ from: ["roles", "groups"], mode: "first" }, { roles: ["x"], groups: ["z"] }), [
      "x"
    ])
    assert.strictEqual(
      compile({ from: ["roles", "groups"], mode: "union" }).entries({ roles: ["x"], groups: ["y"] }).path,
      "roles, groups"
    )
  })
  it("`split` cuts a text and trims, and never a list", () => {
    assert.deepStrictEqual(entries({ from: "one", split: "," }, payload), ["a", "b", "c"])
    assert.deepStrictEqual(entries("one", payload), ["a,b, ,c"])
    assert.deepStrictEqual(entries({ from: "g", split: "," }, { g: ["a,b"] }), ["a,b"])
  })
  it("`match` drops what does not match, `as` writes what remains", () => {
    assert.deepStrictEqual(entries({ from: "groups", match: "^llm-(.+)$", as: "$1" }, payload), ["red"])
    assert.deepStrictEqual(entries({ from: "groups", match: "^llm-" }, payload), ["llm-red"])
    assert.deepStrictEqual(entries({ from: "groups", match: "^(?<p>llm)-(?<n>.+)$", as: "$<n>@$<p>$$" }, payload), [
      "red@llm$"
    ])
    assert.deepStrictEqual(
      entries({ from: "groups", match: "^(llm-)?x*", as: "$1" }, { groups: ["zzz"] }),
      [],
      "what becomes empty is dropped"
    )
  })
  it("`map` takes the entry as it stands before `match`, else what `match` made of it; own names alone", () => {
    assert.deepStrictEqual(entries({ from: "guid", map: { "g-1": "red" } }, payload), ["red", "g-2"])
    assert.deepStrictEqual(
      entries({ from: "guid", match: "^g-(.)$", as: "$1", map: { "g-1": "red", "2": "two" } }, payload),
      ["red", "two"]
    )
    assert.deepStrictEqual(entries({ from: "guid", match: "^x", map: { "g-1": "red" } }, payload), ["red"])
    assert.deepStrictEqual(entries({ from: "g", map: {} }, { g: ["toString"] }), ["toString"])
  })
  it("`lower` comes last", () => {
    assert.deepStrictEqual(entries({ from: "groups", lower: true }, payload), ["llm-red", "llm-blue", "vpn"])
    assert.deepStrictEqual(entries({ from: "guid", map: { "g-1": "RED" }, lower: true }, payload), ["red", "g-2"])
  })
  it("a claim whose entries all miss is present without values (RULES D24)", () => {
    const read = compile({ from: "groups", match: "^nothing" }).entries(payload)
    assert.deepStrictEqual([read.present, read.values], [true, []])
    assert.isFalse(compile("missing").entries(payload).present)
    assert.isFalse(compile("x").entries({ x: [1, 2] }).present, "of the wrong type: absent (RULES D12)")
  })
  it("10 000 entries are read and the rest is named (RULES D12)", () => {
    const many = Array.from({ length: 10_001 }, (_, i) => `g-${i}`)
    const read = compile("groups").entries({ groups: many })
    assert.strictEqual(read.values.length, 10_000)
    assert.deepStrictEqual(read.notes, ["groups has 10001 entries, 10000 were read"])
  })
})
