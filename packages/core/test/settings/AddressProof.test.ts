import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Issuer } from "../../src/Settings.ts"
import * as AddressProof from "../../src/settings/AddressProof.ts"

const { spokenOf } = AddressProof

const issuer = (claims: object, linkByEmail = "verified") =>
  Schema.decodeUnknownSync(Issuer)({
    id: "a",
    issuer: "https://idp.test",
    audience: "any",
    claims,
    identities: { linkByEmail }
  })

describe("spokenOf", () => {
  it("a flag speaks of the claim that it is named after", () => {
    assert.strictEqual(spokenOf("email_verified", 0, ["email_verified"], ["mail"]), "email")
    assert.strictEqual(spokenOf("mail_verified", 0, ["mail_verified", "x"], ["upn", "mail"]), "mail")
  })

  it("another one of the claim at the same place, or of the only one, or of none", () => {
    const flags = ["sure", "surer"]
    assert.deepStrictEqual(flags.map((it, at) => spokenOf(it, at, flags, ["mail", "upn"])), ["mail", "upn"])
    assert.deepStrictEqual(flags.map((it, at) => spokenOf(it, at, flags, ["mail"])), ["mail", "mail"])
    assert.deepStrictEqual(flags.map((it, at) => spokenOf(it, at, flags, ["mail", "upn", "x"])), [undefined, undefined])
  })
})

describe("addresses of an issuer", () => {
  it("the claim `email` is one wherever it is read, whatever is configured (RULES D57)", () => {
    const { isAddress, proofOf } = AddressProof.of(issuer({ user: "email", email: "mail", emailVerified: "sure" }))
    assert.deepStrictEqual(["email", "mail", "sub"].map(isAddress), [true, true, false])
    assert.isFalse(proofOf("email")?.({ email: "a@b.c", sure: true }))
    assert.isTrue(proofOf("mail")?.({ mail: "a@b.c", sure: true }))
    assert.isUndefined(proofOf("sub"))
  })

  it("nothing needs a proof where every address is believed", () => {
    assert.isUndefined(AddressProof.of(issuer({}, "always")).proofOf("email"))
  })
})
