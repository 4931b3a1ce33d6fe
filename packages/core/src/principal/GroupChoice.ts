/**
 * The first of several groups that exists and fits: may call the model, may use
 * the route, is granted the pass-through.
 *
 * Groups are tried in the order of the claim, so every process chooses alike
 * (RULES D7), and all of them are one query.
 */
import { Effect, Exit } from "effect"
import type { Team } from "../directory/Directory.ts"
import type { Denial } from "../Errors.ts"
import type { TeamId } from "../Ids.ts"
import { type Asked, modelText } from "../Request.ts"
import type { Policy } from "../rules/Policy.ts"
import type { LoadedTeam } from "../rules/RowRules.ts"
import type { FactsOf } from "../Step.ts"
import type { Now } from "../Trace.ts"
import type { NamedTeams, Naming } from "./NamedTeams.ts"
import { outage, raise } from "./Ruled.ts"
import * as TeamChoice from "./TeamChoice.ts"
import type * as TeamLoader from "./TeamLoader.ts"

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
  asked: Asked,
  now: Now
) => Effect.Effect<TeamChoice.TeamChoice, Denial> => {
  const unknownIsNext = policy.settings.directory.teams.whenUnknown === "next"

  /** For each named group: whether it fits, and if not, why. */
  const why = (
    ids: ReadonlyArray<TeamId>,
    loaded: ReadonlyArray<LoadedTeam>,
    asked: Asked
  ): NonNullable<FactsOf<"team">["candidates"]> =>
    ids.slice(0, SHOWN).map((id) => {
      const one = loaded.find(({ team }) => team.id === id || team.alias === id)
      return one === undefined
        ? { team: id, verdict: "unknown" }
        : { team: id, verdict: policy.fit(one, asked, asked.model), models: one.models.patterns }
    })

  const choose = (
    ids: ReadonlyArray<TeamId>,
    rows: ReadonlyArray<Team>,
    loaded: ReadonlyArray<LoadedTeam>,
    asked: Asked,
    now: Now
  ): Exit.Exit<TeamChoice.TeamChoice, Denial> => {
    const facts = now.note === undefined ? noFacts : { candidates: why(ids, loaded, asked) }
    let routeDenied = false
    for (const one of loaded) {
      const fit = policy.fit(one, asked, asked.model)
      if (fit === "fits") {
        return Exit.succeed(TeamChoice.note(TeamChoice.ofGroups(one, rows, () => loaded), now, facts))
      }
      if (fit === "model" && one.unread !== undefined) return outage(one.unread, now)
      if (fit !== "model") routeDenied = true
    }
    return raise({
      step: "team",
      code: routeDenied ? "team_route_denied" : "team_model_denied",
      facts: { route: asked.path, model: modelText(asked.model), ...facts }
    }, now)
  }

  return (naming, ids, asked, now) =>
    Effect.flatMapEager(named(naming, ids, now), (rows): Effect.Effect<TeamChoice.TeamChoice, Denial> => {
      if (rows.length > 0) {
        return Effect.flatMapEager(loader.loadAll(rows, asked, now), (loaded) => choose(ids, rows, loaded, asked, now))
      }
      const facts = { groups: ids.slice(0, SHOWN), exist: 0 }
      if (!unknownIsNext) return raise({ step: "team", code: "team_not_found", facts }, now)
      TeamChoice.note(TeamChoice.allUnknown, now, facts)
      return someUnknown
    })
}
