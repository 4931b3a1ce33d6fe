/** Calls of one model, as OpenAI and those who speak its language have them. */
import {
  embedded,
  type Family,
  frame,
  json,
  leading,
  moderation,
  plugins,
  respondents,
  router,
  tools
} from "./ModelPlace.ts"

/** Chats, completions, responses and embeddings. */
export const callRoutes: ReadonlyArray<Family> = [
  {
    name: "chat completions",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [
      ...embedded,
      ...tools,
      ...moderation,
      ...plugins,
      router
    ],
    templates: ["**/extensions/chat/completions", "**/chat/completions", "**/chat/completions/batch"]
  },
  {
    name: "text completions",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [leading("reference", "agent_id"), ...plugins, router],
    templates: ["**/fim/completions", "**/completions", "/completion", "/infill", "/complete"]
  },
  {
    name: "responses",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [
      ...tools,
      ...respondents,
      ...moderation,
      ...plugins
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
