import { assert, it } from "@effect/vitest"
import { lineOf } from "../../src/config/SettingLines.ts"

const lines = new Map([
  ["issuers[0].audience[0]", 3],
  ["issuers[1].id", 5],
  ["issuers[1].audience", 6],
  ["policy.withoutTeam", 9],
  ["directory.users.unknown", 12]
])
const find = lineOf(["okta", "entra"], lines)

it("a setting stands in its own line, or in that of the first one below it", () => {
  assert.strictEqual(find("policy.withoutTeam", null), 9)
  assert.strictEqual(find("directory", { kind: "team", id: "red" }), 12)
  assert.strictEqual(find("directory.users", null), 12)
  assert.strictEqual(find("issuers", null), 3)
  assert.isUndefined(find("policy.emailDomains", null))
  assert.isUndefined(find("dir", null))
})

it("`issuers[]` is the issuer in question", () => {
  assert.strictEqual(find("issuers[].audience", { kind: "issuer", id: "entra" }), 6)
  assert.strictEqual(find("issuers[].audience", { kind: "issuer", id: "okta" }), 3)
  assert.strictEqual(find("issuers[].audience", null), 3)
})
