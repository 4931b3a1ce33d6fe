/**
 * Findings on route entries, and on models that cannot be told.
 */
import { compile } from "@jotgate/core/Route"
import * as RouteGroups from "@jotgate/core/RouteGroups"
import { suggestion } from "@jotgate/core/SchemaFindings"
import { LitellmReleases, type PolicySettings } from "@jotgate/core/Settings"
import { type Check, error, warning, when } from "./CheckFinding.ts"
import type { FileSettings } from "./GatewaySettings.ts"

const entryLists: ReadonlyArray<keyof PolicySettings & `${string}Routes`> = [
  "adminRoutes",
  "adminOnlyRoutes",
  "teamRoutes",
  "userRoutes",
  "openRoutes"
]

/** A path that an entry covers: what its parameters and its final star may stand for. */
const exampleOf = (entry: string): string => entry.replace(/\{[^{}/]+\}/g, "x").replace(/\*$/, "x")

/** A pass-through route is open to the teams that list it, of those whose routes it belongs to at all. */
const passThrough: Check = ({ policy: { litellm, passThroughRoutes, teamRoutes } }) => {
  const paths = passThroughRoutes.map((it) => it.path)
  const covers = compile(teamRoutes, RouteGroups.withMore(RouteGroups.of(litellm), "openai_routes", paths))
  return passThroughRoutes.flatMap((it, index) =>
    when(!covers(exampleOf(it.path), "POST"), () =>
      warning(
        `policy.passThroughRoutes[${index}]`,
        "is denied to every team, listed or not: add it to policy.teamRoutes, by its path or as openai_routes, which " +
          "holds every pass-through route (llm_api_routes does not)"
      ))
  )
}

/** Route entries with their places. */
const routeEntries = ({ gateway, policy }: FileSettings): ReadonlyArray<readonly [path: string, entry: string]> => [
  ...entryLists.flatMap((list) => {
    const entries = list === "passThroughRoutes" ? [] : policy[list]
    return entries.map((entry, index) => [`policy.${list}[${index}]`, entry] as const)
  }),
  ...(["roles", "scopes"] as const).flatMap((list) =>
    policy[list].flatMap((it, index) =>
      (it.routes ?? []).map((entry, at) => [`policy.${list}[${index}].routes[${at}]`, entry] as const)
    )
  ),
  ...gateway.websocket.map((entry, index) => [`gateway.websocket[${index}]`, entry] as const),
  ...gateway.upstreams.flatMap((it, index) =>
    it.match.path === undefined ? [] : [[`gateway.upstreams[${index}].match.path`, it.match.path] as const]
  )
]

const routes: Check = (settings) => {
  const groups = RouteGroups.of(settings.policy.litellm)
  return routeEntries(settings).flatMap(([path, entry]) => {
    if (entry.startsWith("/")) {
      return when(
        /\*./.test(entry) && !entry.includes("{"),
        () => error(path, "has a * that is not at its end: only a final * stands for what lies below")
      )
    }
    if (groups.has(entry) || entry === "*") return []
    const elsewhere = LitellmReleases.filter((it) => RouteGroups.of(it).has(entry))
    if (elsewhere.length > 0) {
      return [
        error(path, `is a route group of LiteLLM ${elsewhere.join(", ")}: policy.litellm is ${settings.policy.litellm}`)
      ]
    }
    const meant = suggestion(entry, [...groups.keys()])
    return [error(
      path,
      `is neither a path nor a route group${meant === undefined ? "" : `, did you mean ${JSON.stringify(meant)}?`}`
    )]
  })
}

/** Where more may be called than a reader of the file would think, or where it cannot be told (RULES D53, D60). */
const unknownModels: Check = ({ gateway, policy }, says) => [
  ...when(
    policy.withoutTeam === "all",
    () =>
      warning(
        "policy.withoutTeam",
        "callers without a team and without models of their own reach everything that the upstream has: user is stricter"
      )
  ),
  ...when(
    gateway.trustedProxies.length > 0 && gateway.forwardAuth.unseenModel === "pass",
    () =>
      warning(
        "gateway.forwardAuth.unseenModel",
        "the doors of nginx, ingress-nginx, Caddy and HAProxy see no body: whatever model it names passes, unless the next hop " +
          "enforces x-jotgate-models"
      )
  ),
  ...when(
    // With an upstream or a gRPC listener other doors may be meant, and whoever has chosen knows.
    gateway.trustedProxies.length > 0 && !says("gateway.forwardAuth.unseenModel") && gateway.grpc === null &&
      gateway.upstream === null && gateway.upstreams.length === 0,
    () =>
      warning(
        "gateway.trustedProxies",
        "the doors of nginx, ingress-nginx, Caddy and HAProxy see no body: there, who may not call everything is denied " +
          "on model routes (403 model_unseen); gateway.forwardAuth.unseenModel: pass leaves it to a next hop that enforces " +
          "x-jotgate-models"
      )
  )
]

/** Every finding on routes. */
export const checkRoutes: Check = (settings, says) =>
  [routes, passThrough, unknownModels].flatMap((check) => check(settings, says))
