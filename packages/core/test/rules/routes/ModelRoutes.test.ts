import { assert, describe, it } from "@effect/vitest"
import * as ModelRoutes from "../../../src/rules/routes/ModelRoutes.ts"

type Row = readonly [family: string | undefined, names?: ReadonlyArray<string> | undefined]

const idFor = (text: string, encoding: BufferEncoding = "base64url"): string => Buffer.from(text).toString(encoding)

const suites: Record<string, Record<string, Row>> = {
  "an operation is a model route wherever it is mounted": {
    "POST /v1/chat/completions": ["chat completions", []],
    "POST /chat/completions/": ["chat completions", []],
    "POST /llm/team-a/v1/chat/completions": ["chat completions", []],
    "PUT /v1/chat/completions": ["chat completions", []],
    "POST /anthropic/v1/messages": ["messages", []],
    "POST /watsonx/ml/v1/text/chat": ["Watsonx", []],
    "POST /v1/score": ["rerank", []],
    "POST /api/chat": ["Ollama", []],
    "POST /models/chat/completions": ["chat completions", []],
    "WEBSOCKET /v1/realtime": ["realtime over WebSocket", []]
  },
  "a path that names its model": {
    "POST /openai/deployments/gpt-4o/chat/completions": ["chat completions", ["gpt-4o"]],
    "POST /engines/openai/gpt-4o/embeddings": ["embeddings", ["openai/gpt-4o"]],
    "POST /azure/group/openai/deployments/d/chat/completions": ["chat completions", ["d", "group"]],
    "POST /openai/deployments/d/other": ["a provider's own route", ["d"]],
    "POST /bedrock/model/X/converse/": ["Bedrock", ["X"]],
    "POST /bedrock/model/X/invoke/COUNT_TOKENS": ["Bedrock", ["X", "X/invoke"]],
    "POST /model/a/b/invoke": ["Bedrock", ["a/b"]],
    "POST /models/X:generateContent": ["generateContent", ["X"]],
    "POST /vertex_ai/v1/projects/p/locations/l/publishers/google/models/m:rawPredict": ["generateContent", ["m"]]
  },
  "an encoded separator in the name: every reading is judged (RULES D64)": {
    "POST /openai/deployments/a%2Fb/chat/completions": ["chat completions", ["a/b"]],
    "POST /bedrock/model/arn%3Aaws%3Abedrock%3Aus%3A1%3Aprofile%2Fclaude/converse": [
      "Bedrock",
      ["arn:aws:bedrock:us:1:profile/claude"]
    ],
    "POST /bedrock/model/X%2Finvoke%2FY/converse": ["Bedrock", ["X/invoke/Y", "X"]]
  },
  "what is not known below a provider's prefix (RULES D53)": {
    "POST /bedrock/unheard/of": ["a provider's own route", []],
    "POST /azure_ai/x": ["a provider's own route", []],
    "POST /bedrock/mcp/unheard": ["a provider's own route", []],
    "POST /azure/mcp/chat/completions": ["chat completions", ["mcp"]],
    "POST /v1/mcp/chat/completions": ["chat completions", []],
    "GET /bedrock/unheard/of": [undefined],
    "WEBSOCKET /azure_ai/unheard": ["a provider's own route", []],
    "WEBSOCKET /openai/deployments/d/unheard": ["a provider's own route", ["d"]],
    "WEBSOCKET /unheard": [undefined]
  },
  "case changes nothing, as some servers ignore it": {
    "POST /V1/Chat/Completions": ["chat completions", []],
    "POST /OpenAI/Deployments/GPT/chat/completions": ["chat completions", ["GPT"]],
    "POST /AZURE/group/openai/unheard": ["a provider's own route", []],
    "POST /Bedrock/unheard": ["a provider's own route", []],
    "POST /OpenAI/Deployments/d/other": ["a provider's own route", ["d"]],
    "POST /MCP": [undefined]
  },
  "a provider's name in front of a version": {
    "POST /hosted_vllm/v1/batches": ["batches", []],
    "POST /hosted_vllm/v1/files": ["files", []],
    "POST /hosted_vllm/v1/batches/b-1/cancel": ["a resource that names no model", []],
    "GET /hosted_vllm/v1/batches": [undefined]
  },
  "an id in which LiteLLM has written models": {
    [`POST /v1/batches/${idFor("litellm:b-1;model,o1")}/cancel`]: ["a resource that names no model", ["o1"]],
    [`POST /v1/fine_tuning/jobs/${idFor("litellm:f-1;model,o1")}/resume`]: ["a resource that names no model", ["o1"]],
    [`POST /v1/vector_stores/${idFor("litellm_proxy:vector_store;target_model_names,a,b")}/search`]: [
      "a resource that may name a model",
      ["a", "b"]
    ],
    [`POST /v1/vector_stores/${encodeURIComponent(idFor("litellm:v;model,a?>/~", "base64"))}`]: [
      "a resource that may name a model",
      ["a?>/~"]
    ],
    [`POST /v1/vector_stores/${idFor("litellm:v;model,a?>/~", "base64")}/search`]: [
      "a resource that may name a model",
      ["a?>/~"]
    ],
    [`POST /v1/vector_stores/${idFor("litellm:v-1")}/files`]: ["a provider's own route", []],
    [`POST /v1/batches/${idFor("litellm:b-1;model,o1")}%2Fcancel`]: ["a resource that names no model", ["o1"]],
    "POST /v1/batches/%ff/cancel": ["a resource that names no model", undefined],
    "POST /v1/vector_stores/vs_1/search": ["a resource that may name a model", []],
    [`POST /v1/responses/resp_${idFor("litellm:custom_llm_provider:openai;model_id:d-1")}/cancel`]: [
      "a resource that names no model",
      []
    ]
  },
  "what is tried out, by a prompt, a judge or a deployment": {
    "POST /prompts/test": ["trials", []],
    "POST /utils/test_policies_and_guardrails": ["trials", []],
    "POST /policy/templates/enrich/stream": ["trials", []],
    "POST /health/test_connection": ["trials", []],
    "GET /health/test_connection": [undefined]
  },
  "calls of OpenRouter and of Watsonx, and jobs, which say in their own way which models run": {
    "POST /api/v1/images": ["images", []],
    "POST /api/v1/systemone": ["decisions of small models", []],
    "POST /api/alpha/decisions": ["decisions of small models", []],
    "POST /api/v1/presets/p/chat/completions": ["chat completions", []],
    "POST /api/v1/presets/p/messages": ["messages", []],
    "POST /api/v1/presets/p/responses": ["responses", []],
    "POST /ml/gateway/v1/chat/completions": ["chat completions", []],
    "POST /ml/v1/deployments/d/text/chat_stream": ["Watsonx", ["d"]],
    "POST /ml/v1/deployments/d/time_series/forecast": ["Watsonx", ["d"]],
    "POST /ml/v1/text/rerank": ["Watsonx", []],
    "POST /ml/v1/time_series/forecast": ["Watsonx", []],
    "POST /ml/v1/audio/transcriptions": ["audio", []],
    "POST /ml/v1/text/extractions": ["jobs of Watsonx", []],
    "POST /ml/v1/text/detection": ["jobs of Watsonx", []],
    "POST /watsonx/ml/v1/fine_tunings": ["jobs of Watsonx", []],
    "POST /ml/v1/autoai/rags": ["jobs of Watsonx", []],
    "POST /ml/v1/tuning/synthetic_data": ["jobs of Watsonx", []],
    "POST /ml/v4/trainings": ["jobs of Watsonx", []],
    "POST /ml/v4/deployment_jobs": ["jobs of Watsonx", []],
    "POST /ml/v4/deployments/d/ai_service_stream": ["a provider's own route", ["d"]],
    "POST /v4/deployments/d/predictions": ["a provider's own route", ["d"]],
    "POST /wx/v1-beta/utility_agent_tools/run": ["jobs of Watsonx", []],
    "GET /ml/v1/text/extractions/e": [undefined]
  },
  "agents, flows and sessions, which say themselves which model runs": {
    "POST /api/projects/p/agents/a/endpoint/protocols/openai/responses": ["agents", []],
    "POST /api/projects/p/applications/a/protocols/openai/v1/responses": ["agents", []],
    "POST /agents/A/agentAliases/B/sessions/S/text": ["agents", []],
    "POST /flows/f/aliases/a/executions": ["agents", []],
    "POST /v1/chatkit/sessions": ["agents", []],
    "POST /v1/sessions/s/events": ["agents", []],
    "POST /v1/experimental/generate_prompt": ["agents", []],
    "POST /v1/agents/sessions": ["agents", []],
    "POST /v1/agents/sessions/s": ["agents", []],
    "POST /v1/agents/automations/a/invocations": ["agents", []],
    "POST /v1/live/sessions/s/fork": ["agents", []],
    "POST /v1/deployments": ["agents", []],
    "POST /v1/deployments/d/run": ["agents", []],
    "POST /v1/workflows/w/execute": ["agents", []],
    "POST /v1/observability/judges/j/live-judging": ["agents", []],
    "POST /knowledgebases/k/retrieve": ["agents", []],
    "POST /harnesses/invoke": ["agents", []],
    "POST /evaluation-jobs": ["agents", []],
    "POST /v1beta1/projects/p/locations/l:evaluateInstances": ["verbs of a location of Vertex", []],
    "POST /v1alpha/auth_tokens": ["tokens for the live API of Gemini", []],
    "POST /agents/S": ["a resource that may name a model", []],
    "GET /v1/sessions/s/events": [undefined]
  },
  "sessions, jobs and caches that are made for a model": {
    "POST /v1/live/sessions": ["a realtime session", []],
    "POST /v1/live/sessions/s/accept": ["a realtime session", []],
    "WEBSOCKET /v1/live/sessions/s": ["realtime over WebSocket", []],
    "POST /v1/client/sessions": ["a realtime session", []],
    "POST /v1/dreams": ["dreams", []],
    "POST /v1beta/cachedContents": ["jobs and caches of Gemini and Vertex", []],
    "POST /v1beta1/projects/p/locations/l/batchPredictionJobs": ["jobs and caches of Gemini and Vertex", []],
    "POST /v1beta1/projects/p/locations/l/tuningJobs": ["jobs and caches of Gemini and Vertex", []],
    "POST /v1/video/generations/jobs": ["videos", []],
    "POST /v2/parse": ["optical character recognition", []],
    "POST /v1/finetuning/finetuned-models": ["fine-tuning", []],
    "POST /v1/conversations/c/items": ["a resource that may name a model", []],
    "POST /models/load": ["adapters", []]
  },
  "what says in pieces, or by an agent, which model runs": {
    "POST /v1/uploads/u/parts": ["parts of an upload", []],
    "POST /v1/conversations/c": ["conversations of Mistral", []],
    "POST /mistral/v1/conversations": ["conversations of Mistral", []],
    "POST /mistral/v1/conversations/c/restart": ["conversations of Mistral", []],
    "POST /v1/conversations": ["a resource that may name a model", []],
    "POST /deepgram/v1/speak": ["Deepgram", []]
  },
  "what runs no model": {
    "GET /v1/models": [undefined],
    "POST /key/generate": [undefined],
    "POST /mcp/sse/messages": [undefined],
    "POST /mcp": [undefined],
    "POST /mcp/chat/completions": [undefined],
    "POST /mcp-rest/v1/responses": [undefined],
    "POST /a2a/agent/v1/messages": [undefined],
    "POST /server/mcp/v1/chat/completions": [undefined],
    "POST /server/mcpx/v1/chat/completions": ["chat completions", []],
    "POST /a2ab/v1/chat/completions": ["chat completions", []],
    "POST /partner/search": [undefined],
    "GET /v1/chat/completions/c-1": [undefined]
  }
}

