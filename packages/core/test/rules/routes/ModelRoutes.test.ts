import { assert, describe, it } from "@effect/vitest"
import * as ModelRoutes from "../../../src/rules/routes/ModelRoutes.ts"

type Row = readonly [family: string | undefined, names?: ReadonlyArray<string>]

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
    "GET /bedrock/unheard/of": [undefined]
  },
  "what runs no model": {
    "GET /v1/models": [undefined],
    "POST /key/generate": [undefined],
    "POST /mcp/sse/messages": [undefined],
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
