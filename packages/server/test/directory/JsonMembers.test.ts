import { assert, describe, it } from "@effect/vitest"
import * as JsonMembers from "../../src/directory/JsonMembers.ts"

const path = (text: string) => JsonMembers.repeated(text)?.path.join(".")

describe("members of JSON that are there twice", () => {
  const once: ReadonlyArray<string> = [
    "{}",
    "[]",
    "7",
    "\"a\"",
    `{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}`,
    `{"a":"\\"a\\":1,","b":"\\\\","c":"{\\"a\\":1,\\"a\\":2}"}`,
    `{"a":["a","a","a"],"b":"a"}`,
    `{"A":1,"a":2,"":3,"__proto__":4,"constructor":5}`
  ]
  for (const text of once) it(`none in ${text}`, () => assert.isUndefined(path(text)))

  const twice: ReadonlyArray<readonly [text: string, path: string]> = [
    [`{"a":1,"a":1}`, "a"],
    [`{"a":{"b":{},"c":[]},"a":1}`, "a"],
    [`{"a":1,"\\u0061":2}`, "a"],
    [`[1,{"x":[{"y":0},{"y":0,"z":[],"y":1}]}]`, "1.x.1.y"],
    [`{ "" : 1 , "" : 2 }`, ""],
    [`{"__proto__":1,"__proto__":2}`, "__proto__"],
    [`{"b":{"a":1},"c":{"a":1,"d":{"a":1},"a":2}}`, "c.a"]
  ]
  for (const [text, expected] of twice) it(`${expected} in ${text}`, () => assert.strictEqual(path(text), expected))

  it("tells where both of them begin", () => {
    const text = `{"teams": [{"id": "a",\n "id": "b"}]}`
    const found = JsonMembers.repeated(text)
    assert.deepStrictEqual([text.slice(found?.first).slice(0, 9), text.slice(found?.at).slice(0, 9)], [
      "\"id\": \"a\"",
      "\"id\": \"b\""
    ])
  })

  for (const text of ["{", "{\"a", "{\"a\":1,\"a", "]]]", "{\"a\\", ",", "{\"\\u00\":1,\"\\u00\":2}"]) {
    it(`what is no JSON is left to whoever parses it: ${text}`, () => assert.isUndefined(path(text)))
  }

  it("a text of a million levels and one of a million members end", () => {
    assert.isUndefined(path("[".repeat(1_000_000)))
    assert.isUndefined(path(`{${Array.from({ length: 100_000 }, (_, index) => `"${index}":0`).join()}}`))
  })
})
