/**
 * Which applications may ask on MCP routes (RULES D71).
 *
 * The client that the claim names must be listed, byte for byte; a header
 * counts only where no claim is configured. Nobody is exempt, admins neither,
 * and who is not named is not listed.
 */
import type { JsonObject } from "../Json.ts"
import type { Asked } from "../Request.ts"
import * as McpServer from "../rules/McpServer.ts"
import * as Route from "../rules/routes/Route.ts"
import * as RouteGroups from "../rules/routes/RouteGroups.ts"
import type { Ruling } from "../rules/Ruling.ts"
import type { PolicySettings } from "../Settings.ts"
import * as ClaimPath from "../settings/ClaimPath.ts"
import type { Change } from "../Step.ts"

/** Why a client may not ask: what names it, and what it is called there. */
export interface Refused {
  readonly from: string | null
  readonly client: string | null
}

/** What of the group is asked by whoever looks for a token, not for a tool. */
const exchanges: ReadonlySet<string> = new Set(["/token", "/introspect"])

/** The value of a header that names the application; `undefined` where it is not there once. */
export const headerOf = (name: string, { rawHeaders }: Asked): string | undefined => {
  let value: string | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== name) continue
    // Two headers are two clients: neither counts.
    if (value !== undefined) return undefined
    value = rawHeaders[i + 1]
  }
  return value === "" ? undefined : value
}

/** The check of a deployment; `undefined` when every client may ask. */
export const compile = (
  { litellm, mcp, mcpClients: clients }: Pick<PolicySettings, "litellm" | "mcp" | "mcpClients">
): ((payload: JsonObject, asked: Asked) => Refused | undefined) | undefined => {
  if (clients === null) return undefined
  const groups = RouteGroups.of(litellm)
  const surface = (groups.get("mcp_inference_routes") ?? []).filter((it) => !exchanges.has(it))
  const isListed = Route.compile(["/mcp/*", ...surface], groups)
  const serverOf = McpServer.compile(mcp)
  const isMcp = ({ method, path }: Asked): boolean =>
    isListed(path, method) || serverOf(path) !== undefined || McpServer.isElsewhere(path)
  const allowed = new Set(clients.allowed.map((it) => it.value))
  const path = clients.claim === null ? undefined : ClaimPath.parse(clients.claim)
  const { header } = clients
  return (payload, asked) => {
    if (!isMcp(asked)) return undefined
    const named = path !== undefined
      ? ClaimPath.read(path, payload)
      : header === null
      ? undefined
      : headerOf(header, asked)
    const client = typeof named === "string" ? named : null
    return client !== null && allowed.has(client) ? undefined : { from: clients.claim ?? header, client }
  }
}

/** The denial of a client. */
export const ruling = (refused: Refused): Ruling => ({
  step: "client",
  code: "client_denied",
  facts: { rule: "policy.mcpClients", ...refused }
})

/** What an operator would have to change for it. */
export const changeFor = ({ client, from }: Refused): Change => ({
  change: "client",
  name: client,
  text: client === null
    ? from === null
      ? "Nothing says what names a client: policy.mcpClients has no claim and no header."
      : `${JSON.stringify(from)} names no client: it must be one of policy.mcpClients.allowed.`
    : `The client ${JSON.stringify(client)} is not among policy.mcpClients.allowed.`
})
