import { assert, describe, it } from "@effect/vitest"
import { parse, render } from "../../src/model/MediaType.ts"

describe("MediaType", () => {
  const good: ReadonlyArray<readonly [string, string]> = [
    ["application/json", "application/json"],
    [" Application/JSON ; Charset=UTF-8 ", "application/json; charset=UTF-8"],
    ["application/json;", "application/json"],
    ["multipart/form-data; boundary=\"a b\"", "multipart/form-data; boundary=\"a b\""],
    ["multipart/form-data; boundary=\"ab\"", "multipart/form-data; boundary=ab"]
  ]
  for (const [text, expected] of good) {
    it(`${text} is ${expected}`, () => {
      const it = parse(text)
      assert.strictEqual(it === undefined ? undefined : render(it), expected)
    })
  }
  for (
    const text of [
      "",
      "json",
      "application/json, text/plain",
      "application/json; a=1; A=2",
      "multipart/form-data; boundary=\"A\\B\"",
      "multipart/form-data; boundary*0=a",
      "multipart/form-data; boundary*=utf-8''a",
      "multipart/form-data; boundary=\"a",
      "multipart/form-data; boundary=a b",
      "multipart/form-data boundary=a",
      "application/json; charset",
      "application/json\u0000"
    ]
  ) {
    it(`RULES D55: ${JSON.stringify(text)} can be read in more than one way`, () => assert.isUndefined(parse(text)))
  }
})
