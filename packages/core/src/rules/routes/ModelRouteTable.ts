/**
 * The routes that run a model, as data: what they are called, which bodies they
 * take, and where their models stand (RULES D53, D54).
 *
 * `{model}` is the model in one segment, `{model:path}` over several; `{id}` is
 * an id in which LiteLLM may have written models (`ManagedId`); `{x}` and
 * `{x:path}` are anything else. A template stands behind an optional provider's
 * prefix and version (`/anthropic/v1`); one that begins with `**` is compared
 * with the end of a path, so that a mount of its own hides nothing.
 */
import type { Reads } from "./BodyPlaces.ts"
import { googleActions } from "./NamedPath.ts"

/** What stands behind the gate; `any` is the union of all. */
export type UpstreamKind =
  | "any"
  | "litellm"
  | "openai"
  | "anthropic"
  | "vllm"
  | "ollama"
  | "bedrock"
  | "azure"
  | "openrouter"

/** Every kind by its name in the settings. */
export const upstreamKinds = [
  "any",
  "litellm",
  "openai",
  "anthropic",
  "vllm",
  "ollama",
  "bedrock",
  "azure",
  "openrouter"
] as const satisfies ReadonlyArray<UpstreamKind>

/** What a body may be: JSON, a form of one of the two types, or bytes that name no model (audio, SDP). */
export type BodyType = "json" | "multipart" | "urlencoded" | "bytes"

/**
 * Where a model can stand.
 *
 * A member is a path into a JSON body, or the name of a form's field: `a.b` is
 * the member `b` of `a`, `a[]` each element of a list, `*` every member. What is
 * found there and is text names a model; `separator` splits it into several. A
 * field of a form may hold JSON (`session.model`). An object at a path that has
 * `like` holds what the object at that other path holds ("" is the body itself),
 * so a body inside a body is read however deep it lies. What is found at a place
 * that says `reads` is no name: an `id` in which LiteLLM has written models
 * (`ManagedId`), or a `reference`: an agent or a prompt, which says for itself
 * which model runs, so that it is not known. Where it says `keys`, the names of an
 * object's members are models: a server that expects a list walks over them. `lines` are JSON texts, one a line,
 * in the file of the part; a frame is a WebSocket message of that type.
 */
export type Place =
  | { readonly _tag: "Path" }
  | { readonly _tag: "Query"; readonly name: string; readonly separator?: "," }
  | { readonly _tag: "Header"; readonly name: string }
  | {
    readonly _tag: "Member"
    readonly path: string
    readonly separator?: ","
    readonly like?: string
    readonly reads?: Reads
    readonly keys?: true
  }
  | {
    readonly _tag: "Lines"
    readonly part: string
    readonly path: string
    readonly like?: string
    readonly reads?: Reads
    readonly keys?: true
  }
  | { readonly _tag: "Frame"; readonly type: string; readonly path: string }

/** A place, and the kinds of upstream that read it there; every kind when left out. */
export type KindPlace = Place & { readonly kinds?: ReadonlyArray<UpstreamKind> }

/** Routes that are alike. */
export interface Family {
  readonly name: string
  readonly templates: ReadonlyArray<string>
  /** `write`: every method that may have a body; else these alone. `WEBSOCKET` is a GET that asks to upgrade. */
  readonly methods: "write" | ReadonlyArray<string>
  readonly body: ReadonlyArray<BodyType>
  /** Places besides those that every route of its kind has; made when one of its routes is first asked for. */
  readonly places?: () => ReadonlyArray<KindPlace>
  /**
   * `always`: it runs a model, named or not; `named`: only when one is named; `frames`: each frame that runs one names
   * it; `unknown`: it may run one that stands anywhere, whatever else is named.
   */
  readonly runs: "always" | "named" | "frames" | "unknown"
  /** Kinds of upstream that have it; every kind when left out. */
  readonly kinds?: ReadonlyArray<UpstreamKind>
}

