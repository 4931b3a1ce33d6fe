/**
 * The end of a decision: the principal is known; who is blocked, which model,
 * which route, which limit.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Allowed, Reach as ReachOf } from "../Decision.ts"
import type {
  DirectoryWrite,
  EndUser,
  Membership,
  Organization,
  OrganizationId,
  Team,
  User
} from "../directory/Directory.ts"
import type { UserRepo } from "../directory/UserRepo.ts"
import type { Denial } from "../Errors.ts"
import { nameOf } from "../Identity.ts"
import type { TeamId } from "../Ids.ts"
import type { Acting } from "../principal/AgentResolver.ts"
import type { OrganizationResolver } from "../principal/OrganizationResolver.ts"
import { nobody, type Principal } from "../principal/Principal.ts"
import { orAbsent, orOutage, outage, raise, unless } from "../principal/Ruled.ts"
import type { Synced } from "../principal/Sync.ts"
import type { TeamChoice } from "../principal/TeamChoice.ts"
import type { Person, UserResolver } from "../principal/UserResolver.ts"
import type { Asked } from "../Request.ts"
import { everyModel, type ModelCap, type ModelList, noModels as noModel } from "../rules/Model.ts"
import type { Policy } from "../rules/Policy.ts"
import type { LoadedTeam } from "../rules/RowRules.ts"
import type { Ruling } from "../rules/Ruling.ts"
import type { Authority } from "../rules/TokenRules.ts"
import type { Level, Speaker } from "../rules/Tool.ts"
import * as UnknownModel from "../rules/UnknownModel.ts"
import { isUnknown } from "../rules/UnknownModel.ts"
import type { Now } from "../Trace.ts"
import { allow, named } from "./Allowance.ts"
import type { Caller } from "./Caller.ts"
import * as Reach from "./Reach.ts"

/** Everything that was found about a caller who is no admin by scope. */
export interface Found {
  readonly choice: TeamChoice
  readonly person: Person
  /** The row after sync, with the writes that sync wants. */
  readonly joined: Synced
  readonly organization: Organization | undefined
  readonly endUser: EndUser | undefined
  readonly acting: Acting | undefined
  /** The organizations of the teams in which a call could end up, where tools are asked for. */
  readonly owners?: ReadonlyArray<Organization>
}

const noMemberships: ReadonlyArray<Membership> = []
const noModels: ReadonlyArray<string> = []
const noWrites: ReadonlyArray<DirectoryWrite> = []
const noCaps: ReadonlyArray<ModelCap> = []

const agentOf = (acting: Acting | undefined): Principal["agent"] =>
  acting === undefined ? undefined : { id: acting.id, chain: acting.chain }

/** A row that counts for an admin by scope: that of somebody who left (RULES D68). */
const leftOf = (row: User | undefined): User | undefined => row?.active === false ? row : undefined

const absent = Exit.succeed(undefined)
const noOwners = Exit.succeed<ReadonlyArray<Organization>>([])

/** The rows that say something of tools, for one team. */
interface Levels {
  readonly acting: Acting | undefined
  readonly membership: Membership | undefined
  readonly owner: Organization | undefined
  readonly row: User | undefined
  readonly team: LoadedTeam | undefined
}
const nothingFound = { membership: undefined, owner: undefined, row: undefined, team: undefined }
const noRows = { team: undefined, organization: undefined, user: undefined, member: undefined, endUser: undefined }

/** What a token stands for when its roles and scopes are not asked. */
export const bare = (standing: Authority): Authority => ({
  ...standing,
  role: undefined,
  admin: false,
  because: "nothing",
  permission: undefined,
  scope: undefined,
  tools: standing.tools.filter((it) => it.of === "issuer")
})

/** A team in which the agents of a request may not act; where their teams are told, no team is none of them. */
export const outsideTeams = (team: Team | undefined, acting: Acting): Ruling | undefined =>
  acting.teams === undefined || (team !== undefined && acting.teams(team.id))
    ? undefined
    : { step: "agent", code: "team_denied", facts: { agent: acting.id, team: team?.id ?? null } }

const isAboutModels = ({ code }: Ruling): boolean =>
  code === "team_model_denied" || code === "model_unnamed" || code === "model_unseen"

/** Denies by a rule; a team whose list is not known in whole cannot deny a model: its directory is out (RULES D27). */
const refuse = (ruling: Ruling, chosen: LoadedTeam | undefined, now: Now): Exit.Exit<never, Denial> =>
  chosen?.unread !== undefined && isAboutModels(ruling) ? outage(chosen.unread, now) : raise(ruling, now)

