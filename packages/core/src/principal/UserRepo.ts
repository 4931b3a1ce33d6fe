/**
 * Finds a person: by id, by a linked subject, by e-mail, and the limits of a
 * membership.
 *
 * Each look-up has its own narrow error channel, so that a fallback can catch
 * "not found" without ever swallowing "did not answer" (RULES D27).
 */
import { Context, type Effect } from "effect"
import type { DirectoryUnavailable, Membership, RowNotFound, TeamId, User, UserId } from "./Directory.ts"

export class UserRepo extends Context.Service<UserRepo, {
  /** The row with this id. */
  readonly byId: (id: UserId) => Effect.Effect<User, RowNotFound | DirectoryUnavailable>
  /** The row that this subject of one identity namespace is linked to. */
  readonly bySubject: (
    namespace: string,
    subject: string
  ) => Effect.Effect<User, RowNotFound | DirectoryUnavailable>
  /** Every row with this address, compared without case, oldest first; empty when there is none. */
  readonly byEmail: (email: string) => Effect.Effect<ReadonlyArray<User>, DirectoryUnavailable>
  /** The limits of a user in a team. */
  readonly membership: (
    user: UserId,
    team: TeamId
  ) => Effect.Effect<Membership, RowNotFound | DirectoryUnavailable>
}>()("@jotgate/core/UserRepo") {}
