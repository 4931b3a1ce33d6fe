/**
 * What the rows refuse: who is blocked, which model, which limit.
 */
import type { DirectoryUnavailable, EndUser, Organization, Team, User } from "../directory/Directory.ts"
import type { Asked } from "../Request.ts"
import type { PolicySettings, UserRole } from "../Settings.ts"
import * as Limit from "./Limit.ts"
import * as Model from "./Model.ts"
import { namesOf, refusedName, type RequestedModel } from "./RequestedModel.ts"
import type * as Route from "./routes/Route.ts"
import type { Place } from "./RulePlace.ts"
import type { Ruling } from "./Ruling.ts"
import * as WithoutTeam from "./WithoutTeam.ts"

/** A team with the compiled list of what it may call. */
export interface LoadedTeam {
  /** The row. */
  readonly team: Team
  /** Its models, with those of its groups. */
  readonly models: Model.ModelList
  /** The groups that the team shares could not be read, so the list lacks their models: what it denies is not known. */
  readonly unread?: DirectoryUnavailable
}

/** Every role that rows may have; one more does not compile until it is here. */
const roles: Readonly<Record<typeof UserRole.Type, true>> = {
  proxy_admin: true,
  proxy_admin_viewer: true,
  org_admin: true,
  internal_user: true,
  internal_user_viewer: true,
  team: true,
  customer: true
}
const knownRoles: ReadonlySet<string> = new Set(Object.keys(roles))

export class RowRules {
  readonly models: Model.ModelRules
  readonly #policy: PolicySettings
  readonly #place: Place
  readonly #isInfoRoute: Route.RouteMatcher
  readonly #withoutTeam: (row: User | undefined) => Model.ModelList

  constructor(policy: PolicySettings, isInfoRoute: Route.RouteMatcher, place: Place) {
    this.models = new Model.ModelRules({
      groups: policy.modelGroups,
      aliases: policy.modelAliases,
      providers: policy.providers
    })
    this.#policy = policy
    this.#place = place
    this.#isInfoRoute = isInfoRoute
    this.#withoutTeam = WithoutTeam.compile(policy.withoutTeam, this.models)
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

  /** A row whose role nobody knows is refused (RULES D42). */
  roleOfUser(user: User): Ruling | undefined {
    return user.role === null || knownRoles.has(user.role)
      ? undefined
      : { step: "user", code: "user_role_unknown", facts: { user: user.id, role: user.role } }
  }

  /** A user or a team must result (RULES D25). */
  principalRequired(user: string | undefined, team: string | undefined, autonomous = false): Ruling | undefined {
    return !this.#policy.requirePrincipal || user !== undefined || team !== undefined || autonomous
      ? undefined
      : { step: "principal", code: "principal_required", facts: this.#place("policy.requirePrincipal", {}) }
  }

  /** What is asked for by what it means here: names that this deployment, or the team, has for models are resolved. */
  meant(model: RequestedModel, team: Team | undefined): RequestedModel {
    if (model._tag === "Known") {
      const [name = model.name, ...aliases] = this.models.meanings(model.name, team?.modelAliases)
      return aliases.length === 0 ? model : { ...model, name, aliases }
    }
    if (model._tag !== "Several") return model
    return { ...model, names: [...new Set(model.names.flatMap((it) => this.models.meanings(it, team?.modelAliases)))] }
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
          ? this.#place("policy.withoutTeam", { model, withoutTeam: this.#policy.withoutTeam })
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
    return over === undefined || this.#isInfoRoute(asked.path, asked.method) ? undefined : {
      step: "limits",
      code: "budget_exceeded",
      facts: { of: over.of, spend: over.row?.spend ?? null, maxBudget: over.row?.maxBudget ?? null }
    }
  }
}
