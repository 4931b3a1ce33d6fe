import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { findings, pathText, suggestion } from "../../src/settings/SchemaFindings.ts"

const Team = Schema.Struct({
  id: Schema.NonEmptyString,
  size: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  mode: Schema.optionalKey(Schema.Literals(["first", "union"])),
  tags: Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Schema.String)]))
})
const decode = Schema.decodeUnknownResult(Schema.Struct({ teams: Schema.Array(Team) }), {
  errors: "all",
  onExcessProperty: "error"
})
const found = (value: unknown): ReadonlyArray<string> => {
  const result = decode(value)
  return Result.isFailure(result)
    ? findings(result.failure.issue).map((it) => `${pathText(it.path)} (${it.kind}) ${it.message}`)
    : []
}

describe("findings", () => {
  const cases: ReadonlyArray<readonly [title: string, value: unknown, expected: ReadonlyArray<string>]> = [
    ["an unknown key comes with the key that was meant", { teams: [{ id: "a", sizes: 1 }] }, [
      "teams[0].sizes (unknown) unknown key, did you mean \"size\"?"
    ]],
    ["an unknown key that resembles none has no suggestion", { teams: [{ id: "a", colour: 1 }] }, [
      "teams[0].colour (unknown) unknown key"
    ]],
    ["a missing key", { teams: [{}] }, ["teams[0].id (missing) is missing"]],
    ["a wrong type is named by what is expected", { teams: 1 }, ["teams (invalid) must be a list"]],
    ["alternatives are listed", { teams: [{ id: "a", mode: "last" }] }, [
      "teams[0].mode (invalid) must be \"first\" or \"union\""
    ]],
    ["a union of types", { teams: [{ id: "a", tags: 1 }] }, ["teams[0].tags (invalid) must be text or a list"]],
    ["a failed check", { teams: [{ id: "", size: 0 }] }, [
      "teams[0].id (invalid) must not be empty",
      "teams[0].size (invalid) must be greater than 0"
    ]],
    ["several findings at once", { teams: [{ size: "x" }], team: 1 }, [
      "team (unknown) unknown key, did you mean \"teams\"?",
      "teams[0].id (missing) is missing",
      "teams[0].size (invalid) must be a number"
    ]]
  ]
  for (const [title, value, expected] of cases) {
    it(title, () => {
      assert.deepStrictEqual(found(value), expected)
    })
  }

  it("never holds the value, which could be a secret", () => {
    assert.notInclude(JSON.stringify(found({ teams: [{ id: "a", mode: "hunter2" }, "hunter2"] })), "hunter2")
  })
})

describe("suggestion", () => {
  it("case and separators count little", () => {
    assert.strictEqual(suggestion("team_headers", ["teamHeaders", "teamRoutes"]), "teamHeaders")
  })
  it("something far from every candidate has none", () => {
    assert.isUndefined(suggestion("colour", ["teamHeaders", "size"]))
  })
})
