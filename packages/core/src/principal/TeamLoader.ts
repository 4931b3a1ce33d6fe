/**
 * Team rows with what they may call, and the team that is made when an unknown
 * name may be created.
 *
 * A compiled list is remembered with its row, so a row that stays in memory is
 * compiled once. Groups that cannot be read are missed only where a decision
 * rests on them (RULES D27).
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type DirectoryUnavailable, makeTeam, ModelGroupId, type Team } from "../directory/Directory.ts"
import type { TeamRepo } from "../directory/TeamRepo.ts"
import type { Unavailable } from "../Errors.ts"
import type { TeamId } from "../Ids.ts"
import { type Asked, namesOf } from "../Request.ts"
import type { Policy } from "../rules/Policy.ts"
import { refusedName } from "../rules/RequestedModel.ts"
import type { LoadedTeam } from "../rules/RowRules.ts"
import type { Now } from "../Trace.ts"
import { outage } from "./Ruled.ts"

/** The models of groups by group, and why there are none. */
interface Groups {
  readonly models: ReadonlyMap<ModelGroupId, ReadonlyArray<string>>
  readonly unread?: DirectoryUnavailable
}
const noGroups = Exit.succeed<Groups>({ models: new Map() })

const shares = (team: Team): boolean => team.modelGroups.length > 0

/** Loads rows for one policy. */
export const make = (policy: Policy, teams: TeamRepo["Service"]) => {
  const alone = new WeakMap<Team, LoadedTeam>()

  /** A row that shares no groups. */
  const own = (team: Team): LoadedTeam => {
    const known = alone.get(team)
    if (known !== undefined) return known
    const loaded = { team, models: policy.rows.models.team(team, []) }
    alone.set(team, loaded)
    return loaded
  }

  /** Whether a team's own list allows what is named: its shared groups are looked at only after that denied. */
  const allowsAlone = (team: Team, { model }: Asked): boolean =>
    namesOf(model).length > 0 && refusedName(model, policy.rows.models.list(team.models).allows) === undefined

  /**
   * The models of the groups that rows share, by group: one look-up. One that fails
   * is an outage here only for a list of models; who needs them later, says so.
   */
  const groupsOf = (rows: ReadonlyArray<Team>, asked: Asked, now: Now): Effect.Effect<Groups, Unavailable> => {
    if (!rows.some(shares)) return noGroups
    const ids = rows.flatMap((row) => row.modelGroups)
    return Effect.catchEager(
      Effect.mapEager(
        teams.modelGroups([...new Set(ids)], now),
        (groups): Groups => ({ models: new Map(groups.map((it) => [it.id, it.models])) })
      ),
      (unread) =>
        asked.listsModels === true && !rows.every((row) => !shares(row) || allowsAlone(row, asked))
          ? outage(unread, now)
          : Exit.succeed<Groups>({ models: new Map(), unread })
    )
  }

  const loaded = (team: Team, { models, unread }: Groups): LoadedTeam => {
    if (!shares(team)) return own(team)
    const list = policy.rows.models.team(team, team.modelGroups.flatMap((id) => models.get(id) ?? []))
    return unread === undefined ? { team, models: list } : { team, models: list, unread }
  }

  /** A row with what it may call: its list, and the models of the groups it shares. */
  const load = (team: Team, asked: Asked, now: Now): Effect.Effect<LoadedTeam, Unavailable> =>
    Effect.mapEager(groupsOf([team], asked, now), (groups) => loaded(team, groups))

  /** Several rows, in their order. */
  const loadAll = (
    rows: ReadonlyArray<Team>,
    asked: Asked,
    now: Now
  ): Effect.Effect<ReadonlyArray<LoadedTeam>, Unavailable> =>
    Effect.mapEager(groupsOf(rows, asked, now), (groups) => rows.map((row) => loaded(row, groups)))

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
