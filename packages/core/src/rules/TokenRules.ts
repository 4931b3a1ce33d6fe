/**
 * What a token itself is refused: by its role, by what its issuer may give at
 * most, by its scopes, by the domain of its e-mail address. No row is asked for.
 */
import type { User } from "../directory/Directory.ts"
import type { Identity } from "../Identity.ts"
import type { Asked } from "../Request.ts"
import type { Settings, TokenRole } from "../Settings.ts"
import type { FactsOf } from "../Step.ts"
import * as EmailDomain from "./EmailDomain.ts"
import * as Model from "./Model.ts"
import * as Pattern from "./patterns/Pattern.ts"
import { refusedName } from "./RequestedModel.ts"
import * as Role from "./Role.ts"
import type * as Route from "./routes/Route.ts"
import { located, type Place } from "./RulePlace.ts"
import type { Ruling } from "./Ruling.ts"
import * as Scope from "./Scope.ts"
import type { Level } from "./Tool.ts"
import type { ToolRules } from "./ToolRules.ts"

/** What the issuer of a token may give at most (RULES D51). */
export interface Grants {
  readonly teams: Pattern.Matcher
  readonly roles: Pattern.Matcher
  /** `undefined` when nothing is withheld. */
  readonly models: Model.ModelList | undefined
  readonly routes: Route.RouteMatcher | undefined
}

/** What a token stands for: its role, what that role, its scopes and its issuer leave. Made once per identity. */
export interface Authority extends Role.Standing {
  readonly permission: (Role.Permission & { readonly index: number }) | undefined
  readonly grants: Grants
  /** `undefined` when scopes decide nothing. */
  readonly scope: Scope.ScopeReach | undefined
  /** What grants, role and scopes say of MCP servers. */
  readonly tools: ReadonlyArray<Level>
}

const everyGrant: Grants = { teams: () => true, roles: () => true, models: undefined, routes: undefined }

const unrestricted = (patterns: ReadonlyArray<string>): boolean => patterns.includes("*")

export class TokenRules {
  readonly #settings: Settings
  readonly #routes: Route.RouteCompiler
  readonly #place: Place
  readonly #grants: ReadonlyMap<string, Grants>
  readonly #adminScopes: ReadonlyMap<string, string | null>
  readonly #permissions: ReadonlyMap<TokenRole, Role.Permission & { readonly index: number }>
  readonly #scopes: ((scopes: ReadonlyArray<string>) => Scope.ScopeReach) | undefined
  readonly #tools: ToolRules
  readonly #acceptsDomain: (email: string | undefined) => boolean
  readonly #userRoles: ReadonlyArray<{ readonly matches: Pattern.Matcher; readonly role: string }>

