/** Mutations of what LiteLLM 1.110 brought: groups by id, memberships, pass-through, agents, clients (RULES D65 to D73). */
import { inFile, type Mutation } from "./Mutations.ts"

export const releases: ReadonlyArray<Mutation> = [
  ...inFile("principal/TeamResolver.ts", [
    ["settings.teamHeader === \"memberships\"", "settings.teamHeader !== \"memberships\""],
    ["fromMemberships === \"first\" && ", ""],
    ["!policy.routes.takesTeamOfAdmin(asked) ||", ""]
  ]),
  ...inFile("rules/RouteRules.ts", [
    ["policy.litellm === \"1.90\"\n      ? () => false", "policy.litellm !== \"1.90\"\n      ? () => false"],
    [" && it !== \"/*\"", ""],
    [" || this.isPassThrough(asked)", ""]
  ]),
  ...inFile("rules/routes/Route.ts", [
    ["const text = path.endsWith(\"/\") ? path : `${path}/`\n  return denied", "const text = path\n  return denied"],
    [
      "entry.endsWith(\"*\")\n      ? text.startsWith(entry.slice(0, -1))",
      "entry.endsWith(\"*\")\n      ? text === entry.slice(0, -1)"
    ]
  ]),
  ...inFile("identity/McpClients.ts", [
    ["client !== null && allowed.has(client)", "client === null || allowed.has(client)"],
    ["if (value !== undefined) return undefined", ""],
    ["if (!isMcp(asked.path, asked.method)) return undefined", ""]
  ]),
  ...inFile("principal/AgentResolver.ts", [
    ["found?.hasIdentity === true ? undefined : found", "found"],
    ["return found === undefined || found.hasIdentity", "return found === undefined"],
    ["if (blocked !== undefined) return", "if (blocked === undefined) return"],
    ["else if (strict) return yield* denied(\"agent_unknown\", { agent: actor }, chain, now)", ""],
    ["lists.every((it) => it.has(team))", "lists.some((it) => it.has(team))"]
  ]),
  ...inFile("rules/ManagedAgent.ts", [
    ["iss !== binding.issuer || ", ""],
    ["facets.split(\" \").includes(\"13\")", "false"],
    ["oid === binding.servicePrincipal || idtyp === \"app\"", "idtyp === \"app\""],
    ["oid !== binding.servicePrincipal || idtyp === \"user\"", "idtyp === \"user\""],
    ["scopes.length > 0 && holds(binding.requiredScopes, scopes)", "scopes.length > 0"],
    ["holds(binding.requiredRoles, roles) ?", "roles.length >= 0 ?"],
    ["issuer !== \"any\" && !audience", "!audience"],
    ["models(path, method) ? method === \"POST\"", "models(path, method) ? method !== \"DELETE\""]
  ])
]
