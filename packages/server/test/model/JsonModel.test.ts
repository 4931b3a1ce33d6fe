import { assert, describe, it } from "@effect/vitest"
import { JsonModel } from "../../src/model/JsonModel.ts"
import { found, type Peeked } from "../../src/model/Peeked.ts"
import { chatPlaces } from "../support/ChatPlaces.ts"
import { readTimed } from "../support/TimedReading.ts"

const read = (body: string | Uint8Array, step = Number.POSITIVE_INFINITY): Peeked => {
  const bytes = typeof body === "string" ? Buffer.from(body) : body
  const model = new JsonModel(chatPlaces)
  for (let at = 0; at < bytes.length; at += step) model.push(bytes.subarray(at, at + step))
  const seen = model.end()
  return seen._tag === "Refused" ? { _tag: "Refused", code: seen.code } : seen
}

const several = (one: string | undefined, others: ReadonlyArray<string>, ...places: ReadonlyArray<string>): Peeked => ({
  _tag: "Found",
  one,
  others,
  places
})
const nothing: Peeked = { _tag: "Nothing" }
const ambiguous: Peeked = { _tag: "Refused", code: "request_ambiguous" }
const invalid: Peeked = { _tag: "Refused", code: "body_invalid" }

const named = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, at) => `m${at}`)