/** The last step of each kind of caller. */
export const make = (
  policy: Policy,
  organizations: OrganizationResolver["Service"],
  people: UserResolver["Service"],
  users: UserRepo["Service"]
) => {
  /** An admin by scope: no row is asked for; only an attached team and the member's limits in it can still deny. */
  const admin = Effect.fnUntracedEager(
    function*(caller: Caller, choice: TeamChoice, acting: Acting | undefined, now: Now) {
      const { asked, identity } = caller
      const { chosen } = choice
      const row = yield* people.known(identity, now)
      const membership = chosen === undefined || row === undefined
        ? undefined
        : yield* orAbsent(users.membership(row.id, chosen.team.id, now), now)
      yield* unless(policy.rows.blocked(chosen?.team, leftOf(row), undefined) ?? traceless(caller, acting), now)
      if (chosen !== undefined) {
        const refused = policy.rows.judgeModels(asked.model, chosen, membership?.models ?? noModels, everyModel)
        if (refused !== undefined) return yield* refuse(refused, chosen, now)
      }
      const caps = acting?.caps ?? noCaps
      yield* unless(policy.rows.judgeCaps(caps, asked.model, chosen), now)
      const owner = chosen === undefined || !policy.tools.isConfigured
        ? undefined
        : yield* ownerOf(chosen.team, now)
      const levels = (team: LoadedTeam | undefined) =>
        levelsOf(caller, { team, membership, owner, row: undefined, acting })
      const speaker = { caller: callerName(caller, undefined, chosen), agents: acting?.chain ?? [] }
      yield* unless(toolRuling(caller, levels(chosen), false, speaker), now)
      const reach = Reach.make({
        tools: toolRows(caller, levels, false),
        policy,
        standing: caller.standing,
        asked,
        candidates: choice.candidates,
        memberships: membership === undefined ? noMemberships : [membership],
        judged: undefined,
        alone: everyModel,
        organization: undefined,
        caps
      })
      if (isUnknown(asked.model)) {
        const refused = UnknownModel.judge(asked.model, reach.models())
        if (refused !== undefined) return yield* refuse(refused, chosen, now)
      }
      yield* unless(policy.rows.limits(asked, { ...noRows, team: chosen?.team, member: membership }), now)
      const principal: Principal = {
        ...nobody,
        admin: true,
        userId: identity.user === undefined ? undefined : nameOf(identity, identity.user),
        role: "proxy_admin",
        email: identity.email,
        teamId: chosen?.team.id,
        team: chosen?.team,
        organizationId: identity.organization,
        membership,
        agent: agentOf(acting)
      }
      return allow(caller, principal, reach, choice.writes, now)
    }
  )

  /** An agent on its own: it has its own list and nothing else. */
  const agent = (caller: Caller, acting: Acting, now: Now): Exit.Exit<Allowed, Denial> => {
    const { asked } = caller
    const standing = bare(caller.standing)
    const ruling = traceless(caller, acting) ?? policy.rows.judgeCaps(acting.caps, asked.model, undefined) ??
      policy.token.ofIssuerOnly(caller.identity, standing, asked)
    if (ruling !== undefined) return raise(ruling, now)
    const levels = () => levelsOf({ standing }, { ...nothingFound, acting })
    const denied = toolRuling(caller, levels(), true, { caller: undefined, agents: acting.chain })
    if (denied !== undefined) return raise(denied, now)
    const reach = Reach.make({
      tools: toolRows(caller, levels, true),
      policy,
      standing,
      asked,
      candidates: () => [],
      memberships: noMemberships,
      judged: undefined,
      alone: acting.caps.length === 0 ? noModel : everyModel,
      organization: undefined,
      caps: acting.caps
    })
    const refused = isUnknown(asked.model) ? UnknownModel.judge(asked.model, reach.models()) : undefined
    if (refused !== undefined) return raise(refused, now)
    return Exit.succeed(allow(caller, { ...nobody, agent: agentOf(acting) }, reach, noWrites, now))
  }

  /** The organization of a team. */
  const ownerOf = ({ organization }: Team, now: Now): Effect.Effect<Organization | undefined, Denial> =>
    organization === null ? absent : organizations.byId(organization, now)

  /** The organizations of the teams in which a call could end up: they may list tools. */
  const ownersOf = (caller: Caller, found: Found, now: Now): Effect.Effect<ReadonlyArray<Organization>, Denial> => {
    const { candidates, chosen } = found.choice
    const teams = isCurious(caller, found, now) ? candidates() : chosen === undefined ? [] : [chosen]
    const ids = new Set(teams.flatMap(({ team }) => team.organization ?? []))
    if (found.organization !== undefined) ids.delete(found.organization.id)
    return ids.size === 0
      ? noOwners
      : Effect.mapEager(
        Effect.forEach([...ids], (id) => organizations.byId(id, now)),
        (rows) => rows.filter((it) => it !== undefined)
      )
  }

  /** Everything that is said about a caller in a team. */
  const levelsIn =
    (caller: Caller, found: Found, membership: Membership | undefined) => (team: LoadedTeam | undefined) => {
      const { acting, joined: { row }, organization, owners = [] } = found
      const id = team?.team.organization ?? undefined
      const owner = organization ?? (id === undefined ? undefined : owners.find((it) => it.id === id))
      return levelsOf(caller, { acting, membership, owner, row, team })
    }

  const levelsOf = (
    { standing }: Pick<Caller, "standing">,
    { acting, membership, owner, row, team }: Levels
  ): ReadonlyArray<Level> => {
    const { tools } = policy
    return [
      ...standing.tools,
      ...tools.level("organization", owner?.id ?? "", owner),
      ...tools.level("team", team?.team.id ?? "", team?.team),
      ...tools.level("membership", team?.team.id ?? "", membership),
      ...tools.level("user", row?.id ?? "", row),
      ...acting?.tools ?? []
    ]
  }

  /** An agent on its own: no user and no team has to list what it may use. */
  const isAlone = ({ acting, choice: { chosen }, person }: Found): boolean =>
    acting?.autonomous === true && person.id === undefined && chosen === undefined

  const toolRuling = (
    { asked, identity, names }: Caller,
    levels: ReadonlyArray<Level>,
    alone: boolean,
    speaker: Speaker
  ): Ruling | undefined =>
    policy.tools.isConfigured
      ? policy.tools.judge(asked, { names, levels, scopes: identity.scopes, alone }, speaker)
      : undefined

  const toolRows = (
    { identity, names, standing }: Caller,
    levels: (team: LoadedTeam | undefined) => ReadonlyArray<Level>,
    alone: boolean
  ): Reach.ToolParts => ({
    question: { names, scopes: identity.scopes, alone },
    before: standing.tools,
    levels
  })

  /** Who is spoken of: the user, else the team. */
  const callerName = ({ identity }: Caller, user: string | undefined, team: LoadedTeam | undefined) =>
    user ?? (identity.user === undefined ? team?.team.id : nameOf(identity, identity.user))

  /** Whether the call could have ended up in another team, in which the user may have limits. */
  const hasAlternatives = ({ choice: { source }, joined: { row } }: Found): boolean =>
    row !== undefined && (source === "groups" || source === "memberships")

  /** Whether somebody wants to know what else could be called: a list of models, a trace. */
  const isCurious = ({ asked }: Caller, found: Found, now: Now): boolean =>
    hasAlternatives(found) && (now.note !== undefined || asked.listsModels === true || named(asked) === undefined)

  /** The limits of the member in every team that a call could end up in. */
  const limitsOf = ({ choice, joined: { row } }: Found, now: Now): Effect.Effect<ReadonlyArray<Membership>, Denial> =>
    row === undefined
      ? Exit.succeed(noMemberships)
      : orOutage(users.memberships(row.id, choice.candidates().map((it) => it.team.id), now), now)

  /** Whose budget counts besides the token's organization: the team's (RULES D23). */
  const payerOf = ({ choice: { chosen }, organization }: Found, asked: Asked): OrganizationId | undefined => {
    const id = chosen?.team.organization ?? undefined
    return organization !== undefined || id === undefined || policy.routes.isInfoRoute(asked.path, asked.method)
      ? undefined
      : id
  }

  /** The limits of the user in the chosen team, if there are any. */
  const membershipOf = (
    { choice: { chosen }, joined: { row } }: Found,
    now: Now
  ): Effect.Effect<Membership | undefined, Denial> =>
    row === undefined || chosen === undefined
      ? absent
      : orAbsent(users.membership(row.id, chosen.team.id, now), now)

  /** The first rule that the rows break, in the order of RULES. */
  const objection = (
    caller: Caller,
    found: Found,
    membership: Membership | undefined
  ): Ruling | undefined => {
    const { asked, identity } = caller
    const { acting, choice: { chosen }, endUser, joined: { row }, organization, person } = found
    const isAdmin = policy.token.isAdmin(row, identity)
    return policy.rows.organizationOfTeam(chosen?.team, organization?.id) ??
      policy.rows.principalRequired(person.id, chosen?.team.id, acting?.autonomous) ??
      unprovenPerson(caller, found) ??
      policy.rows.blocked(chosen?.team, row, endUser) ??
      (chosen === undefined ? takenAway(caller, found) : undefined) ??
      policy.rows.judgeModels(asked.model, chosen, membership?.models ?? noModels, aloneOf(found, chosen, isAdmin)) ??
      takenAway(caller, found) ??
      policy.rows.judgeCaps(endUserCaps(endUser), asked.model, chosen) ??
      toolRuling(caller, levelsIn(caller, found, membership)(chosen), isAlone(found), {
        caller: isAlone(found) ? undefined : callerName(caller, person.id, chosen),
        agents: acting?.chain ?? []
      }) ??
      (isUnknown(asked.model) ? undefined : routeOf(asked, chosen, isAdmin))
  }

  /** Somebody whom only an address names that nothing proves: their row may say no, and nobody may look it up (RULES D57). */
  const unprovenPerson = ({ identity }: Caller, { acting, person }: Found): Ruling | undefined =>
    identity.userIsUnproven && person.id === undefined && acting?.autonomous !== true
      ? { step: "user", code: "user_not_found", facts: { unproven: true } }
      : undefined

  /** A request without the id of a trace, of an agent that must send one. */
  const traceless = ({ traced }: Caller, acting: Acting | undefined): Ruling | undefined =>
    acting === undefined || !acting.requiresTraceId || traced
      ? undefined
      : { step: "agent", code: "trace_id_required", facts: { agent: acting.id } }

  /** What the agents of a request take away. */
  const takenAway = (caller: Caller, { acting, choice: { chosen } }: Found): Ruling | undefined =>
    acting === undefined
      ? undefined
      : traceless(caller, acting) ?? policy.rows.judgeCaps(acting.caps, caller.asked.model, chosen)

  const endUserLists = new WeakMap<EndUser, ReadonlyArray<ModelCap>>()

  /** What an end user may be served with (RULES D68): an empty list says nothing. */
  const endUserCaps = (endUser: EndUser | undefined): ReadonlyArray<ModelCap> => {
    if (endUser === undefined || endUser.models.length === 0) return noCaps
    const known = endUserLists.get(endUser)
    if (known !== undefined) return known
    const caps = [policy.rows.cap(endUser.models, "end_user_model_denied", { endUser: endUser.id })]
    endUserLists.set(endUser, caps)
    return caps
  }

  /** What a caller may call alone; nothing is looked up for a caller with a team. An agent on its own has its own list. */
  const aloneOf = (
    { acting, joined: { row }, person }: Found,
    chosen: LoadedTeam | undefined,
    isAdmin: boolean
  ): ModelList =>
    chosen !== undefined
      ? everyModel
      : acting?.autonomous === true && person.id === undefined
      ? acting.caps.length === 0 ? noModel : everyModel
      : policy.rows.alone(row, isAdmin)

  const routeOf = (asked: Asked, chosen: LoadedTeam | undefined, isAdmin: boolean): Ruling | undefined =>
    chosen === undefined ? policy.routes.withoutTeam(isAdmin, asked) : undefined

  const principalOf = ({ identity }: Caller, found: Found, membership: Membership | undefined): Principal => {
    const { acting, choice: { chosen }, endUser, joined: { row }, organization, person } = found
    return {
      admin: policy.token.isAdmin(row, identity),
      userId: person.id,
      user: row,
      role: row?.role ?? "internal_user",
      email: row?.email ?? identity.email,
      teamId: chosen?.team.id,
      team: chosen?.team,
      organizationId: organization?.id,
      organization,
      endUserId: identity.endUser,
      endUser,
      membership,
      agent: agentOf(acting)
    }
  }

  /** The limit that is used up, if there is one; `payer` is the organization that pays. */
  const overLimit = (
    { asked }: Caller,
    { choice: { chosen }, endUser, joined: { row } }: Found,
    member: Membership | undefined,
    organization: Organization | undefined
  ): Ruling | undefined => policy.rows.limits(asked, { team: chosen?.team, organization, user: row, member, endUser })

  const settle = (
    caller: Caller,
    found: Found,
    membership: Membership | undefined,
    memberships: ReadonlyArray<Membership>,
    now: Now
  ): Exit.Exit<Allowed, Denial> => {
    const principal = principalOf(caller, found, membership)
    const judged = hasAlternatives(found) && !isCurious(caller, found, now) ? found.choice.chosen?.team.id : undefined
    return Exit.succeed(allow(caller, principal, reachOf(caller, found, memberships, judged), writesOf(found), now))
  }

  /** What the caller may call; `judged` is the only team in which the limits are known, or all are. */
  const reachOf = (
    caller: Caller,
    found: Found,
    memberships: ReadonlyArray<Membership>,
    judged: TeamId | undefined
  ): ReachOf => {
    const { asked, identity, standing } = caller
    const { acting, choice: { candidates, chosen }, endUser, joined: { row }, organization } = found
    const limited = (team: LoadedTeam | undefined) => memberships.find((it) => it.team === team?.team.id)
    return Reach.make({
      tools: toolRows(caller, (team) => levelsIn(caller, found, limited(team))(team), isAlone(found)),
      policy,
      standing,
      asked,
      candidates,
      memberships,
      judged,
      alone: aloneOf(found, chosen, policy.token.isAdmin(row, identity)),
      organization: organization?.id,
      caps: [...acting?.caps ?? noCaps, ...endUserCaps(endUser)]
    })
  }

  /** A model that is not known is judged by everything that the caller may call (RULES D53). */
  const withUnknown = Effect.fnUntracedEager(
    function*(
      caller: Caller,
      found: Found,
      membership: Membership | undefined,
      model: UnknownModel.UnknownModel,
      now: Now
    ) {
      const own = membership === undefined ? noMemberships : [membership]
      const memberships = hasAlternatives(found) ? yield* limitsOf(found, now) : own
      const { candidates, chosen } = found.choice
      const refused = UnknownModel.judge(model, reachOf(caller, found, memberships, undefined).models())
      if (refused !== undefined) return yield* refuse(refused, candidates().find((it) => it.unread) ?? chosen, now)
      const misplaced = routeOf(caller.asked, chosen, policy.token.isAdmin(found.joined.row, caller.identity))
      if (misplaced !== undefined) return yield* raise(misplaced, now)
      return yield* withMore(caller, found, membership, now)
    }
  )

  /** Rows that only some decisions need: the organization that pays, and the limits in other teams. */
  const withMore = Effect.fnUntracedEager(
    function*(caller: Caller, found: Found, membership: Membership | undefined, now: Now) {
      const payer = payerOf(found, caller.asked)
      const paying = payer === undefined ? found.organization : yield* organizations.byId(payer, now)
      const over = overLimit(caller, found, membership, paying)
      // Before what only the curious read: a denial rests on the same rows whether somebody listens or not.
      if (over !== undefined) return yield* raise(over, now)
      const own = membership === undefined ? noMemberships : [membership]
      const memberships = isCurious(caller, found, now) ? yield* limitsOf(found, now) : own
      return yield* settle(caller, found, membership, memberships, now)
    }
  )

  /** Everybody else: user, team and their limits. */
  const member = (caller: Caller, found: Found, now: Now): Effect.Effect<Allowed, Denial> =>
    policy.tools.isConfigured && (now.note !== undefined || policy.tools.concerns(caller.asked))
      ? Effect.flatMapEager(ownersOf(caller, found, now), (owners) => judged(caller, { ...found, owners }, now))
      : judged(caller, found, now)

  const judged = (caller: Caller, found: Found, now: Now): Effect.Effect<Allowed, Denial> =>
    Effect.flatMapEager(membershipOf(found, now), (membership) => {
      const refused = objection(caller, found, membership)
      if (refused !== undefined) return refuse(refused, found.choice.chosen, now)
      if (isUnknown(caller.asked.model)) return withUnknown(caller, found, membership, caller.asked.model, now)
      if (membership !== undefined || payerOf(found, caller.asked) !== undefined || isCurious(caller, found, now)) {
        return withMore(caller, found, membership, now)
      }
      const over = overLimit(caller, found, membership, found.organization)
      return over === undefined ? settle(caller, found, membership, noMemberships, now) : raise(over, now)
    })

  return { admin, agent, member }
}

/** What an allowed decision wants to be written, the rows it rests on first. */
const writesOf = ({ choice, joined, person }: Found): ReadonlyArray<DirectoryWrite> =>
  person.writes.length + choice.writes.length + joined.writes.length === 0
    ? noWrites
    : [...person.writes, ...choice.writes, ...joined.writes]
