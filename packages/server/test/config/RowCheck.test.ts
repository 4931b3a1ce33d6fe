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

describe("checkRows (RULES D26)", () => {
  const reading = (claims: string) =>
    Result.getOrThrow(parseConfig({
      name: "j.yaml",
      text: `issuers: [{ id: a, issuer: "https://a.test", audience: x, claims: { ${claims} } }]`,
      directory: "/",
      env: {}
    })).settings
  const teams = [
    { id: "red", alias: "Red" },
    { id: "none" },
    { id: "rot", alias: "Red" },
    { id: "rouge", alias: "Red" },
    { id: "blue", alias: "Blue" }
  ]

  it.each(["teamAlias: team", "teams: { from: groups, by: alias }", "teams: { from: groups, by: either }"])(
    "%s: one line for each team that shares an alias, with its place",
    (claims) => {
      assert.deepStrictEqual(checkRows(reading(claims), [], teams).map((it) => it.message), [
        "teams[2].alias: \"Red\" of the team \"rot\" is that of \"red\" too: a token that names it is denied with team_ambiguous (D26)",
        "teams[3].alias: \"Red\" of the team \"rouge\" is that of \"red\" too: a token that names it is denied with team_ambiguous (D26)"
      ])
    }
  )

  it("aliases that no token names are only names", () => {
    assert.isEmpty(checkRows(reading("teams: groups"), [], teams))
  })
})
