/**
 * What the scopes of a token allow: the union over the mappings it holds.
 *
 * A held mapping without `models` adds no model, one without `routes` allows
 * every route (RULES D20). Routes count only where some mapping names routes.
 */
import type { PolicySettings } from "../Settings.ts"
import * as Model from "./Model.ts"
import type * as Route from "./routes/Route.ts"

/** What a set of scopes allows. */
export interface ScopeReach {
  readonly models: Model.ModelList
  readonly routes: Route.RouteMatcher
  readonly held: ReadonlyArray<string>
}

interface Mapping {
  readonly models: ReadonlyArray<string>
  readonly routes: Route.RouteMatcher | undefined
}

const anyRoute: Route.RouteMatcher = () => true

/** How many combinations of held scopes are remembered: a provider gives the same few again and again. */
const REMEMBERED = 256

/** Compiles the scope mappings; `undefined` when scopes decide nothing. */
export const compile = (
  settings: Pick<PolicySettings, "scopes" | "requireScope">,
  routes: Route.RouteCompiler
): ((scopes: ReadonlyArray<string>) => ScopeReach) | undefined => {
  if (!settings.requireScope || settings.scopes.length === 0) return undefined
  const byScope = new Map<string, { readonly place: number; readonly mappings: Array<Mapping> }>()
  for (const it of settings.scopes) {
    const named = byScope.get(it.scope) ?? { place: byScope.size, mappings: [] }
    named.mappings.push({
      models: it.models ?? [],
      routes: it.routes === undefined ? undefined : routes(it.routes)
    })
    byScope.set(it.scope, named)
  }
  const routesCount = settings.scopes.some((it) => it.routes !== undefined)

  const reachOf = (scopes: ReadonlyArray<string>): ScopeReach => {
    const held = [...new Set(scopes)].filter((it) => byScope.has(it))
    const mappings = held.flatMap((it) => byScope.get(it)?.mappings ?? [])
    const matchers = mappings.flatMap((it) => it.routes ?? [])
    return {
      held,
      models: Model.patterns(mappings.flatMap((it) => it.models)),
      routes: !routesCount || mappings.some((it) => it.routes === undefined)
        ? anyRoute
        : (path, method) => matchers.some((covers) => covers(path, method))
    }
  }

  const remembered = new Map<string, ScopeReach>()
  return (scopes) => {
    let name = ""
    for (const scope of scopes) {
      const place = byScope.get(scope)?.place
      if (place !== undefined) name += `${place} `
    }
    const known = remembered.get(name)
    if (known !== undefined) return known
    const reach = reachOf(scopes)
    if (remembered.size >= REMEMBERED) remembered.clear()
    remembered.set(name, reach)
    return reach
  }
}
