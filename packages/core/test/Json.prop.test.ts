import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import { parse } from "../src/Json.ts"

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Texts that are JSON, nearly JSON, and anything but. */
const fragments = [
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "\"",
  "\"a\"",
  "\"\\u0061\"",
  "\\",
  " ",
  "\n",
  "1",
  "-",
  "0",
  ".5",
  "e9",
  "true",
  "null",
  "é",
  "\u0001"
]
const NearlyJson = Arbitrary.map(
  Arbitrary.schema(Schema.Array(Schema.Literals(fragments))),
  (all) => all.join("")
)

describe("laws of Json", () => {
  it.prop("what it accepts it reads as JSON.parse does", { text: NearlyJson }, ({ text }) => {
    const found = parse(text)
    if (Result.isSuccess(found)) assert.strictEqual(JSON.stringify(found.success), JSON.stringify(parsed(text)))
  }, { arbitrary: { runs: 3_000, seed: process.env["SEED"] ?? "jotgate" } })

  it.prop("it refuses what JSON.parse refuses, and nothing else for its syntax", { text: NearlyJson }, ({ text }) => {
    const found = parse(text)
    const isSyntax = Result.isFailure(found) && found.failure === "syntax"
    assert.strictEqual(isSyntax || Result.isFailure(found) && parsed(text) === undefined, parsed(text) === undefined)
  }, { arbitrary: { runs: 3_000, seed: process.env["SEED"] ?? "jotgate" } })

  it.prop("it reads back whatever was written, with or without white space", { value: Schema.Json }, ({ value }) => {
    for (const text of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
      assert.strictEqual(JSON.stringify(Result.getOrThrow(parse(text))), JSON.stringify(parsed(text)))
    }
  }, { arbitrary: { runs: 500, seed: process.env["SEED"] ?? "jotgate" } })

  it.prop(
    "threat B01: it refuses any object in which a member is written once more",
    { value: Schema.Record(Schema.String, Schema.Json), name: Schema.String },
    ({ name, value }) => {
      const members = Object.entries({ ...value, [name]: 1 }).map(([key, it]) =>
        `${JSON.stringify(key)}:${JSON.stringify(it)}`
      )
      const escaped = Array.from(
        { length: name.length },
        (_, i) => `\\u${name.charCodeAt(i).toString(16).padStart(4, "0")}`
      )
      const found = parse(`{${members.join(",")},"${escaped.join("")}":2}`)
      assert.deepStrictEqual(found, Result.fail("duplicate_member"))
    },
    { arbitrary: { runs: 500, seed: process.env["SEED"] ?? "jotgate" } }
  )
})
