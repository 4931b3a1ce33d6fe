/**
 * Which routes a caller may use: open ones, those of admins, of teams, of users
 * alone, and pass-through endpoints.
 */
import type { Team } from "../directory/Directory.ts"
import type { Asked } from "../Request.ts"
import type { PolicySettings } from "../Settings.ts"
import * as ManagedAgent from "./ManagedAgent.ts"
import * as Route from "./routes/Route.ts"
import type { RouteGroups } from "./routes/RouteGroups.ts"
import type { Place } from "./RulePlace.ts"
import type { Ruling } from "./Ruling.ts"

/** Whether the route lets a team be chosen, and if not, why. */
export type RouteFit = "fits" | "route" | "passThrough"

export class RouteRules {
  readonly isOpen: Route.RouteMatcher
  /** Info routes: exempt from budgets (RULES D23). */
  readonly isInfoRoute: Route.RouteMatcher
  /** LLM API routes, in which a mapped provider prefix covers everything below it. */
  readonly #llmRoutes: Route.RouteMatcher
  /** Whether a managed agent may ask here (RULES D72). */
  readonly isManagedRoute: (asked: Asked) => boolean
  readonly #place: Place
  /** The entries of `teamRoutes` that grant a pass-through route by naming its path (RULES D67). */
  readonly #grantsByPath: Route.RouteMatcher
  readonly #adminRoutes: Route.RouteMatcher
  readonly #adminOnlyRoutes: Route.RouteMatcher
  readonly #teamRoutes: Route.RouteMatcher
  readonly #userRoutes: Route.RouteMatcher
  readonly #passThrough: ReadonlyArray<
    { readonly covers: Route.RouteMatcher; readonly methods: ReadonlySet<string> | undefined }
  >

  constructor(policy: PolicySettings, groups: RouteGroups, routes: Route.RouteCompiler, place: Place) {
    this.#place = place
    this.isOpen = policy.openRoutes.length === 0 ? () => false : Route.compile(policy.openRoutes, groups)
    this.isInfoRoute = routes(["info_routes"])
    this.#llmRoutes = routes(["llm_api_routes"])
    this.isManagedRoute = ManagedAgent.routes(groups)
    this.#grantsByPath = policy.litellm === "1.90"
      ? () => false
      : Route.compile(policy.teamRoutes.filter((it) => it.startsWith("/") && it !== "/*"), groups)
    this.#adminRoutes = routes(policy.adminRoutes)
    this.#adminOnlyRoutes = policy.adminOnlyRoutes.length === 0
      ? () => false
      : Route.eitherSpelling(routes(policy.adminOnlyRoutes))
    this.#teamRoutes = routes(policy.teamRoutes)
    this.#userRoutes = routes(policy.userRoutes)
    this.#passThrough = policy.passThroughRoutes.map((it) => ({
      covers: Route.eitherSpelling(routes([it.path])),
      methods: it.methods === undefined ? undefined : new Set(it.methods.map((method) => method.toUpperCase()))
    }))
  }

  /** Where an admin by scope may not go. */
  adminRoute({ admin }: { readonly admin: boolean }, asked: Asked): Ruling | undefined {
    return admin && !this.#adminRoutes(asked.path, asked.method)
      ? { step: "admin", code: "admin_route_denied", facts: this.#place("policy.adminRoutes", { route: asked.path }) }
      : undefined
  }

  /** Whether a team header counts for an admin: on LLM API routes, and on marked pass-through endpoints. */
  takesTeamOfAdmin(asked: Asked): boolean {
    return this.#llmRoutes(asked.path, asked.method) || this.isPassThrough(asked)
  }

  /** Whether the request is for a marked pass-through endpoint (RULES D39). */
  isPassThrough(asked: Asked): boolean {
    return this.#passThrough.length > 0 &&
      this.#passThrough.some((it) =>
        (it.methods === undefined || it.methods.has(asked.method)) && it.covers(asked.path, asked.method)
      )
  }

  /** Whether a chosen team may use the route (RULES D15) and is granted the pass-through (RULES D39). */
  fit(team: Team, asked: Asked): RouteFit {
    if (!this.#teamRoutes(asked.path, asked.method)) return "route"
    return !this.isPassThrough(asked) || this.#grantsPassThrough(team, asked) ? "fits" : "passThrough"
  }

  /** What a team is refused, nothing grants (RULES D67). */
  #grantsPassThrough({ deniedPassThroughRoutes, passThroughRoutes }: Team, { method, path }: Asked): boolean {
    return !Route.deniesPassThrough(deniedPassThroughRoutes, path) &&
      (Route.grantsPassThrough(passThroughRoutes, path) || this.#grantsByPath(path, method))
  }

  /** The ruling on the route of a chosen team. */
  ofTeam(team: Team, asked: Asked): Ruling | undefined {
    const fit = this.fit(team, asked)
    if (fit === "fits") return undefined
    return {
      step: "team",
      code: "team_route_denied",
      facts: fit === "route"
        ? this.#place("policy.teamRoutes", { team: team.id, route: asked.path })
        : this.#place("policy.passThroughRoutes", {
          team: team.id,
          route: asked.path,
          granted: team.passThroughRoutes,
          denied: team.deniedPassThroughRoutes
        })
    }
  }

  /** Routes that only admins may use. */
  adminOnly(isAdmin: boolean, asked: Asked): Ruling | undefined {
    return !this.#adminOnlyRoutes(asked.path, asked.method) || isAdmin
      ? undefined
      : {
        step: "admin",
        code: "admin_route_denied",
        facts: this.#place("policy.adminOnlyRoutes", { route: asked.path })
      }
  }

  /** The route of a caller without a team (RULES D39, D41). */
  withoutTeam(admin: boolean, asked: Asked): Ruling | undefined {
    if (admin) return undefined
    if (this.isPassThrough(asked)) {
      return {
        step: "route",
        code: "team_route_denied",
        facts: this.#place("policy.passThroughRoutes", { route: asked.path, team: null })
      }
    }
    return this.#userRoutes(asked.path, asked.method)
      ? undefined
      : { step: "route", code: "user_route_denied", facts: this.#place("policy.userRoutes", { route: asked.path }) }
  }
}
