/**
 * Which team a request is made for: from the token (header, object id, single
 * claim, alias, groups), then, with the user known, from the single membership
 * or the default, or why not.
 *
 * Groups are tried in the order of the claim, so every process chooses alike
 * (RULES D7), and all candidates are one query. Fallbacks catch "not found" and
 * nothing else: a directory that does not answer is 503 (RULES D27).
 */
import { Context, Effect, Exit, Layer } from "effect"
import type { Denial, Unavailable } from "../Errors.ts"
import type { Identity } from "../identity/Identity.ts"
import { isTeamId, type TeamId } from "../Ids.ts"
import type { Asked } from "../Request.ts"
import type { LoadedTeam, Ruling } from "../rules/Policy.ts"
import type { Standing } from "../rules/Role.ts"
import * as Route from "../rules/Route.ts"
import type { Fact, Now } from "../Trace.ts"
import { DirectoryWrite, makeTeam, ModelGroupId, type Team, type User } from "./Directory.ts"
import { orAbsent, orOutage, outage, raise, unless } from "./Ruled.ts"
import { Rules } from "./Rules.ts"
import { TeamRepo } from "./TeamRepo.ts"

/** Where the chosen team came from. */
export type TeamSource = "header" | "object" | "single" | "alias" | "groups" | "membership" | "default" | "admin"

/** The team of a request, and what else is known of the caller's teams. */
export interface Choice {
  readonly source: TeamSource | undefined
  readonly chosen: LoadedTeam | undefined
  /** Every team that a call of this caller could end up in, in the order in which they are tried. */
  readonly candidates: ReadonlyArray<LoadedTeam>
  /** Whether membership and default may follow (RULES D24). */
  readonly mayFallBack: boolean
  /** The teams that the token names and that exist: the target of sync (RULES D32). */
  readonly named: ReadonlyArray<Team>
  /** Whether the token names teams at all. */
  readonly names: boolean
  readonly writes: ReadonlyArray<DirectoryWrite>
}

/** What is asked of the resolver: the identity with its standing, the request, and the team header's value. */
export interface TeamQuestion {
  readonly identity: Identity
  readonly standing: Standing
  readonly asked: Asked
  readonly header: string | undefined
}

const noWrites: ReadonlyArray<DirectoryWrite> = []
const noTeams: ReadonlyArray<LoadedTeam> = []
const noRows: ReadonlyArray<Team> = []

/** No team; `mayFallBack` says whether membership and default may follow. */
const without = (names: boolean, mayFallBack: boolean): Choice => ({
  source: undefined,
  chosen: undefined,
  candidates: noTeams,
  mayFallBack,
  named: noRows,
  names,
  writes: noWrites
})

const nobodyNamed = without(false, true)
const allUnknown = without(true, true)

