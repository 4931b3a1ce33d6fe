/**
 * Where a model can stand in a request, and how routes that are alike are told:
 * what the table of model routes (`ModelRouteTable`) is written in, and the
 * places that every model route has (RULES D54).
 */
import type { Reads } from "./BodyPlaces.ts"

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

export const member = (path: string, ...kinds: ReadonlyArray<UpstreamKind>): KindPlace =>
  kinds.length === 0 ? { _tag: "Member", path } : { _tag: "Member", path, kinds }
/** An object that is read as the body is. */
export const carrier = (path: string, ...kinds: ReadonlyArray<UpstreamKind>): KindPlace => ({
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
export const leading = (reads: Reads, path: string, ...kinds: ReadonlyArray<UpstreamKind>): KindPlace => ({
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
export const frame = (type: string, path: string): KindPlace => ({ _tag: "Frame", type, path })

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
  header("x-amzn-sagemaker-target-model", "bedrock"),
  // Servers of many models, and what routes to one of them by a header: Seldon, ModelMesh, inference pools of the Gateway API.
  ...["seldon-model", "mm-model-id", "mm-vmodel-id", "x-gateway-model-name"].map((it) => header(it, "any"))
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

/** LiteLLM passes on to OpenRouter what it does not know itself. */
const routed = ["openrouter", "litellm"] as const

/** Tools that run a model of their own, such as OpenAI's image generation or OpenRouter's advisors, which have tools too. */
export const tools: ReadonlyArray<KindPlace> = [
  member("tools[].model", ...withTools),
  member("tools[].svg.model", "openai", "azure", "litellm"),
  leading("runner", "tools[].type", ...routed),
  member("tools[].parameters.model", ...routed),
  member("tools[].parameters.models[]", ...routed),
  member("tools[].parameters.analysis_models[]", ...routed),
  { _tag: "Member", path: "tools[].parameters.tools[]", like: "tools[]", kinds: routed }
]

/**
 * What OpenRouter lets a call say besides: plugins that run models or choose one, of which `pin_model` repeats the model
 * that some message of the conversation names; and what it passes on to a provider as it is.
 */
export const plugins: ReadonlyArray<KindPlace> = [
  ...["model", "models[]", "analysis_models[]", "judge_model"].map((it) => member(`plugins[].${it}`, ...routed)),
  leading("runner", "plugins[].id", ...routed),
  leading("reference", "plugins[].pin_model", ...routed),
  { _tag: "Member", path: "plugins[].tools[]", like: "tools[]", kinds: routed },
  carrier("provider.options.*", ...routed)
]

/** An object that is a tool, or a list of some, in the course of a conversation or among the settings of a run. */
export const tool = (path: string): KindPlace => ({ _tag: "Member", path, like: "tools[]", kinds: withTools })

/** A call that has what it says judged. */
export const moderation: ReadonlyArray<KindPlace> = [member("moderation.model", "openai", "azure", "litellm")]

/** What a message of Anthropic says of other models: those that answer when the first one declines, and tools that are added later. */
export const declined: ReadonlyArray<KindPlace> = [
  member("fallback_model"),
  member("fallbacks[].model", "anthropic"),
  // "default" lets the server choose.
  leading("reference", "fallbacks", "anthropic", "litellm"),
  tool("messages[].content[].tool.definition"),
  tool("messages[].content[].tool_changes[].tool.definition")
]

/** A call of the Responses API: tools that come in its course, and an agent, whose model takes the place of the one that is named. */
export const respondents: ReadonlyArray<KindPlace> = [
  tool("input[].tools[]"),
  ...["agent", "agent.name", "agent_reference", "agent_reference.name"].map((it) =>
    leading("reference", it, "azure", "litellm")
  )
]

/** Azure OpenAI on your data embeds with a deployment of its own. */
export const embedded: ReadonlyArray<KindPlace> = [
  member("data_sources[].parameters.embedding_dependency.deployment_name", "azure", "litellm"),
  member("data_sources[].parameters.embedding_dependency.model_id", "azure", "litellm"),
  member("data_sources[].parameters.embedding_deployment_name", "azure", "litellm")
]

/** The gateway of Watsonx chooses among all its models when it is told how to. */
export const router: KindPlace = leading("reference", "router", "litellm")

/** All that a call may say, whichever it is: where one stands inside something else. */
export const calls: ReadonlyArray<KindPlace> = [
  ...tools,
  ...plugins,
  ...moderation,
  ...declined,
  ...respondents,
  ...embedded,
  router
]

/** Models for which a file, a batch or a store is made. */
export const targets: ReadonlyArray<KindPlace> = [
  { _tag: "Member", path: "target_model_names", separator: ",", kinds: ["litellm"] },
  member("target_model_names[]", "litellm"),
  { _tag: "Query", name: "target_model_names", separator: ",", kinds: ["litellm"] }
]

export const json: ReadonlyArray<BodyType> = ["json"]
const form: ReadonlyArray<BodyType> = ["multipart", "urlencoded"]
export const jsonOrForm: ReadonlyArray<BodyType> = ["json", ...form]
