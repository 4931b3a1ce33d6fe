/**
 * The typed reading of verified claims: who the token says is calling.
 *
 * Nothing here was looked up; whether a row exists is the directory's word.
 * `undefined` is "the token does not say" (null, empty text and empty lists
 * count as absent, RULES D11).
 */
import type { EndUserId, OrganizationId, TeamId, UserId } from "./Ids.ts"
import type { Claimed, Fact } from "./Trace.ts"

/** How a person may be found by e-mail (RULES D6). */
export type LinkByEmail = "verified" | "always" | "never"

export interface Identity {
  /** The `id` of the issuer's settings. */
  readonly issuer: string
  /** Identity namespace of the issuer (RULES D5). */
  readonly namespace: string
  /** The id of the person, from the claim; `undefined` when the token names none, or is a service (RULES D37). */
  readonly user: UserId | undefined
  /** Whether `user` is the e-mail standing in for a missing id; such an id gives no role. */
  readonly userIsEmail: boolean
  readonly email: string | undefined
  /** Whether the token says that the address was verified (`email_verified: true`). */
  readonly emailVerified: boolean
  readonly linkByEmail: LinkByEmail
  /** Whether the token is a service's own (RULES D37). */
  readonly service: boolean
  /** The single team. */
  readonly team: TeamId | undefined
  readonly teamAlias: string | undefined
  /** The groups, in the order of the claim, without duplicates. */
  readonly teams: ReadonlyArray<TeamId>
  /** Whether the token carries a groups claim at all, even if no entry of it is a team here (RULES D24). */
  readonly namesTeams: boolean
  /** Whether the issuer's grants took a named team away (RULES D51). */
  readonly withheld: boolean
  /** Entra group overage: the groups are elsewhere (RULES D14). */
  readonly overage: boolean
  readonly organization: OrganizationId | undefined
  readonly organizationAlias: string | undefined
  readonly endUser: EndUserId | undefined
  /** Id of the team or the user, by role (RULES D18). */
  readonly object: string | undefined
  readonly roles: ReadonlyArray<string>
  readonly userRoles: ReadonlyArray<string>
  readonly scopes: ReadonlyArray<string>
  /** What was read from where, and what was odd; for the trace. */
  readonly facts: { readonly [name: string]: Fact }
}

/** Who the token says it is, for records of its decisions. */
export const claimedBy = ({ email, team, teams, user }: Identity): Claimed => ({
  user: user ?? null,
  email: email ?? null,
  teams: team === undefined || teams.includes(team) ? teams : [team, ...teams]
})
