import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import { filterModels, listsModels } from "../../src/proxy/ModelList.ts"
import { answeredModels } from "../../src/proxy/ModelsAnswer.ts"
import * as World from "../support/World.ts"

const only = (...names: ReadonlyArray<string>) => ({
  models: () => names,
  mayCall: (it: string) => names.includes(it),
  isEverything: () => false
})
const everything = { models: () => ["*"], mayCall: () => true, isEverything: () => true }

/** What upstreams answer, and what somebody sees of it who may call the model `mine` alone. */
const shapes: Readonly<Record<string, readonly [unknown, unknown]>> = {
  "OpenAI": [
    { object: "list", data: [{ id: "mine", object: "model" }, { id: "other", object: "model" }] },
    { object: "list", data: [{ id: "mine", object: "model" }] }
  ],
  "Anthropic": [
    {
      data: [{ type: "model", id: "a" }, { type: "model", id: "mine", display_name: "Mine" }, {
        type: "model",
        id: "z"
      }],
      has_more: false,
      first_id: "a",
      last_id: "z"
    },
    { data: [{ type: "model", id: "mine", display_name: "Mine" }], has_more: false, first_id: "mine", last_id: "mine" }
  ],
  "Gemini": [
    { models: [{ name: "models/mine", version: "001" }, { name: "models/other" }], nextPageToken: "t" },
    { models: [{ name: "models/mine", version: "001" }], nextPageToken: "t" }
  ],
  "Together, a bare array": [
    [{ id: "mine", type: "chat" }, { id: "other", type: "chat" }],
    [{ id: "mine", type: "chat" }]
  ],
  "Ollama": [
    { models: [{ name: "mine", model: "mine", size: 1 }, { name: "other", model: "other" }] },
    { models: [{ name: "mine", model: "mine", size: 1 }] }
  ],
  "OpenRouter, whose names are for people": [
    { data: [{ id: "mine", name: "Vendor: Mine" }, { id: "other", name: "mine" }] },
    { data: [{ id: "mine", name: "Vendor: Mine" }] }
  ],
  "Mistral, with other names of the same model": [
    { object: "list", data: [{ id: "mine", aliases: ["other", "mine"] }] },
    { object: "list", data: [{ id: "mine", aliases: ["mine"] }] }
  ],
  "vLLM, with the model below an adapter": [
    { data: [{ id: "mine", root: "/weights/mine", parent: "other" }, { id: "other", root: "other", parent: null }] },
    { data: [{ id: "mine" }] }
  ],
  "vLLM, whose root is the model itself": [
    { data: [{ id: "mine", root: "mine", parent: null }] },
    { data: [{ id: "mine", root: "mine", parent: null }] }
  ],
  "OpenRouter, with the name behind the name": [
    { data: [{ id: "mine", canonical_slug: "other-2026" }] },
    { data: [{ id: "mine" }] }
  ],
  "names alone": [["mine", "other"], ["mine"]],
  "LiteLLM, what is known of models": [
    {
      data: [
        {
          model_name: "mine",
          litellm_params: {
            model: "openai/gpt-4o",
            api_key: "sk-1",
            api_base: "https://inside.test",
            vertex_project: "p",
            aws_region_name: "eu",
            extra_headers: { a: "b" }
          },
          model_info: {
            id: "i",
            max_input_tokens: 8,
            input_cost_per_token: 0.1,
            litellm_provider: "openai",
            mode: "chat",
            base_url: "inside",
            anything: "http://inside.test/x"
          }
        },
        { model_name: "other", litellm_params: { model: "x" } }
      ]
    },
    {
      data: [{
        model_name: "mine",
        litellm_params: { model: "openai/gpt-4o" },
        model_info: {
          id: "i",
          max_input_tokens: 8,
          input_cost_per_token: 0.1,
          litellm_provider: "openai",
          mode: "chat"
        }
      }]
    }
  ],
  "LiteLLM, groups of models": [
    { data: [{ model_group: "mine", providers: ["openai"], tpm: 1 }, { model_group: "other", providers: ["x"] }] },
    { data: [{ model_group: "mine", providers: ["openai"], tpm: 1 }] }
  ],
  "another list beside the one that is known": [
    { data: [{ id: "mine" }], all: ["other"], more: { models: ["other"] }, total: 2 },
    { data: [{ id: "mine" }], total: 2 }
  ]
}

