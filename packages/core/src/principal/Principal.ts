/**
 * Identity joined with directory rows: who is calling, and on whose behalf.
 *
 * A row can be absent where the token alone is enough (an admin by scope, a
 * person who needs no row), so ids and rows are told apart.
 */
import type { EndUser, Membership, Organization, Team, User } from "../directory/Directory.ts"

/** Who is calling, and on whose behalf. */
export interface Principal {
  /** Whether the caller is an administrator, by scope or by the role of the row. */
  readonly admin: boolean
  /** Id of the row, else of the claim. */
  readonly userId: string | undefined
  /** The row as it is after role and team sync. */
  readonly user: User | undefined
  /** Role of the row; `internal_user` for a caller without one; `proxy_admin` for an admin by scope. */
  readonly role: string
  /** Address of the row, else of the claim. */
  readonly email: string | undefined
  /** The id of the team; `undefined` without one. */
  readonly teamId: string | undefined
  /** Its row. */
  readonly team: Team | undefined
  /** The token's organization, not the team's. */
  readonly organizationId: string | undefined
  /** Its row. */
  readonly organization: Organization | undefined
  /** The customer of the caller. */
  readonly endUserId: string | undefined
  /** Its row. */
  readonly endUser: EndUser | undefined
  /** The user's limits in the team. */
  readonly membership: Membership | undefined
  /** Who acts for the user, or on their own (RULES D72). */
  readonly agent: {
    /** The outermost actor. */
    readonly id: string
    /** Every actor, outermost first. */
    readonly chain: ReadonlyArray<string>
  } | undefined
}

/** Nobody: what an open route passes on. */
export const nobody: Principal = {
  admin: false,
  userId: undefined,
  user: undefined,
  role: "internal_user",
  email: undefined,
  teamId: undefined,
  team: undefined,
  organizationId: undefined,
  organization: undefined,
  endUserId: undefined,
  endUser: undefined,
  membership: undefined,
  agent: undefined
}
