import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { ClaimExtractor } from "../../src/identity/ClaimExtractor.ts"
import * as Issuer from "../../src/issuer/Issuer.ts"
import type { JsonObject } from "../../src/Json.ts"
import { Issuer as Settings } from "../../src/Settings.ts"

const issuer = Issuer.compile(
  Schema.decodeUnknownSync(Settings)({
    id: "idp",
    issuer: "https://idp.test",
    audience: "gate",
    claims: { user: "uid", organization: "org" }
  })
)

const read = (payload: JsonObject) =>
  ClaimExtractor.use((it) => it.extract({ issuer, payload, expiresAt: undefined, verifiedBy: { _tag: "UserInfo" } }))
    .pipe(Effect.provide(ClaimExtractor.layer))

describe("ClaimExtractor", () => {
  it.effect("of several organizations none is the one, not even the first (RULES D56)", () =>
    Effect.gen(function*() {
      const two = yield* read({ uid: "bob", org: ["acme", "corp"] })
      assert.deepStrictEqual([two.organization, two.severalOrganizations], [undefined, true])
      const one = yield* read({ uid: "bob", org: ["acme"] })
      assert.deepStrictEqual([String(one.organization), String(one.severalOrganizations)], ["acme", "false"])
    }))
})
