import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { parseConfig } from "../../src/config/ConfigFile.ts"
import { checkRows } from "../../src/config/RowCheck.ts"

const { settings } = Result.getOrThrow(parseConfig({
  name: "j.yaml",
  text: `issuers: [
    { id: a, issuer: "https://a.test", audience: x },
    { id: b, issuer: "https://b.test", audience: x, identities: { namespace: corp } }]`,
  directory: "/",
  env: {}
}))

describe("checkRows (RULES D61)", () => {
  it("finds an id that reads like a person of a configured namespace, and only that", () => {
    const found = checkRows(settings, [
      { id: "alice" },
      { id: "corp" },
      { id: "other|alice" },
      { id: "corp|alice" },
      { id: "corp|linked", subjects: [{ namespace: "corp", subject: "linked" }] },
      { id: "corp|bob", subjects: [{ namespace: "", subject: "bob" }] }
    ])
    assert.deepStrictEqual(found.map((it) => /"([^"]+)"/.exec(it.message)?.[1]), ["corp|alice", "corp|bob"])
    assert.isTrue(found.every((it) => it.severity === "warning"))
  })
})