  constructor(settings: Settings, routes: Route.RouteCompiler, place: Place, tools: ToolRules) {
    const { directory, issuers, policy } = settings
    this.#settings = settings
    this.#routes = routes
    this.#place = place
    this.#tools = tools
    this.#grants = new Map(issuers.map(({ grants, id }) => [id, {
      teams: Pattern.compileAny(grants.teams),
      roles: Pattern.compileAny(grants.roles),
      models: unrestricted(grants.models) ? undefined : Model.patterns(grants.models),
      routes: unrestricted(grants.routes) ? undefined : routes(grants.routes)
    }]))
    this.#adminScopes = new Map(issuers.map((it) => [it.id, it.adminScope]))
    this.#permissions = Role.permissions(policy.roles, routes)
    this.#scopes = Scope.compile(policy, routes)
    this.#acceptsDomain = EmailDomain.compile(policy.emailDomains)
    this.#userRoles = directory.userRoles.map((it) => ({ matches: Pattern.glob(it.claim), role: it.role }))
  }

  /** What the issuer of a token may give at most. */
  grants(issuer: string): Grants {
    return this.#grants.get(issuer) ?? everyGrant
  }

  /** The role of a token and what comes with it; kept with a remembered token. */
  standing(identity: Identity): Authority {
    const grants = this.grants(identity.issuer)
    const standing = Role.standingOf(
      identity,
      this.#settings.policy,
      this.#adminScopes.get(identity.issuer) ?? null,
      (role) => grants.roles(role)
    )
    return {
      role: standing.role,
      admin: standing.admin,
      because: standing.because,
      permission: standing.role === undefined ? undefined : this.#permissions.get(standing.role),
      grants,
      scope: this.#scopes?.(identity.scopes),
      tools: this.#tools.ofToken(identity, standing)
    }
  }

  /** The first rule of role, grant and scope that the token itself breaks. */
  admit(identity: Identity, authority: Authority, asked: Asked): Ruling | undefined {
    return this.#admitRole(identity, authority, asked) ?? this.#admitScope(authority, asked)
  }

  #admitRole(identity: Identity, { grants, permission, role }: Authority, asked: Asked): Ruling | undefined {
    if (role === undefined && this.#settings.policy.requireRole) {
      return {
        step: "role",
        code: "role_unmatched",
        facts: this.#place("policy.requireRole", { roles: identity.roles })
      }
    }
    const { model } = asked
    if (permission !== undefined) {
      const named = permission.models === undefined ? undefined : refusedName(model, permission.models.allows)
      if (named !== undefined) {
        return {
          step: "role",
          code: "role_model_denied",
          facts: this.#place(`policy.roles[${permission.index}]`, {
            role: role ?? null,
            model: named,
            models: permission.models?.patterns ?? []
          })
        }
      }
      if (permission.routes !== undefined && !permission.routes(asked.path, asked.method)) {
        return {
          step: "role",
          code: "role_route_denied",
          facts: this.#place(`policy.roles[${permission.index}]`, { role: role ?? null, route: asked.path })
        }
      }
    }
    return this.ofIssuerOnly(identity, { grants }, asked)
  }

  /** What the issuer of a token may not give (RULES D51). */
  ofIssuerOnly(identity: Identity, { grants }: Pick<Authority, "grants">, asked: Asked): Ruling | undefined {
    const { model } = asked
    const withheld = grants.models === undefined ? undefined : refusedName(model, grants.models.allows)
    if (withheld !== undefined) {
      return {
        step: "role",
        code: "role_model_denied",
        facts: this.#place(this.ofIssuer(identity.issuer, "grants.models"), {
          model: withheld,
          models: grants.models?.patterns ?? []
        })
      }
    }
    if (grants.routes !== undefined && !grants.routes(asked.path, asked.method)) {
      return {
        step: "role",
        code: "role_route_denied",
        facts: this.#place(this.ofIssuer(identity.issuer, "grants.routes"), { route: asked.path })
      }
    }
    return undefined
  }

  #admitScope({ scope }: Authority, asked: Asked): Ruling | undefined {
    if (scope === undefined) return undefined
    const named = refusedName(asked.model, scope.models.allows)
    if (named !== undefined) {
      return this.#withScope({
        step: "scope",
        code: "scope_model_denied",
        facts: this.#place("policy.scopes", { held: scope.held, model: named, models: scope.models.patterns })
      }, (it) => refusedName(asked.model, Model.patterns(it.models ?? []).allows) === undefined)
    }
    if (!scope.routes(asked.path, asked.method)) {
      return this.#withScope({
        step: "scope",
        code: "scope_route_denied",
        facts: this.#place("policy.scopes", { held: scope.held, route: asked.path })
      }, (it) => it.routes === undefined || this.#routes(it.routes)(asked.path, asked.method))
    }
    return undefined
  }

  #withScope(ruling: Ruling, opens: (mapping: Settings["policy"]["scopes"][number]) => boolean): Ruling {
    const missing = this.#settings.policy.scopes.find(opens)
    return missing === undefined ? ruling : { ...ruling, scope: [missing.scope] }
  }

  /** What of the models a token's role, scopes and issuer leave; independent of team and user. */
  models({ grants, permission, scope }: Authority): Model.ModelList {
    const lists = [permission?.models, grants.models, scope?.models].filter((it) => it !== undefined)
    return {
      allows: (model) => lists.every((it) => it.allows(model)),
      patterns: lists.reduce<ReadonlyArray<string>>((all, it) => Model.intersect(all, it.patterns), ["*"])
    }
  }

  /** The e-mail domain gate. */
  emailDomain(identity: Identity): Ruling | undefined {
    return this.#acceptsDomain(identity.email)
      ? undefined
      : {
        step: "email",
        code: "email_domain_denied",
        facts: this.#place("policy.emailDomains", {
          email: identity.email ?? null,
          accepted: this.#settings.policy.emailDomains
        })
      }
  }

  /** The row role that the token's roles map to; the first mapping wins. */
  mappedUserRole(identity: Identity): string | undefined {
    if (this.#userRoles.length === 0) return undefined
    const { roles } = this.grants(identity.issuer)
    return this.#userRoles.find((it) => roles(it.role) && identity.roles.some((role) => it.matches(role)))?.role
  }

  /** Whether rows get their role from tokens at all. */
  get mapsUserRoles(): boolean {
    return this.#userRoles.length > 0
  }

  /** Whether the row makes the caller an admin; an issuer that may not give the role does not pass it on (RULES D51). */
  isAdmin(user: User | undefined, identity: Identity): boolean {
    return user !== undefined && user.role === "proxy_admin" && this.grants(identity.issuer).roles("proxy_admin")
  }

  /** The path of an issuer's setting, as the file has it. */
  ofIssuer(issuer: string, key: string): string {
    return `issuers[${this.#settings.issuers.findIndex((it) => it.id === issuer)}].${key}`
  }

  /** Why a token has its role, for the trace. */
  factsOfRole(identity: Identity, standing: Role.Standing): FactsOf<"role"> {
    return located(
      this.#place,
      Role.factsOf(identity, standing, this.#settings.policy, this.ofIssuer(identity.issuer, "adminScope"))
    )
  }
}
