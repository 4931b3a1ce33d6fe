/**
 * Finds a person: by id, by a linked subject, by e-mail, and the limits of a
 * membership.
 *
 * Each look-up has its own narrow error channel, so that a fallback can catch
 * "not found" without ever swallowing "did not answer" (RULES D27). With `now`
 * a remembering repository answers at once, as an `Exit`, when it can.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { Now } from "../Trace.ts"
import {
  absent,
  type DirectoryUnavailable,
  type Membership,
  type RowNotFound,
  type TeamId,
  type User,
  type UserId
} from "./Directory.ts"
import { answer, compound, foldEmail, MemoryRows } from "./MemoryRows.ts"

/** The rows of people. */
export class UserRepo extends Context.Service<UserRepo, {
  /** The row with this id. */
  readonly byId: (id: UserId, now?: Now) => Effect.Effect<User, RowNotFound | DirectoryUnavailable>
  /** The row that this subject of one identity namespace is linked to. */
  readonly bySubject: (
    namespace: string,
    subject: string,
    now?: Now
  ) => Effect.Effect<User, RowNotFound | DirectoryUnavailable>
  /** Every row with this address, compared without case of A to Z, oldest first; empty when there is none. */
  readonly byEmail: (email: string, now?: Now) => Effect.Effect<ReadonlyArray<User>, DirectoryUnavailable>
  /** The limits of a user in a team. */
  readonly membership: (
    user: UserId,
    team: TeamId,
    now?: Now
  ) => Effect.Effect<Membership, RowNotFound | DirectoryUnavailable>
  /** The limits of a user in those of these teams that have any, each once though `teams` may hold an id twice; one query. */
  readonly memberships: (
    user: UserId,
    teams: ReadonlyArray<TeamId>,
    now?: Now
  ) => Effect.Effect<ReadonlyArray<Membership>, DirectoryUnavailable>
}>()("@jotgate/core/UserRepo") {
  /** The rows of `MemoryDirectory`; every look-up is an `Exit`. */
  static readonly layerMemory = Layer.effect(
    UserRepo,
    Effect.map(MemoryRows, (tables) => ({
      byId: (id) =>
        answer(tables, "users", () => {
          const row = tables.users.get(id)
          return row === undefined ? absent("user") : Exit.succeed(row)
        }),
      bySubject: (namespace, subject) =>
        answer(tables, "users", () => {
          const row = tables.users.find("subject", compound(namespace, subject))[0]
          return row === undefined ? absent("user") : Exit.succeed(row)
        }),
      byEmail: (email) => answer(tables, "users", () => Exit.succeed(tables.users.find("email", foldEmail(email)))),
      membership: (user, team) =>
        answer(tables, "memberships", () => {
          const row = tables.memberships.get(compound(user, team))
          return row === undefined ? absent("membership") : Exit.succeed(row)
        }),
      memberships: (user, teams) =>
        answer(tables, "memberships", () =>
          Exit.succeed(
            Array.from(new Set(teams)).flatMap((team) => {
              const row = tables.memberships.get(compound(user, team))
              return row === undefined ? [] : [row]
            })
          ))
    }))
  )
}
