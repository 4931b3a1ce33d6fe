/**
 * Which team a request is made for: from the token (header, object id, single
 * claim, alias, groups), then, with the user known, from the single membership
 * or the default, or why not.
 *
 * Fallbacks catch "not found" and nothing else: a directory that does not answer
 * is 503 (RULES D27).
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { Team, User } from "../directory/Directory.ts"
import { TeamRepo } from "../directory/TeamRepo.ts"
import type { Denial, Unavailable } from "../Errors.ts"
import { type Identity, nameOf } from "../Identity.ts"
import { compareText, isTeamId, type TeamId } from "../Ids.ts"
import type { Asked } from "../Request.ts"
import type { ServerNames } from "../rules/patterns/ToolPattern.ts"
import type { Standing } from "../rules/Role.ts"
import type { LoadedTeam } from "../rules/RowRules.ts"
import type { Ruling } from "../rules/Ruling.ts"
import type { Level } from "../rules/Tool.ts"
import type { FactsOf } from "../Step.ts"
import type { Now } from "../Trace.ts"
import * as GroupChoice from "./GroupChoice.ts"
import * as NamedTeams from "./NamedTeams.ts"
import { orAbsent, orOutage, outage, raise } from "./Ruled.ts"
import { Rules } from "./Rules.ts"
import * as TeamChoice from "./TeamChoice.ts"
import * as TeamLoader from "./TeamLoader.ts"

/** What is asked of the resolver: the identity with its standing, the request, and the team header's value. */
export interface TeamQuestion {
  /** Whom the claims speak of. */
  readonly identity: Identity
  /** What the identity stands for under the rules. */
  readonly standing: Standing & {
    /** What rules say of tools before a team is chosen. */
    readonly tools?: ReadonlyArray<Level>
  }
  /** The request. */
  readonly asked: Asked
  /** The team that the request's header asks for. */
  readonly header: string | undefined
  /** Which MCP servers the rows of the directory name. */
  readonly names?: ServerNames
  /** The agents that act, outermost first. */
  readonly acting?: ReadonlyArray<string> | undefined
}

/** A request with what is known of tools, and of who asks for them, before a team is. */
const toolsKnown = ({ acting = [], asked, identity, names, standing }: TeamQuestion) => ({
  asked,
  speaker: { caller: identity.user === undefined ? undefined : nameOf(identity, identity.user), agents: acting },
  known: names === undefined ? undefined : { names, before: standing.tools ?? [] }
})

/** Groups in the order in which they are tried (RULES D65): that of the claim, or by id as text. */
const ordered = (order: "claim" | "id"): (ids: ReadonlyArray<TeamId>) => ReadonlyArray<TeamId> => {
  if (order === "claim") return (ids) => ids
  const known = new WeakMap<ReadonlyArray<TeamId>, ReadonlyArray<TeamId>>()
  return (ids) => {
    const before = known.get(ids)
    if (before !== undefined) return before
    const sorted = ids.toSorted(compareText)
    known.set(ids, sorted)
    return sorted
  }
}

type Choice = TeamChoice.TeamChoice
type Chosen = Effect.Effect<Choice, Denial>

const nobodyNamed = Exit.succeed(TeamChoice.nobodyNamed)

