/**
 * Lists that are looked into as a whole: a message has thousands of blocks, of which hardly one says more than its text.
 * What is found is what a reader finds that takes each of them apart, wherever the bytes are cut.
 */
import { assert, describe, it } from "@effect/vitest"
import { namesOf, type RequestedModel } from "@jotgate/core/Request"
import { read } from "@jotgate/core/RequestReader"
import { Schema } from "effect"
import { JsonModel } from "../../src/model/JsonModel.ts"
import { insideOf, memberOf, placesOf } from "../../src/model/JsonPlaces.ts"
import type { Peeked } from "../../src/model/Peeked.ts"
import { placesOn } from "../support/ChatPlaces.ts"

const messages = placesOn("/v1/messages")

const peek = (body: string, step = Number.POSITIVE_INFINITY, places = messages): Peeked => {
  const bytes = Buffer.from(body)
  const model = new JsonModel(places)
  for (let at = 0; at < bytes.length; at += step) model.push(bytes.subarray(at, at + step))
  return model.end()
}

const told = (seen: Peeked): string =>
  seen._tag === "Found" ? [seen.one, ...seen.others].join() : seen._tag === "Refused" ? seen.code : seen._tag

const later = (model: string) => `{"type":"tool_addition","tool":{"definition":{"model":${JSON.stringify(model)}}}}`
const block = `{"type":"text","text":"tool \\"model\\""}`
const body = (...contents: ReadonlyArray<string>) =>
  `{"model":"a","messages":[${contents.map((it) => `{"role":"user","content":${it}}`).join()}]}`

const rows: Record<string, readonly [body: string, told: string]> = {
  "no block says more than its text": [body(`"tool"`, `[${block},${block}]`, "[]"), "a"],
  "one among many": [body(`[${block}]`, `[${block},${block},${later("b")},${block}]`, `"x"`), "a,b"],
  "several, in one message and in another": [body(`[${later("b")},${later("c")}]`, `[${later("d")}]`), "a,b,c,d"],
  "a change of several tools": [
    body(`[{"tool_changes":[{"tool":{"definition":{"model":"b"}}},{"tool":{"definition":{"model":"c"}}}]}]`),
    "a,b,c"
  ],
  "twice in one block": [
    body(`[{"tool":{"definition":{"model":"b"}},"tool":{"definition":{"model":"c"}}}]`),
    "request_ambiguous"
  ],
  "in content that is there twice": [
    `{"model":"a","messages":[{"content":[${later("b")}],"content":"x"}]}`,
    "a,b"
  ],
  "in another case": [body(`[{"Tool":{"definition":{"model":"b"}}}]`), "request_ambiguous"],
  "with an escape": [body(`[{"\\u0074ool":{"definition":{"model":"b"}}}]`), "request_ambiguous"],
  "what is no tool": [body(`[{"tool":{"definition":"b"}}]`), "body_invalid"],
  "what a tool was given": [body(`[{"type":"tool_use","input":{"tool":{"definition":{"model":"b"}}}}]`), "a"],
  "what a result holds": [
    body(`[{"type":"tool_result","content":[{"tool":{"definition":{"model":"b"}}}]}]`),
    "a"
  ],
  "a model that comes after all of them": [`{"messages":[{"content":[${later("b")}]}],"model":"a"}`, "a,b"],
  "a list that does not end": [`{"model":"a","messages":[{"content":[${block}`, "body_invalid"]
}

describe("a list that is looked into as a whole", () => {
  for (const [title, [text, expected]] of Object.entries(rows)) {
    it(`RULES D54: ${title}`, () => {
      assert.strictEqual(told(peek(text)), expected)
      assert.strictEqual(told(peek(text, 1)), expected)
      assert.strictEqual(told(peek(text, 7)), expected)
    })
  }

  it("messages are, down to their blocks; what names models itself on the way is not", () => {
    const list = memberOf(messages, "messages")
    const inside = list === undefined ? undefined : insideOf(list)
    assert.deepStrictEqual([inside?.path, inside?.depth], ["[].content[]", 3])
    assert.isUndefined(insideOf(placesOf([{ path: "models[]" }]).members.get("models") ?? messages))
  })

  const Block = Schema.Literals([
    block,
    later("b"),
    later("c"),
    `{"input":{"tool":[1,{"a":"}"}]}}`,
    "7",
    `"tool"`,
    "[]"
  ])
  const Contents = Schema.Array(Schema.Array(Block))
  const Step = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 90 }))
  const names = (model: RequestedModel | string): string =>
    typeof model === "string" ? model : namesOf(model).toSorted().join()

  it.prop("drawn messages: what the reader finds that takes all apart", { contents: Contents, step: Step }, ({
    contents,
    step
  }) => {
    const text = body(...contents.map((it) => `[${it.join()}]`))
    const rawHeaders = ["content-type", "application/json"]
    const apart = read({ method: "POST", target: "/v1/messages", rawHeaders, body: Buffer.from(text) })
    assert.strictEqual(told(peek(text, step)).split(",").toSorted().join(), names(apart), text)
  })
})
