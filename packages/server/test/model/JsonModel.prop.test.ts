import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { JsonModel } from "../../src/model/JsonModel.ts"
import { isModelName } from "../../src/model/Peeked.ts"

const read = (body: string, step: number) => {
  const bytes = Buffer.from(body)
  const model = new JsonModel()
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

describe("JsonModel", () => {
  it.prop("the model is found wherever it stands among other members", {
    before: Body,
    after: Body,
    model: Schema.String,
    step: Step
  }, (
    { before, after, model, step }
  ) => {
    const others = (it: object) => Object.entries(it).filter(([name]) => name.toLowerCase() !== "model")
    const text = `{${
      [...others(before), ["model", model] as const, ...others(after)]
        .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")
    }}`
    const peeked = read(text, step)
    if (isModelName(model)) assert.deepStrictEqual(peeked, { _tag: "Found", name: model })
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