const member = (path: string, ...kinds: ReadonlyArray<UpstreamKind>): KindPlace =>
  kinds.length === 0 ? { _tag: "Member", path } : { _tag: "Member", path, kinds }
/** An object that is read as the body is. */
const carrier = (path: string, ...kinds: ReadonlyArray<UpstreamKind>): KindPlace => ({
  ...member(path, ...kinds),
  _tag: "Member",
  path,
  like: ""
})
/** An object and nothing else: it holds what it holds. */
const object = (path: string, ...kinds: ReadonlyArray<UpstreamKind>): KindPlace => ({
  ...member(path, ...kinds),
  _tag: "Member",
  path,
  like: path
})
/** A text that leads to models without being the name of one. */
const leading = (reads: Reads, path: string, ...kinds: ReadonlyArray<UpstreamKind>): KindPlace => ({
  _tag: "Member",
  path,
  reads,
  ...(kinds.length === 0 ? {} : { kinds })
})
const query = (name: string, ...kinds: ReadonlyArray<UpstreamKind>): KindPlace =>
  kinds.length === 0 ? { _tag: "Query", name } : { _tag: "Query", name, kinds }
const header = (name: string, ...kinds: ReadonlyArray<UpstreamKind>): KindPlace & { readonly _tag: "Header" } => ({
  _tag: "Header",
  name,
  kinds
})
const frame = (type: string, path: string): KindPlace => ({ _tag: "Frame", type, path })

/** An object that a server walks over as if it were a list of models. */
const keyed = (path: string): KindPlace => ({ _tag: "Member", path, keys: true, kinds: ["litellm"] })

/**
 * Members of LiteLLM that hold models to fall back to: a list of names, of calls, or of lists by the name they stand in
 * for. Such a call says all that a body can say, fallbacks of its own as well.
 */
const fallbacks = (path: string): ReadonlyArray<KindPlace> => [
  keyed(path),
  keyed(`${path}[].*`),
  member(`${path}[]`, "litellm"),
  member(`${path}[].model`, "litellm"),
  member(`${path}[].*`, "litellm"),
  member(`${path}[].*[]`, "litellm"),
  member(`${path}[].*[].model`, "litellm"),
  member(`${path}.*`, "litellm"),
  member(`${path}.*[]`, "litellm"),
  carrier(`${path}[]`, "litellm"),
  carrier(`${path}[].*[]`, "litellm")
]

/** Deployments that come with a call of LiteLLM. */
const deployments = (path: string): ReadonlyArray<KindPlace> => [
  member(`${path}[].model_name`, "litellm"),
  member(`${path}[].litellm_params.model`, "litellm"),
  carrier(`${path}[].litellm_params`, "litellm")
]

/** Members of LiteLLM that hold settings of a router: of one call, of a key, or a router of the caller's own. */
const overrides = () =>
  ["router_settings_override", "router_settings", "user_config"].flatMap((
    name
  ): ReadonlyArray<KindPlace> => [
    object(name, "litellm"),
    member(`${name}.model`, "litellm"),
    member(`${name}.model_group_alias.*`, "litellm"),
    member(`${name}.model_group_alias.*.model`, "litellm"),
    carrier(`${name}.default_litellm_params`, "litellm"),
    ...deployments(`${name}.model_list`),
    ...["fallbacks", "default_fallbacks", "context_window_fallbacks", "content_policy_fallbacks"].flatMap((it) =>
      fallbacks(`${name}.${it}`)
    )
  ])

/** Headers in which an upstream of some kind looks for a model. */
const headerPlaces: ReadonlyArray<KindPlace & { readonly _tag: "Header" }> = [
  header("x-litellm-model", "litellm"),
  header("azureml-model-deployment", "azure"),
  header("x-ms-model-mesh-model-name", "azure"),
  header("x-amzn-sagemaker-target-model", "bedrock")
]

/** Lower-case names of the headers in which some upstream looks for a model. */
export const modelHeaders: ReadonlySet<string> = new Set(headerPlaces.map(({ name }) => name))

