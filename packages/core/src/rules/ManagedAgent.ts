/**
 * Which tokens of Microsoft Entra are a managed agent's, on its own or for a
 * person, and what such an agent may ask for (RULES D72).
 */
import type { AgentBinding } from "../directory/Directory.ts"
import type { JsonObject } from "../Json.ts"
import type { Asked } from "../Request.ts"
import type { Issuer } from "../Settings.ts"
import * as Route from "./routes/Route.ts"
import type { RouteGroups } from "./routes/RouteGroups.ts"

/** The application that a token was made for. */
export interface Application {
  readonly issuer: string
  readonly tenant: string
  readonly client: string
}

/** The application, of a token that names one. */
export const applicationOf = ({ azp, iss, tid }: JsonObject): Application | undefined =>
  typeof iss === "string" && typeof tid === "string" && typeof azp === "string"
    ? { issuer: iss, tenant: tid, client: azp }
    : undefined

/** Who is behind the token: the agent itself, or a person with this object id. */
export interface Subject {
  readonly mode: "autonomous" | "delegated"
  readonly object: string
}

const holds = (wanted: ReadonlyArray<string>, held: ReadonlyArray<unknown>): boolean =>
  wanted.every((it) => held.includes(it))

/** The subject of a token whose application is bound; or why it contradicts the binding. */
export const subjectOf = (binding: AgentBinding, claims: JsonObject): Subject | string => {
  const { azp, idtyp, iss, oid, roles = [], scp, tid, xms_sub_fct: facets } = claims
  if (iss !== binding.issuer || tid !== binding.tenant || azp !== binding.client) return "another application"
  if (typeof oid !== "string" || oid === "") return "no object id"
  if (facets !== undefined && facets !== null && (typeof facets !== "string" || facets.split(" ").includes("13"))) {
    return "a user of the kind of agents"
  }
  if (scp !== undefined && scp !== null && typeof scp !== "string") return "scp is no text"
  if (typeof scp === "string" && scp !== "") {
    if (binding.mode === "autonomous" || oid === binding.servicePrincipal || idtyp === "app") return "not delegated"
    const scopes = scp.split(" ").filter((it) => it !== "")
    return scopes.length > 0 && holds(binding.requiredScopes, scopes)
      ? { mode: "delegated", object: oid }
      : "a required scope is missing"
  }
  if (binding.mode === "delegated" || oid !== binding.servicePrincipal || idtyp === "user") return "not autonomous"
  if (!Array.isArray(roles) || roles.some((it) => typeof it !== "string")) return "roles are no list of texts"
  return holds(binding.requiredRoles, roles) ? { mode: "autonomous", object: oid } : "a required role is missing"
}

/** Whether whom a token is for is checked at all: an agent's token for somebody else is nobody's here. */
export const isTrusted = ({ audience, issuer }: Pick<Issuer, "audience" | "issuer">): boolean =>
  issuer !== "any" && !audience.includes("any")

const operations = ("chat/completions completions embeddings responses messages messages/count_tokens " +
  "images/generations images/edits audio/transcriptions audio/speech moderations rerank decisions systemone " +
  "extraction ocr").split(" ")

/** Where an agent may call a model: by POST alone. */
const modelRoutes = [
  ...operations.flatMap((it) => [`/${it}`, `/v1/${it}`]),
  ...("/openai/v1/responses /v2/rerank /claude_code_gateway/v1/messages " +
    "/claude_code_gateway/v1/messages/count_tokens /cursor/chat/completions").split(" "),
  ...["chat/completions", "completions", "embeddings"].map((it) => `/engines/{model:path}/${it}`),
  ...["chat/completions", "completions", "embeddings", "images/generations", "images/edits"].map((it) =>
    `/openai/deployments/{model:path}/${it}`
  ),
  ...["", "/v1beta"].flatMap((it) =>
    ["countTokens", "generateContent", "streamGenerateContent"].map((verb) => `${it}/models/{model:path}:${verb}`)
  )
]

const socketRoutes = ["", "/v1", "/openai/v1"].flatMap((it) => [`${it}/realtime`, `${it}/live/sessions`])
  .concat("/openai/realtime", "/v1/realtime/translations", "/realtime/translations", "/openai/v1/realtime/translations")

const exchanges: ReadonlySet<string> = new Set(["/token", "/introspect"])

/** Whether a managed agent may ask here: inference, MCP, other agents, and the list of agents. */
export const routes = (groups: RouteGroups): (asked: Asked) => boolean => {
  const models = Route.compile(modelRoutes, groups)
  const sockets = Route.compile(socketRoutes, groups)
  const mcp = (groups.get("mcp_inference_routes") ?? []).filter((it) => !exchanges.has(it))
  const others = Route.compile([...mcp, ...groups.get("agent_inference_routes") ?? []], groups)
  return ({ method, path }) => {
    const reads = method === "GET" || method === "HEAD"
    if (path === "/agents" || path === "/v1/agents") return reads
    if (sockets(path, method)) return method === "GET"
    return models(path, method) ? method === "POST" : others(path, method)
  }
}
