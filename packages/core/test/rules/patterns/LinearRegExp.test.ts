import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as LinearRegExp from "../../../src/rules/patterns/LinearRegExp.ts"

const compiled = (source: string) => Result.getOrThrow(LinearRegExp.compile(source))

describe("LinearRegExp.compile: what is accepted means what it means in JavaScript", () => {
  const cases: ReadonlyArray<readonly [source: string, texts: ReadonlyArray<string>]> = [
    ["^llm-(.+)$", ["llm-red", "llm-", "xllm-red", "llm-\u{1F600}", "llm-a\nb"]],
    ["^CN=(?<group>[^,]+),OU=llm$", ["CN=red,OU=llm", "CN=,OU=llm", "CN=a,OU=b"]],
    ["(a|ab)(c|bcd)(d*)", ["abcd", "acd", "xabcdd", "ab"]],
    ["(a+?)(a*)", ["aaa", "", "baab"]],
    ["(?:(a)|(b))+", ["ab", "ba", "aab", "c"]],
    ["(a|b)??c", ["ac", "c", "bc"]],
    ["x{2}", ["xx", "x", "xxx"]],
    ["^x{2,3}?$", ["xx", "xxx", "x", "xxxx"]],
    ["^(?:ab){0,2}$", ["", "ab", "abab", "ababab"]],
    ["(x{1,}y){2}", ["xyxxy", "xy"]],
    ["\\bred\\b", ["a red team", "redder", "red"]],
    ["\\Bd", ["red", "d"]],
    ["[\\w.-]+@([a-z]+\\.)+com", ["a.b@x.acme.com", "a@com"]],
    ["^[^\\]\\d]+$", ["ab", "a]", "a1"]],
    ["^\\p{Lu}+$", ["ÄÖ", "äö", "A"]],
    ["^\\u{1F600}.$", ["\u{1F600}a", "\u{1F600}\u{1F601}"]],
    ["^\\ud83d\\ude00$", ["\u{1F600}"]],
    ["^\\x41\\u0042\\t\\/\\.$", ["AB\t/.", "AB\t/x"]],
    ["a|", ["a", "b"]],
    ["", ["", "a"]],
    ["$", ["", "a"]],
    ["^^a$$", ["a", "aa"]],
    ["(?:)", ["x"]],
    ["()(a)", ["a"]],
    ["((a)|b)*c", ["abc", "bac", "c"]],
    ["[\\s\\S]", ["\n", ""]],
    ["^.$", ["\n", "\u2028", "a"]],
    ["(a*){2}", ["aaa", "b"]]
  ]
  for (const [source, texts] of cases) {
    it(`/${source}/u over ${JSON.stringify(texts)}`, () => {
      const linear = compiled(source)
      for (const text of texts) {
        const expected = new RegExp(source, "u").exec(text)
        assert.deepStrictEqual(linear.exec(text), expected === null ? undefined : [...expected], text)
        assert.strictEqual(linear.test(text), expected !== null, text)
      }
    })
  }

  it("keeps no state between calls (threat B17)", () => {
    const linear = compiled("red")
    for (let round = 0; round < 10; round++) assert.isTrue(linear.test("red"))
  })
})

describe("LinearRegExp.compile: what cannot run in linear time is refused with the reason (threat B17)", () => {
  const cases: ReadonlyArray<readonly [source: string, reason: RegExp]> = [
    ["(a)\\1", /back reference/],
    ["(?<x>a)\\k<x>", /back reference/],
    ["a(?=b)", /looks around/],
    ["a(?!b)", /looks around/],
    ["(?<=a)b", /looks around/],
    ["(?<!a)b", /looks around/],
    ["(?i:a)", /flags/],
    ["(a*)*", /can match nothing/],
    ["(a|b?)+", /can match nothing/],
    ["(?:^|,)*", /can match nothing/],
    ["(a?){1,3}", /can match nothing/],
    ["(", /not well formed/],
    ["a**", /not well formed/],
    ["[b-a]", /not well formed/],
    ["\\q", /not well formed/],
    ["a{3000}", /too large/],
    ["(?:a{40}){40}", /too large/],
    ["(?:a{0,40}){0,40}", /can match nothing/],
    ["(?:ba{0,40}){0,40}", /too large/],
    [`${"(".repeat(60)}a${")".repeat(60)}`, /nested deeper/],
    ["a".repeat(1001), /longer than/]
  ]
  for (const [source, reason] of cases) {
    it(`${source.length > 40 ? `${source.slice(0, 40)}…` : source}: ${reason.source}`, () => {
      const result = LinearRegExp.compile(source)
      assert.isTrue(Result.isFailure(result))
      if (Result.isFailure(result)) assert.match(result.failure, reason)
    })
  }

  for (const source of ["(a+)+$", "^(a|aa)+$", "(.*)(.*)(.*)(.*)x$", "(a|a|a|a)+b"]) {
    it(`/${source}/ over 50 000 hostile characters takes linear time (threat B17)`, () => {
      const linear = compiled(source)
      const text = `${"a".repeat(50_000)}!`
      const times = Array.from({ length: 15 }, () => {
        const started = performance.now()
        assert.isFalse(linear.test(text))
        assert.isUndefined(linear.exec(text))
        return performance.now() - started
      })
      // It takes 2 to 5 ms; what is quadratic takes seconds, and what backtracks never ends.
      assert.isBelow(Math.min(...times), 100)
    })
  }
})

describe("LinearRegExp.replacement", () => {
  const cases: ReadonlyArray<readonly [source: string, template: string, text: string, result: string]> = [
    ["^llm-(.+)$", "$1", "llm-red", "red"],
    ["^(.+)-(.+)$", "$2/$1", "a-b", "b/a"],
    ["^(?<team>.+)@(?<region>.+)$", "$<region>.$<team>", "red@eu", "eu.red"],
    ["red", "$&$&", "a red", "redred"],
    ["^(a)?b$", "[$1]", "b", "[]"],
    ["a", "$$1", "a", "$1"],
    ["a", "cost $", "a", "cost $"]
  ]
  for (const [source, template, text, result] of cases) {
    it(`${template} of /${source}/ over ${text} is ${result}`, () => {
      const linear = compiled(source)
      const replace = Result.getOrThrow(LinearRegExp.replacement(template, linear))
      assert.strictEqual(replace(linear.exec(text) ?? []), result)
    })
  }

  it("a group that the expression does not have is refused", () => {
    for (const template of ["$2", "$0", "$<team>"]) {
      assert.isTrue(Result.isFailure(LinearRegExp.replacement(template, compiled("(a)"))), template)
    }
  })
})
