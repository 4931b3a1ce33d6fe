/**
 * Who was asking, as a record tells it: whom the decision found, and who the
 * proven token said it was even where no row was loaded.
 *
 * An allowed decision that is remembered has the same parties each time, so they
 * are made once for each, and their JSON is written once.
 */
import { type Allowed, resolvedBy } from "@jotgate/core/Decision"
import { claimedBy } from "@jotgate/core/Identity"
import type { Claimed, Noted } from "@jotgate/core/Trace"
import { cut } from "./Bound.ts"
import type { Redaction } from "./Redaction.ts"
import { textOf } from "./Text.ts"

/** Largest id, address or name in a record, in bytes; and how many teams of a token are told. */
const largestName = 256
const mostTeams = 64

/** An id, an address or a name as records tell it. */
export const nameOf = (it: string): string => cut(it, largestName)

const named = (it: string | undefined): string | null => it === undefined ? null : nameOf(it)

const teamsOf = (teams: ReadonlyArray<string>): ReadonlyArray<string> => {
  const told = teams.slice(0, mostTeams).map(nameOf)
  return told.length < teams.length ? [...told, "…"] : told
}

/** Whom a decision found; immutable. */
export class Parties {
  readonly issuer: string | null
  readonly user: string | null
  readonly team: string | null
  readonly organization: string | null
  readonly endUser: string | null
  readonly agent: string | null
  readonly claimed: Claimed | null
  #json: string | undefined
  #redacted: Parties | undefined

  constructor(it: {
    readonly issuer?: string | undefined
    readonly user?: string | undefined
    readonly team?: string | undefined
    readonly organization?: string | undefined
    readonly endUser?: string | undefined
    readonly agent?: string | undefined
    readonly claimed?: Claimed | undefined
  }) {
    this.issuer = named(it.issuer)
    this.user = named(it.user)
    this.team = named(it.team)
    this.organization = named(it.organization)
    this.endUser = named(it.endUser)
    this.agent = named(it.agent)
    this.claimed = it.claimed === undefined ? null : {
      user: named(it.claimed.user ?? undefined),
      email: named(it.claimed.email ?? undefined),
      teams: teamsOf(it.claimed.teams)
    }
  }

  /** The same with pseudonyms; there is one redaction in a process. */
  redacted(redact: Redaction): Parties {
    const told = (it: string | null): string | undefined => it === null ? undefined : redact(it)
    const { claimed } = this
    this.#redacted ??= new Parties({
      issuer: this.issuer ?? undefined,
      user: told(this.user),
      team: this.team ?? undefined,
      organization: this.organization ?? undefined,
      endUser: told(this.endUser),
      agent: this.agent ?? undefined,
      claimed: claimed === null ? undefined : {
        user: told(claimed.user) ?? null,
        email: told(claimed.email) ?? null,
        teams: claimed.teams
      }
    })
    return this.#redacted
  }

  /** The members of a record that tell of them, as JSON without braces. */
  json(): string {
    this.#json ??= `"agent":${textOf(this.agent)},"issuer":${textOf(this.issuer)},"user":${textOf(this.user)},"team":${
      textOf(this.team)
    },"organization":${textOf(this.organization)},"endUser":${textOf(this.endUser)},"claimed":${
      JSON.stringify(this.claimed)
    }`
    return this.#json
  }
}

/** Nobody was proven. */
export const nobody = new Parties({})

const known = new WeakMap<Allowed, Parties>()

/** The parties of an allowed decision. */
export const partiesOf = (allowed: Allowed): Parties => {
  const made = known.get(allowed)
  if (made !== undefined) return made
  const { identity, principal } = allowed
  const parties = new Parties({
    issuer: identity?.issuer,
    user: principal.userId,
    team: principal.teamId,
    organization: principal.organizationId,
    endUser: principal.endUserId,
    agent: principal.agent?.id,
    claimed: identity === undefined ? undefined : claimedBy(identity)
  })
  known.set(allowed, parties)
  return parties
}

/** Whom the steps of a denial had found. */
export const partiesIn = (steps: ReadonlyArray<Noted>): Parties => {
  if (steps.length === 0) return nobody
  const found = resolvedBy(steps)
  return new Parties({
    issuer: found.issuer,
    user: found.user?.id,
    team: found.team?.id,
    organization: found.organization?.id,
    endUser: found.endUser?.id,
    agent: found.agent?.id,
    claimed: found.claimed
  })
}
