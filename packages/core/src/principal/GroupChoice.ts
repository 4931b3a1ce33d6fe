/**
 * The first of several groups that exists and fits: may call the model, may use
 * the route, is granted the pass-through.
 *
 * Groups are tried in the order of the claim, so every process chooses alike
 * (RULES D7), and all of them are one query. A choice rests on rows, model, path
 * and method alone, so it is remembered with the groups of a remembered token
 * until one of the rows changes.
 */
import { Effect, Exit } from "effect"
import type { Denial } from "../Errors.ts"
import type { TeamId } from "../Ids.ts"
import type { Asked } from "../Request.ts"
import type { LoadedTeam, Policy } from "../rules/Policy.ts"
import type { Fact, Now } from "../Trace.ts"
import type { Team } from "./Directory.ts"
import { orOutage, raise } from "./Ruled.ts"
import * as TeamChoice from "./TeamChoice.ts"
import type * as TeamLoader from "./TeamLoader.ts"
import type { TeamRepo } from "./TeamRepo.ts"

/** How many questions are remembered with the groups of one token: a caller asks the same few again and again. */
const REMEMBERED = 8

/** How many groups are named in the facts of a step. */
const SHOWN = 50

type Choice = Exit.Exit<TeamChoice.TeamChoice, Denial>

interface Remembered {
  readonly ids: ReadonlyArray<TeamId>
  readonly rows: ReadonlyArray<Team>
  readonly loaded: ReadonlyMap<TeamId, LoadedTeam>
  /** The latest questions, the oldest first. */
  readonly choices: Array<{ readonly asked: Asked; readonly choice: Choice }>
}

const sameQuestion = (one: Asked, other: Asked): boolean =>
  one.path === other.path && one.method === other.method &&
  (one.model._tag === "Known"
    ? other.model._tag === "Known" && one.model.name === other.model.name
    : other.model._tag !== "Known")

/** What is remembered with a token: dropped when that is, so it never outlives a right. */
export class GroupMemory {
  remembered: Remembered | undefined = undefined
}

const sameRows = (one: ReadonlyArray<Team>, other: ReadonlyArray<Team>): boolean => {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}

const someUnknown = Exit.succeed(TeamChoice.allUnknown)
const noFacts: { readonly [name: string]: Fact } = {}

/** Chooses among the groups of a token. */
export const make = (
  policy: Policy,
  teams: TeamRepo["Service"],
  loader: ReturnType<typeof TeamLoader.make>
): (
  ids: ReadonlyArray<TeamId>,
  asked: Asked,
  memory: GroupMemory,
  now: Now
) => Effect.Effect<TeamChoice.TeamChoice, Denial> => {
  const unknownIsNext = policy.settings.directory.teams.whenUnknown === "next"

  /** For each named group: whether it fits, and if not, why. */
  const why = (ids: ReadonlyArray<TeamId>, loaded: ReadonlyMap<TeamId, LoadedTeam>, asked: Asked): Fact =>
    ids.slice(0, SHOWN).map((id) => {
      const one = loaded.get(id)
      return one === undefined
        ? { team: id, verdict: "unknown" }
        : { team: id, verdict: policy.fit(one, asked, asked.model), models: one.models.patterns }
    })

  const choose = (
    ids: ReadonlyArray<TeamId>,
    rows: ReadonlyArray<Team>,
    loaded: ReadonlyMap<TeamId, LoadedTeam>,
    asked: Asked,
    now: Now
  ): Choice => {
    const facts = now.note === undefined ? noFacts : { candidates: why(ids, loaded, asked) }
    let routeDenied = false
    for (const id of ids) {
      const one = loaded.get(id)
      if (one === undefined) continue
      const fit = policy.fit(one, asked, asked.model)
      if (fit === "fits") {
        const choice = TeamChoice.ofGroups(one, rows, () => TeamChoice.inOrder(ids, loaded))
        return Exit.succeed(TeamChoice.note(choice, now, facts))
      }
      if (fit !== "model") routeDenied = true
    }
    return raise({
      step: "team",
      code: routeDenied ? "team_route_denied" : "team_model_denied",
      facts: { route: asked.path, model: asked.model._tag === "Known" ? asked.model.name : null, ...facts }
    }, now)
  }

  const recall = (
    ids: ReadonlyArray<TeamId>,
    { choices, loaded, rows }: Remembered,
    asked: Asked,
    now: Now
  ): Choice => {
    if (now.note === undefined) {
      for (const known of choices) if (sameQuestion(known.asked, asked)) return known.choice
    }
    const choice = choose(ids, rows, loaded, asked, now)
    if (now.note === undefined) {
      if (choices.length >= REMEMBERED) choices.shift()
      // Only what the choice rests on is kept: the headers hold the token.
      const { method, model, path } = asked
      choices.push({ asked: { method, model, path, rawHeaders: [] }, choice })
    }
    return choice
  }

  return (ids, asked, memory, now) =>
    Effect.flatMapEager(orOutage(teams.byIds(ids, now), now), (rows): Effect.Effect<TeamChoice.TeamChoice, Denial> => {
      if (rows.length === 0) {
        const facts = { groups: ids.slice(0, SHOWN), exist: 0 }
        if (!unknownIsNext) return raise({ step: "team", code: "team_not_found", facts }, now)
        TeamChoice.note(TeamChoice.allUnknown, now, facts)
        return someUnknown
      }
      const known = memory.remembered
      if (known !== undefined && known.ids === ids && sameRows(known.rows, rows)) return recall(ids, known, asked, now)
      return Effect.flatMapEager(loader.loadAll(rows, asked, now), (loaded) => {
        // Groups that are shared can change without the row, so such a choice is made anew each time.
        if (rows.some((row) => row.modelGroups.length > 0)) return choose(ids, rows, loaded, asked, now)
        const entry: Remembered = { ids, rows, loaded, choices: [] }
        memory.remembered = entry
        return recall(ids, entry, asked, now)
      })
    })
}
