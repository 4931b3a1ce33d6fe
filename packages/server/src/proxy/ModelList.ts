/**
 * Lists of models in the shapes in which upstreams give them, filtered to what a caller may call (RULES D58).
 *
 * A model is listed exactly when a call with it would be allowed. What stands beside the list in an object is kept only
 * where it is plain: another list in it would tell what exists. A shape that is not known is no list, and whoever may
 * not call everything does not get it.
 */
import type { Reach } from "@jotgate/core/Decision"
import { providerPrefixes } from "@jotgate/core/ModelRouteTable"

type Json = Readonly<Record<string, unknown>>

const isObject = (it: unknown): it is Json => typeof it === "object" && it !== null && !Array.isArray(it)

/** Paths whose answers are lists of models: OpenAI, Azure, Anthropic, Together; Gemini; Bedrock; Ollama; OpenRouter; LiteLLM. */
const lists: ReadonlySet<string> = new Set([
  "/v1/models",
  "/v2/models",
  "/models",
  "/openai/v1/models",
  "/openai/models",
  "/openai/deployments",
  "/v1beta/models",
  "/v1alpha/models",
  "/v1beta/openai/models",
  "/foundation-models",
  "/api/tags",
  "/api/ps",
  "/api/v1/models",
  "/api/v1/models/user",
  "/v1/models/info",
  "/model/info",
  "/v1/model/info",
  "/v2/model/info",
  "/model_group/info"
])

/** What may stand before such a path: a provider, or an API of LiteLLM's own that is spoken to its models. */
const mounts: ReadonlySet<string> = new Set([...providerPrefixes, "claude_code_gateway"])

/** The longest of these paths with a mount before it. */
const longest = 64

/** Whether the answer to this request is a list of models; a slash at its end changes nothing. */
export const listsModels = (method: string, path: string): boolean => {
  if ((method !== "GET" && method !== "HEAD") || path.length > longest) return false
  const text = path.endsWith("/") ? path.slice(0, -1) : path
  if (lists.has(text)) return true
  const end = text.indexOf("/", 1)
  return end !== -1 && mounts.has(text.slice(1, end)) && lists.has(text.slice(end))
}

/** The members in which lists stand: OpenAI and LiteLLM; Gemini, Ollama and Cohere; Bedrock. */
const listMembers = ["data", "models", "modelSummaries"]

/** The members that name what a call must name, the strongest first; `name` is what people read where another is there. */
const nameMembers = ["id", "model_name", "model_group", "modelId", "model", "name"]

/** Gemini's names are the paths of its resources. */
const called = (name: string): string => name.startsWith("models/") ? name.slice("models/".length) : name

/** The name with which an entry would be called. */
const nameOf = (entry: unknown): string | undefined => {
  if (typeof entry === "string") return called(entry)
  if (!isObject(entry)) return undefined
  for (const member of nameMembers) {
    const name = entry[member]
    if (name !== undefined && name !== null) return typeof name === "string" ? called(name) : undefined
  }
  return undefined
}

/** Names of members that hold keys, or say where something is: of an upstream's own settings, never of a model. */
const confidential =
  /(?:^|_)(?:key|secret|password|passwd|token|credentials?|auth|authorization|headers?|base|url|uri|endpoint|host|hostname|address|port|proxy|project|region|region_name|location|account|arn|role|profile|path|organization|tenant|client|env|config)(?:_?(?:id|name|file|path|json|s))?$/i

/** What is left of `litellm_params`: how an upstream is reached is nobody's business. */
const harmless: ReadonlySet<string> = new Set(["model", "custom_llm_provider", "rpm", "tpm", "max_tokens", "weight"])

const isAddress = (it: unknown): boolean => typeof it === "string" && /^[a-z][a-z0-9+.-]*:\/\//i.test(it)

/** A copy without keys and addresses, to any depth. */
const bared = (it: unknown, kept?: ReadonlySet<string>): unknown => {
  if (Array.isArray(it)) return it.filter((one) => !isAddress(one)).map((one) => bared(one))
  if (!isObject(it)) return it
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(it)) {
    // A number says neither where something is nor how to get in.
    const told = typeof value === "string" || typeof value === "object"
    if (isAddress(value) || (kept === undefined ? told && confidential.test(name) : !kept.has(name))) continue
    result[name] = bared(value, name === "litellm_params" ? harmless : undefined)
  }
  return result
}

/** What of a reach a list of models is filtered by. */
export type ModelReach = Pick<Reach, "models" | "mayCall" | "isEverything">

/** Members that name another model, or the same one otherwise: vLLM's adapters, OpenRouter, Bedrock. */
const otherNames = ["root", "parent", "canonical_slug", "base_model", "baseModelId"]

/** An entry as its caller sees it: LiteLLM's tell how each upstream is reached, others name further models. */
const shown = (entry: unknown, reach: ModelReach): unknown => {
  if (!isObject(entry)) return entry
  const plain = "litellm_params" in entry || "model_info" in entry || "model_group" in entry ? bared(entry) : entry
  if (!isObject(plain)) return plain
  const isHidden = (it: unknown): boolean => typeof it !== "string" || !reach.mayCall(it)
  const told = Object.entries(plain).flatMap(([name, value]): ReadonlyArray<readonly [string, unknown]> => {
    if (name === "aliases" && Array.isArray(value)) return [[name, value.filter((it) => !isHidden(it))]]
    return otherNames.includes(name) && value !== null && isHidden(value) ? [] : [[name, value]]
  })
  return Object.fromEntries(told)
}

const filterEntries = (entries: ReadonlyArray<unknown>, reach: ModelReach): ReadonlyArray<unknown> =>
  entries
    .filter((entry) => {
      const name = nameOf(entry)
      return name !== undefined && reach.mayCall(name)
    })
    .map((entry) => shown(entry, reach))

const isPlain = (it: unknown): boolean => typeof it !== "object" || it === null

/** The filtered list, or `undefined` when this is no list of models in a shape that is known. */
export const filterModels = (list: unknown, reach: ModelReach): unknown => {
  if (Array.isArray(list)) return filterEntries(list, reach)
  if (!isObject(list)) return undefined
  const members = listMembers.filter((it) => Array.isArray(list[it]))
  if (members.length === 0) return undefined
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(list)) {
    if (Array.isArray(value) && members.includes(name)) result[name] = filterEntries(value, reach)
    else if (isPlain(value)) result[name] = value
  }
  // Anthropic's pages name their ends.
  if ("first_id" in list || "last_id" in list) {
    const ids = Array.isArray(result["data"]) ? result["data"].map(nameOf) : []
    result["first_id"] = ids[0] ?? null
    result["last_id"] = ids.at(-1) ?? null
  }
  return result
}