/** Members of LiteLLM with the ids of files, batches and stores, in which it writes for which model they were made. */
const ids = [
  "file_id",
  "input_file_id",
  "output_file_id",
  "error_file_id",
  "batch_id",
  "fine_tuning_job_id",
  "training_file",
  "validation_file",
  "vector_store_id",
  "video_id",
  "character_id"
]

const allRoutes = (): ReadonlyArray<KindPlace> => [
  { _tag: "Path" },
  member("model"),
  member("model_id", "litellm"),
  member("models[]", "litellm", "openrouter"),
  carrier("extra_body", "litellm", "openrouter"),
  ...["fallbacks", "default_fallbacks", "context_window_fallbacks", "content_policy_fallbacks"].flatMap(fallbacks),
  ...overrides(),
  // Other parameters of LiteLLM's own calls that put another model into the place of the one that is named.
  member("deployment_id", "litellm"),
  member("base_model", "litellm"),
  member("context_window_fallback_dict.*", "litellm"),
  ...deployments("model_list"),
  // What it passes on in headers and in a query is read there by whatever stands behind it.
  ...["headers", "extra_headers"].flatMap((it) => [...modelHeaders].map((name) => member(`${it}.${name}`, "litellm"))),
  ...ids.map((it) => leading("id", it, "litellm")),
  // The model of a prompt takes the place of the one that is named.
  leading("reference", "prompt_id", "litellm"),
  leading("reference", "preset", "openrouter"),
  member("extra_query.model", "litellm"),
  member("extra_query.deployment", "litellm"),
  query("model"),
  query("model_id", "litellm"),
  query("deployment", "azure", "litellm"),
  ...headerPlaces
]

let common: ReadonlyArray<KindPlace> | undefined

/** Where every model route may name its models, whatever it runs. */
export const commonPlaces = (): ReadonlyArray<KindPlace> => common ??= allRoutes()

const withTools = ["openai", "anthropic", "azure", "litellm", "openrouter"] as const

/** Tools that run a model of their own, such as OpenAI's image generation or OpenRouter's advisors, which have tools too. */
const tools: ReadonlyArray<KindPlace> = [
  member("tools[].model", ...withTools),
  member("tools[].svg.model", "openai", "azure", "litellm"),
  member("tools[].parameters.model", "openrouter"),
  member("tools[].parameters.models[]", "openrouter"),
  member("tools[].parameters.analysis_models[]", "openrouter"),
  { _tag: "Member", path: "tools[].parameters.tools[]", like: "tools[]", kinds: ["openrouter"] }
]

/** An object that is a tool, or a list of some, in the course of a conversation or among the settings of a run. */
const tool = (path: string): KindPlace => ({ _tag: "Member", path, like: "tools[]", kinds: withTools })

/** A call that has what it says judged. */
const moderation: ReadonlyArray<KindPlace> = [member("moderation.model", "openai", "azure", "litellm")]

/** What a message of Anthropic says of other models: those that answer when the first one declines, and tools that are added later. */
const declined: ReadonlyArray<KindPlace> = [
  member("fallback_model"),
  member("fallbacks[].model", "anthropic"),
  // "default" lets the server choose.
  leading("reference", "fallbacks", "anthropic", "litellm"),
  tool("messages[].content[].tool.definition"),
  tool("messages[].content[].tool_changes[].tool.definition")
]

/** Where a search in a knowledge base of Bedrock names the models that filter and order what it finds. */
const retrieval = (path: string): ReadonlyArray<KindPlace> =>
  ["vectorSearchConfiguration", "managedSearchConfiguration"].flatMap((search) => [
    member(`${path}.${search}.implicitFilterConfiguration.modelArn`, "bedrock"),
    member(
      `${path}.${search}.rerankingConfiguration.bedrockRerankingConfiguration.modelConfiguration.modelArn`,
      "bedrock"
    )
  ])

