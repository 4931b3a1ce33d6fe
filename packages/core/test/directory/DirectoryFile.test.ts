import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as DirectoryFile from "../../src/directory/DirectoryFile.ts"
import { compareText } from "../../src/Ids.ts"
import { pathText } from "../../src/settings/SchemaFindings.ts"
import { rows } from "../../src/testing/DirectorySuite.ts"

const findings = (document: unknown): ReadonlyArray<string> =>
  Result.match(DirectoryFile.parse(document), {
    onSuccess: () => [],
    onFailure: (found) =>
      found.map(({ message, other, path }) =>
        `${pathText(path)} ${message}${other === undefined ? "" : ` (${pathText(other)})`}`
      )
  })

const parsed = (document: unknown): DirectoryFile.DirectoryFile => {
  const result = DirectoryFile.parse(document)
  if (Result.isFailure(result)) throw new Error(JSON.stringify(result.failure))
  return result.success
}

describe("the directory file", () => {
  const good: ReadonlyArray<readonly [title: string, document: unknown]> = [
    ["an empty file", null],
    ["everything but the id is optional", {
      users: [{ id: "u-1" }],
      teams: [{ id: "red" }],
      organizations: [{ id: "acme" }],
      endUsers: [{ id: "c-1" }],
      memberships: [{ user: "u-1", team: "red" }],
      modelGroups: [{ id: "cheap" }]
    }],
    ["SQL text, quotes and any script are data", { teams: [{ id: "'; DROP TABLE teams;--" }, { id: "日本 😀" }] }],
    ["one id in two tables is no duplicate", { users: [{ id: "x" }], teams: [{ id: "x" }] }]
  ]
  for (const [title, document] of good) it(title, () => assert.deepStrictEqual(findings(document), []))

  const bad: ReadonlyArray<readonly [title: string, document: unknown, expected: ReadonlyArray<string>]> = [
    ["an unknown table", { groups: [] }, ["groups unknown key"]],
    ["an unknown field, with the one that was meant", { users: [{ id: "u", budget: 1, blockd: true }] }, [
      "users[0].budget unknown key",
      "users[0].blockd unknown key, did you mean \"blocked\"?"
    ]],
    ["a row far down a long table", {
      teams: Array.from({ length: 1_203 }, (_, index) => index === 1_201 ? {} : { id: `t-${index}` })
    }, ["teams[1201].id is missing"]],
    ["a row that nobody knows who made", { teams: [{ id: "a", origin: "somebody" }] }, [
      "teams[0].origin must be \"token\" or \"file\" or \"api\""
    ]],
    ["a missing id", { teams: [{ alias: "Red" }] }, ["teams[0].id is missing"]],
    ["an empty id", { teams: [{ id: "" }] }, ["teams[0].id must not be empty"]],
    ["an id with a control character", { teams: [{ id: "a\tb" }] }, ["teams[0].id must have no control characters"]],
    ["an id of 257 characters", { teams: [{ id: "x".repeat(257) }] }, ["teams[0].id must have at most 256 characters"]],
    ["half of a character", { teams: [{ id: "a\ud800" }] }, [
      "teams[0].id must be text without NUL and without half of a character"
    ]],
    ["numbers out of range", { users: [{ id: "u", maxBudget: -1, spend: Number.POSITIVE_INFINITY }] }, [
      "users[0].maxBudget must not be negative",
      "users[0].spend must be a finite number"
    ]],
    ["a role that nobody knows", { users: [{ id: "u", role: "root" }] }, [
      "users[0].role must be one of \"proxy_admin\", \"proxy_admin_viewer\", \"org_admin\", \"internal_user\", \"internal_user_viewer\", \"team\", \"customer\""
    ]],
    ["an address that is none", { users: [{ id: "u", email: "a@b@c" }] }, ["users[0].email must be an e-mail address"]],
    ["a duplicate, with both places", { teams: [{ id: "a" }, { id: "b" }, { id: "a" }] }, [
      "teams[2].id is there twice (teams[0].id)"
    ]],
    ["a membership twice", { memberships: [{ user: "u", team: "t" }, { user: "u", team: "t", role: "admin" }] }, [
      "memberships[1] is there twice (memberships[0])"
    ]],
    ["one subject of two people", {
      users: [
        { id: "a", subjects: [{ namespace: "", subject: "s" }] },
        { id: "b", subjects: [{ namespace: "x", subject: "s" }, { namespace: "", subject: "s" }] }
      ]
    }, ["users[1].subjects[1] is linked twice (users[0].subjects[0])"]],
    ["a list that is a map", { users: { id: "u" } }, ["users must be a list"]],
    ["a file that is a list", [], ["must be a map"]]
  ]
  for (const [title, document, expected] of bad) {
    it(`${title} is a finding`, () => assert.deepStrictEqual(findings(document).map((it) => it.trim()), expected))
  }

  it("references to rows that are not in the file are named with their place", () => {
    const file = parsed({
      users: [{ id: "u" }],
      teams: [{ id: "t", organization: "gone", modelGroups: ["here", "lost"] }],
      modelGroups: [{ id: "here" }],
      memberships: [{ user: "u", team: "t" }, { user: "nobody", team: "nowhere" }]
    })
    assert.deepStrictEqual(
      DirectoryFile.references(file).map((it) => `${it.kind} ${it.id} ${pathText(it.path)}`),
      [
        "organizations gone teams[0].organization",
        "modelGroups lost teams[0].modelGroups[1]",
        "users nobody memberships[1].user",
        "teams nowhere memberships[1].team"
      ]
    )
    const [first] = DirectoryFile.references(file)
    assert.deepStrictEqual(first && DirectoryFile.missing(first).message, "names an organization that does not exist")
  })

  it("rows become a file that reads back as a file, and the same rows the same file", () => {
    const known = { ...rows, users: rows.users?.filter((it) => it.role !== "nobody-knows") ?? [] }
    const document = DirectoryFile.fromRows(known)
    assert.deepStrictEqual(findings(document), [])
    assert.deepStrictEqual(DirectoryFile.fromRows(known), document)
    assert.deepStrictEqual(document["teams"]?.find((it) => it["id"] === "twin-a"), { id: "twin-a", alias: "Twin" })
    assert.deepStrictEqual(document["users"]?.find((it) => it["id"] === "u-3"), {
      id: "u-3",
      subjects: [{ namespace: "azure", subject: "00u1" }]
    })
  })

  it("texts are ordered as the databases order them: by their bytes", () => {
    const texts = ["", "a", "aa", "B", "é", "ﬀ", "\uffff", "😀", "z", "日本"]
    const bytes = texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    assert.deepStrictEqual(texts.toSorted(compareText), bytes)
  })
})