describe("a list of models (RULES D58)", () => {
  for (const [title, [given, wanted]] of Object.entries(shapes)) {
    it(`in the shape of ${title} names what the caller may call, and nothing else`, () => {
      assert.deepStrictEqual(filterModels(given, only("mine")), wanted)
      assert.notMatch(JSON.stringify(filterModels(given, everything)), /sk-1|inside/)
    })
  }

  it.prop("lists a model if and only if it may be called, in every shape", {
    ids: Arbitrary.schema(Schema.Array(Schema.String)),
    allowed: Arbitrary.schema(Schema.Array(Schema.String))
  }, ({ allowed, ids }) => {
    const wanted = ids.filter((it) => allowed.includes(it))
    const reach = only(...allowed)
    assert.deepStrictEqual(filterModels(ids.map((id) => ({ id })), reach), wanted.map((id) => ({ id })))
    assert.deepStrictEqual(filterModels({ data: ids.map((id) => ({ id })) }, reach), {
      data: wanted.map((id) => ({ id }))
    })
    assert.deepStrictEqual(filterModels({ models: ids.map((model) => ({ model })) }, reach), {
      models: wanted.map((model) => ({ model }))
    })
  })

  it("in a shape that nobody knows goes to callers who may call everything, and to no other", () => {
    for (const text of ["{}", `{"engines":["other"]}`, `"other"`, "other", ""]) {
      assert.isUndefined(answeredModels(Buffer.from(text), only("mine")), text)
      assert.strictEqual(String(answeredModels(Buffer.from(text), everything)), text)
    }
  })

  it("an entry whose name cannot be read is not listed", () => {
    assert.deepStrictEqual(
      filterModels([{ id: 1, name: "mine" }, {}, null, 7, [], { object: "model" }], only("mine")),
      []
    )
  })

  it("is known by its path, with a slash at the end or without", () => {
    for (const path of ["/v1/models", "/api/tags", "/api/ps", "/v1beta/models", "/model/info", "/model_group/info"]) {
      assert.isTrue(listsModels("GET", path), path)
      assert.isTrue(listsModels("HEAD", `${path}/`), path)
      assert.isFalse(listsModels("POST", path), path)
    }
    assert.isFalse(listsModels("GET", "/v1/models/gpt-4o"))
    assert.isFalse(listsModels("GET", `/v1/models${"/".repeat(100)}`))
  })

  it("is known below a provider's prefix", () => {
    for (
      const path of [
        "/cursor/models",
        "/cursor/v1/models",
        "/claude_code_gateway/v1/models",
        "/mistral/v1/models",
        "/openrouter/api/v1/models",
        "/azure/openai/deployments",
        "/gemini/v1beta/openai/models",
        "/bedrock/foundation-models"
      ]
    ) assert.isTrue(listsModels("GET", path), path)
    for (const path of ["/teams/v1/models", "/cursor/v1/models/x", "/cursor"]) {
      assert.isFalse(listsModels("GET", path), path)
    }
  })

  it.live("HEAD tells nothing of the list that it does not send", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      world.upstream.answer = (_, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": 1234, etag: "x" })
        response.end()
      }
      const token = yield* world.token("alice", { groups: ["red"] })
      const answer = yield* Effect.promise(() =>
        fetch(`${world.url}/v1/models`, { method: "HEAD", headers: { authorization: `Bearer ${token}` } })
      )
      assert.strictEqual(answer.status, 200)
      assert.isNull(answer.headers.get("content-length"))
      assert.isNull(answer.headers.get("etag"))
    }))

  it.live("a list that is a bare array is filtered on its way", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const token = yield* world.token("alice", { groups: ["red"] })
      world.upstream.answer = (_, response) => response.end(JSON.stringify([{ id: "gpt-4o" }, { id: "o1" }]))
      const answer = yield* Effect.promise(async () => {
        const response = await fetch(`${world.url}/v1/models`, { headers: { authorization: `Bearer ${token}` } })
        return { status: response.status, text: await response.text() }
      })
      assert.strictEqual(answer.status, 200, answer.text)
      assert.deepStrictEqual(JSON.parse(answer.text), [{ id: "gpt-4o" }])
    }))

  it.live("/model/info and /model_group/info of LiteLLM are filtered on their way", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ policy: { teamRoutes: ["/*"] } })
      const token = yield* world.token("alice", { groups: ["red"] })
      world.upstream.answer = (_, response) => {
        response.end(JSON.stringify({
          data: ["gpt-4o", "o1"].map((it) => ({ model_name: it, litellm_params: { api_base: "https://inside.test" } }))
        }))
      }
      for (const path of ["/model/info", "/v1/model/info", "/model_group/info", "/model/info/"]) {
        const answer = yield* Effect.promise(async () => {
          const response = await fetch(`${world.url}${path}`, { headers: { authorization: `Bearer ${token}` } })
          return { status: response.status, text: await response.text() }
        })
        assert.strictEqual(answer.status, 200, path)
        assert.deepStrictEqual(JSON.parse(answer.text), { data: [{ model_name: "gpt-4o", litellm_params: {} }] }, path)
      }
    }))
})
