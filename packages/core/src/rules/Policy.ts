/**
 * The rules of one deployment, compiled once.
 *
 * Every rule is a total, pure function over plain values: it answers with a
 * ruling when it denies, and with nothing when it has no objection. What the
 * rules read was looked up by others; the order in which they are asked is the
 * order of RULES.
 */
import { Result } from "effect"
import type { DirectoryUnavailable, EndUser, Organization, Team, User } from "../directory/Directory.ts"
import type { Identity } from "../Identity.ts"
import type { Asked } from "../Request.ts"
import type { Settings, TokenRole } from "../Settings.ts"
import * as EmailDomain from "./EmailDomain.ts"
import * as Limit from "./Limit.ts"
import * as ManagedAgent from "./ManagedAgent.ts"
import * as Model from "./Model.ts"
import * as LinearRegExp from "./patterns/LinearRegExp.ts"
import * as Pattern from "./patterns/Pattern.ts"
import { namesOf, refusedName, type RequestedModel } from "./RequestedModel.ts"
import * as Role from "./Role.ts"
import * as Route from "./routes/Route.ts"
import * as RouteGroups from "./routes/RouteGroups.ts"
import type { Ruling } from "./Ruling.ts"
import * as Scope from "./Scope.ts"
import * as WithoutTeam from "./WithoutTeam.ts"

export type { Ruling } from "./Ruling.ts"

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
}

/** A team with the compiled list of what it may call. */
export interface LoadedTeam {
  readonly team: Team
  readonly models: Model.ModelList
  /** The groups that the team shares could not be read, so the list lacks their models: what it denies is not known. */
  readonly unread?: DirectoryUnavailable
}

/** Whether a team fits a request, and if not, why. */
export type Fit = "fits" | "model" | "route" | "passThrough"

/** What is known besides the settings. */
export interface PolicyOptions {
  /** Lower-case names of the headers that may carry the credential; `authorization` alone by default. */
  readonly credentials?: ReadonlyArray<string>
  /** The longest token that is looked at, in bytes; 16 KiB by default. */
  readonly maxTokenLength?: number
  /** The line of a path of the settings in their file, for the trace. */
  readonly lineOf?: (path: string) => number | undefined
}

const everyGrant: Grants = { teams: () => true, roles: () => true, models: undefined, routes: undefined }

const knownRoles: ReadonlySet<string> = new Set([
  "proxy_admin",
  "proxy_admin_viewer",
  "org_admin",
  "internal_user",
  "internal_user_viewer",
  "team",
  "customer"
])

/** A regular expression as a test; one that was refused matches nothing. */
const expression = (source: string): Pattern.Matcher =>
  Result.match(LinearRegExp.compile(source), { onFailure: () => () => false, onSuccess: (it) => it.test })

const unrestricted = (patterns: ReadonlyArray<string>): boolean => patterns.includes("*")

export class Policy {
  readonly settings: Settings
  readonly credentials: ReadonlyArray<string>
  /** Lower-case names of the headers that ask for a team. */
  readonly teamHeaders: ReadonlySet<string>
  readonly models: Model.ModelRules
  readonly isOpen: Route.RouteMatcher
  /** Info routes: exempt from budgets (RULES D23). */
  readonly isInfoRoute: Route.RouteMatcher
  /** LLM API routes, in which a mapped provider prefix covers everything below it: where a team header counts for an admin. */
  readonly isLlmRoute: Route.RouteMatcher
  /** Whether a managed agent may ask here (RULES D72). */
  readonly isManagedRoute: (asked: Asked) => boolean
  readonly #routes: Route.RouteCompiler
  /** The entries of `teamRoutes` that grant a pass-through route by naming its path (RULES D67). */
  readonly #grantsByPath: Route.RouteMatcher
  readonly #lineOf: (path: string) => number | undefined
  readonly #grants: ReadonlyMap<string, Grants>
  readonly #adminScopes: ReadonlyMap<string, string | null>
  readonly #permissions: ReadonlyMap<TokenRole, Role.Permission & { readonly index: number }>
  readonly #scopes: ((scopes: ReadonlyArray<string>) => Scope.ScopeReach) | undefined
  readonly #adminRoutes: Route.RouteMatcher
  readonly #adminOnlyRoutes: Route.RouteMatcher
  readonly #teamRoutes: Route.RouteMatcher
  readonly #userRoutes: Route.RouteMatcher
  readonly #passThrough: ReadonlyArray<
    { readonly covers: Route.RouteMatcher; readonly methods: ReadonlySet<string> | undefined }
  >
  readonly #acceptsDomain: (email: string | undefined) => boolean
  readonly #userRoles: ReadonlyArray<{ readonly matches: Pattern.Matcher; readonly role: string }>
  readonly #createsTeam: Pattern.Matcher
  readonly #withoutTeam: (row: User | undefined) => Model.ModelList

