import { assert, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import * as LinearRegExp from "../../../src/rules/patterns/LinearRegExp.ts"
import * as Pattern from "../../../src/rules/patterns/Pattern.ts"

const atom = Schema.Literals(["a", "b", "c", ".", "[ab]", "[^a]", "\\w", "\\b", "^", "$", "-", "\u{1F600}"])
const repetition = Schema.Literals(["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}"])
const open = Schema.Literals(["", "", "(", "(?:", "(|", "(a|", "(?<n>"])
const close = Schema.Literals(["", "", ")", "|b)", "|)"])
const pieces = Schema.Array(Schema.Tuple([open, atom, repetition, close, repetition])).check(Schema.isMaxLength(5))

/** Sources that JavaScript accepts: groups are closed, what is left over is dropped. */
const source = Arbitrary.map(Arbitrary.schema(pieces), (drawn) => {
  let text = ""
  const names = new Set<string>()
  const stack: Array<string> = []
  for (const [open, atom, repeat, close, repeatGroup] of drawn) {
    const opened = open === "(?<n>" && names.has("n") ? "(" : open
    if (opened === "(?<n>") names.add("n")
    if (opened !== "") stack.push(opened)
    text += opened + atom + (/^(?:\\b|\^|\$)$/.test(atom) ? "" : repeat)
    if (close !== "" && stack.pop() !== undefined) text += close + repeatGroup
  }
  return text + ")".repeat(stack.length)
})

const text = Arbitrary.map(
  Arbitrary.schema(Schema.Array(Schema.Literals(["a", "b", "c", "-", "\n", "\u{1F600}"])).check(Schema.isMaxLength(8))),
  (letters) => letters.join("")
)

it.prop(
  "an accepted expression finds what JavaScript finds, with the same groups",
  { source, text },
  ({ source, text }) => {
    const linear = LinearRegExp.compile(source)
    if (Result.isFailure(linear)) {
      assert.match(linear.failure, /can match nothing/)
      return
    }
    const expected = new RegExp(source, "u").exec(text)
    assert.deepStrictEqual(linear.success.exec(text), expected === null ? undefined : [...expected])
  },
  { arbitrary: { runs: 3_000, seed: process.env["SEED"] ?? "jotgate" } }
)

it.prop(
  "an expression that has seen other texts still matches what JavaScript matches",
  { source, texts: Arbitrary.array(text, { maxLength: 12 }) },
  ({ source, texts }) => {
    const linear = LinearRegExp.compile(source)
    if (Result.isFailure(linear)) return
    const expected = new RegExp(source, "u")
    for (const text of [...texts, texts.join(""), ...texts]) {
      assert.strictEqual(linear.success.test(text), expected.test(text), JSON.stringify(text))
    }
  },
  { arbitrary: { runs: 1_000, seed: process.env["SEED"] ?? "jotgate" } }
)

it("an expression over more characters than it remembers steps for matches as before", () => {
  const linear = Result.getOrThrow(LinearRegExp.compile("^[^x]+(?:xy|x)[^x]*$"))
  const all = Array.from({ length: 5_000 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join("")
  for (let round = 0; round < 3; round++) {
    assert.isTrue(linear.test(`${all}x${all}`))
    assert.isTrue(linear.test(`${all}xy`))
    assert.isFalse(linear.test(`${all}xyx${all}`))
    assert.isFalse(linear.test(all))
  }
})

const pattern = Arbitrary.map(
  Arbitrary.schema(Schema.Array(Schema.Literals(["a", "b", "*", "**", ".", "?"])).check(Schema.isMaxLength(7))),
  (letters) => letters.join("")
)

it.prop(
  "a pattern matches what the same expression with `.*` for `*` matches (RULES D21)",
  { pattern, text },
  ({ pattern, text }) => {
    const expression = new RegExp(
      `^${pattern.split("*").map((part) => part.replace(/[.?]/g, "\\$&")).join("[^]*")}$`,
      "u"
    )
    assert.strictEqual(Pattern.compile(pattern)(text), expression.test(text))
    assert.strictEqual(Pattern.compileAny([pattern])(text), expression.test(text))
  },
  { arbitrary: { runs: 1_000, seed: process.env["SEED"] ?? "jotgate" } }
)
