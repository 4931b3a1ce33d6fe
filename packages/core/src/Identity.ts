/**
 * The typed reading of verified claims: who the token says is calling.
 *
 * Nothing here was looked up; whether a row exists is the directory's word.
 * `undefined` is "the token does not say" (null, empty text and empty lists
 * count as absent, RULES D11).
 */
import { type EndUserId, type OrganizationId, type TeamId, UserId } from "./Ids.ts"
import type { FactsOf } from "./Step.ts"
import type { Claimed } from "./Trace.ts"

/** How a person may be found by e-mail (RULES D6, D57). */
export type LinkByEmail = "verified" | "always" | "never"

/** Who the token says is calling. */
export interface Identity {
  /** The `id` of the issuer's settings. */
  readonly issuer: string
  /** Identity namespace of the issuer (RULES D5). */
  readonly namespace: string
  /** The tenant, where several are trusted: it is part of every subject (RULES D62). */
  readonly tenant: string | undefined
  /** The id of the person, from the claim; `undefined` when the token names none, or is a service (RULES D37). */
  readonly user: UserId | undefined
  /** Whether `user` is the e-mail standing in for a missing id; such an id gives no role. */
  readonly userIsEmail: boolean
  /** Whether `user` is an address, standing in or mapped: no proxy admin is found by it (RULES D57). */
  readonly userIsAddress: boolean
  /**
   * Whether the token names its person by an address that it does not prove, and by nothing else: somebody is calling
   * whose row nobody may look up, so what that row says cannot be known (RULES D57).
   */
  readonly userIsUnproven: boolean
  /**
   * The address: one that the token proves, or any where the issuer says `linkByEmail: always`. One without a proof is
   * not here, so nothing can be done with it (RULES D57).
   */
  readonly email: string | undefined
  /** How a person may be found by the address. */
  readonly linkByEmail: LinkByEmail
  /** Whether the token is a service's own (RULES D37). */
  readonly service: boolean
  /** The single team. */
  readonly team: TeamId | undefined
  /** The single team, by name. */
  readonly teamAlias: string | undefined
  /** The groups, in the order of the claim, without duplicates. */
  readonly teams: ReadonlyArray<TeamId>
  /** What `teams` holds: ids, aliases, or either (RULES D56). */
  readonly teamsBy: "id" | "alias" | "either"
  /** Whether the token carries a groups claim at all, even if no entry of it is a team here (RULES D24). */
  readonly namesTeams: boolean
  /** Whether the issuer's grants took a named team away (RULES D51). */
  readonly withheld: boolean
  /** Entra group overage: the groups are elsewhere (RULES D14). */
  readonly overage: boolean
  /** The organization, by id. */
  readonly organization: OrganizationId | undefined
  /** The organization, by name. */
  readonly organizationAlias: string | undefined
  /** Whether the token names several organizations where one is meant (RULES D56). */
  readonly severalOrganizations: boolean
  /** The customer of the caller. */
  readonly endUser: EndUserId | undefined
  /** Id of the team or the user, by role (RULES D18). */
  readonly object: string | undefined
  /** The roles of the token. */
  readonly roles: ReadonlyArray<string>
  /** Roles of people that the token names. */
  readonly userRoles: ReadonlyArray<string>
  /** The scopes (RFC 8693 §4.2). */
  readonly scopes: ReadonlyArray<string>
  /** What was read from where, and what was odd; for the trace. */
  readonly facts: FactsOf<"claims">
}

/** The subject of a person with its tenant in front, where tenants are told apart. */
export const subjectOf = ({ tenant }: Pick<Identity, "tenant">, subject: UserId): UserId =>
  tenant === undefined ? subject : UserId.make(`${tenant}|${subject}`)

/**
 * The name under which a subject is told: a person is (namespace, subject), so with the namespace in front where it has
 * a name (RULES D61).
 */
export const nameOf = ({ namespace }: Pick<Identity, "namespace">, subject: string): string =>
  namespace === "" ? subject : `${namespace}|${subject}`

/** Who the token says it is, for records of its decisions. */
export const claimedBy = ({ email, namespace, team, teams, user }: Identity): Claimed => ({
  user: user === undefined ? null : nameOf({ namespace }, user),
  email: email ?? null,
  teams: team === undefined || teams.includes(team) ? teams : [team, ...teams]
})