const table: ReadonlyArray<readonly [string, string, Peeked]> = [
  ["the model first", `{"model":"gpt-4o","messages":[]}`, found("gpt-4o")],
  ["the model last", `{"messages":[{"role":"user","content":"model"}],"model":"gpt-4o"}`, found("gpt-4o")],
  ["white space everywhere", `\r\n { "a" : [ 1 , { } ] ,\t"model" : "gpt-4o" } \n`, found("gpt-4o")],
  ["a model spelt with escapes in its value", `{"model":"gpt-\\u0034o"}`, found("gpt-4o")],
  ["a model beyond ASCII", `{"model":"modèle-😀"}`, found("modèle-😀")],
  ["a nested model", `{"metadata":{"model":"gpt-4o"},"messages":[{"model":"x"}]}`, nothing],
  [
    "the model of a tool",
    `{"tools":[{"type":"image_generation","model":"x"}],"model":"a"}`,
    several("a", ["x"], "tools[].model", "model")
  ],
  ["no model", `{"messages":[]}`, nothing],
  ["an empty object", `{}`, nothing],
  [
    "as many models as a request may name",
    `{"models":${JSON.stringify(named(100))}}`,
    several(undefined, named(100), "models[]")
  ],
  ["a text too long to be a model, whatever it holds", `{"model":"${"a,".repeat(4_000)}"}`, invalid],
  ["one model more", `{"models":${JSON.stringify(named(101))}}`, invalid],
  ["a body that is no object", `[{"model":"gpt-4o"}]`, nothing],
  ["a body that is one number", `-0.5e+10`, nothing],
  ["longer names that begin alike", `{"modelsx":["a"],"model_":1,"mode":null}`, nothing],
  ["two equal models", `{"model":"a","model":"a"}`, ambiguous],
  ["two models, far apart", `{"model":"a","x":{"model":"b"},"model":"b"}`, ambiguous],
  ["the name with an escape", `{"\\u006dodel":"a"}`, ambiguous],
  ["every letter of the name escaped", `{"\\u006D\\u006f\\u0064\\u0065\\u006c":"a"}`, ambiguous],
  ["the name plain and with an escape", `{"model":"a","mode\\u006c":"b"}`, ambiguous],
  ["the name in capitals", `{"MODEL":"a"}`, ambiguous],
  ["the name in two cases", `{"model":"a","Model":"b"}`, ambiguous],
  ["two models in one text", `{"model":"gpt-4o,claude"}`, ambiguous],
  [
    "further models to try",
    `{"model":"a","fallbacks":["b",{"model":"c","n":1}]}`,
    several("a", ["b", "c"], "model", "fallbacks[]", "fallbacks[].model")
  ],
  ["further models, spelt with escapes", `{"\\u0066allbacks":[{"model":"b"}],"model":"a"}`, ambiguous],
  ["further models, twice", `{"fallbacks":[],"model":"a","fallbacks":["b"]}`, ambiguous],
  [
    "further models by the name they stand in for",
    `{"model":"a","fallbacks":[{"a":["b",{"model":"c"}]}]}`,
    several("a", ["b", "c"], "model", "fallbacks[].*[]", "fallbacks[].*[].model")
  ],
  [
    "further models for long inputs",
    `{"model":"a","context_window_fallbacks":{"a":["b"]}}`,
    several("a", ["a", "b"], "model", "context_window_fallbacks", "context_window_fallbacks.*[]")
  ],
  [
    "names of members, where a list is walked over",
    `{"model":"a","fallbacks":[{"a":{"b":1,"\\u0063":{"d":2}}}]}`,
    several("a", ["b", "c"], "model", "fallbacks[].*")
  ],
  [
    "names of members in place of the whole list",
    `{"model":"a","fallbacks":{"b":["c"]}}`,
    several("a", ["b", "c"], "model", "fallbacks", "fallbacks.*[]")
  ],
  ["the name of a member that can be no model", `{"model":"a","fallbacks":[{"a":{"":1}}]}`, invalid],
  [
    "names of members of something else",
    `{"model":"a","fallbacks":[{"model":"b","messages":[{"o":1}]}],"metadata":{"o":{"p":1}}}`,
    several("a", ["b"], "model", "fallbacks[].model")
  ],
  [
    "parameters of a function",
    `{"model":"a","tools":[{"parameters":{"type":"object","properties":{"model":{"type":"string"}},"required":["model"]}}]}`,
    found("a")
  ],
  [
    "further models, each a text",
    `{"model":"a","fallbacks":{"a":"b"}}`,
    several("a", ["a", "b"], "model", "fallbacks", "fallbacks.*")
  ],
  ["settings of a router that are a text", `{"model":"a","router_settings_override":"{}"}`, invalid],
  ["no settings of a router", `{"model":"a","user_config":null}`, found("a")],
  ["further models that are one text", `{"model":"a","fallbacks":"b"}`, invalid],
  ["several models", `{"models":["a","b"]}`, several(undefined, ["a", "b"], "models[]")],
  ["several models in an object", `{"models":{"0":"a"}}`, invalid],
  [
    "the settings of a router",
    `{"model":"a","router_settings_override":{"fallbacks":[{"a":["b"]}],"model_group_alias":{"a":"c"},"num_retries":3}}`,
    several(
      "a",
      ["b", "c"],
      "model",
      "router_settings_override.fallbacks[].*[]",
      "router_settings_override.model_group_alias.*"
    )
  ],
  [
    "members beside the body that agree",
    `{"model":"a","extra_body":{"model":"a"}}`,
    several("a", [], "model", "extra_body.model")
  ],
  ["members beside the body that differ", `{"model":"a","extra_body":{"model":"b"}}`, ambiguous],
  [
    "an object twice, to parsers that merge them",
    `{"extra_body":{"model":"b"},"model":"b","extra_body":{}}`,
    ambiguous
  ],
  [
    "bodies inside the body, however deep (RULES D54)",
    `{"model":"a","extra_body":{"extra_body":{"extra_body":{"model":"a","models":["b"]}}}}`,
    several("a", ["b"], "model", "extra_body.extra_body.extra_body.model", "extra_body.extra_body.extra_body.models[]")
  ],
  [
    "a body inside the body that names another model",
    `{"model":"a","extra_body":{"extra_body":{"model":"b"}}}`,
    ambiguous
  ],
  ["a body inside the body that is no object", `{"model":"a","extra_body":["model","b"]}`, invalid],
  [
    "a call to fall back to, with calls of its own to fall back to",
    `{"model":"a","fallbacks":[{"model":"b","fallbacks":[{"a":[{"model":"c","extra_body":{"model":"d"}}]}]}]}`,
    several(
      "a",
      ["b", "c", "d"],
      "model",
      "fallbacks[].model",
      "fallbacks[].fallbacks[].*[].model",
      "fallbacks[].fallbacks[].*[].extra_body.model"
    )
  ],
  [
    "parameters that put another model in its place",
    `{"model":"a","deployment_id":"b","context_window_fallback_dict":{"a":"c"},"base_model":"d"}`,
    several("a", ["b", "c", "d"], "model", "deployment_id", "context_window_fallback_dict.*", "base_model")
  ],
  [
    "deployments that come with the call",
    `{"model":"a","model_list":[{"model_name":"a","litellm_params":{"model":"openai/b","fallbacks":["c"]}}]}`,
    several(
      "a",
      ["a", "openai/b", "c"],
      "model",
      "model_list[].model_name",
      "model_list[].litellm_params.model",
      "model_list[].litellm_params.fallbacks[]"
    )
  ],
  [
    "headers and a query for what stands behind the upstream",
    `{"model":"a","extra_headers":{"x-litellm-model":"b","x":"y"},"extra_query":{"model":"c"}}`,
    several("a", ["b", "c"], "model", "extra_headers.x-litellm-model", "extra_query.model")
  ],
  ["such a header in another case", `{"model":"a","extra_headers":{"X-LiteLLM-Model":"b"}}`, ambiguous],
  [
    "the other spelling of a member of several words",
    `{"model":"a","dataSources":[{"parameters":{"embeddingDependency":{"deploymentName":"b"}}}],"modelId":"a"}`,
    several("a", ["b"], "model", "dataSources[].parameters.embeddingDependency.deploymentName", "modelId")
  ],
  [
    "both spellings at once",
    `{"model":"a","data_sources":[{"parameters":{"embeddingDeploymentName":"b"}}],"dataSources":[{"parameters":{"embedding_deployment_name":"c"}}]}`,
    several(
      "a",
      ["b", "c"],
      "model",
      "data_sources[].parameters.embeddingDeploymentName",
      "dataSources[].parameters.embedding_deployment_name"
    )
  ],
  ["both spellings of the one model", `{"model_id":"a","modelId":"b"}`, ambiguous],
  ["a name of two words in another case", `{"model":"a","MODELID":"b"}`, ambiguous],
  ["a name with a long s", `{"model":"a","model\u017f":["b"]}`, ambiguous],
  ["a name of Watsonx", `{"model_id":"a"}`, several("a", [], "model_id")],
  ["no further models", `{"model":"a","fallbacks":null}`, found("a")],
  ["a nested member of that name", `{"model":"a","metadata":{"fallbacks":["b"]}}`, found("a")],
  ["a model that is a number", `{"model":5}`, invalid],
  ["a model that is null", `{"model":null}`, invalid],
  ["a model that is a list", `{"model":["gpt-4o"]}`, invalid],
  ["a model that is an object", `{"model":{"id":"gpt-4o"}}`, invalid],
  ["an empty model", `{"model":""}`, invalid],
  ["a model with a control character", `{"model":"a\\u0000b"}`, invalid],
  ["a model with half a surrogate pair", `{"model":"\\ud800"}`, invalid],
  ["a model of 7 kB", `{"model":"${"m".repeat(7000)}"}`, invalid],
  ["a byte order mark", `\ufeff{"model":"a"}`, invalid],
  ["text after the end", `{"model":"a"} {"model":"b"}`, invalid],
  ["a comma after the last member", `{"model":"a",}`, invalid],
  ["a comma after the last element", `{"a":[1,],"model":"a"}`, invalid],
  ["single quotes", `{'model':'a'}`, invalid],
  ["a bare name", `{model:"a"}`, invalid],
  ["a comment", `{/* model */"model":"a"}`, invalid],
  ["NaN", `{"temperature":NaN,"model":"a"}`, invalid],
  ["Infinity", `{"temperature":-Infinity,"model":"a"}`, invalid],
  ["a number with a leading zero", `{"n":01,"model":"a"}`, invalid],
  ["a number that ends in a point", `{"n":1.,"model":"a"}`, invalid],
  ["a number that ends in an exponent", `{"n":1e,"model":"a"}`, invalid],
  ["a line break inside a text", `{"a":"x\ny","model":"a"}`, invalid],
  ["an unknown escape", `{"a":"\\x41","model":"a"}`, invalid],
  ["a short \\u escape", `{"a":"\\u00g0","model":"a"}`, invalid],
  ["brackets that do not match", `{"a":[1},"model":"a"]`, invalid],
  ["a body that was cut", `{"model":"gpt-4o"`, invalid],
  ["a body that was cut in a text", `{"model":"gpt-4`, invalid],
  ["a literal that was cut", `{"a":tru`, invalid],
  ["no body", ``, invalid],
  ["a form", `model=gpt-4o`, invalid]
]

