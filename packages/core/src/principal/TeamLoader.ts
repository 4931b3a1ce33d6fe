/**
 * Team rows with what they may call, and the team that is made when an unknown
 * name may be created.
 *
 * A compiled list is remembered with its row, so a row that stays in memory is
 * compiled once.
 */
import { Effect, Exit } from "effect"
import type { Unavailable } from "../Errors.ts"
import type { TeamId } from "../Ids.ts"
import type { Asked } from "../Request.ts"
import type { LoadedTeam, Policy } from "../rules/Policy.ts"
import type { Now } from "../Trace.ts"
import { makeTeam, ModelGroupId, type Team } from "./Directory.ts"
import { outage } from "./Ruled.ts"
import type { TeamRepo } from "./TeamRepo.ts"

/** Loads rows for one policy. */
export const make = (policy: Policy, teams: TeamRepo["Service"]) => {
  const alone = new WeakMap<Team, LoadedTeam>()

  /** A row that shares no groups. */
  const own = (team: Team): LoadedTeam => {
    const known = alone.get(team)
    if (known !== undefined) return known
    const loaded = { team, models: policy.models.team(team, []) }
    alone.set(team, loaded)
    return loaded
  }

  /** A row with what it may call: its list, and the models of the groups it shares. */
  const load = (team: Team, asked: Asked, now: Now): Effect.Effect<LoadedTeam, Unavailable> => {
    if (team.modelGroups.length === 0) return Exit.succeed(own(team))
    const models = policy.models.list(team.models)
    return Effect.mapEager(
      Effect.catchEager(teams.modelGroups(team.modelGroups, now), (error) =>
        // The groups are looked at only after the team's own list denied.
        asked.model._tag === "Known" && models.allows(asked.model.name) ? Exit.succeed([]) : outage(error, now)),
      (groups) => ({ team, models: policy.models.team(team, groups.flatMap((it) => it.models)) })
    )
  }

  /** All rows by id: at once, unless one of them shares model groups. */
  const loadAll = (
    rows: ReadonlyArray<Team>,
    asked: Asked,
    now: Now
  ): Effect.Effect<ReadonlyMap<TeamId, LoadedTeam>, Unavailable> => {
    const sharing = rows.filter((row) => row.modelGroups.length > 0)
    const loaded = new Map<TeamId, LoadedTeam>()
    for (const row of rows) if (row.modelGroups.length === 0) loaded.set(row.id, own(row))
    if (sharing.length === 0) return Exit.succeed(loaded)
    return Effect.as(
      Effect.forEach(sharing, (row) => Effect.map(load(row, asked, now), (it) => loaded.set(row.id, it))),
      loaded
    )
  }

  /** A team made from the template (RULES D30); `undefined` when the settings do not let this name be created. */
  const create = (id: TeamId): Team | undefined => {
    if (!policy.createsTeam(id)) return undefined
    const { maxBudget, modelGroups, models, passThroughRoutes } = policy.settings.directory.teams.template
    return makeTeam({
      id,
      models: models ?? ["no-default-models"],
      modelGroups: (modelGroups ?? []).map((it) => ModelGroupId.make(it)),
      passThroughRoutes: passThroughRoutes ?? [],
      maxBudget: maxBudget ?? null
    })
  }

  return { load, loadAll, create }
}
