import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { mapped } from "../../src/identity/MappedClaims.ts"
import * as Issuer from "../../src/issuer/Issuer.ts"
import type { JsonObject } from "../../src/Json.ts"
import { Issuer as Settings } from "../../src/Settings.ts"

const issuer = Issuer.compile(
  Schema.decodeUnknownSync(Settings)({
    id: "idp",
    issuer: "https://idp.test",
    audience: "gate",
    claims: { user: "uid", teams: "groups", agent: { actor: "act", client: "azp" } }
  })
)

const kept = (payload: JsonObject) =>
  JSON.parse(JSON.stringify(mapped({ issuer, payload, expiresAt: undefined, verifiedBy: { _tag: "UserInfo" } })))

describe("what is kept of a token", () => {
  it("is what the mapping reads, and no more", () => {
    assert.deepStrictEqual(kept({ uid: "bob", groups: ["red"], ssn: "078-05-1120", azp: "app" }), {
      uid: "bob",
      groups: ["red"],
      azp: "app"
    })
  })

  it("and what rules of the deployment read besides: what names an application, and a managed agent", () => {
    const ruled = { ...issuer, ruled: ["client.name", "tid"] }
    const payload = { uid: "bob", client: { name: "cursor", ssn: "1" }, tid: "t", oid: "o" }
    const claims = { issuer: ruled, payload, expiresAt: undefined, verifiedBy: { _tag: "UserInfo" } } as const
    assert.deepStrictEqual(JSON.parse(JSON.stringify(mapped(claims))), {
      uid: "bob",
      client: { name: "cursor" },
      tid: "t"
    })
  })

  it("of a chain of actors who each of them is, and nothing else that is said of them", () => {
    const act = { sub: "agent-7", iss: "https://idp.test", email: "a@acme.test", act: { sub: "inner", ssn: "1" } }
    assert.deepStrictEqual(kept({ uid: "bob", act }).act, { sub: "agent-7", act: { sub: "inner" } })
  })

  it("of a chain that cannot be read why it cannot", () => {
    for (const act of ["agent-7", { sub: 7 }, {}, [{ sub: "a" }]]) assert.deepStrictEqual(kept({ act }).act, act)
    const deep = { sub: "1", act: { sub: "2", act: { sub: "3", act: { sub: "4", act: { sub: "5" } } } } }
    assert.deepStrictEqual(kept({ act: deep }).act, deep)
  })
})
