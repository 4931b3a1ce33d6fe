import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { JsonModel } from "../../src/model/JsonModel.ts"
import { found, type Peeked } from "../../src/model/Peeked.ts"
import { compile, target } from "../../wasm/compile.ts"
import { chatPlaces } from "../support/ChatPlaces.ts"
import { shapes, size } from "../support/JsonShapes.ts"
import { readTimed } from "../support/TimedReading.ts"

const expected: Peeked = found("gpt-4o")
describe("10 MB of JSON", () => {
  for (const [name, make] of Object.entries(shapes)) {
    // 20 ms in all and 10 ms at a time are wanted: with twentyfold room for busy machines, and for the best pass.
    it(`RULES D19: the model behind ${name} is found within its time, and no piece stops the loop`, () => {
      const body = make()
      assert.isAbove(body.length, 0.9 * size)
      const passes = Array.from({ length: 4 }, () => readTimed(body))
      for (const it of passes) assert.deepStrictEqual(it.model, expected)
      assert.isBelow(Math.min(...passes.map((it) => it.millis)), 20 * 20)
      assert.isBelow(Math.min(...passes.map((it) => it.longest)), 20 * 10)
    })
  }
})

describe("the walk over JSON", () => {
  it("is what its source compiles to", async () => {
    assert.strictEqual(readFileSync(target, "utf8"), await compile())
  })

  it("numbers of 6 kB are read, longer ones refused, wherever a piece ends", () => {
    const read = (body: string, step: number) => {
      const bytes = Buffer.from(body)
      const model = new JsonModel(chatPlaces)
      for (let at = 0; at < bytes.length; at += step) model.push(bytes.subarray(at, at + step))
      return model.end()._tag
    }
    for (const step of [7, 1000, 100_000]) {
      for (const [digits, tag] of [[6000, "Found"], [7000, "Refused"]] as const) {
        const long = "1".repeat(digits)
        assert.strictEqual(read(`{"n":${long},"model":"a"}`, step), tag)
        assert.strictEqual(read(`{"n":[1,${long},2],"model":"a"}`, step), tag)
        assert.strictEqual(read(`{"n":0.${long},"model":"a"}`, step), tag)
      }
    }
  })

  it("two bodies that come in turns do not see each other", () => {
    const bodies = [`{"a":[[{"b":"x\\u0041"}]],"model":"gpt-4o"}`, `[1,2,{"a":"b"}]`, `{"model":"gpt-4o","x":[tru`]
    const models = bodies.map(() => new JsonModel(chatPlaces))
    for (let at = 0; at < 60; at++) {
      models.forEach((model, index) => model.push(Buffer.from(bodies[index]?.slice(at, at + 1) ?? "")))
    }
    assert.deepStrictEqual(models.map((it) => it.end()._tag), ["Found", "Nothing", "Refused"])
  })
})
