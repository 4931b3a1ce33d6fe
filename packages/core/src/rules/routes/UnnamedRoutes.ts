/** Routes that name no model, and routes that run one which only the provider knows. */
import type { Family } from "./ModelPlace.ts"

/** Routes that stand before all others: a longer template would take them for something else. */
export const unnamedRoutes: ReadonlyArray<Family> = [
  {
    name: "a resource that names no model",
    methods: "write",
    runs: "named",
    body: ["json", "multipart", "urlencoded", "bytes"],
    templates: [
      "/threads/{x}/messages",
      "/threads/{x}/messages/{y}",
      "/responses/{x}/cancel",
      "/fine_tuning/jobs/{id:path}/cancel",
      "/fine_tuning/jobs/{id:path}/pause",
      "/fine_tuning/jobs/{id:path}/resume",
      "/batches/{id:path}/cancel",
      "/{x}/v1/batches/{id:path}/cancel",
      "/messages/batches/{x}/cancel",
      "/threads/{x}/runs/{y}/cancel",
      "/threads/{x}/runs/{y}",
      "/chat/completions/{x}",
      "/interactions/{x}/cancel",
      "/realtime/calls/{x}/hangup",
      "/realtime/calls/{x}/refer",
      "/realtime/calls/{x}/reject"
    ]
  },
  {
    // The agent, the flow or the session that a path names says which model runs, whatever is named.
    name: "agents",
    methods: "write",
    runs: "unknown",
    body: ["json", "multipart", "bytes"],
    templates: [
      "**/agents/{x}/endpoint/protocols/{y:path}",
      "**/applications/{x}/protocols/{y:path}",
      "/agents/{x}/agentAliases/{y}/sessions/{z}/text",
      "/flows/{x}/aliases/{y}",
      "/flows/{x}/aliases/{y}/executions",
      "/runtimes/{x:path}/invocations",
      "/optimize-prompt",
      "/knowledgebases/{x}/retrieve",
      "/generateQuery",
      "/agenticRetrieveStream",
      "/harnesses/invoke",
      "/evaluations/evaluate/{x}",
      "/evaluation-jobs",
      "/model-customization-jobs",
      "/advanced-prompt-optimization-jobs",
      "/chatkit/sessions",
      "/live/sessions/{x}/fork",
      "/agents/sessions",
      "/agents/sessions/{x}",
      "/agents/sessions/{x}/events",
      "/agents/automations",
      "/agents/automations/{x}",
      "/agents/automations/{x}/invocations",
      "/sessions",
      "/sessions/{x}/events",
      "/deployments",
      "/deployments/{x}",
      "/deployments/{x}/run",
      "/workflows/{x}/execute",
      "/workflows/registrations/{x}/execute",
      "/workflows/schedules",
      "/workflows/schedules/{x}/trigger",
      "/observability/judges/{x}/live-judging",
      "/observability/dataset-records/{x}/live-judging",
      "/experimental/generate_prompt",
      "/experimental/improve_prompt",
      "/experimental/templatize_prompt"
    ]
  }
]
