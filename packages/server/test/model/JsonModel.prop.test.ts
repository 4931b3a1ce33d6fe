import { assert, describe, it } from "@effect/vitest"
import { isModelName } from "@jotgate/core/ModelName"
import { Schema } from "effect"
import { JsonModel } from "../../src/model/JsonModel.ts"
import { fold, placesOf } from "../../src/model/JsonPlaces.ts"
import { found } from "../../src/model/Peeked.ts"

const places = placesOf([{ path: "model" }])

const read = (body: string, step: number) => {
  const bytes = Buffer.from(body)
  const model = new JsonModel(places)
  for (let at = 0; at < bytes.length; at += step) model.push(bytes.subarray(at, at + step))
  return model.end()
}

const Step = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))
const Place = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 400 }))
const Body = Schema.Record(Schema.String, Schema.Json)

const parses = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** What the walk reads by blocks: lists of numbers and of short texts, escapes, white space. */
const Element = Schema.Literals([
  "0",
  "7",
  "12",
  "123456",
  "-1.5e+3",
  `""`,
  `"a"`,
  `"some words, and more words"`,
  `"\\n\\\\"`,
  `"\\u00e9\\""`,
  "true",
  "[]",
  "{}",
  " [ 1, 2 ]"
])
const Lists = Schema.Array(
  Schema.Tuple([
    Element,
    Schema.Literals([",", ", ", " ,\n", ",        "]),
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 }))
  ])
)

describe("JsonModel", () => {
  it.prop("a list is JSON here exactly when it is to the platform, whole and with one byte changed", {
    lists: Lists,
    at: Place,
    byte: Place,
    step: Step
  }, ({ lists, at, byte, step }) => {
    const elements = lists.flatMap(([element, separator, times]) =>
      Array.from({ length: times }, () => element + separator)
    )
    const text = `[${elements.join("")}0]`
    const cut = at % text.length
    const marks = `{}[]",:\\0123456789.eE+-tfnu \n\u0001`
    const broken = text.slice(0, cut) + marks[byte % marks.length] + text.slice(cut + 1)
    for (const one of [text, broken]) {
      assert.strictEqual(read(one, step)._tag !== "Refused", parses(one), one)
      assert.deepStrictEqual(read(one, one.length), read(one, step), one)
    }
  })

  it.prop("the model is found wherever it stands among other members", {
    before: Body,
    after: Body,
    model: Schema.String,
    step: Step
  }, (
    { before, after, model, step }
  ) => {
    const others = (it: object) => Object.entries(it).filter(([name]) => fold(name) !== "model")
    const text = `{${
      [...others(before), ["model", model] as const, ...others(after)]
        .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")
    }}`
    const peeked = read(text, step)
    if (isModelName(model)) assert.deepStrictEqual(peeked, found(model))
    else assert.strictEqual(peeked._tag, "Refused")
  })

  it.prop("what is no JSON to the platform is no JSON here, and the other way round", {
    body: Body,
    at: Place,
    byte: Place,
    step: Step
  }, (
    { body, at, byte, step }
  ) => {
    const text = JSON.stringify(body)
    const cut = at % (text.length + 1)
    const marks = `{}[]",:\\0123456789.eE+-tfn \n\u0001`
    const broken = text.slice(0, cut) + marks[byte % marks.length] + text.slice(cut + 1)
    for (const one of [text, broken]) {
      const peeked = read(one, step)
      if (peeked._tag !== "Refused") assert.isTrue(parses(one), one)
      else if (!/model/i.test(one)) assert.isFalse(parses(one), one)
    }
  })
})
