import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { JsonModel } from "../../src/model/JsonModel.ts"
import * as JsonWalk from "../../src/model/JsonWalk.ts"
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

  it("lists in lists stop it at the same places, whether they come in one piece or byte by byte", () => {
    const stopsOf = (text: string, step: number, watched: Partial<JsonWalk.Place>) => {
      const bytes = Buffer.from(text)
      const place = { ...JsonWalk.startPlace(), wanted: false, ...watched }
      const stops: Array<string> = []
      for (let at = 0; at < bytes.length && stops.at(-1)?.startsWith("Bad") !== true; at += step) {
        JsonWalk.walk(place, bytes.subarray(at, at + step), (why, raw) => {
          const found = why === "Name" || why === "Text" || why === "Other" ? JsonWalk.asText(raw) : ""
          stops.push(`${why} ${found} at ${place.at}, depth ${place.depth}, ${place.opened} opened`)
          return why !== "Bad"
        })
      }
      return [...stops, `${JsonWalk.isDone(place)}, ${place.opened} opened`]
    }
    const texts = [
      `[[[[1]],[[[2]]]],[0],[[[{"a":[[[3]]]}]]],[[[0]]]]`,
      `{"a":[[[[0]]],[[[["b"]]]]]}`,
      `[[[}]]]`,
      `[[[[`
    ]
    for (const text of texts) {
      for (let depth = 0; depth < 8; depth++) {
        for (const watched of [{ elements: depth }, { names: depth, allNames: true }, { floor: Math.max(1, depth) }]) {
          const what = `${text} ${JSON.stringify(watched)}`
          assert.deepStrictEqual(stopsOf(text, text.length, watched), stopsOf(text, 1, watched), what)
        }
      }
    }
    for (const depth of [499, 500, 501, 502, 900, 5_000]) {
      const [last] = stopsOf(`${"[".repeat(depth)}1${"]".repeat(depth)}`, 20_000, {}).toReversed()
      assert.strictEqual(last, depth <= 500 ? "true, 0 opened" : "false, 0 opened", String(depth))
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
