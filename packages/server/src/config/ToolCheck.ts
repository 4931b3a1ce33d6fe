/**
 * Findings on MCP servers and on who may use their tools (DESIGN §11).
 */
import * as Pattern from "@jotgate/core/Pattern"
import { compile } from "@jotgate/core/Route"
import * as RouteGroups from "@jotgate/core/RouteGroups"
import { suggestion } from "@jotgate/core/SchemaFindings"
import type { PolicySettings } from "@jotgate/core/Settings"
import { parse } from "@jotgate/core/ToolPattern"
import { type Check, warning, when } from "./CheckFinding.ts"
import type { FileSettings } from "./GatewaySettings.ts"

const kinds = ["tools", "prompts", "resources"] as const

/** A server whose path no caller may use, whatever is said of its tools. */
const unreachable: Check = ({ policy: { litellm, mcp, openRoutes, roles, scopes, teamRoutes, userRoutes } }) => {
  const paths = mcp.flatMap(({ path }) => [path, `${path}/*`])
  const groups = ["llm_api_routes", "mcp_routes", "mcp_inference_routes"].reduce(
    (all, name) => RouteGroups.withMore(all, name, paths),
    RouteGroups.of(litellm)
  )
  const entries = [
    ...teamRoutes,
    ...userRoutes,
    ...openRoutes,
    ...[...roles, ...scopes].flatMap((it) => it.routes ?? [])
  ]
  const covers = compile(entries, groups)
  return mcp.flatMap(({ path }, index) =>
    when(!covers(path, "POST"), () =>
      warning(
        `policy.mcp[${index}].path`,
        `may be used by nobody: add llm_api_routes or ${path} to policy.teamRoutes or policy.userRoutes`
      ))
  )
}

/** The patterns of the file, with their places. */
const patternsOf = ({ issuers, policy }: FileSettings): ReadonlyArray<readonly [path: string, pattern: string]> => {
  const lists: ReadonlyArray<readonly [string, Partial<Record<(typeof kinds)[number], ReadonlyArray<string> | null>>]> =
    [
      ...issuers.map((it, index) => [`issuers[${index}].grants`, it.grants] as const),
      ...(["roles", "scopes"] as const).flatMap((list) =>
        policy[list].map((it: PolicySettings["roles"][number] | PolicySettings["scopes"][number], index) =>
          [`policy.${list}[${index}]`, it] as const
        )
      )
    ]
  return lists.flatMap(([path, it]) =>
    kinds.flatMap((kind) => (it[kind] ?? []).map((pattern, at) => [`${path}.${kind}[${at}]`, pattern] as const))
  )
}

/** A pattern about a server that is not there gives nothing, and takes nothing away. */
const strangers: Check = (settings) => {
  const servers = settings.policy.mcp.flatMap((it) => [it.server, ...it.aliases])
  return patternsOf(settings).flatMap(([path, pattern]) => {
    const { server } = parse(pattern)
    if (servers.some(Pattern.compile(server))) return []
    const meant = suggestion(server, servers)
    return [warning(
      path,
      `matches nothing: policy.mcp has no server ${JSON.stringify(server)}${
        meant === undefined ? "" : `, did you mean ${JSON.stringify(meant)}?`
      }`
    )]
  })
}

/** What a door cannot see, and what a client cannot find out. */
const unseen: Check = ({ gateway, policy: { mcp } }) => [
  ...when(
    mcp.length > 0 && gateway.trustedProxies.length > 0 && gateway.grpc === null && gateway.upstream === null &&
      mcp.every((it) => it.upstream === undefined),
    () =>
      warning(
        "gateway.trustedProxies",
        "the doors of nginx, ingress-nginx, Caddy and HAProxy see no body: there a tool is judged by Mcp-Method and Mcp-Name of " +
          "MCP 2026-07-28, and every other call at a server that rules name is denied (403 tool_unseen)"
      )
  ),
  ...mcp.flatMap((it, index) => [
    ...when(it.resource !== undefined && it.scopes.length === 0, () =>
      warning(
        `policy.mcp[${index}].scopes`,
        "is empty: clients that sign in for the resource are told no scope to ask for, and any token for it is enough"
      ))
  ])
]

/** Every finding on MCP servers and tools. */
export const checkTools: Check = (settings, says) =>
  [unreachable, strangers, unseen].flatMap((check) => check(settings, says))