/** Chooses the team that a call counts for. */
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
  /** The choice by the rules, over the repositories. */
  static readonly layer = Layer.effect(
    TeamResolver,
    Effect.gen(function*() {
      const policy = yield* Rules
      const teams = yield* TeamRepo
      const loader = TeamLoader.make(policy, teams)
      const named = NamedTeams.make(policy, teams)
      const byGroups = GroupChoice.make(policy, named, loader)
      const { directory, policy: settings } = policy.settings
      const defaultTeam = directory.teams.default
      const unknownIsNext = directory.teams.whenUnknown === "next"
      const syncs = directory.memberships === "replace"
      const { fromMemberships } = directory.teams
      const inOrder = ordered(settings.groupOrder)
      const headerNamesMemberships = settings.teamHeader === "memberships"

      /** Whether a token that names no team at all gets one out of the directory (RULES D66). */
      const isLeftToDirectory = ({ namesTeams, teamAlias }: Identity): boolean =>
        fromMemberships === "first" && !namesTeams && teamAlias === undefined

      const denied = (code: Ruling["code"], facts: FactsOf<"team">, now: Now) =>
        raise({ step: "team", code, facts: now.note === undefined ? facts : policy.located(facts) }, now)

      /** The team with this id, made when the settings say so; `undefined` when there is none. */
      const byId = Effect.fnUntracedEager(
        function*(id: TeamId, source: TeamChoice.TeamSource, asked: Asked, now: Now) {
          const row = yield* orAbsent(teams.byId(id, now), now)
          const team = row ?? loader.create(id)
          if (team === undefined) return undefined
          const created = row === undefined
          const loaded = yield* loader.load(team, asked, now)
          return TeamChoice.note(TeamChoice.single(source, loaded, created), now, created ? { created } : {})
        }
      )

      /** A named team that must exist. */
      const existing = (id: TeamId, source: TeamChoice.TeamSource, asked: Asked, now: Now): Chosen =>
        Effect.flatMapEager(
          byId(id, source, asked, now),
          (choice) => choice === undefined ? denied("team_not_found", { [source]: id }, now) : Exit.succeed(choice)
        )

      const notOurs = (header: TeamId, identity: Identity, now: Now) =>
        denied("team_denied", { header, teams: identity.teams, team: identity.team ?? null }, now)

      const byHeader = (
        header: TeamId,
        object: TeamId | undefined,
        question: TeamQuestion,
        now: Now
      ): Chosen => {
        const { asked, identity } = question
        return header === identity.team || header === object ||
            (identity.teamsBy === "id" && identity.teams.includes(header))
          ? existing(header, "header", asked, now)
          : identity.teamsBy === "id" || identity.teams.length === 0
          ? byHeaderName(header, object, question, now)
          : Effect.flatMapEager(named(identity, identity.teams, now), (rows) => {
            const row = rows.find((it) => it.id === header) ?? rows.find((it) => it.alias === header)
            return row === undefined
              ? byHeaderName(header, object, question, now)
              : existing(row.id, "header", asked, now)
          })
      }

      /**
       * A header that is the id of none of the token's teams: the alias of one of them, or, where the settings say so, any
       * team, as long as the user turns out to be a member. What is unknown, ambiguous or foreign is one and the same
       * denial (RULES D66).
       */
      const byHeaderName = Effect.fnUntracedEager(
        function*(header: TeamId, object: TeamId | undefined, { asked, identity }: TeamQuestion, now: Now) {
          const own = (id: TeamId): boolean =>
            id === identity.team || id === object || (identity.teamsBy === "id" && identity.teams.includes(id))
          const foreign = headerNamesMemberships && object === undefined
          const byItsId = foreign ? yield* orAbsent(teams.byId(header, now), now) : undefined
          const row = byItsId ??
            (yield* Effect.catchEager(
              teams.byAlias(header, now),
              (error) => error._tag === "DirectoryUnavailable" ? outage(error, now) : Exit.succeed(undefined)
            ))
          if (row === undefined || (!foreign && !own(row.id)) || !policy.token.grants(identity.issuer).teams(row.id)) {
            return yield* notOurs(header, identity, now)
          }
          const loaded = yield* loader.load(row, asked, now)
          const choice = own(row.id)
            ? TeamChoice.single("header", loaded)
            : TeamChoice.provisional(loaded, identity.namesTeams || identity.teamAlias !== undefined)
          return TeamChoice.note(choice, now, { header })
        }
      )

      const byAlias = Effect.fnUntracedEager(function*(alias: string, { asked, identity }: TeamQuestion, now: Now) {
        const row = yield* Effect.catchEager(teams.byAlias(alias, now), (error) =>
          error._tag === "RowNotFound"
            ? denied("team_not_found", { alias }, now)
            : error._tag === "RowAmbiguous"
            ? denied("team_ambiguous", { alias }, now)
            : outage(error, now))
        if (!policy.token.grants(identity.issuer).teams(row.id)) {
          return yield* denied("team_denied", {
            team: row.id,
            alias,
            rule: policy.token.ofIssuer(identity.issuer, "grants.teams")
          }, now)
        }
        return TeamChoice.note(TeamChoice.single("alias", yield* loader.load(row, asked, now)), now, { alias })
      })

      /** The groups of the token; `unknown` is a single team that does not exist. */
      const fromGroups = (question: TeamQuestion, unknown: TeamId | undefined, now: Now): Chosen => {
        const { identity } = question
        if (identity.overage) {
          return denied("groups_overage", { rule: policy.token.ofIssuer(identity.issuer, "claims.overage") }, now)
        }
        const ids = inOrder(
          unknown === undefined || identity.teams.includes(unknown) ? identity.teams : [...identity.teams, unknown]
        )
        if (ids.length > 0) return byGroups(identity, ids, toolsKnown(question), now)
        if (identity.withheld) {
          return denied("team_denied", { rule: policy.token.ofIssuer(identity.issuer, "grants.teams") }, now)
        }
        if (identity.namesTeams) {
          const rule = policy.token.ofIssuer(identity.issuer, "claims.teams.match")
          return unknownIsNext
            ? Exit.succeed(TeamChoice.note(TeamChoice.allUnknown, now, { rule }))
            : denied("team_not_found", { rule }, now)
        }
        return settings.requireTeam && defaultTeam === null && !isLeftToDirectory(identity)
          ? denied("team_required", { rule: "policy.requireTeam" }, now)
          : nobodyNamed
      }

      const fromClaims = (question: TeamQuestion, now: Now): Chosen => {
        const { asked, header, identity, standing } = question
        const object = standing.role === "team" && identity.object !== undefined && isTeamId(identity.object)
          ? identity.object
          : undefined
        if (header !== undefined && isTeamId(header)) return byHeader(header, object, question, now)
        if (object !== undefined) {
          return policy.token.grants(identity.issuer).teams(object)
            ? existing(object, "object", asked, now)
            : denied("team_denied", { team: object, rule: policy.token.ofIssuer(identity.issuer, "grants.teams") }, now)
        }
        const { team } = identity
        if (team !== undefined) {
          return Effect.flatMapEager(byId(team, "single", asked, now), (choice): Chosen =>
            choice !== undefined
              ? Exit.succeed(choice)
              : unknownIsNext
              ? fromGroups(question, team, now)
              : denied("team_not_found", { team }, now))
        }
        if (identity.teamAlias !== undefined) return byAlias(identity.teamAlias, question, now)
        return settings.requireTeamClaim && defaultTeam === null && !isLeftToDirectory(identity)
          ? denied("team_required", { rule: "policy.requireTeamClaim" }, now)
          : fromGroups(question, undefined, now)
      }

      /** The team that a token names alone, by id or else by alias, where a header chose another; none when it does not exist. */
      const namedAlone = ({ team, teamAlias }: Identity, now: Now): Effect.Effect<Team | undefined, Unavailable> =>
        team !== undefined
          ? orAbsent(teams.byId(team, now), now)
          : teamAlias === undefined
          ? Exit.succeed(undefined)
          : Effect.catchEager(
            teams.byAlias(teamAlias, now),
            (error) => error._tag === "DirectoryUnavailable" ? outage(error, now) : Exit.succeed(undefined)
          )

      /** With team sync on, a header or a single claim leaves the other named teams to be loaded (RULES D32). */
      const withNamed = Effect.fnUntracedEager(function*(choice: Choice, { identity }: TeamQuestion, now: Now) {
        if (!syncs || choice.source === "groups") return choice
        const rows = identity.teams.length === 0 ? [] : yield* named(identity, identity.teams, now)
        const alone = choice.source === "header" ? yield* namedAlone(identity, now) : undefined
        const others = choice.source === "header" ? alone === undefined ? [] : [alone] : choice.named
        return { ...choice, named: [...rows, ...others.filter((it) => !rows.some((row) => row.id === it.id))] }
      })

      const fromToken = (question: TeamQuestion, now: Now): Chosen =>
        Effect.flatMapEager(fromClaims(question, now), (choice): Chosen => {
          // Group choice has looked at the route of each team already.
          const ruling = choice.chosen === undefined || choice.source === "groups" || choice.provisional
            ? undefined
            : policy.routes.ofTeam(choice.chosen.team, question.asked)
          return ruling === undefined ? withNamed(choice, question, now) : raise(ruling, now)
        })

      /** A team that was not asked for: it must be one that the issuer may give. */
      const fallback = Effect.fnUntracedEager(
        function*(id: TeamId, source: TeamChoice.TeamSource, { asked, identity }: TeamQuestion, now: Now) {
          if (!policy.token.grants(identity.issuer).teams(id)) return undefined
          const choice = yield* byId(id, source, asked, now)
          if (choice?.chosen === undefined) return undefined
          const ruling = policy.routes.ofTeam(choice.chosen.team, asked)
          return ruling === undefined ? choice : yield* raise(ruling, now)
        }
      )

      /**
       * The first of the user's memberships, in the order of the row, that exists and may use model and route (RULES D66):
       * one query, however many there are. One that is refused the pass-through route is not passed over.
       */
      const firstMembership = Effect.fnUntracedEager(
        function*(user: User | undefined, question: TeamQuestion, now: Now) {
          const { asked, identity } = question
          const { teams: granted } = policy.token.grants(identity.issuer)
          const ids = (user?.teams ?? []).filter((id) => granted(id))
          if (ids.length === 0) return undefined
          const found = new Map((yield* orOutage(teams.byIds(ids, now), now)).map((it) => [it.id, it]))
          const made = new Set<Team>()
          const rows = ids.flatMap((id) => {
            const row = found.get(id) ?? loader.create(id)
            if (row !== undefined && !found.has(id)) made.add(row)
            return row ?? []
          })
          const loaded = yield* loader.loadAll(rows, asked, now)
          const { known } = toolsKnown(question)
          const fits = loaded.map((one) => policy.fit(one, asked, asked.model, known))
          const first = fits.findIndex((fit) => fit === "fits" || fit === "passThrough")
          const at = first === -1 ? fits.indexOf("silent") : first
          const chosen = loaded[at]
          if (chosen === undefined) {
            const unread = loaded.find((one, index) => fits[index] === "model" && one.unread !== undefined)?.unread
            if (unread !== undefined) return yield* outage(unread, now)
            if (settings.requireTeam && fits.includes("model")) {
              return yield* denied("team_model_denied", { memberships: ids, rule: "policy.requireTeam" }, now)
            }
            return undefined
          }
          const ruling = policy.routes.ofTeam(chosen.team, asked)
          if (ruling !== undefined) return yield* raise(ruling, now)
          const choice: Choice = {
            ...TeamChoice.single("memberships", chosen, made.has(chosen.team)),
            candidates: () => loaded
          }
          return TeamChoice.note(choice, now, { memberships: ids.length })
        }
      )

      /** A team that the header names must be one of the user's. */
      const confirmed = (
        choice: Choice,
        user: User | undefined,
        { asked, identity }: TeamQuestion,
        now: Now
      ): Chosen => {
        const team = choice.chosen?.team
        if (team === undefined) return Exit.succeed(choice)
        if (user === undefined || !user.teams.includes(team.id)) return notOurs(team.id, identity, now)
        const ruling = policy.routes.ofTeam(team, asked)
        return ruling === undefined ? Exit.succeed(choice) : raise(ruling, now)
      }

      const fellBack = Effect.fnUntracedEager(
        function*(choice: Choice, user: User | undefined, question: TeamQuestion, now: Now) {
          const { named, names } = choice
          if (isLeftToDirectory(question.identity)) {
            const first = yield* firstMembership(user, question, now)
            if (first !== undefined) return { ...first, named, names }
            // Who is no member has no team, the default neither: the directory was asked.
            if (settings.requireTeam) return yield* denied("team_required", { rule: "policy.requireTeam" }, now)
            return TeamChoice.note(choice, now, { memberships: user?.teams.length ?? 0 })
          }
          const only = fromMemberships !== "none" && user?.teams.length === 1 ? user.teams[0] : undefined
          const found = only === undefined ? undefined : yield* fallback(only, "membership", question, now)
          if (found !== undefined) return { ...found, named, names }
          if (defaultTeam === null || !isTeamId(defaultTeam)) {
            return TeamChoice.note(choice, now, { memberships: user?.teams.length ?? 0 })
          }
          const byDefault = yield* fallback(defaultTeam, "default", question, now)
          if (byDefault !== undefined) return { ...byDefault, named, names }
          const facts = { team: defaultTeam, rule: "directory.teams.default" }
          if (!unknownIsNext) return yield* denied("team_not_found", facts, now)
          // A default that does not exist satisfies nothing (RULES D16).
          if (!names && (settings.requireTeam || settings.requireTeamClaim)) {
            return yield* denied("team_required", facts, now)
          }
          return choice
        }
      )

      const fromMembership = (choice: Choice, user: User | undefined, question: TeamQuestion, now: Now): Chosen =>
        choice.provisional
          ? confirmed(choice, user, question, now)
          : choice.mayFallBack
          ? fellBack(choice, user, question, now)
          : Exit.succeed(choice)

      const forAdmin = ({ asked, header, identity }: TeamQuestion, now: Now): Effect.Effect<Choice, Unavailable> =>
        header === undefined || !isTeamId(header) || !policy.routes.takesTeamOfAdmin(asked) ||
          !policy.token.grants(identity.issuer).teams(header)
          ? nobodyNamed
          : Effect.mapEager(byId(header, "admin", asked, now), (choice) => choice ?? TeamChoice.nobodyNamed)

      return { fromToken, fromMembership, forAdmin }
    })
  )

  /** Puts every caller into the same team, or into none. */
  static readonly layerTest = (chosen: LoadedTeam | undefined): Layer.Layer<TeamResolver> => {
    const choice = chosen === undefined ? TeamChoice.nobodyNamed : TeamChoice.single("single", chosen)
    return Layer.succeed(TeamResolver, {
      fromToken: () => Exit.succeed(choice),
      fromMembership: (it) => Exit.succeed(it),
      forAdmin: () => Exit.succeed(choice)
    })
  }
}
