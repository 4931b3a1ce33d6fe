import { assert, it } from "@effect/vitest"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import * as RowLines from "../../src/directory/RowLines.ts"

const yaml = `# People and teams
users:
  - id: alice
    email: alice@acme.test
  - { id: bob, blocked: true }
teams:
  - alias: Red
    id: red
    models: [o1]
memberships:
  - { user: alice, team: red }
agents: [{ id: bot }]
`

it("a row of directory.file has its line there, as the file is now; whatever the file does not hold has none", () => {
  const folder = mkdtempSync(join(tmpdir(), "jotgate-rows-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, "rows.yaml")
  const lineOf = RowLines.make(file)
  assert.isUndefined(lineOf({ kind: "team", id: "red" }), "there is no file")
  writeFileSync(file, yaml)
  assert.deepStrictEqual(lineOf({ kind: "user", id: "bob" }), { line: 5, file })
  assert.deepStrictEqual(lineOf({ kind: "team", id: "red" }), { line: 7, file })
  assert.deepStrictEqual(lineOf({ kind: "membership", id: "alice/red" }), { line: 11, file })
  assert.deepStrictEqual(lineOf({ kind: "agent", id: "bot" }), { line: 12, file })
  assert.isUndefined(lineOf({ kind: "team", id: "bob" }))
  assert.isUndefined(lineOf({ kind: "issuer", id: "red" }))
  writeFileSync(file, JSON.stringify({ teams: [{ id: "red" }, { id: "blue" }] }, null, 1))
  assert.deepStrictEqual(lineOf({ kind: "team", id: "blue" }), { line: 6, file })
  writeFileSync(file, "teams: [{ id: red }, { id: 7 }]")
  assert.isUndefined(lineOf({ kind: "team", id: "red" }), "a broken file changes nothing, and has no rows")
})