const targets: ReadonlyArray<KindPlace> = [
  { _tag: "Member", path: "target_model_names", separator: ",", kinds: ["litellm"] },
  member("target_model_names[]", "litellm"),
  { _tag: "Query", name: "target_model_names", separator: ",", kinds: ["litellm"] }
]

const transcription = (base: string): ReadonlyArray<string> => [
  `${base}.model`,
  `${base}.input_audio_transcription.model`,
  `${base}.audio.input.transcription.model`
]

/** Models to which a live session hands over what it is asked. */
const delegation = ["responses", "decisions"].map((it) => `session.delegation.${it}.model`)

const session = [
  ...transcription("session"),
  ...delegation,
  "input_audio_transcription.model",
  "audio.input.transcription.model"
].map((it) => member(it))

/** Where a line of a file of calls names its models: in the body that it holds. */
const lines = (path: string): ReadonlyArray<KindPlace> =>
  [...commonPlaces(), ...tools, ...moderation, tool("input[].tools[]")].flatMap((it): ReadonlyArray<KindPlace> => {
    if (it._tag !== "Member" || it.separator !== undefined) return []
    const { keys, kinds, like, path: inside, reads } = it
    return [{
      _tag: "Lines",
      part: "file",
      path: `${path}.${inside}`,
      ...(like === undefined ? {} : { like: like === "" ? path : `${path}.${like}` }),
      ...(reads === undefined ? {} : { reads }),
      ...(keys === undefined ? {} : { keys }),
      ...(kinds === undefined ? {} : { kinds })
    }]
  })

/** A grader runs a model that judges, alone or as one of several. */
const graders = (path: string): ReadonlyArray<KindPlace> => [
  member(`${path}.model`),
  member(`${path}.graders.model`),
  member(`${path}.graders.*.model`)
]

const json: ReadonlyArray<BodyType> = ["json"]
const form: ReadonlyArray<BodyType> = ["multipart", "urlencoded"]
const jsonOrForm: ReadonlyArray<BodyType> = ["json", ...form]

/** The verbs of Gemini and Vertex that run a model: those behind a model's name in any path, and those of these routes alone. */
export const googleVerbs: ReadonlyArray<string> = [
  ...googleActions,
  "bidiGenerateContent",
  "directPredict",
  "directRawPredict",
  "explain",
  "query",
  "streamQuery"
]

/** Where a verb behind a colon runs a model; one that is not known runs one too. */
const google = [
  "**/models/{model:path}:{verb}",
  "**/tunedModels/{model}:{verb}",
  "**/dynamic/{model}:{verb}",
  "**/endpoints/{model}:{verb}",
  "**/reasoningEngines/{model}:{verb}"
]

const bedrockActions = [
  "invoke",
  "invoke-with-response-stream",
  "invoke-with-bidirectional-stream",
  "converse",
  "converse-stream",
  "count-tokens",
  "count_tokens"
]

/**
 * Every family, the most telling first: the first template that fits a path
 * says what it is.
 */
