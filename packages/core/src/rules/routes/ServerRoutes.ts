/** Servers and providers with routes of their own. */
import { type Family, json, member } from "./ModelPlace.ts"

/** Ollama, Cohere, Watsonx, Deepgram, and others. */
export const serverRoutes: ReadonlyArray<Family> = [
  {
    name: "Ollama",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [member("name"), member("from"), member("source"), member("destination")],
    templates: [
      "/api/chat",
      "/api/generate",
      "/api/embed",
      "/api/embeddings",
      "/api/show",
      "/api/create",
      "/api/copy",
      "/api/pull",
      "/api/push",
      "/api/delete"
    ]
  },
  {
    name: "Ollama, a model that is deleted",
    methods: ["DELETE"],
    runs: "always",
    body: json,
    places: () => [member("name")],
    templates: ["/api/delete"],
    kinds: ["ollama"]
  },
  {
    name: "adapters",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [member("lora_name"), member("base_model_name")],
    templates: ["/load_lora_adapter", "/unload_lora_adapter", "/models/load", "/models/unload"]
  },
  {
    name: "Cohere",
    methods: "write",
    runs: "always",
    body: json,
    templates: ["/v1/chat", "/v2/chat", "/v1/generate", "/v1/summarize", "/v1/embed", "/v2/embed", "/embed-jobs"]
  },
  {
    name: "Watsonx",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [member("model_id"), member("model_ids[]")],
    templates: [
      "/ml/v1/deployments/{model}/{x:path}",
      "/ml/v1/text/chat",
      "/ml/v1/text/chat_stream",
      "/ml/v1/text/embeddings",
      "/ml/v1/text/generation",
      "/ml/v1/text/generation_stream",
      "/ml/v1/text/rerank",
      "/ml/v1/text/tokenization",
      "/ml/v1/time_series/forecast"
    ]
  },
  {
    // Jobs that extract, classify, tune or try out say in their parameters which models run, or leave it to the service.
    name: "jobs of Watsonx",
    methods: "write",
    runs: "unknown",
    body: ["json", "multipart", "bytes"],
    templates: [
      "/ml/v1/{x:path}",
      "/ml/v1-beta/{x:path}",
      "/trainings",
      "/deployment_jobs",
      "/wx/v1-beta/utility_agent_tools/run",
      "/wx/v1-beta/utility_agent_tools/run/{x}"
    ]
  },
  {
    name: "Deepgram",
    methods: "write",
    runs: "always",
    body: ["json", "bytes"],
    templates: ["/deepgram/{x:path}"]
  },
  {
    name: "decisions of small models",
    methods: "write",
    runs: "always",
    body: json,
    templates: ["/systemone", "/decisions", "/alpha/decisions", "/extraction", "/eu_jev/v1/systemone"]
  },
  {
    // What is tried out says in its own way which model runs: the head of a prompt, a judge, a deployment.
    name: "trials",
    methods: "write",
    runs: "unknown",
    body: json,
    templates: [
      "/prompts/test",
      "/health/test_connection",
      "/utils/test_policies_and_guardrails",
      "/policy/templates/enrich",
      "/policy/templates/enrich/stream",
      "/policy/templates/suggest",
      "/auto_router/test_routing",
      "/auto_router/shadow_eval/start"
    ],
    kinds: ["litellm"]
  }
]
