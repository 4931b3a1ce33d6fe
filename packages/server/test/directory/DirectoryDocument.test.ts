import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { parse, stringify } from "yaml"
import * as DirectoryDocument from "../../src/directory/DirectoryDocument.ts"
import * as YamlPieces from "../../src/directory/YamlPieces.ts"

const rows = Array.from({ length: 2_000 }, (_, index) => ({
  id: `user-${index}`,
  email: `u${index}@acme.test`,
  subjects: [{ namespace: "", subject: `okta|${index}` }]
}))

const lines = (text: string): ReadonlyArray<string> =>
  Result.match(DirectoryDocument.read("rows", text), { onFailure: (it) => it, onSuccess: () => [] })

describe("rows that are none", () => {
  it("a pattern of tools that is none is one line, with its place, in every kind of row that has them", () => {
    for (const list of ["users", "teams", "organizations", "agents"]) {
      assert.match(
        lines(`${list}:\n  - { id: a, tools: ["github/*", "delete_repo"] }\n`).join("\n"),
        new RegExp(`^rows:2:\\d+: ${list}\\[0\\]\\.tools\\[1\\]: must be SERVER/NAME`)
      )
    }
    const member =
      `users: [{ id: u }]\nteams: [{ id: t }]\nmemberships:\n  - { user: u, team: t, prompts: ["! x/y"] }\n`
    assert.match(lines(member).join("\n"), /^rows:4:\d+: memberships\[0\]\.prompts\[0\]: must be SERVER\/NAME/)
  })

  it("an agent without an id is one line, with its place", () => {
    assert.deepStrictEqual(lines("agents:\n  - { id: reviewer }\n  - { models: [gpt-4o], autonomous: true }\n"), [
      "rows:3:5: agents[1].id: is missing"
    ])
  })
})

describe("a long directory file in YAML", () => {
  const long = stringify({ teams: [{ id: "red" }], users: rows, endUsers: [] }, { lineWidth: 0 })

  it("says in pieces what it says as a whole", () => {
    const read = Result.getOrThrow(DirectoryDocument.read("rows", long))
    assert.deepStrictEqual(read, { teams: [{ id: "red" }], users: rows, endUsers: [] })
    assert.isDefined(YamlPieces.read(long), "it is long enough, and plain")
  })

  const plain: ReadonlyArray<readonly [title: string, text: string]> = [
    ["lists at the margin", "users:\n- id: a\n  email: a@b.c\n- id: b\nteams:\n- id: red\n"],
    [
      "comments, empty lines and a marker",
      "---\n# all\n\nusers: # people\n  # the first\n  - id: a # a\n\n  - id: b\n"
    ],
    ["rows in braces over several lines", "users:\n  - { id: a,\n      blocked: true }\n  - { id: b }\n"],
    ["a text over several lines", "users:\n  - id: a\n    email: >-\n      a@b.c\n\n  - id: |-\n      - b\n"],
    ["quoted text that looks like a row", "users:\n  - id: \"a\n      - b\"\n  - id: 'x: - y'\n"],
    ["a list within a row", "teams:\n  - id: a\n    models:\n      - x\n      - y\n  -\n    id: b\n"],
    ["Windows lines", "users:\r\n  - id: a\r\n  - id: b\r\nteams: []\r\n"],
    ["an anchor within a row", "teams:\n  - { id: a, models: &m [x], modelGroups: *m }\n"]
  ]
  for (const [title, text] of plain) {
    it(`${title} is read in pieces`, () => assert.deepStrictEqual(YamlPieces.read(text)?.value, parse(text)))
  }

  const odd: ReadonlyArray<readonly [title: string, text: string]> = [
    ["a list twice", "users:\n  - id: a\nusers:\n  - id: b\n"],
    ["rows in brackets", "users: [{ id: a }]\n"],
    ["a map in braces", "{ users: [{ id: a }] }\n"],
    ["a directive", "%YAML 1.2\n---\nusers:\n  - id: a\n"],
    ["two documents", "users:\n  - id: a\n---\nusers:\n  - id: b\n"],
    ["an unfinished quote", "users:\n  - id: \"a\n  - id: b\"\n"],
    ["unfinished braces", "users:\n  - { id: a,\n  - id: b }\n"],
    ["an alias of another row", `users:\n${"  - &x { id: a }\n".repeat(1)}${"  - id: b\n".repeat(9_000)}  - *x\n`],
    ["a row that stands out", "users:\n    - id: a\n  - id: b\n"],
    ["a tab", "users:\n\t- id: a\n"],
    ["a map instead of a list", "users:\n  a: { id: a }\n"],
    ["a text instead of a list", "users: |\n  - id: a\n"],
    ["a byte order mark", "\uFEFFusers:\n  - id: a\n"]
  ]
  for (const [title, text] of odd) {
    it(`${title} is left to the parser of whole files`, () => assert.isUndefined(YamlPieces.read(text)))
  }

  it("a finding far down has its place, a duplicate both", () => {
    const twice = stringify({ users: [...rows, { id: "user-1000" }] }, { lineWidth: 0 })
    const [, line] = /is there twice \(first at (\d+):/.exec(lines(twice).join()) ?? []
    assert.strictEqual(twice.split("\n")[Number(line) - 1]?.trim(), "- id: user-1000")
    assert.match(
      lines(twice).join(),
      new RegExp(`^rows:${twice.split("\n").length - 1}:9: users\\[${rows.length}\\]\\.id: `)
    )
    const wrong = stringify({ users: [...rows.slice(0, 1_321), { id: "" }] }, { lineWidth: 0 })
    assert.match(lines(wrong).join(), /^rows:\d+:9: users\[1321\]\.id: must not be empty/)
    // Two thousand rows twice, line by line: a busy machine takes a hundred times as long.
  }, 360_000)

  it("what is wrong with the YAML itself is told as for a short file", () => {
    const broken = `${long}groups:\n  - { id: \n`
    assert.match(lines(broken).join(), /^rows:\d+:\d+: /)
    const unknown = `${long}groups:\n  - { id: a }\n`
    assert.match(lines(unknown).join(), /groups: unknown key/)
  })
})

describe("a directory file in JSON", () => {
  it("threat B01: a member that is there twice is a finding with both places", () => {
    assert.deepStrictEqual(lines(`{ "teams": [\n  { "id": "red", "blocked": true, "blocked": false } ] }`), [
      "rows:2:35: teams[0].blocked: is there twice (first at 2:18)"
    ])
  })

  it("is sent as it is; YAML is sent as the same rows", () => {
    const text = `{ "teams": [{ "id": "red" }] }`
    assert.strictEqual(Result.getOrThrow(DirectoryDocument.json("rows", text)), text)
    assert.deepStrictEqual(JSON.parse(Result.getOrThrow(DirectoryDocument.json("rows", "teams: [{ id: red }]"))), {
      teams: [{ id: "red" }]
    })
  })
})
