import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { parse, render } from "../../src/model/FormFields.ts"

describe("FormFields", () => {
  const refused: ReadonlyArray<readonly [string, string]> = [
    ["a semicolon as separator", "a=1;model=b"],
    ["an empty field", "a=1&&model=b"],
    ["a field without a name", "=a"],
    ["a field without a value", "model"],
    ["an escape that is none", "model=%zz"],
    ["an escape that is cut", "model=%6"],
    ["octets that are no UTF-8", "model=%ff"],
    ["characters that were not encoded", "model=é"],
    ["a fragment", "model=a#b"],
    ["a control character", "model=a\n"],
    ["a name that ends for some where a control character stands", "model%00x=o1"],
    ["more than a thousand fields", "a=1&".repeat(1001)]
  ]
  for (const [title, text] of refused) {
    it(`RULES D55: ${title} is refused`, () => assert.isUndefined(parse(text)))
  }

  it("reads what every form encoder writes", () => {
    assert.deepStrictEqual(parse("model=gpt%2D4o&prompt=a+b%20c&n=&q=x=y"), [
      ["model", "gpt-4o"],
      ["prompt", "a b c"],
      ["n", ""],
      ["q", "x=y"]
    ])
  })

  it.prop("what is sent is read again as it was", { name: Schema.NonEmptyString, value: Schema.String }, (it) => {
    if (!it.name.isWellFormed() || !it.value.isWellFormed() || /\p{Cc}/u.test(it.name)) return
    assert.deepStrictEqual(parse(render([[it.name, it.value]])), [[it.name, it.value]])
  })
})
