/** Calls of one model, as OpenAI and those who speak its language have them. */
import { type Family, frame, json, leading, member, moderation, tool, tools } from "./ModelPlace.ts"

/** Chats, completions, responses and embeddings. */
export const callRoutes: ReadonlyArray<Family> = [
  {
    name: "chat completions",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [
      // Azure OpenAI on your data embeds with a deployment of its own.
      member("data_sources[].parameters.embedding_dependency.deployment_name", "azure", "litellm"),
      member("data_sources[].parameters.embedding_dependency.model_id", "azure", "litellm"),
      member("data_sources[].parameters.embedding_deployment_name", "azure", "litellm"),
      ...tools,
      ...moderation,
      member("plugins[].model", "openrouter"),
      member("plugins[].models[]", "openrouter"),
      member("plugins[].analysis_models[]", "openrouter")
    ],
    templates: ["**/extensions/chat/completions", "**/chat/completions", "**/chat/completions/batch"]
  },
  {
    name: "text completions",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [leading("reference", "agent_id")],
    templates: ["**/fim/completions", "**/completions", "/completion", "/infill", "/complete"]
  },
  {
    name: "responses",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [
      ...tools,
      tool("input[].tools[]"),
      ...moderation,
      // The model of an agent takes the place of the one that is named.
      ...["agent", "agent.name", "agent_reference", "agent_reference.name"].map((it) =>
        leading("reference", it, "azure", "litellm")
      )
    ],
    templates: ["**/responses", "**/responses/compact", "**/responses/input_tokens"]
  },
  {
    name: "responses over WebSocket",
    methods: ["WEBSOCKET"],
    runs: "frames",
    body: [],
    places: () =>
      ["", "response."].flatMap((base) =>
        [
          "model",
          "moderation.model",
          ...["tools[]", "input[].tools[]"].flatMap((it) => [`${it}.model`, `${it}.svg.model`])
        ]
          .map((it) => frame("response.create", `${base}${it}`))
      ),
    templates: ["**/responses"]
  },
  {
    name: "embeddings",
    methods: "write",
    runs: "always",
    body: json,
    templates: ["**/images/embeddings", "**/embeddings", "/embedding", "/embed", "/multimodalembeddings"]
  }
]
