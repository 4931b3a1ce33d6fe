/**
 * What a principal may call, told from the rows of its decision.
 *
 * A model is listed if and only if a call with it would be allowed: the same
 * rules answer both. Without a team header that is everything that one of the
 * caller's teams allows, because the call itself chooses the first team that
 * fits (DESIGN §8). Budgets are left out: they come and go.
 */
import type { Reach } from "./Decision.ts"
import type { Membership, User } from "./principal/Directory.ts"
import type { Asked } from "./Request.ts"
import * as Model from "./rules/Model.ts"
import type { Authority, LoadedTeam, Policy } from "./rules/Policy.ts"

/** The rows of one decision. */
export interface ReachRows {
  readonly policy: Policy
  readonly standing: Authority
  readonly asked: Asked
  readonly candidates: () => ReadonlyArray<LoadedTeam>
  readonly memberships: ReadonlyArray<Membership>
  readonly user: User | undefined
  readonly organization: string | undefined
}

/** Everything: an open route, or an admin. */
export const everything: Reach = { models: () => ["*"], mayCall: () => true }

class RowReach implements Reach {
  readonly #rows: ReachRows

  constructor(rows: ReachRows) {
    this.#rows = rows
  }

  get #candidates(): ReadonlyArray<LoadedTeam> {
    return this.#rows.candidates()
  }

  #memberModels(team: LoadedTeam): ReadonlyArray<string> {
    return this.#rows.memberships.find((it) => it.team === team.team.id)?.models ?? []
  }

  #isOpen(team: LoadedTeam): boolean {
    const { asked, organization, policy } = this.#rows
    return !team.team.blocked && policy.organizationOfTeam(team.team, organization) === undefined &&
      policy.fitsRoute(team.team, asked) === "fits"
  }

  mayCall(model: string): boolean {
    const { asked, policy, standing, user } = this.#rows
    const candidates = this.#candidates
    if (!policy.tokenModels(standing).allows(model)) return false
    if (candidates.length === 0) return policy.judgeModel(model, undefined, [], user) === undefined
    const team = candidates.length === 1
      ? candidates[0]
      : candidates.find((it) => policy.fit(it, asked, { _tag: "Known", name: model }) === "fits")
    return team !== undefined && this.#isOpen(team) &&
      policy.judgeModel(model, team, this.#memberModels(team), user) === undefined
  }

  models(): ReadonlyArray<string> {
    const { policy, standing, user } = this.#rows
    const candidates = this.#candidates
    const token = policy.tokenModels(standing).patterns
    if (candidates.length === 0) {
      if (user === undefined) return token
      return Model.deniesAll(user.models) ? [] : Model.intersect(token, policy.models.list(user.models).patterns)
    }
    const all = candidates.filter((it) => this.#isOpen(it)).flatMap((it) => {
      const own = this.#memberModels(it)
      const member = own.length === 0 ? ["*"] : policy.models.list(own).patterns
      return Model.intersect(Model.intersect(token, it.models.patterns), member)
    })
    return all.includes("*") ? ["*"] : [...new Set(all)]
  }
}

/** The reach of a principal with these rows. */
export const make = (rows: ReachRows): Reach => new RowReach(rows)