export const families: ReadonlyArray<Family> = [
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
  },
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
  },
  {
    name: "images",
    methods: "write",
    runs: "always",
    body: jsonOrForm,
    places: () => [member("svg.model", "openai", "azure", "litellm")],
    templates: ["**/images/generations", "**/images/edits", "**/images/variations"]
  },
  {
    name: "audio",
    methods: "write",
    runs: "always",
    body: [...jsonOrForm, "bytes"],
    templates: [
      "**/audio/transcriptions",
      "**/audio/translations",
      "**/audio/speech",
      "**/audio/generate",
      "**/audio/voices",
      "/speech-to-text",
      "/text-to-speech/{x:path}"
    ]
  },
  {
    name: "moderations",
    methods: "write",
    runs: "always",
    body: json,
    templates: ["**/chat/moderations", "**/moderations", "/classifications", "/chat/classifications"]
  },
  {
    // Another video says which model runs, whatever is named.
    name: "videos made of videos",
    methods: "write",
    runs: "unknown",
    body: jsonOrForm,
    templates: ["/videos/{x}/remix", "/videos/edits", "/videos/extensions"]
  },
  {
    name: "videos",
    methods: "write",
    runs: "always",
    body: jsonOrForm,
    templates: [
      "/videos",
      "/videos/characters",
      "/video/generations",
      "/video/generations/jobs"
    ]
  },
  {
    name: "a realtime session",
    methods: "write",
    runs: "always",
    body: [...jsonOrForm, "bytes"],
    places: () => session,
    templates: [
      "**/realtime/client_secrets",
      "**/realtime/sessions",
      "**/realtime/transcription_sessions",
      "**/realtime/calls",
      "**/realtime/calls/{x}/accept",
      "**/realtime/translations/calls",
      "**/realtime/translations/client_secrets",
      "**/realtime",
      "**/live/sessions",
      "**/live/sessions/{x}/accept",
      "/client/sessions"
    ]
  },
  {
    name: "tokens for the live API of Gemini",
    methods: "write",
    runs: "always",
    body: json,
    places: () =>
      ["", "setup."].flatMap((it) =>
        ["bidiGenerateContentSetup", "liveConnectConstraints"].map((name) => member(`${name}.${it}model`))
      ),
    templates: ["/auth_tokens"]
  },
  {
    name: "realtime over WebSocket",
    methods: ["WEBSOCKET"],
    runs: "always",
    body: [],
    places: () => [
      ...["session.start", "session.update", "transcription_session.update"].flatMap((type) =>
        [...transcription("session"), ...delegation].map((it) => frame(type, it))
      ),
      ...["model", "response.model"].map((it) => frame("response.create", it))
    ],
    templates: ["**/realtime", "**/realtime/translations", "**/live/sessions", "**/live/sessions/{x:path}"]
  },
  {
    name: "a provider's WebSocket",
    methods: ["WEBSOCKET"],
    runs: "always",
    body: [],
    places: () => [frame("setup", "setup.model"), frame("session.update", "session.model")],
    templates: [
      "/live",
      "/deepgram/{x:path}",
      "**/google.ai.generativelanguage.{x:path}",
      "**/google.cloud.aiplatform.{x:path}"
    ]
  },
  {
    name: "messages",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [...tools, ...declined],
    templates: ["**/v1/messages", "**/v1/messages/count_tokens", "/messages", "/messages/count_tokens"]
  },
  {
    name: "message batches",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [
      member("requests[].params.model"),
      ...tools,
      ...declined,
      carrier("requests[].params")
    ],
    templates: ["**/v1/messages/batches", "/messages/batches"]
  },
  {
    name: "batches",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [
      member("requests[].body.model"),
      member("requests[].params.model"),
      carrier("requests[].body"),
      carrier("requests[].params"),
      ...targets
    ],
    templates: ["/batches", "/batch/jobs", "/{x}/v1/batches"]
  },
  {
    name: "files",
    methods: "write",
    runs: "named",
    body: ["multipart", "bytes", "json"],
    places: () => [
      ...lines("body"),
      { _tag: "Lines", part: "file", path: "model" },
      ...targets
    ],
    templates: ["/files", "/{x}/v1/files"]
  },
  {
    // The lines of a batch may come in pieces, of which none says what the whole names.
    name: "parts of an upload",
    methods: "write",
    runs: "unknown",
    body: ["multipart", "bytes"],
    templates: ["/uploads/{x}/parts"]
  },
  {
    name: "fine-tuning",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [...targets, ...graders("method.reinforcement.grader"), ...graders("grader")],
    templates: ["/fine_tuning/jobs", "/fine-tunes", "/fine_tuning/alpha/graders/{x}", "/finetuning/finetuned-models"]
  },
  {
    name: "assistants",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [member("assistant.model")],
    templates: ["/assistants", "/threads/runs", "/threads/{x}/runs"]
  },
  {
    // An update of a conversation of OpenAI has the same path, which is why its own upstreams do not have this family.
    name: "conversations of Mistral",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [leading("reference", "agent_id")],
    templates: ["/mistral/v1/conversations", "/conversations/{x}", "/conversations/{x}/restart"],
    kinds: ["litellm"]
  },
  {
    name: "a resource that may name a model",
    methods: "write",
    runs: "named",
    body: ["json", "multipart", "urlencoded", "bytes"],
    places: () => [
      ...targets,
      ...tools,
      tool("items[].tools[]"),
      member("model.id"),
      ...["multiagent.agents[]", "multiagent.advisor"].flatMap((it) => [
        member(`${it}.model`),
        member(`${it}.model.id`)
      ]),
      member("thread.model"),
      member("embedding_model"),
      member("config.model"),
      leading("reference", "agent_id"),
      // An agent of Gemini is made with a model, or of another agent.
      member("agent_config.model"),
      leading("reference", "base_agent"),
      member("foundationModel"),
      member("promptOverrideConfiguration.promptConfigurations[].foundationModel", "bedrock"),
      ...retrieval("knowledgeBases[].retrievalConfiguration"),
      carrier("collaborators[]", "bedrock"),
      carrier("litellm_params_template", "litellm")
    ],
    templates: [
      "/assistants/{x}",
      "/vector_stores",
      "/vector_stores/{id}",
      "/vector_stores/{id:path}/search",
      "/vector_stores/{id:path}/files",
      "/vector_stores/{id:path}/files/{x:path}",
      "/vector_stores/{id:path}/file_batches",
      "/vector_stores/{x:path}",
      "/threads/{x}/runs/{y}/submit_tool_outputs",
      "/skills",
      "/conversations",
      "/conversations/{x}/items",
      "/fileSearchStores",
      "/observability/judges",
      "/observability/judges/{x}",
      "/agents",
      "/agents/{x}"
    ]
  },
  {
    name: "evaluations",
    methods: "write",
    runs: "named",
    body: json,
    places: () => [
      member("completion.model"),
      member("data_source.model"),
      ...tools,
      tool("data_source.sampling_params.tools[]"),
      member("testing_criteria[].model"),
      member("testing_criteria[].graders.*.model"),
      ...graders("grader")
    ],
    templates: ["/evals", "/evals/{x:path}"]
  },
  {
    name: "rerank",
    methods: "write",
    runs: "always",
    body: json,
    places:
      () => [member("rerankingConfiguration.bedrockRerankingConfiguration.modelConfiguration.modelArn", "bedrock")],
    templates: ["/rerank", "/score", "/classify", "/pooling", "/generative_scoring"]
  },
  {
    name: "tokens",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [carrier("request_body", "litellm")],
    templates: ["/tokenize", "/detokenize", "/utils/token_counter", "/utils/transform_request"]
  },
  {
    name: "optical character recognition",
    methods: "write",
    runs: "always",
    body: jsonOrForm,
    templates: ["/ocr", "/v2/parse"]
  },
  {
    name: "retrieval",
    methods: "write",
    runs: "always",
    body: jsonOrForm,
    places: () => [
      member("rerank.model"),
      member("embedding.model"),
      ...["retrieval_config", "ingest_options.vector_store"].flatMap((it) => [
        member(`${it}.embedding_model`),
        member(`${it}.litellm_embedding_model`),
        member(`${it}.litellm_embedding_config.model`)
      ]),
      member("ingest_options.embedding.model"),
      member("ingest_options.ocr.model"),
      member("ingest_options.model")
    ],
    templates: ["/rag/query", "/rag/ingest"]
  },
  {
    name: "generateContent",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [
      member("generateContentRequest.model"),
      member("requests[].model"),
      member("batch.model"),
      member("batch.inputConfig.requests.requests[].request.model")
    ],
    templates: google
  },
  {
    name: "tuned models of Gemini",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [member("baseModel"), member("tunedModelSource.baseModel"), member("tunedModelSource.tunedModel")],
    templates: ["/tunedModels"]
  },
  {
    name: "jobs and caches of Gemini and Vertex",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [member("baseModel"), member("preTunedModel.tunedModelName")],
    templates: [
      "**/batchPredictionJobs",
      "**/cachedContents",
      "**/tuningJobs",
      "**/tuningJobs:validateReinforcementTuningReward"
    ]
  },
  {
    // Retrieval, evaluation and what else a location offers: by a model of its own.
    name: "verbs of a location of Vertex",
    methods: "write",
    runs: "unknown",
    body: json,
    templates: ["**/locations/{x}:{verb}", "**/evaluationRuns"]
  },
  {
    name: "dreams",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [member("model.id")],
    templates: ["/dreams"]
  },
  {
    name: "interactions",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [leading("reference", "agent"), member("agent_config.model")],
    templates: ["/interactions"]
  },
  {
    name: "Bedrock",
    methods: "write",
    runs: "always",
    body: ["json", "bytes"],
    places: () => [
      member("modelId"),
      member("retrieveAndGenerateConfiguration.knowledgeBaseConfiguration.modelArn"),
      member("retrieveAndGenerateConfiguration.externalSourcesConfiguration.modelArn"),
      ...retrieval("retrieveAndGenerateConfiguration.knowledgeBaseConfiguration.retrievalConfiguration")
    ],
    templates: [
      ...bedrockActions.flatMap((it) => [`/model/{model:path}/${it}`, `/model/{model:path}/${it}/{x:path}`]),
      "/model/{model:path}/{action}",
      "/async-invoke",
      "/retrieveAndGenerate",
      "/retrieveAndGenerateStream",
      "/model-invocation-job"
    ]
  },
  {
    name: "SageMaker and other servers of one model",
    methods: "write",
    runs: "always",
    body: ["json", "bytes"],
    templates: [
      "/invocations",
      "/endpoints/{model}/invocations",
      "/endpoints/{model}/invocations-response-stream",
      "/generate",
      "/generate_stream",
      "/inference/v1/generate"
    ]
  },
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
    templates: ["/ml/v1/deployments/{model}/{x:path}", "/ml/v1/text/{x:path}", "/ml/v1/{x:path}"]
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
    templates: ["/systemone", "/decisions", "/extraction", "/eu_jev/v1/systemone"]
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

