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
  assert.deepStrictEqual(find("policy.withoutTeam", null), { line: 9 })
  assert.deepStrictEqual(find("directory", { kind: "team", id: "red" }), { line: 12 })
  assert.deepStrictEqual(find("directory.users", null), { line: 12 })
  assert.deepStrictEqual(find("issuers", null), { line: 3 })
  assert.isUndefined(find("policy.emailDomains", null))
  assert.isUndefined(find("dir", null))
})

it("`issuers[]` is the issuer in question", () => {
  assert.deepStrictEqual(find("issuers[].audience", { kind: "issuer", id: "entra" }), { line: 6 })
  assert.deepStrictEqual(find("issuers[].audience", { kind: "issuer", id: "okta" }), { line: 3 })
  assert.deepStrictEqual(find("issuers[].audience", null), { line: 3 })
})

it("a row stands in the file of rows; one that is not there leads to the setting", () => {
  const rows = lineOf(["okta"], lines, ({ id }) => id === "red" ? { line: 4, file: "rows.yaml" } : undefined)
  assert.deepStrictEqual(rows("directory", { kind: "team", id: "red" }), { line: 4, file: "rows.yaml" })
  assert.deepStrictEqual(rows("directory", { kind: "team", id: "blue" }), { line: 12 })
  assert.deepStrictEqual(rows("policy.withoutTeam", { kind: "team", id: "red" }), { line: 9 })
})