export class TeamResolver extends Context.Service<TeamResolver, {
  /** The team that the token and the header name. */
  readonly fromToken: (question: TeamQuestion, now: Now) => Effect.Effect<Choice, Denial>
  /** The same choice, or the single membership, or the default team. */
  readonly fromMembership: (
    choice: Choice,
    user: User | undefined,
    question: TeamQuestion,
    now: Now
  ) => Effect.Effect<Choice, Denial>
  /** The team that an admin by scope attaches with the header: on LLM routes, if it exists. */
  readonly forAdmin: (question: TeamQuestion, now: Now) => Effect.Effect<Choice, Unavailable>
}>()("@jotgate/core/TeamResolver") {
  static readonly layer = Layer.effect(
    TeamResolver,
    Effect.gen(function*() {
      const policy = yield* Rules
      const teams = yield* TeamRepo
      const { directory, policy: settings } = policy.settings
      const defaultTeam = directory.teams.default
      const unknownIsNext = directory.teams.whenUnknown === "next"
      const syncs = directory.memberships === "replace"
      const loadedAlone = new WeakMap<Team, LoadedTeam>()

      /** A row with what it may call: its list, and the models of the groups it shares. */
      const load = (team: Team, asked: Asked, now: Now): Effect.Effect<LoadedTeam, Unavailable> => {
        if (team.modelGroups.length === 0) {
          const known = loadedAlone.get(team)
          if (known !== undefined) return Exit.succeed(known)
          const loaded = { team, models: policy.models.team(team, []) }
          loadedAlone.set(team, loaded)
          return Exit.succeed(loaded)
        }
        const own = policy.models.list(team.models)
        return Effect.mapEager(
          Effect.catchEager(teams.modelGroups(team.modelGroups, now), (error) =>
            // The groups are looked at only after the team's own list denied.
            asked.model._tag === "Known" && own.allows(asked.model.name) ? Exit.succeed([]) : outage(error, now)),
          (groups) => ({ team, models: policy.models.team(team, groups.flatMap((it) => it.models)) })
        )
      }

      /** A team made from the template, when the settings let this name be created. */
      const create = (id: TeamId): Team | undefined => {
        if (!policy.createsTeam(id)) return undefined
        const { maxBudget, modelGroups, models, passThroughRoutes } = directory.teams.template
        return makeTeam({
          id,
          models: models ?? ["no-default-models"],
          modelGroups: (modelGroups ?? []).map((it) => ModelGroupId.make(it)),
          passThroughRoutes: passThroughRoutes ?? [],
          maxBudget: maxBudget ?? null
        })
      }

      const chosenAs = (source: TeamSource, loaded: LoadedTeam, created: boolean): Choice => ({
        source,
        chosen: loaded,
        candidates: [loaded],
        mayFallBack: false,
        named: [loaded.team],
        names: true,
        writes: created ? [DirectoryWrite.make({ _tag: "CreateTeam", team: loaded.team })] : noWrites
      })

      const noteChoice = (choice: Choice, now: Now, facts: { readonly [name: string]: Fact } = {}): void => {
        if (now.note === undefined) return
        const team = choice.chosen?.team
        now.note(
          team === undefined
            ? { step: "team", outcome: "skipped", facts: { team: null, ...facts } }
            : {
              step: "team",
              outcome: "ok",
              facts: {
                team: team.id,
                source: choice.source ?? null,
                models: choice.chosen?.models.patterns ?? [],
                ...facts
              },
              resolved: { team: { id: team.id, alias: team.alias } }
            }
        )
      }

      /** The team with this id, made when the settings say so; `undefined` when there is none. */
      const byId = Effect.fnUntracedEager(function*(id: TeamId, source: TeamSource, asked: Asked, now: Now) {
        const row = yield* orAbsent(teams.byId(id, now), now)
        const team = row ?? create(id)
        if (team === undefined) return undefined
        const choice = chosenAs(source, yield* load(team, asked, now), row === undefined)
        noteChoice(choice, now, row === undefined ? { created: true } : {})
        return choice
      })

      const denied = (code: Ruling["code"], facts: Ruling["facts"], now: Now) =>
        raise({ step: "team", code, facts }, now)

      const byAlias = Effect.fnUntracedEager(function*(alias: string, { asked, identity }: TeamQuestion, now: Now) {
        const row = yield* Effect.catchEager(teams.byAlias(alias, now), (error) =>
          error._tag === "RowNotFound"
            ? denied("team_not_found", { alias }, now)
            : error._tag === "RowAmbiguous"
            ? denied("team_ambiguous", { alias }, now)
            : outage(error, now))
        if (!policy.grants(identity.issuer).teams(row.id)) {
          return yield* denied("team_denied", { team: row.id, alias, rule: "grants.teams" }, now)
        }
        const choice = chosenAs("alias", yield* load(row, asked, now), false)
        noteChoice(choice, now, { alias })
        return choice
      })

      /** The first of the named groups that exists and fits; all of them are one query. */
      const byGroups = Effect.fnUntracedEager(function*(ids: ReadonlyArray<TeamId>, { asked }: TeamQuestion, now: Now) {
        const rows = yield* orOutage(teams.byIds(ids, now), now)
        if (rows.length === 0) {
          if (!unknownIsNext) return yield* denied("team_not_found", { groups: ids.slice(0, 20) }, now)
          noteChoice(allUnknown, now, { unknown: ids.slice(0, 20) })
          return allUnknown
        }
        const byTeam = new Map(rows.map((row) => [row.id, row]))
        const candidates: Array<LoadedTeam> = []
        let chosen: LoadedTeam | undefined
        let routeDenied = false
        for (const id of ids) {
          const row = byTeam.get(id)
          if (row === undefined) continue
          const loaded = yield* load(row, asked, now)
          candidates.push(loaded)
          if (chosen !== undefined) continue
          const fit = policy.fit(loaded, asked, asked.model)
          if (fit === "fits") chosen = loaded
          else if (fit !== "model") routeDenied = true
        }
        const facts = now.note === undefined ? {} : { candidates: why(candidates, ids, asked) }
        if (chosen === undefined) {
          return yield* denied(routeDenied ? "team_route_denied" : "team_model_denied", {
            route: asked.path,
            model: asked.model._tag === "Known" ? asked.model.name : null,
            ...facts
          }, now)
        }
        const choice: Choice = {
          source: "groups",
          chosen,
          candidates,
          mayFallBack: false,
          named: rows,
          names: true,
          writes: noWrites
        }
        noteChoice(choice, now, facts)
        return choice
      })

      /** For each named group: whether it fits, and if not, why. */
      const why = (candidates: ReadonlyArray<LoadedTeam>, ids: ReadonlyArray<TeamId>, asked: Asked): Fact =>
        ids.slice(0, 50).map((id) => {
          const loaded = candidates.find((it) => it.team.id === id)
          return loaded === undefined
            ? { team: id, verdict: "unknown" }
            : { team: id, verdict: policy.fit(loaded, asked, asked.model), models: loaded.models.patterns }
        })

      const fromClaims = Effect.fnUntracedEager(function*(question: TeamQuestion, now: Now) {
        const { asked, identity, standing } = question
        const object = standing.role === "team" && identity.object !== undefined && isTeamId(identity.object)
          ? identity.object
          : undefined
        if (question.header !== undefined && isTeamId(question.header)) {
          const { header } = question
          if (header !== identity.team && header !== object && !identity.teams.includes(header)) {
            return yield* denied("team_denied", { header, teams: identity.teams, team: identity.team ?? null }, now)
          }
          return (yield* byId(header, "header", asked, now)) ?? (yield* denied("team_not_found", { header }, now))
        }
        if (object !== undefined) {
          if (!policy.grants(identity.issuer).teams(object)) {
            return yield* denied("team_denied", { team: object, rule: "grants.teams" }, now)
          }
          return (yield* byId(object, "object", asked, now)) ?? (yield* denied("team_not_found", { object }, now))
        }
        if (identity.team !== undefined) {
          const single = yield* byId(identity.team, "single", asked, now)
          if (single !== undefined) return single
          if (!unknownIsNext) return yield* denied("team_not_found", { team: identity.team }, now)
        } else if (identity.teamAlias !== undefined) {
          return yield* byAlias(identity.teamAlias, question, now)
        } else if (settings.requireTeamClaim && defaultTeam === null) {
          return yield* denied("team_required", { rule: "policy.requireTeamClaim" }, now)
        }
        if (identity.overage) return yield* denied("groups_overage", { rule: "claims.overage" }, now)
        const ids = identity.team === undefined || identity.teams.includes(identity.team)
          ? identity.teams
          : [...identity.teams, identity.team]
        if (ids.length > 0) return yield* byGroups(ids, question, now)
        if (identity.withheld) return yield* denied("team_denied", { rule: "grants.teams" }, now)
        if (identity.namesTeams) {
          if (!unknownIsNext) return yield* denied("team_not_found", { rule: "claims.teams.match" }, now)
          noteChoice(allUnknown, now)
          return allUnknown
        }
        if (settings.requireTeam && defaultTeam === null) {
          return yield* denied("team_required", { rule: "policy.requireTeam" }, now)
        }
        return nobodyNamed
      })

      /** With team sync on, a header or a single claim leaves the other named teams to be loaded. */
      const withNamed = Effect.fnUntracedEager(function*(choice: Choice, { identity }: TeamQuestion, now: Now) {
        if (!syncs || choice.source === "groups" || identity.teams.length === 0) return choice
        const rows = yield* orOutage(teams.byIds(identity.teams, now), now)
        const chosen = choice.source === "header" ? noRows : choice.named
        return { ...choice, named: [...rows, ...chosen.filter((it) => !identity.teams.includes(it.id))] }
      })

      const fromToken = Effect.fnUntracedEager(function*(question: TeamQuestion, now: Now) {
        const choice = yield* fromClaims(question, now)
        if (choice.chosen !== undefined) yield* unless(policy.routeOfTeam(choice.chosen.team, question.asked), now)
        return syncs ? yield* withNamed(choice, question, now) : choice
      })

      /** A team that was not asked for: it must be one that the issuer may give. */
      const fallback = Effect.fnUntracedEager(
        function*(id: TeamId, source: TeamSource, { asked, identity }: TeamQuestion, now: Now) {
          if (!policy.grants(identity.issuer).teams(id)) return undefined
          const row = yield* orAbsent(teams.byId(id, now), now)
          const team = row ?? create(id)
          if (team === undefined) return undefined
          yield* unless(policy.routeOfTeam(team, asked), now)
          const choice = chosenAs(source, yield* load(team, asked, now), row === undefined)
          noteChoice(choice, now)
          return choice
        }
      )

      const fromMembership = Effect.fnUntracedEager(
        function*(choice: Choice, user: User | undefined, question: TeamQuestion, now: Now) {
          if (!choice.mayFallBack) return choice
          const only = user?.teams.length === 1 ? user.teams[0] : undefined
          const found = only === undefined ? undefined : yield* fallback(only, "membership", question, now)
          if (found !== undefined) return { ...found, named: choice.named, names: choice.names }
          if (defaultTeam === null || !isTeamId(defaultTeam)) {
            noteChoice(choice, now, { memberships: user?.teams.length ?? 0 })
            return choice
          }
          const byDefault = yield* fallback(defaultTeam, "default", question, now)
          if (byDefault !== undefined) return { ...byDefault, named: choice.named, names: choice.names }
          if (unknownIsNext) return choice
          return yield* denied("team_not_found", { team: defaultTeam, rule: "directory.teams.default" }, now)
        }
      )

      const forAdmin = Effect.fnUntracedEager(function*({ asked, header, identity }: TeamQuestion, now: Now) {
        if (header === undefined || !isTeamId(header) || !Route.isLlmRoute(asked.path)) return nobodyNamed
        if (!policy.grants(identity.issuer).teams(header)) return nobodyNamed
        return (yield* byId(header, "admin", asked, now)) ?? nobodyNamed
      })

      return { fromToken, fromMembership, forAdmin }
    })
  )

  /** Puts every caller into the same team, or into none. */
  static readonly layerTest = (chosen: LoadedTeam | undefined): Layer.Layer<TeamResolver> => {
    const choice: Choice = chosen === undefined ? nobodyNamed : {
      source: "single",
      chosen,
      candidates: [chosen],
      mayFallBack: false,
      named: [chosen.team],
      names: true,
      writes: noWrites
    }
    return Layer.succeed(TeamResolver, {
      fromToken: () => Exit.succeed(choice),
      fromMembership: (it) => Exit.succeed(it),
      forAdmin: () => Exit.succeed(choice)
    })
  }
}
