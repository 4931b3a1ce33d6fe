/**
 * What a principal may use of MCP servers, told from the rows of its decision.
 *
 * As with models, a call chooses the first team that fits: an item is listed if
 * and only if a call of it would be allowed. Where patterns cannot say what is
 * left, less is told, never more.
 */
import * as Model from "../rules/Model.ts"
import { isLiteral } from "../rules/patterns/Pattern.ts"
import { notAsked } from "../rules/patterns/ToolPattern.ts"
import type { ToolKind } from "../rules/RequestedTool.ts"
import type { LoadedTeam } from "../rules/RowRules.ts"
import type { Level } from "../rules/Tool.ts"
import type { ToolQuestion, ToolRules } from "../rules/ToolRules.ts"

/** What a reach of tools rests on. */
export interface ToolRows {
  readonly rules: ToolRules
  readonly question: Omit<ToolQuestion, "levels">
  /** What is said about the caller whatever the team. */
  readonly before: ReadonlyArray<Level>
  /** What is said about the caller in a team, or without one. */
  readonly levels: (team: LoadedTeam | undefined) => ReadonlyArray<Level>
  readonly candidates: () => ReadonlyArray<LoadedTeam>
  /** The team in which a call of this would end up, among several. */
  readonly choose: (kind: ToolKind, server: string, name: string) => LoadedTeam | undefined
  /** Whether a call in this team would go on, as far as is known. */
  readonly isOpen: (team: LoadedTeam) => boolean
}

/** Patterns of one team, and whether calls that it takes can still be denied. */
interface Share {
  readonly given: ReadonlyArray<string>
  readonly taken: ReadonlyArray<string>
}

export class ToolReach {
  readonly #rows: ToolRows
  readonly #questions = new Map<LoadedTeam | undefined, ToolQuestion>()

  constructor(rows: ToolRows) {
    this.#rows = rows
  }

  /** Whether the rows were looked up that say something of tools. */
  get #isKnown(): boolean {
    return this.#rows.question.names !== notAsked
  }

  #question(team: LoadedTeam | undefined): ToolQuestion {
    const known = this.#questions.get(team)
    if (known !== undefined) return known
    const made = { ...this.#rows.question, levels: this.#rows.levels(team) }
    this.#questions.set(team, made)
    return made
  }

  mayUse(kind: ToolKind, server: string, name: string): boolean {
    const { candidates, choose, isOpen, rules } = this.#rows
    if (!rules.isConfigured) return true
    if (!this.#isKnown) return false
    const teams = candidates()
    const team = teams.length > 1 ? choose(kind, server, name) : teams[0]
    if (team === undefined ? teams.length > 0 : !isOpen(team)) return false
    return rules.allows(kind, server, name, this.#question(team))
  }

  mayUseEvery(kind: ToolKind, server: string, prefix: string): boolean {
    const { candidates, isOpen, rules } = this.#rows
    if (!rules.isConfigured) return true
    if (!this.#isKnown) return false
    const teams = candidates()
    if (teams.length === 0) return rules.allowsEvery(kind, server, prefix, this.#question(undefined))
    for (const team of teams) {
      if (isOpen(team) && rules.allowsEvery(kind, server, prefix, this.#question(team))) return true
      // What this team takes and then refuses, no later one can offer.
      const list = rules.lists(team.team)[kind]
      if (list === undefined || list.allowsSome(server, prefix)) return false
    }
    return false
  }

  /** What one team gives at a named server. */
  #share(server: string, team: LoadedTeam | undefined): Share {
    const lists = this.#question(team).levels.flatMap((it) => it.lists.tool ?? [])
    const [first, ...others] = lists.map((it) => it.at(server))
    if (first === undefined) return { given: [], taken: [] }
    return others.reduce<Share>((all, it) => ({
      given: Model.intersect(all.given, it.given),
      taken: [...all.taken, ...it.taken]
    }), first)
  }

  /** Patterns of the names that could be called at one server. */
  #patternsAt(server: string): ReadonlyArray<string> {
    const { candidates, isOpen, question, rules } = this.#rows
    if (rules.missingScopes(server, question.scopes).length > 0) return []
    const teams = candidates()
    if (!rules.isNamed("tool", server, question.names)) {
      return teams.length === 0 || teams.some(isOpen) ? ["*"] : []
    }
    const given = new Set<string>()
    const taken = new Set<string>()
    const givenBy = (team: LoadedTeam) => rules.lists(team.team).tool?.at(server).given
    // A team that says nothing is taken in its turn when the token's own rules list tools, else when no other lists the item.
    const inTurn = this.#rows.before.some((it) => it.lists.tool !== undefined)
    let silent: ReadonlyArray<string> = []
    const listed = teams.flatMap((it) => givenBy(it) ?? [])
    // What an earlier team may take and then refuse.
    let before: ReadonlyArray<string> = []
    for (const team of teams.length === 0 ? [undefined] : teams) {
      if (team === undefined || isOpen(team)) {
        const share = this.#share(server, team)
        const rivals = team === undefined || givenBy(team) !== undefined || inTurn
          ? before
          : [...before, ...listed, ...silent]
        for (const pattern of share.given) {
          const isFree = isLiteral(pattern)
            ? this.mayUse("tool", server, pattern)
            : !rivals.some((other) => Model.haveCommon(pattern, other))
          if (isFree) given.add(pattern)
        }
        share.taken.forEach((it) => taken.add(it))
      }
      if (team !== undefined) before = before.concat(givenBy(team) ?? (inTurn ? ["*"] : []))
      if (team !== undefined && givenBy(team) === undefined) silent = ["*"]
    }
    const hits = [...taken].filter((it) => [...given].some((other) => Model.haveCommon(it, other)))
    return [...given, ...hits.map((it) => `!${it}`)]
  }

  tools(): ReadonlyArray<string> {
    const { rules } = this.#rows
    if (!rules.isConfigured) return ["*"]
    if (!this.#isKnown) return []
    return rules.servers.flatMap(({ server }) =>
      this.#patternsAt(server).map((it) => it.startsWith("!") ? `!${server}/${it.slice(1)}` : `${server}/${it}`)
    )
  }
}
