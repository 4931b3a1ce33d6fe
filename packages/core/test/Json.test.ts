import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { type JsonRefused, maxDepth, parse } from "../src/Json.ts"

const refusals = (texts: ReadonlyArray<string>): ReadonlyArray<JsonRefused | "accepted"> =>
  texts.map((text) =>
    Result.match(parse(text), { onFailure: (reason) => reason, onSuccess: () => "accepted" as const })
  )

describe("Json", () => {
  it("reads what JSON.parse reads", () => {
    for (
      const text of [
        "null",
        " true ",
        "false",
        "0",
        "-0",
        "1",
        "-12.5e-3",
        "1E+2",
        "123456789012345",
        "12345678901234567890",
        "\"\"",
        "\"a\\u0041\\n\\\"\\\\\\/\\b\\f\\r\\t\"",
        "\"\\ud83d\\ude00\\ud800\"",
        "\"Zoë 日本 😀\"",
        "[]",
        "[ ]",
        "[1 , 2,[3]]",
        "{}",
        "{\"a\":{\"b\":[{\"c\":null}]}, \"\" : 1}",
        "\t\r\n{\"a\" :\n1}\r\n",
        "{\"\\u0061\":1,\"A\":2}"
      ]
    ) {
      const found = Result.getOrThrow(parse(text))
      assert.strictEqual(JSON.stringify(found), JSON.stringify(JSON.parse(text)), text)
    }
  })

  it("refuses what is no JSON", () => {
    const texts = [
      "",
      " ",
      "nul",
      "True",
      "undefined",
      "NaN",
      "Infinity",
      "01",
      "+1",
      "1.",
      ".5",
      "1e",
      "-",
      "0x10",
      "1 2",
      "'a'",
      "\"a",
      "\"\n\"",
      "\"\u0000\"",
      "\"\\x\"",
      "\"\\u12\"",
      "\"\\",
      "\"\\\"",
      "[1,]",
      "[,1]",
      "[1",
      "[1 2]",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}",
      "{a:1}",
      "{\"a\":1 \"b\":2}",
      "{\"a\":1",
      "{]",
      "\ufeff{}",
      "{}\u00a0",
      "{}x",
      "/**/{}",
      "\v1"
    ]
    assert.deepStrictEqual(refusals(texts), texts.map(() => "syntax"))
  })

  it("threat B01: refuses a member twice, at any depth and in any spelling", () => {
    const texts = [
      "{\"a\":1,\"a\":1}",
      "{\"a\":1,\"\\u0061\":2}",
      "{\"\\u0061\":1,\"b\":{},\"a\":2}",
      "[{\"x\":{\"a\":null,\"a\":null}}]",
      "{\"__proto__\":1,\"__proto__\":2}",
      "{\"\":1,\"\":2}",
      "{\"\\/\":1,\"/\":2}"
    ]
    assert.deepStrictEqual(refusals(texts), texts.map(() => "duplicate_member"))
    assert.deepStrictEqual(refusals(["{\"a\":{\"a\":1},\"b\":{\"a\":2}}", "{\"a\":1,\"A\":2}"]), [
      "accepted",
      "accepted"
    ])
  })

  it("refuses more depth than any token has, and numbers beyond all numbers", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth)
    assert.deepStrictEqual(refusals([nested(maxDepth), nested(maxDepth + 1), nested(7_000)]), [
      "accepted",
      "depth",
      "depth"
    ])
    assert.deepStrictEqual(refusals(["{\"a\":".repeat(maxDepth + 1), "1e999", "[-1e999]"]), [
      "depth",
      "number",
      "number"
    ])
  })

  it("makes objects that inherit nothing, at any depth", () => {
    const found = Result.getOrThrow(parse("{\"__proto__\":{\"constructor\":1},\"list\":[{}]}"))
    const objects: Array<unknown> = [
      found,
      ...Object.values(found as object),
      ...(Reflect.get(found as object, "list") as Array<unknown>)
    ]
    for (const it of objects.filter((it) => !Array.isArray(it))) {
      const inherited: object = Object.getPrototypeOf(it)
      assert.deepStrictEqual([Reflect.ownKeys(inherited), Object.isFrozen(inherited)], [[], true])
      assert.isNull(Object.getPrototypeOf(inherited))
    }
    assert.deepStrictEqual(Object.keys(found as object), ["__proto__", "list"])
  })
})
