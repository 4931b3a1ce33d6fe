import { assert, describe, it } from "@effect/vitest"
import * as Pattern from "../../../src/rules/patterns/Pattern.ts"

describe("Pattern.compile: `*` is the only special character (RULES D21)", () => {
  const cases: ReadonlyArray<
    readonly [pattern: string, matching: ReadonlyArray<string>, other: ReadonlyArray<string>]
  > = [
    ["gpt-4o", ["gpt-4o"], ["gpt-4o-mini", "GPT-4O", "", "xgpt-4o"]],
    ["*", ["", "anything", "a\nb", "ü"], []],
    ["**", ["", "anything"], []],
    ["gpt-*", ["gpt-", "gpt-4o", "gpt-*"], ["gpt", "xgpt-4o", "Gpt-4o"]],
    ["*-mini", ["-mini", "gpt-4o-mini"], ["gpt-4o-mini-2", "mini"]],
    ["a*a", ["aa", "aba", "a*a"], ["a", "ab"]],
    ["bedrock/*claude*v1", ["bedrock/claudev1", "bedrock/us.claude-3-v1"], [
      "bedrock/v1",
      "bedrock/claude",
      "x/claudev1"
    ]],
    ["a*b*b", ["abb", "axbyb", "abab.b"], ["ab", "abc"]],
    ["", [""], ["a"]],
    ["gpt.4o?[x]", ["gpt.4o?[x]"], ["gpt-4ox", "gptx4o?[x]"]],
    ["^a$", ["^a$"], ["a"]]
  ]
  for (const [pattern, matching, other] of cases) {
    it(`${JSON.stringify(pattern)} matches ${JSON.stringify(matching)} and not ${JSON.stringify(other)}`, () => {
      const matches = Pattern.compile(pattern)
      for (const text of matching) assert.isTrue(matches(text), `${pattern} must match ${text}`)
      for (const text of other) assert.isFalse(matches(text), `${pattern} must not match ${text}`)
    })
  }

  it("a hostile text cannot make a pattern slow (threat B17)", () => {
    const matches = Pattern.compile(`${"a*".repeat(50)}b`)
    const started = performance.now()
    assert.isFalse(matches("a".repeat(100_000)))
    assert.isBelow(performance.now() - started, 10_000)
  })
})

describe("Pattern.compileAny", () => {
  it("an empty list matches nothing", () => {
    assert.isFalse(Pattern.compileAny([])(""))
  })
  it("literals and patterns both count", () => {
    const matches = Pattern.compileAny(["red", "blue-*"])
    assert.deepStrictEqual(["red", "blue-1", "blue", "redder"].map(matches), [true, true, false, false])
  })
  it("`*` among them matches everything", () => {
    assert.isTrue(Pattern.compileAny(["red", "*"])(""))
  })
})

describe("Pattern.glob: shell-style globs of directory.userRoles", () => {
  const cases: ReadonlyArray<readonly [glob: string, matching: ReadonlyArray<string>, other: ReadonlyArray<string>]> = [
    ["llm-admin*", ["llm-admin", "llm-admin-eu"], ["LLM-admin", "x-llm-admin"]],
    ["admin?", ["admin1", "admin?", "admin\n", "admin\u{1F600}"], ["admin", "admin12"]],
    ["[abc]d", ["ad", "bd", "cd"], ["dd", "abcd", "d"]],
    ["[!abc]d", ["dd", "!d"], ["ad", "d"]],
    ["[a-c]x", ["ax", "bx", "cx"], ["dx", "-x"]],
    ["[!a-c]x", ["dx", "-x"], ["bx"]],
    ["[a-]x", ["ax", "-x"], ["bx"]],
    ["[-a]x", ["ax", "-x"], ["bx"]],
    ["[a-c-e]x", ["bx", "-x", "ex"], ["dx"]],
    ["[]]x", ["]x"], ["x", "[]]x"]],
    ["[!]]x", ["ax"], ["]x"]],
    ["[]-a]x", ["]x", "^x", "ax"], ["bx"]],
    ["[c-a]x", [], ["ax", "bx", "cx", "-x", "x"]],
    ["[!c-a]x", ["ax", "-x"], ["x"]],
    ["[^a]x", ["^x", "ax"], ["bx"]],
    ["[*]", ["*"], ["a", ""]],
    ["[ab", ["[ab"], ["a", "ab"]],
    ["[!", ["[!"], ["a"]],
    ["[!]", ["[!]"], ["a"]],
    ["[]", ["[]"], [""]],
    ["a\\*", ["a\\", "a\\b"], ["a*"]],
    ["*a*b", ["ab", "xaxb", "aab", "abab"], ["ba", "a"]],
    ["a**b", ["ab", "axb"], ["a"]],
    ["", [""], ["a"]],
    ["*", ["", "x"], []],
    ["a.c", ["a.c"], ["abc"]],
    ["\u{1F600}[\u{1F600}-\u{1F602}]", ["\u{1F600}\u{1F601}"], ["\u{1F600}\u{1F603}"]]
  ]
  for (const [glob, matching, other] of cases) {
    it(`${JSON.stringify(glob)} matches ${JSON.stringify(matching)} and not ${JSON.stringify(other)}`, () => {
      const matches = Pattern.glob(glob)
      for (const text of matching) assert.isTrue(matches(text), `${glob} must match ${text}`)
      for (const text of other) assert.isFalse(matches(text), `${glob} must not match ${text}`)
    })
  }

  it("a hostile text cannot make a glob slow (threat B17)", () => {
    const matches = Pattern.glob(`${"*a".repeat(30)}*b`)
    const started = performance.now()
    assert.isFalse(matches("a".repeat(20_000)))
    assert.isBelow(performance.now() - started, 10_000)
  })
})
