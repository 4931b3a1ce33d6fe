/** Tools and plugins that run a model of their own: named it is judged, left open it is not known (RULES D53, D54). */
import { assert, describe, it } from "@effect/vitest"
import { namesOf, type RequestedModel } from "@jotgate/core/Request"
import { read } from "@jotgate/core/RequestReader"
import { asked } from "../../src/model/ModelPeek.ts"

const told = (model: RequestedModel | string | undefined): string =>
  model === undefined || typeof model === "string" ? "body_invalid" : namesOf(model).join() || model._tag

const rawHeaders = ["content-type", "application/json"]

const advisor = (parameters: object) => ({ type: "openrouter:advisor", parameters })

const anywhere = ["/v1/chat/completions", "/api/v1/responses", "/v1/messages", "/api/v1/presets/p/messages"]

const rows: Record<string, readonly [body: object, told: string, paths?: ReadonlyArray<string>]> = {
  "an advisor that is named": [{ tools: [advisor({ model: "b" })] }, "a,b"],
  "an advisor whom the model chooses": [{ tools: [{ type: "openrouter:advisor" }] }, "Unnamed"],
  "an advisor behind one that is named": [
    { tools: [advisor({ model: "b" }), { type: "function" }, advisor({ name: "x" })] },
    "Unnamed"
  ],
  "an advisor before one that is named": [{ tools: [advisor({}), advisor({ model: "b" })] }, "Unnamed"],
  "an advisor that names its model before it says what it is": [
    { tools: [{ parameters: { model: "b", tools: [{ type: "x" }, { type: "y" }] }, type: "openrouter:advisor" }] },
    "a,b"
  ],
  "an advisor inside a tool": [
    { tools: [{ type: "openrouter:subagent", parameters: { tools: [advisor({})] } }] },
    "Unnamed"
  ],
  "a subagent, which is the model of the call": [{ tools: [{ type: "openrouter:subagent" }] }, "a"],
  "a subagent of another model": [{ tools: [{ type: "openrouter:subagent", parameters: { model: "b" } }] }, "a,b"],
  "a panel that is chosen by default": [
    { tools: [{ type: "openrouter:fusion", parameters: { model: "a" } }] },
    "Unnamed"
  ],
  "a panel that is named": [
    { tools: [{ type: "openrouter:fusion", parameters: { analysis_models: ["b", "c"] } }] },
    "a,b,c"
  ],
  "a panel of nobody": [{ tools: [{ type: "openrouter:fusion", parameters: { analysis_models: [] } }] }, "Unnamed"],
  "images by whatever draws": [{ tools: [{ type: "openrouter:image_generation" }] }, "Unnamed"],
  "a type with escapes": [{ tools: [{ type: "openrouter:\u0061dvisor" }] }, "Unnamed"],
  "tools that run nothing": [{ tools: [{ type: "function", name: "f" }, { type: "openrouter:web_search" }] }, "a"],
  "a plugin's panel": [{ plugins: [{ id: "fusion", analysis_models: ["b"], model: "c" }] }, "a,b,c"],
  "a plugin's panel that is chosen by default": [{ plugins: [{ id: "fusion" }] }, "Unnamed"],
  "a plugin's judge": [{ plugins: [{ id: "switchyard-router", judge_model: "b" }] }, "a,b"],
  "a tool of a plugin": [{ plugins: [{ id: "fusion", analysis_models: ["b"], tools: [advisor({})] }] }, "Unnamed"],
  "the model that a message names": [{ plugins: [{ id: "auto-router", pin_model: true }] }, "Unnamed"],
  "no model that a message names": [{ plugins: [{ id: "auto-router", pin_model: false }] }, "a"],
  "plugins that run nothing": [{ plugins: [{ id: "web", max_results: 3 }] }, "a"],
  "what goes to a provider as it is": [{ provider: { options: { openai: { model: "b" } } } }, "request_ambiguous"],
  "further models that go there": [{ provider: { options: { openai: { models: ["b"] } } } }, "a,b"],
  "which providers may answer": [{ provider: { order: ["openai"], allow_fallbacks: false } }, "a"],
  "how Watsonx is to choose": [{ router: { models: ["b"] } }, "Unnamed", ["/ml/gateway/v1/chat/completions"]],
  "no way for it to choose": [{ router: null }, "a", ["/ml/gateway/v1/completions"]],
  "a prompt by a number": [{ prompt_id: 7 }, "Unnamed"],
  "in a batch": [
    { requests: [{ body: { model: "a", tools: [{ type: "image_generation", model: "b" }] } }] },
    "a,b",
    ["/v1/batches"]
  ],
  "in a batch, whom the model chooses": [
    { requests: [{ body: { model: "a", plugins: [{ id: "fusion" }] } }] },
    "Unnamed",
    ["/v1/batches"]
  ]
}

describe("what runs a model of its own", () => {
  for (const [title, [body, expected, paths = anywhere]] of Object.entries(rows)) {
    it(`${title}: ${expected}`, () => {
      for (const target of paths) {
        const json = Buffer.from(JSON.stringify({ model: "a", ...body }))
        const request = { method: "POST", target, rawHeaders, body: json }
        const there = asked({ ...request, contentType: "application/json" })
        const here = read(request)
        const wanted = expected === "request_ambiguous" ? "Conflict" : expected
        assert.strictEqual(told(there), wanted, target)
        assert.strictEqual(told(here), wanted, `${target}, anywhere`)
      }
    })
  }
})