describe("ModelRoutes.find", () => {
  for (const [suite, rows] of Object.entries(suites)) {
    describe(suite, () => {
      for (const [request, [family, names]] of Object.entries(rows)) {
        it(request, () => {
          const [method = "", path = ""] = request.split(" ")
          const route = ModelRoutes.find(method, path)
          assert.strictEqual(route?.family, family)
          assert.deepStrictEqual(route?.names, names)
        })
      }
    })
  }
})

describe("an upstream that is one provider's own API", () => {
  it("may run a model on every route that is not known", () => {
    assert.strictEqual(
      ModelRoutes.find("POST", "/agents/a/sessions/s/text", "bedrock")?.family,
      "a provider's own route"
    )
    assert.strictEqual(ModelRoutes.find("POST", "/model/m/converse", "bedrock")?.family, "Bedrock")
    assert.isUndefined(ModelRoutes.find("GET", "/foundation-models", "bedrock"))
    assert.isUndefined(ModelRoutes.find("POST", "/agents/a/sessions/s/text", "openai"))
  })
})

describe("ModelRoutes.unfound", () => {
  const asksFor = (method: string, path: string) => ModelRoutes.unfound(ModelRoutes.find(method, path))

  it("on a route that always runs a model, something that is not named, and where it was looked for", () => {
    const asked = asksFor("POST", "/v1/chat/completions")
    assert.strictEqual(asked._tag, "Unnamed")
    assert.includeMembers([...(asked._tag === "Unnamed" ? asked.looked ?? [] : [])], ["body model", "query model"])
  })

  it("on a route that runs one only when it is named, in a frame, or never: nothing", () => {
    const families = [
      ["POST", "/v1/files", "named"],
      [ModelRoutes.websocket, "/v1/responses", "frames"],
      ["POST", "/key/generate", undefined]
    ] as const
    for (const [method, path, runs] of families) {
      assert.strictEqual(ModelRoutes.find(method, path)?.runs, runs, path)
      assert.strictEqual(asksFor(method, path)._tag, "None", path)
    }
  })
})

