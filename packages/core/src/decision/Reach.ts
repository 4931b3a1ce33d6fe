/**
 * What a principal may call, told from the rows of its decision.
 *
 * A model is listed if and only if a call with it would be allowed: the same
 * rules answer both. Without a team header that is everything that one of the
 * caller's teams allows, because the call itself chooses the first team that
 * fits (DESIGN §8); where a pattern cannot say what is left, less is listed, never
 * more. Budgets are left out: they come and go.
 */
import type { Reach } from "../Decision.ts"
import type { Membership } from "../directory/Directory.ts"
import type { TeamId } from "../Ids.ts"
import { type Asked, knownTool, noModel, type RequestedTool, type ToolKind } from "../Request.ts"
import * as Model from "../rules/Model.ts"
import type { ModelList } from "../rules/Model.ts"
import { isLiteral } from "../rules/patterns/Pattern.ts"
import type { Policy } from "../rules/Policy.ts"
import type { LoadedTeam } from "../rules/RowRules.ts"
import type { Authority } from "../rules/TokenRules.ts"
import type { Level } from "../rules/Tool.ts"
import { ToolReach, type ToolRows } from "./ToolReach.ts"

/** The rows of one decision. */
export interface ReachRows {
  readonly policy: Policy
  readonly tools: ToolParts
  readonly standing: Authority
  readonly asked: Asked
  readonly candidates: () => ReadonlyArray<LoadedTeam>
  readonly memberships: ReadonlyArray<Membership>
  /** The only team in which the user's limits were looked up; `undefined`: they were in every candidate. */
  readonly judged: TeamId | undefined
  /** What the caller may call without a team. */
  readonly alone: ModelList
  readonly organization: string | undefined
  /** Lists that only take away: those of agents and of the end user. */
  readonly caps: ReadonlyArray<Model.ModelCap>
}

/** What a reach of tools rests on beside the rows. */
export interface ToolParts {
  readonly question: ToolRows["question"]
  /** What is said about the caller whatever the team. */
  readonly before: ReadonlyArray<Level>
  readonly levels: ToolRows["levels"]
}

/** Everything: an open route, or an admin. */
export const everything: Reach = {
  models: () => ["*"],
  mayCall: () => true,
  isEverything: () => true,
  mayUse: () => true,
  mayUseEvery: () => true,
  tools: () => ["*"]
}

const noModels: ReadonlyArray<string> = []

class RowReach implements Reach {
  readonly #rows: ReachRows
  #toolReach: ToolReach | undefined

  constructor(rows: ReachRows) {
    this.#rows = rows
  }

  get #candidates(): ReadonlyArray<LoadedTeam> {
    return this.#rows.candidates()
  }

  #memberModels(team: LoadedTeam): ReadonlyArray<string> {
    return this.#rows.memberships.find((it) => it.team === team.team.id)?.models ?? noModels
  }

  /** Whether the route lets a call end up in this team; an admin's routes are not the team's. */
  #takesRoute(team: LoadedTeam): boolean {
    const { asked, policy, standing } = this.#rows
    return standing.admin || policy.routes.fit(team.team, asked) === "fits"
  }

  /** Whether a call that ended up in this team would go on, as far as is known. */
  #isOpen(team: LoadedTeam): boolean {
    const { judged, organization, policy } = this.#rows
    return !team.team.blocked && policy.rows.organizationOfTeam(team.team, organization) === undefined &&
      (judged === undefined || judged === team.team.id)
  }

  isEverything(): boolean {
    return this.models().includes("*")
  }

  get #tools(): ToolReach {
    const { candidates, policy, tools } = this.#rows
    return this.#toolReach ??= new ToolReach({
      rules: policy.tools,
      question: tools.question,
      before: tools.before,
      levels: tools.levels,
      candidates,
      choose: (kind, server, name) => this.#teamFor(knownTool({ kind, server, name })),
      isOpen: (team) => this.#isOpen(team)
    })
  }

  /** The team in which a call of a tool would end up, among several. */
  #teamFor(tool: RequestedTool): LoadedTeam | undefined {
    const { asked, policy, tools } = this.#rows
    const known = { names: tools.question.names, before: tools.before }
    const fits = this.#candidates.map((it) => policy.fit(it, { ...asked, tool }, noModel, known))
    return this.#candidates[policy.chosen(fits)]
  }

  mayUse(kind: ToolKind, server: string, name: string): boolean {
    return this.#tools.mayUse(kind, server, name)
  }

  mayUseEvery(kind: ToolKind, server: string, prefix: string): boolean {
    return this.#tools.mayUseEvery(kind, server, prefix)
  }

  tools(): ReadonlyArray<string> {
    return this.#tools.tools()
  }

  mayCall(model: string): boolean {
    const { alone, asked, caps, policy, standing } = this.#rows
    const candidates = this.#candidates
    if (!policy.token.models(standing).allows(model) || !caps.every((it) => it.list.allows(model))) return false
    if (candidates.length === 0) return alone.allows(model)
    const team = candidates.length === 1
      ? candidates[0]
      : candidates.find((it) => policy.fit(it, asked, { _tag: "Known", name: model }) === "fits")
    return team !== undefined && this.#isOpen(team) &&
      policy.rows.judgeModel(model, team, this.#memberModels(team), alone) === undefined
  }

  models(): ReadonlyArray<string> {
    const { alone, caps, policy, standing } = this.#rows
    const candidates = this.#candidates
    const token = caps.reduce<ReadonlyArray<string>>(
      (all, it) => Model.intersect(all, it.list.patterns),
      policy.token.models(standing).patterns
    )
    if (candidates.length === 0) return Model.intersect(token, alone.patterns)
    const all = new Set<string>()
    // A call goes to the first team that fits: what such a team takes and then refuses, no later one can offer.
    const taken: Array<string> = []
    for (const it of candidates.filter((one) => this.#takesRoute(one))) {
      const own = this.#memberModels(it)
      const open = this.#isOpen(it)
      if (open) {
        const member = own.length === 0 ? ["*"] : policy.rows.models.list(own).patterns
        for (const pattern of Model.intersect(Model.intersect(token, it.models.patterns), member)) {
          const isFree = isLiteral(pattern)
            ? this.mayCall(pattern)
            : !taken.some((other) => Model.haveCommon(pattern, other))
          if (isFree) all.add(pattern)
        }
      }
      if (!open || own.length > 0) it.models.patterns.forEach((pattern) => taken.push(pattern))
    }
    return all.has("*") ? ["*"] : [...all]
  }
}

/** The reach of a principal with these rows. */
export const make = (rows: ReachRows): Reach => new RowReach(rows)
