import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { compile, Issuers } from "../../src/issuer/Issuer.ts"
import { Issuer as Settings } from "../../src/Settings.ts"

const settings = (more: object = {}) =>
  Schema.decodeUnknownSync(Settings)({ id: "a", issuer: "https://a.test", audience: "gate", ...more })

describe("Issuer", () => {
  it("RULES D2, D3, D8, D36: an issuer that says nothing is checked strictly", () => {
    const profile = compile(settings())
    assert.strictEqual(profile.iss, "https://a.test")
    assert.deepStrictEqual(profile.audiences, new Set(["gate"]))
    assert.strictEqual(profile.skew, 60_000)
    assert.isTrue(profile.expiryRequired)
    assert.strictEqual(profile.maxLifetime, 86_400_000)
    assert.isTrue(profile.refusesConfirmation)
    assert.isFalse(profile.accessOnly)
    assert.deepStrictEqual(profile.types, new Set(["jwt", "at+jwt", "application/at+jwt"]))
    assert.strictEqual(profile.algorithms.size, 11)
    assert.deepStrictEqual(profile.required, [])
  })

  it("RULES D8: both names of one algorithm are accepted when one is listed, and none when neither is", () => {
    assert.deepStrictEqual(compile(settings({ algorithms: ["EdDSA"] })).algorithms, new Set(["EdDSA", "Ed25519"]))
    assert.deepStrictEqual(compile(settings({ algorithms: ["Ed25519"] })).algorithms, new Set(["Ed25519", "EdDSA"]))
    assert.deepStrictEqual(compile(settings({ algorithms: ["ES256"] })).algorithms, new Set(["ES256"]))
  })

  it("RULES D2: `any` opts out of the audience only when it stands alone", () => {
    assert.isUndefined(compile(settings({ audience: "any" })).audiences)
    assert.deepStrictEqual(compile(settings({ audience: ["any", "gate"] })).audiences, new Set(["any", "gate"]))
  })

  it("RULES D1: the registry knows issuers by their exact name, and `any` for those it does not know", () => {
    const one = settings()
    const again = settings({ id: "again" })
    const any = settings({ id: "any", issuer: "any" })
    const closed = Issuers.make([one, again])
    assert.strictEqual(closed.forIss("https://a.test")?.id, "a")
    for (const iss of [undefined, "", "any", "https://a.test/", "https://A.test", "__proto__"]) {
      assert.isUndefined(closed.forIss(iss), iss)
    }
    const open = Issuers.make([one, any])
    assert.strictEqual(open.forIss("https://a.test")?.id, "a")
    assert.strictEqual(open.forIss("https://b.test")?.id, "any")
    assert.strictEqual(open.forIss(undefined)?.id, "any")
    assert.isUndefined(open.forIss(""))
    assert.strictEqual(open.byId("any")?.id, "any")
    assert.isUndefined(open.byId("https://a.test"))
  })
})
