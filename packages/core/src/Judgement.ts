/**
 * The end of a decision: the principal is known; who is blocked, which model,
 * which route, which limit; and what the decision looks like.
 */
import { Effect, Exit } from "effect"
import type { Allowed, Reach as ReachOf } from "./Decision.ts"
import type { Denial } from "./Errors.ts"
import type { DirectoryWrite, EndUser, Membership, Organization } from "./principal/Directory.ts"
import type { OrganizationResolver } from "./principal/OrganizationResolver.ts"
import { nobody, type Principal } from "./principal/Principal.ts"
import { orAbsent, orOutage, unless } from "./principal/Ruled.ts"
import type { Synced } from "./principal/Sync.ts"
import type { Choice } from "./principal/TeamResolver.ts"
import type { UserRepo } from "./principal/UserRepo.ts"
import type { Person } from "./principal/UserResolver.ts"
import type { Caller } from "./Question.ts"
import * as Reach from "./Reach.ts"
import type { Asked } from "./Request.ts"
import type { Policy } from "./rules/Policy.ts"
import * as Route from "./rules/Route.ts"
import type { Now } from "./Trace.ts"

/** Everything that was found about a caller who is no admin by scope. */
export interface Found {
  readonly choice: Choice
  readonly person: Person
  /** The row after sync, with the writes that sync wants. */
  readonly joined: Synced
  readonly organization: Organization | undefined
  readonly endUser: EndUser | undefined
}

const noMemberships: ReadonlyArray<Membership> = []
const noModels: ReadonlyArray<string> = []
const noWrites: ReadonlyArray<DirectoryWrite> = []

const noRows = { team: undefined, organization: undefined, user: undefined, member: undefined, endUser: undefined }

const named = (asked: Asked): string | undefined => asked.model._tag === "Known" ? asked.model.name : undefined

/** The decision on an open route: nobody was asked for a token (RULES D46). */
export const open = (asked: Asked, now: Now): Allowed => {
  now.note?.({ step: "route", outcome: "ok", facts: { rule: "policy.openRoutes", route: asked.path } })
  return {
    _tag: "Allowed",
    claims: undefined,
    identity: undefined,
    principal: nobody,
    reach: Reach.everything,
    model: named(asked),
    route: asked.path,
    writes: noWrites
  }
}

const allow = (
  { asked, claims, identity }: Caller,
  principal: Principal,
  reach: ReachOf,
  writes: ReadonlyArray<DirectoryWrite>,
  now: Now
): Allowed => {
  if (now.note !== undefined) {
    const model = named(asked)
    now.note({
      step: "model",
      outcome: model === undefined ? "skipped" : "ok",
      facts: { model: model ?? asked.model._tag, allowed: reach.models() },
      resolved: { models: reach.models() }
    })
    now.note({ step: "route", outcome: "ok", facts: { route: asked.path, method: asked.method } })
    if (writes.length > 0) now.note({ step: "writes", outcome: "ok", facts: { writes: writes.map((it) => it._tag) } })
  }
  return { _tag: "Allowed", claims, identity, principal, reach, model: named(asked), route: asked.path, writes }
}

/** The last step of each kind of caller. */
export const make = (policy: Policy, organizations: OrganizationResolver["Service"], users: UserRepo["Service"]) => {
  /** An admin by scope: no row is asked for; only an attached team and the member's limits in it can still deny. */
  const admin = Effect.fnUntracedEager(function*(caller: Caller, choice: Choice, now: Now) {
    const { asked, identity } = caller
    const { chosen } = choice
    const model = named(asked)
    const membership = chosen === undefined || identity.user === undefined
      ? undefined
      : yield* orAbsent(users.membership(identity.user, chosen.team.id, now), now)
    yield* unless(policy.blocked(chosen?.team, undefined, undefined), now)
    if (model !== undefined && chosen !== undefined) {
      yield* unless(policy.judgeModel(model, chosen, membership?.models ?? noModels, undefined), now)
    }
    yield* unless(policy.limits(asked, { ...noRows, team: chosen?.team, member: membership }), now)
    const reach = Reach.make({
      policy,
      identity,
      asked,
      candidates: choice.candidates,
      memberships: membership === undefined ? noMemberships : [membership],
      user: undefined,
      organization: undefined
    })
    const principal: Principal = {
      ...nobody,
      admin: true,
      userId: identity.user,
      role: "proxy_admin",
      email: identity.email,
      teamId: chosen?.team.id,
      team: chosen?.team,
      organizationId: identity.organization,
      membership
    }
    return allow(caller, principal, reach, choice.writes, now)
  })

  /** The limits of the member in every team that a call could end up in; only asked when somebody wants to know. */
  const limitsOf = (
    { asked }: Caller,
    { choice, joined }: Found,
    own: Membership | undefined,
    now: Now
  ): Effect.Effect<ReadonlyArray<Membership>, Denial> => {
    if (
      joined.row === undefined || choice.candidates.length < 2 || (now.note === undefined && named(asked) !== undefined)
    ) {
      return Exit.succeed(own === undefined ? noMemberships : [own])
    }
    return orOutage(users.memberships(joined.row.id, choice.candidates.map((it) => it.team.id), now), now)
  }

  /** The budget of the token's organization counts, else that of the team's (RULES D23). */
  const payer = (found: Found, asked: Asked, now: Now): Effect.Effect<Organization | undefined, Denial> => {
    const id = found.choice.chosen?.team.organization ?? null
    return found.organization !== undefined || id === null || Route.isInfoRoute(asked.path)
      ? Exit.succeed(found.organization)
      : organizations.byId(id, now)
  }

  /** Everybody else: user, team and their limits. */
  const member = Effect.fnUntracedEager(function*(caller: Caller, found: Found, now: Now) {
    const { asked, identity } = caller
    const { choice, endUser, joined, organization, person } = found
    const { chosen } = choice
    const { row } = joined
    const isAdmin = policy.isAdmin(row, identity)
    yield* unless(policy.organizationOfTeam(chosen?.team, organization?.id), now)
    const membership = row === undefined || chosen === undefined
      ? undefined
      : yield* orAbsent(users.membership(row.id, chosen.team.id, now), now)
    yield* unless(policy.principalRequired(person.id, chosen?.team.id), now)
    yield* unless(policy.blocked(chosen?.team, row, endUser), now)
    const model = named(asked)
    const restricted = isAdmin ? undefined : row
    if (model !== undefined) {
      yield* unless(policy.judgeModel(model, chosen, membership?.models ?? noModels, restricted), now)
    }
    if (chosen === undefined) yield* unless(policy.routeWithoutTeam(isAdmin, asked), now)
    const paying = yield* payer(found, asked, now)
    yield* unless(
      policy.limits(asked, { team: chosen?.team, organization: paying, user: row, member: membership, endUser }),
      now
    )
    const principal: Principal = {
      admin: isAdmin,
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
      membership
    }
    const reach = Reach.make({
      policy,
      identity,
      asked,
      candidates: choice.candidates,
      memberships: yield* limitsOf(caller, found, membership, now),
      user: restricted,
      organization: organization?.id
    })
    return allow(caller, principal, reach, writesOf(found), now)
  })

  return { admin, member }
}

/** What an allowed decision wants to be written, the rows it rests on first. */
const writesOf = ({ choice, joined, person }: Found): ReadonlyArray<DirectoryWrite> =>
  person.writes.length + choice.writes.length + joined.writes.length === 0
    ? noWrites
    : [...person.writes, ...choice.writes, ...joined.writes]
