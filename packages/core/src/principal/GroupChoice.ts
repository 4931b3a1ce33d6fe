/**
 * The first of several groups that exists and fits: may call the model, may use
 * the route, is granted the pass-through.
 *
 * Groups are tried in the order of the claim, so every process chooses alike
 * (RULES D7), and all of them are one query.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Team } from "../directory/Directory.ts"
import type { Denial } from "../Errors.ts"
import type { TeamId } from "../Ids.ts"
import { type Asked, modelText, toolsOf, toolText } from "../Request.ts"
import type { Policy, ToolsKnown } from "../rules/Policy.ts"
import type { LoadedTeam } from "../rules/RowRules.ts"
import { type Speaker, unlisted } from "../rules/Tool.ts"
import type { FactsOf } from "../Step.ts"
import type { Now } from "../Trace.ts"
import type { NamedTeams, Naming } from "./NamedTeams.ts"
import { outage, raise } from "./Ruled.ts"
import * as TeamChoice from "./TeamChoice.ts"
import type * as TeamLoader from "./TeamLoader.ts"

/** A request, who asks, and what is known of tools before a team is. */
interface Question {
  readonly asked: Asked
  readonly speaker: Speaker
  readonly known: ToolsKnown | undefined
}

/** How many groups are named in the facts of a step. */
const SHOWN = 50

const someUnknown = Exit.succeed(TeamChoice.allUnknown)
const noFacts: FactsOf<"team"> = {}

/** Chooses among the groups of a token. */
export const make = (
  policy: Policy,
  named: NamedTeams,
  loader: ReturnType<typeof TeamLoader.make>
): (
  naming: Naming,
  ids: ReadonlyArray<TeamId>,
  question: Question,
  now: Now
) => Effect.Effect<TeamChoice.TeamChoice, Denial> => {
  const unknownIsNext = policy.settings.directory.teams.whenUnknown === "next"

  /** For each named group: whether it fits, and if not, why. */
  const why = (
    ids: ReadonlyArray<TeamId>,
    loaded: ReadonlyArray<LoadedTeam>,
    { asked, known }: Question
  ): NonNullable<FactsOf<"team">["candidates"]> =>
    ids.slice(0, SHOWN).map((id) => {
      const one = loaded.find(({ team }) => team.id === id || team.alias === id)
      return one === undefined
        ? { team: id, verdict: "unknown" }
        : { team: id, verdict: policy.fit(one, asked, asked.model, known), models: one.models.patterns }
    })

  const choose = (
    ids: ReadonlyArray<TeamId>,
    rows: ReadonlyArray<Team>,
    loaded: ReadonlyArray<LoadedTeam>,
    question: Question,
    now: Now
  ): Exit.Exit<TeamChoice.TeamChoice, Denial> => {
    const { asked, known, speaker } = question
    const facts = now.note === undefined ? noFacts : { candidates: why(ids, loaded, question) }
    const taken = (one: LoadedTeam) =>
      Exit.succeed(TeamChoice.note(TeamChoice.ofGroups(one, rows, () => loaded), now, facts))
    let routeDenied = false
    let toolDenied = false
    // A team that says nothing of a tool is taken when no other lists it.
    let silent: LoadedTeam | undefined
    for (const one of loaded) {
      const fit = policy.fit(one, asked, asked.model, known)
      if (fit === "fits") return taken(one)
      if (fit === "model" && one.unread !== undefined) return outage(one.unread, now)
      if (fit === "silent") silent ??= one
      else if (fit === "tool") toolDenied = true
      else if (fit !== "model") routeDenied = true
    }
    if (silent !== undefined) return taken(silent)
    if (toolDenied) {
      const tool = toolText(policy.tools.asked(asked))
      const lacking = loaded.flatMap((it) => policy.tools.lacking(it.team, asked))
      const [one] = toolsOf(policy.tools.asked(asked))
      const text = unlisted(one?.kind ?? "tool", tool ?? "", speaker)
      return raise({ step: "tool", code: "tool_denied", facts: { tool, lacking, text, ...facts } }, now)
    }
    return raise({
      step: "team",
      code: routeDenied ? "team_route_denied" : "team_model_denied",
      facts: { route: asked.path, model: modelText(asked.model), ...facts }
    }, now)
  }

  return (naming, ids, question, now) =>
    Effect.flatMapEager(named(naming, ids, now), (rows): Effect.Effect<TeamChoice.TeamChoice, Denial> => {
      if (rows.length > 0) {
        return Effect.flatMapEager(
          loader.loadAll(rows, question.asked, now),
          (loaded) => choose(ids, rows, loaded, question, now)
        )
      }
      const facts = { groups: ids.slice(0, SHOWN), exist: 0 }
      if (!unknownIsNext) return raise({ step: "team", code: "team_not_found", facts }, now)
      TeamChoice.note(TeamChoice.allUnknown, now, facts)
      return someUnknown
    })
}
