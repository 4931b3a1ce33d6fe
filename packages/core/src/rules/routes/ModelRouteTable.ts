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
import { bedrockRoutes } from "./BedrockRoutes.ts"
import { callRoutes } from "./CallRoutes.ts"
import { googleRoutes } from "./GoogleRoutes.ts"
import { mediaRoutes } from "./MediaRoutes.ts"
import { messageRoutes } from "./MessageRoutes.ts"
import type { Family, UpstreamKind } from "./ModelPlace.ts"
import { serverRoutes } from "./ServerRoutes.ts"
import { storedRoutes } from "./StoredRoutes.ts"
import { unnamedRoutes } from "./UnnamedRoutes.ts"

/**
 * Every family, the most telling first: the first template that fits a path
 * says what it is.
 */
export const families: ReadonlyArray<Family> = [
  ...unnamedRoutes,
  ...callRoutes,
  ...mediaRoutes,
  ...messageRoutes,
  ...storedRoutes,
  ...googleRoutes,
  ...bedrockRoutes,
  ...serverRoutes
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