  constructor(settings: Settings, options: PolicyOptions = {}) {
    const { directory, policy } = settings
    const groups = RouteGroups.of(policy.litellm)
    const whole = policy.passThroughRoutes.filter((it) => it.methods === undefined).map((it) => it.path)
    const limited = policy.passThroughRoutes.flatMap(({ methods, path }) =>
      methods === undefined ? [] : [{ group: "openai_routes", template: path, methods: new Set(methods) }]
    )
    const routes = Route.compiler(RouteGroups.withMore(groups, "openai_routes", whole), limited)
    this.settings = settings
    this.credentials = options.credentials ?? ["authorization"]
    this.teamHeaders = new Set(policy.teamHeaders.map((name) => name.toLowerCase()))
    this.models = new Model.ModelRules({
      groups: policy.modelGroups,
      aliases: policy.modelAliases,
      providers: policy.providers
    })
    this.isOpen = policy.openRoutes.length === 0 ? () => false : Route.compile(policy.openRoutes, groups)
    this.#lineOf = options.lineOf ?? (() => undefined)
    this.#grants = new Map(settings.issuers.map(({ grants, id }) => [id, {
      teams: Pattern.compileAny(grants.teams),
      roles: Pattern.compileAny(grants.roles),
      models: unrestricted(grants.models) ? undefined : Model.patterns(grants.models),
      routes: unrestricted(grants.routes) ? undefined : routes(grants.routes)
    }]))
    this.#adminScopes = new Map(settings.issuers.map((it) => [it.id, it.adminScope]))
    this.isInfoRoute = routes(["info_routes"])
    this.isLlmRoute = routes(["llm_api_routes"])
    this.#routes = routes
    this.#permissions = Role.permissions(policy.roles, routes)
    this.#scopes = Scope.compile(policy, routes)
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
    this.#withoutTeam = WithoutTeam.compile(policy.withoutTeam, this.models)
    this.#acceptsDomain = EmailDomain.compile(policy.emailDomains)
    this.#userRoles = directory.userRoles.map((it) => ({ matches: Pattern.glob(it.claim), role: it.role }))
    const create = directory.teams.create
    this.#createsTeam = create === "always"
      ? () => true
      : create === "never"
      ? () => false
      : expression(create.match)
  }

  /** What the issuer of a token may give at most. */
  grants(issuer: string): Grants {
    return this.#grants.get(issuer) ?? everyGrant
  }

  /** Whether an unknown team of this name is created (RULES D30). */
  createsTeam(name: string): boolean {
    return this.#createsTeam(name)
  }

  /** The role of a token and what comes with it; kept with a remembered token. */
  standing(identity: Identity): Authority {
    const grants = this.grants(identity.issuer)
    const standing = Role.standingOf(
      identity,
      this.settings.policy,
      this.#adminScopes.get(identity.issuer) ?? null,
      (role) => grants.roles(role)
    )
    return {
      role: standing.role,
      admin: standing.admin,
      because: standing.because,
      permission: standing.role === undefined ? undefined : this.#permissions.get(standing.role),
      grants,
      scope: this.#scopes?.(identity.scopes)
    }
  }

  /** The first rule of role, grant and scope that the token itself breaks. */
  admit(identity: Identity, authority: Authority, asked: Asked): Ruling | undefined {
    return this.#admitRole(identity, authority, asked) ?? this.#admitScope(authority, asked)
  }

  /** Where an admin by scope may not go. */
  adminRoute(authority: Authority, asked: Asked): Ruling | undefined {
    return authority.admin && !this.#adminRoutes(asked.path, asked.method)
      ? { step: "admin", code: "admin_route_denied", facts: this.#rule("policy.adminRoutes", { route: asked.path }) }
      : undefined
  }

  #admitRole(identity: Identity, { grants, permission, role }: Authority, asked: Asked): Ruling | undefined {
    if (role === undefined && this.settings.policy.requireRole) {
      return {
        step: "role",
        code: "role_unmatched",
        facts: this.#rule("policy.requireRole", { roles: identity.roles })
      }
    }
    const { model } = asked
    if (permission !== undefined) {
      const named = permission.models === undefined ? undefined : refusedName(model, permission.models.allows)
      if (named !== undefined) {
        return {
          step: "role",
          code: "role_model_denied",
          facts: this.#rule(`policy.roles[${permission.index}]`, {
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
          facts: this.#rule(`policy.roles[${permission.index}]`, { role: role ?? null, route: asked.path })
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
        facts: this.#rule(this.ofIssuer(identity.issuer, "grants.models"), {
          model: withheld,
          models: grants.models?.patterns ?? []
        })
      }
    }
    if (grants.routes !== undefined && !grants.routes(asked.path, asked.method)) {
      return {
        step: "role",
        code: "role_route_denied",
        facts: this.#rule(this.ofIssuer(identity.issuer, "grants.routes"), { route: asked.path })
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
        facts: this.#rule("policy.scopes", { held: scope.held, model: named, models: scope.models.patterns })
      }, (it) => refusedName(asked.model, Model.patterns(it.models ?? []).allows) === undefined)
    }
    if (!scope.routes(asked.path, asked.method)) {
      return this.#withScope({
        step: "scope",
        code: "scope_route_denied",
        facts: this.#rule("policy.scopes", { held: scope.held, route: asked.path })
      }, (it) => it.routes === undefined || this.#routes(it.routes)(asked.path, asked.method))
    }
    return undefined
  }

  #withScope(ruling: Ruling, opens: (mapping: Settings["policy"]["scopes"][number]) => boolean): Ruling {
    const missing = this.settings.policy.scopes.find(opens)
    return missing === undefined ? ruling : { ...ruling, scope: missing.scope }
  }

  /** What of the models a token's role, scopes and issuer leave; independent of team and user. */
  tokenModels({ grants, permission, scope }: Authority): Model.ModelList {
    const lists = [permission?.models, grants.models, scope?.models].filter((it) => it !== undefined)
    return {
      allows: (model) => lists.every((it) => it.allows(model)),
      patterns: lists.reduce<ReadonlyArray<string>>((all, it) => Model.intersect(all, it.patterns), ["*"])
    }
  }

  /** Whether the request is for a marked pass-through endpoint (RULES D39). */
  isPassThrough(asked: Asked): boolean {
    return this.#passThrough.length > 0 &&
      this.#passThrough.some((it) =>
        (it.methods === undefined || it.methods.has(asked.method)) && it.covers(asked.path, asked.method)
      )
  }

  /** Whether a team may be chosen for a request: model, route, pass-through, in this order. */
  fit(loaded: LoadedTeam, asked: Asked, model: RequestedModel): Fit {
    if (refusedName(model, loaded.models.allows) !== undefined) return "model"
    return this.fitsRoute(loaded.team, asked)
  }

  /** Whether a chosen team may use the route (RULES D15) and is granted the pass-through (RULES D39). */
  fitsRoute(team: Team, asked: Asked): Fit {
    if (!this.#teamRoutes(asked.path, asked.method)) return "route"
    return !this.isPassThrough(asked) || this.#grantsPassThrough(team, asked) ? "fits" : "passThrough"
  }

  /** What a team is refused, nothing grants (RULES D67). */
  #grantsPassThrough({ deniedPassThroughRoutes, passThroughRoutes }: Team, { method, path }: Asked): boolean {
    return !Route.deniesPassThrough(deniedPassThroughRoutes, path) &&
      (Route.grantsPassThrough(passThroughRoutes, path) || this.#grantsByPath(path, method))
  }

  /** The ruling on the route of a chosen team. */
  routeOfTeam(team: Team, asked: Asked): Ruling | undefined {
    const fit = this.fitsRoute(team, asked)
    if (fit === "fits") return undefined
    return {
      step: "team",
      code: "team_route_denied",
      facts: fit === "route"
        ? this.#rule("policy.teamRoutes", { team: team.id, route: asked.path })
        : this.#rule("policy.passThroughRoutes", {
          team: team.id,
          route: asked.path,
          granted: team.passThroughRoutes,
          denied: team.deniedPassThroughRoutes
        })
    }
  }

  /** A team of another organization than the token's is refused (RULES D22). */
  organizationOfTeam(team: Team | undefined, organization: string | undefined): Ruling | undefined {
    return organization === undefined || team === undefined || team.organization === null ||
        team.organization === organization
      ? undefined
      : {
        step: "organization",
        code: "organization_mismatch",
        facts: { team: team.id, teamOrganization: team.organization, tokenOrganization: organization }
      }
  }

  /** The e-mail domain gate. */
  emailDomain(identity: Identity): Ruling | undefined {
    return this.#acceptsDomain(identity.email)
      ? undefined
      : {
        step: "email",
        code: "email_domain_denied",
        facts: this.#rule("policy.emailDomains", {
          email: identity.email ?? null,
          accepted: this.settings.policy.emailDomains
        })
      }
  }

  /** A row whose role nobody knows is refused (RULES D42). */
  roleOfUser(user: User): Ruling | undefined {
    return user.role === null || knownRoles.has(user.role)
      ? undefined
      : { step: "user", code: "user_role_unknown", facts: { user: user.id, role: user.role } }
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

  /** A user or a team must result (RULES D25). */
  principalRequired(user: string | undefined, team: string | undefined, autonomous = false): Ruling | undefined {
    return !this.settings.policy.requirePrincipal || user !== undefined || team !== undefined || autonomous
      ? undefined
      : { step: "principal", code: "principal_required", facts: this.#rule("policy.requirePrincipal", {}) }
  }

  /** Routes that only admins may use. */
  adminOnly(user: User | undefined, identity: Identity, asked: Asked): Ruling | undefined {
    return !this.#adminOnlyRoutes(asked.path, asked.method) || this.isAdmin(user, identity)
      ? undefined
      : {
        step: "admin",
        code: "admin_route_denied",
        facts: this.#rule("policy.adminOnlyRoutes", { route: asked.path })
      }
  }

  /** A list that only takes away; one without entries allows nothing. */
  cap(entries: ReadonlyArray<string>, code: Model.ModelCap["code"], facts: Model.ModelCap["facts"]): Model.ModelCap {
    return { list: entries.length === 0 ? Model.noModels : this.models.list(entries), code, facts }
  }

  /** The first list that takes away a model of the request; an alias of the team may stand for what it means. */
  judgeCaps(
    caps: ReadonlyArray<Model.ModelCap>,
    asked: RequestedModel,
    team: LoadedTeam | undefined
  ): Ruling | undefined {
    if (caps.length === 0) return undefined
    const aliases = team?.team.modelAliases ?? {}
    const meant = (model: string) => Object.hasOwn(aliases, model) ? aliases[model] ?? model : model
    for (const { code, facts, list } of caps) {
      const refused = refusedName(asked, (model) => list.allows(model) || list.allows(meant(model)))
      if (refused !== undefined) {
        return { step: "model", code, facts: { ...facts, model: refused, models: list.patterns } }
      }
    }
    return undefined
  }

  /** Who is blocked or has left (RULES D23, D68). */
  blocked(team: Team | undefined, user: User | undefined, endUser: EndUser | undefined): Ruling | undefined {
    if (team?.blocked === true) return { step: "team", code: "team_blocked", facts: { team: team.id } }
    if (user?.blocked === true) return { step: "user", code: "user_blocked", facts: { user: user.id } }
    if (user?.active === false) return { step: "user", code: "user_blocked", facts: { user: user.id, active: false } }
    if (endUser?.blocked === true) {
      return { step: "endUser", code: "end_user_blocked", facts: { endUser: endUser.id } }
    }
    return undefined
  }

  /** What a caller may call without a team (RULES D60). */
  alone(row: User | undefined, isAdmin: boolean): Model.ModelList {
    return isAdmin ? Model.everyModel : this.#withoutTeam(row)
  }

  /**
   * Whether the rows allow a model: the team's list narrowed by the member's own,
   * or what the caller may call alone when there is no team.
   */
  judgeModel(
    model: string,
    team: LoadedTeam | undefined,
    memberModels: ReadonlyArray<string>,
    alone: Model.ModelList
  ): Ruling | undefined {
    if (team !== undefined) {
      if (!team.models.allows(model)) {
        return {
          step: "model",
          code: "team_model_denied",
          facts: { model, team: team.team.id, models: team.models.patterns }
        }
      }
      return memberModels.length === 0 || this.models.list(memberModels).allows(model)
        ? undefined
        : { step: "model", code: "member_model_denied", facts: { model, team: team.team.id, models: memberModels } }
    }
    return alone.allows(model)
      ? undefined
      : {
        step: "model",
        code: "user_model_denied",
        facts: alone === Model.noModels
          ? this.#rule("policy.withoutTeam", { model, withoutTeam: this.settings.policy.withoutTeam })
          : { model, models: alone.patterns }
      }
  }

  /** Whether the rows allow every model that a request names (RULES D54). */
  judgeModels(
    asked: RequestedModel,
    team: LoadedTeam | undefined,
    memberModels: ReadonlyArray<string>,
    alone: Model.ModelList
  ): Ruling | undefined {
    if (asked._tag === "Known") return this.judgeModel(asked.name, team, memberModels, alone)
    for (const name of namesOf(asked)) {
      const refused = this.judgeModel(name, team, memberModels, alone)
      if (refused !== undefined) return refused
    }
    return undefined
  }

  /** The route of a caller without a team (RULES D39, D41). */
  routeWithoutTeam(admin: boolean, asked: Asked): Ruling | undefined {
    if (admin) return undefined
    if (this.isPassThrough(asked)) {
      return {
        step: "route",
        code: "team_route_denied",
        facts: this.#rule("policy.passThroughRoutes", { route: asked.path, team: null })
      }
    }
    return this.#userRoutes(asked.path, asked.method)
      ? undefined
      : { step: "route", code: "user_route_denied", facts: this.#rule("policy.userRoutes", { route: asked.path }) }
  }

  /** Spend above a maximum budget; info routes are exempt (RULES D23). */
  limits(
    asked: Asked,
    rows: {
      readonly team: Team | undefined
      readonly organization: Organization | undefined
      readonly user: User | undefined
      readonly member: Limit.Budgeted | undefined
      readonly endUser: EndUser | undefined
    }
  ): Ruling | undefined {
    const over = Limit.isOverBudget(rows.team)
      ? { of: "team", row: rows.team }
      : Limit.isOverBudget(rows.organization)
      ? { of: "organization", row: rows.organization }
      : rows.team === undefined && Limit.isOverBudget(rows.user)
      ? { of: "user", row: rows.user }
      : Limit.isOverBudget(rows.member)
      ? { of: "member", row: rows.member }
      : Limit.isOverBudget(rows.endUser)
      ? { of: "endUser", row: rows.endUser }
      : undefined
    return over === undefined || this.isInfoRoute(asked.path, asked.method) ? undefined : {
      step: "limits",
      code: "budget_exceeded",
      facts: { of: over.of, spend: over.row?.spend ?? null, maxBudget: over.row?.maxBudget ?? null }
    }
  }

  /** The path of an issuer's setting, as the file has it. */
  ofIssuer(issuer: string, key: string): string {
    return `issuers[${this.settings.issuers.findIndex((it) => it.id === issuer)}].${key}`
  }

  /** Facts that name a rule, with the line at which it stands in the settings' file. */
  located(facts: Ruling["facts"]): Ruling["facts"] {
    const { rule, ...others } = facts
    return typeof rule === "string" ? this.#rule(rule, others) : facts
  }

  /** Why a token has its role, for the trace. */
  factsOfRole(identity: Identity, standing: Role.Standing): Ruling["facts"] {
    return this.located(
      Role.factsOf(identity, standing, this.settings.policy, this.ofIssuer(identity.issuer, "adminScope"))
    )
  }

  #rule(rule: string, facts: Ruling["facts"]): Ruling["facts"] {
    const line = this.#lineOf(rule)
    return line === undefined ? { rule, ...facts } : { rule, line, ...facts }
  }
}