/** What stands in front of an operation and names the model for it. */
export const mounts: ReadonlySet<string> = new Set(["deployments", "engines"])

/** Upstreams that are one provider's own API, without a prefix: there too a route that is not known may run a model. */
export const wholeProviders: ReadonlySet<UpstreamKind> = new Set(["bedrock"])

/**
 * Prefixes behind which the name of a LiteLLM model group may stand before the
 * provider's own path: `/azure/my-group/openai/…`.
 */
export const groupPrefixes: ReadonlySet<string> = new Set(["azure", "azure_ai", "nvidia_nim"])

/** First segments below which nothing runs a model by its name: tools, agents, and what manages them. */
export const otherPrefixes: ReadonlySet<string> = new Set(["mcp", "mcp-rest", "a2a"])

/**
 * First segments below which a provider's own API lies: what is not known there
 * runs a model that is not named (RULES D53).
 */
export const providerPrefixes: ReadonlySet<string> = new Set([
  "anthropic",
  "assemblyai",
  "azure",
  "azure_ai",
  "azure_speech",
  "backend-api",
  "bedrock",
  "bespoke",
  "cohere",
  "cursor",
  "deepgram",
  "eu.assemblyai",
  "fal_ai",
  "gemini",
  "gigachat",
  "laya",
  "mistral",
  "nvidia_nim",
  "openai",
  "openai_passthrough",
  "openrouter",
  "typesafe",
  "vertex-ai",
  "vertex_ai",
  "vllm",
  "watsonx"
])