describe("ModelRoutes.found", () => {
  const named = { _tag: "Known", name: "gpt-4o" } as const
  const asksFor = (path: string) => ModelRoutes.found(ModelRoutes.find("POST", path), named)._tag

  it("where nobody knows what the upstream reads, a model that is named elsewhere is none that is known", () => {
    for (
      const path of ["/bedrock/agents/a/agentAliases/b/sessions/c/text", "/azure_ai/x", "/v1/videos/v-1/remix"]
    ) {
      assert.strictEqual(asksFor(path), "Unnamed", path)
    }
  })

  it("where the path names a deployment, or the operation is known, it is the one that was found", () => {
    for (const path of ["/openai/deployments/gpt-4o/unheard", "/azure/openai/v1/chat/completions", "/v1/files", "/x"]) {
      assert.strictEqual(asksFor(path), "Known", path)
    }
  })
})

describe("ModelRoutes.unseen", () => {
  it("a body that nobody sees may name a model on a model route, and elsewhere none", () => {
    const asksFor = (path: string) => ModelRoutes.unseen(ModelRoutes.find("POST", path), ["gpt-4o"], true)
    assert.deepStrictEqual(asksFor("/v1/chat/completions"), { _tag: "Unseen", names: ["gpt-4o"], enforced: true })
    assert.deepStrictEqual(asksFor("/key/generate"), { _tag: "None" })
  })
})