describe("JsonModel", () => {
  for (const [title, body, expected] of table) {
    it(`RULES D19: ${title}`, () => {
      assert.deepStrictEqual(read(body), expected)
    })
    it(`RULES D19: ${title}, byte by byte`, () => {
      assert.deepStrictEqual(read(body, 1), expected)
    })
  }

  it("RULES D19: UTF-16 is refused", () => {
    assert.deepStrictEqual(read(Buffer.from(`{"model":"a"}`, "utf16le")), invalid)
  })

  it("nesting beyond 500 levels is refused, 500 are read", () => {
    const nested = (depth: number) => `{"model":"a","x":${"[".repeat(depth)}${"]".repeat(depth)}}`
    assert.deepStrictEqual(read(nested(499)), found("a"))
    assert.deepStrictEqual(read(nested(500)), invalid)
  })

  it("a chunk at an odd place of its buffer is read alike", () => {
    const text = JSON.stringify({ messages: [{ content: `some words, "quoted", `.repeat(20) }], model: "gpt-4o" })
    for (let shift = 0; shift < 9; shift++) {
      const memory = new Uint8Array(text.length + shift)
      memory.set(Buffer.from(text), shift)
      assert.deepStrictEqual(read(memory.subarray(shift), 13 + shift), found("gpt-4o"))
    }
  })

  it("10 MB are read in small steps", () => {
    const body = Buffer.from(
      JSON.stringify({ messages: [{ content: "A line of text.\n".repeat(600_000) }], model: "gpt-4o" })
    )
    assert.isAbove(body.length, 10_000_000)
    const passes = Array.from({ length: 7 }, () => readTimed(body))
    for (const it of passes) assert.deepStrictEqual(it.model, found("gpt-4o"))
    // 20 ms in all and 10 ms at a time are wanted: with room for busy neighbours, and for the best pass.
    assert.isBelow(Math.min(...passes.map((it) => it.millis)), 400)
    assert.isBelow(Math.min(...passes.map((it) => it.longest)), 200)
  })
})
