/** Mutations of what LiteLLM 1.110 brought: groups by id, memberships, pass-through, agents, clients (RULES D65 to D73). */
import { inFile, type Mutation } from "./Mutations.ts"

export const releases: ReadonlyArray<Mutation> = [
  ...inFile("principal/TeamResolver.ts", [
    ["ordered(settings.groupOrder)", "ordered(\"claim\")"],
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
    ["if (!isMcp(asked)) return undefined", ""]
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
  ]),
  ...inFile("rules/RouteRules.ts", [
    ["!Route.deniesPassThrough(deniedPassThroughRoutes, path) &&", ""]
  ]),
  // End users' models, people who left (RULES D68); the rest of D68 is among the rows' mutations.
  ...inFile("decision/Judgement.ts", [
    ["policy.rows.judgeCaps(endUserCaps(endUser), asked.model, chosen) ??", ""],
    ["...endUserCaps(endUser)]", "]"]
  ]),
  // What a request names twice adds nothing; what else it names is judged (RULES D69).
  ...inFile("rules/RequestedModel.ts", [
    ["const all = [...new Set(names)]", "const all = [...names]"],
    [
      "return model.names.find((name) => !allows(name))",
      "return model.names.slice(0, 1).find((name) => !allows(name))"
    ],
    ["all.length === 1", "all.length >= 1"]
  ]),
  // A grant is no bearer token (RULES D70).
  ...inFile("Token.ts", [
    [" && typ.toLowerCase() !== grant)", ")"],
    ["typ.toLowerCase() !== grant", "typ !== grant"]
  ]),
  // The end of an entry in `*` is a prefix at a segment boundary, for templates as well (RULES D35, D73).
  ...inFile("rules/routes/Route.ts", [
    ["prefixOf(template)\n  const text = prefix ?? template", "prefixOf(\"\")\n  const text = prefix ?? template"],
    [": (path) => below(path, prefix)", ": (path) => path.startsWith(prefix)"],
    ["prefix === undefined ? (path) => path === template", "prefix !== undefined ? (path) => path === template"]
  ])
]
