/**
 * Which of the three roles a token has, and what that role may do.
 *
 * Precedence, first match wins: admin scope, single team claim, user claim,
 * allowed user roles, role mappings in order. A role from a mapping selects
 * permissions only and makes nobody an admin (RULES D34); a team from a header,
 * an alias, groups or the default gives no role (RULES D16).
 */
import type { Identity } from "../Identity.ts"
import type { PolicySettings, TokenRole } from "../Settings.ts"
import type { FactsOf } from "../Step.ts"
import * as Model from "./Model.ts"
import type * as Route from "./routes/Route.ts"

/** How a token came to its role, for the trace. */
export interface Standing {
  /** The role; `undefined` when the token has none. */
  readonly role: TokenRole | undefined
  /** Whether the token itself makes the caller an admin. */
  readonly admin: boolean
  /** Why it has it. */
  readonly because: "admin scope" | "team claim" | "user claim" | "allowed user role" | "role mapping" | "nothing"
}

/** What one role may do; `undefined` restricts nothing. */
export interface Permission {
  readonly models: Model.ModelList | undefined
  readonly routes: Route.RouteMatcher | undefined
}

const none: Standing = { role: undefined, admin: false, because: "nothing" }
const byScope: Standing = { role: "proxy_admin", admin: true, because: "admin scope" }
const byTeam: Standing = { role: "team", admin: false, because: "team claim" }
const byUser: Standing = { role: "internal_user", admin: false, because: "user claim" }
const byUserRole: Standing = { role: "internal_user", admin: false, because: "allowed user role" }

/**
 * The role of a token. `adminScope` is its issuer's; `granted` says which roles
 * the issuer may give (RULES D51): a role it may not give is as if not found.
 */
export const standingOf = (
  identity: Pick<Identity, "scopes" | "team" | "user" | "userIsEmail" | "userRoles" | "roles">,
  rules: Pick<PolicySettings, "allowedUserRoles" | "roleMappings">,
  adminScope: string | null,
  granted: (role: TokenRole) => boolean
): Standing => {
  if (adminScope !== null && identity.scopes.includes(adminScope) && granted("proxy_admin")) return byScope
  if (identity.team !== undefined && granted("team")) return byTeam
  if (identity.user !== undefined && !identity.userIsEmail && granted("internal_user")) return byUser
  if (rules.allowedUserRoles.some((role) => identity.userRoles.includes(role)) && granted("internal_user")) {
    return byUserRole
  }
  const mapping = rules.roleMappings.find((it) => identity.roles.includes(it.claim) && granted(it.role))
  return mapping === undefined ? none : { role: mapping.role, admin: false, because: "role mapping" }
}

/** Why a token has its role, with the rule that gave it; `adminScope` is the path of the issuer's setting. */
export const factsOf = (
  { roles, userRoles }: Pick<Identity, "roles" | "userRoles">,
  { because, role }: Standing,
  { allowedUserRoles, roleMappings }: Pick<PolicySettings, "allowedUserRoles" | "roleMappings">,
  adminScope: string
): FactsOf<"role"> => {
  const facts = { role: role ?? null, because }
  switch (because) {
    case "admin scope":
      return { rule: adminScope, ...facts }
    case "allowed user role":
      return {
        rule: "policy.allowedUserRoles",
        ...facts,
        value: allowedUserRoles.find((it) => userRoles.includes(it)) ?? null
      }
    case "role mapping": {
      const index = roleMappings.findIndex((it) => it.role === role && roles.includes(it.claim))
      return { rule: `policy.roleMappings[${index}]`, ...facts, value: roleMappings[index]?.claim ?? null }
    }
    default:
      return facts
  }
}

/** Compiles the permissions by role; the first entry for a role wins. */
export const permissions = (
  entries: PolicySettings["roles"],
  routes: Route.RouteCompiler
): ReadonlyMap<TokenRole, Permission & { readonly index: number }> => {
  const byRole = new Map<TokenRole, Permission & { readonly index: number }>()
  entries.forEach((entry, index) => {
    if (byRole.has(entry.role)) return
    byRole.set(entry.role, {
      index,
      models: entry.models === undefined ? undefined : Model.patterns(entry.models),
      routes: entry.routes === undefined ? undefined : routes(entry.routes)
    })
  })
  return byRole
}
