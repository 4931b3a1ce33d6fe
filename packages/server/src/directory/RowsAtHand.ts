/**
 * Rows that somebody has just read, in front of the repositories: a question
 * about every person reads them a page at a time, so the decision on each of
 * them asks the directory for nothing more.
 *
 * Only for as long as the question lasts; whoever is not at hand is looked up.
 */
import { absent, type Membership, type Team, type User } from "@jotgate/core/Directory"
import { compareText } from "@jotgate/core/Ids"
import { compound } from "@jotgate/core/MemoryRows"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { UserRepo } from "@jotgate/core/UserRepo"
import type { DirectoryAdmin, Page } from "@jotgate/store/DirectoryAdmin"
import { Effect, Exit, Layer } from "effect"

interface Person {
  readonly row: User
  readonly memberships: ReadonlyMap<string, Membership>
}

/** Memberships of one question to the store. */
const PAGE = 1000

/** The memberships of people that follow each other in the order of their ids. */
const membershipsOf = Effect.fnUntraced(function*(directory: DirectoryAdmin["Service"], users: ReadonlyArray<User>) {
  const found = new Map(users.map((it) => [it.id, new Map<string, Membership>()]))
  const [first, last] = [users[0], users.at(-1)]
  if (first === undefined || last === undefined) return found
  let after: string | undefined = compound(first.id, "")
  while (after !== undefined) {
    const page: Page<Membership> = yield* directory.list("memberships", { after, limit: PAGE })
    for (const row of page.rows) found.get(row.user)?.set(row.team, row)
    const end: Membership | undefined = page.rows.at(-1)
    after = end === undefined || compareText(end.user, last.id) > 0 ? undefined : page.next
  }
  return found
})

/** An empty hand. */
export const make = () => {
  const people = new Map<string, Person>()
  const teams = new Map<string, Team>()

  /** Has entries in a map while `self` runs; those that came in their place meanwhile stay. */
  const holding =
    <K, A>(map: Map<K, A>, entries: ReadonlyArray<readonly [K, A]>) => <B, E, R>(self: Effect.Effect<B, E, R>) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          for (const [key, entry] of entries) map.set(key, entry)
        }),
        () => self,
        () =>
          Effect.sync(() => {
            for (const [key, entry] of entries) if (map.get(key) === entry) map.delete(key)
          })
      )

  return {
    /** Runs `self` with these teams at hand. */
    withTeams: (rows: ReadonlyArray<Team>) => holding(teams, rows.map((it) => [it.id, it])),

    /** Runs `self` with these people, which are in the order of their ids, and what they are members of at hand. */
    withPeople:
      (directory: DirectoryAdmin["Service"], rows: ReadonlyArray<User>) => <B, E, R>(self: Effect.Effect<B, E, R>) =>
        Effect.flatMap(membershipsOf(directory, rows), (found) => {
          const entries = rows.map((row): readonly [string, Person] => [
            row.id,
            { row, memberships: found.get(row.id) ?? new Map() }
          ])
          return holding(people, entries)(self)
        }),

    /** The repositories behind what is at hand. */
    layer: Layer.mergeAll(
      Layer.effect(
        UserRepo,
        Effect.map(UserRepo, (behind): UserRepo["Service"] => ({
          ...behind,
          byId: (id, now) => {
            const person = people.get(id)
            return person === undefined ? behind.byId(id, now) : Exit.succeed(person.row)
          },
          membership: (user, team, now) => {
            const person = people.get(user)
            if (person === undefined) return behind.membership(user, team, now)
            const row = person.memberships.get(team)
            return row === undefined ? absent("membership") : Exit.succeed(row)
          },
          memberships: (user, ids, now) => {
            const person = people.get(user)
            return person === undefined
              ? behind.memberships(user, ids, now)
              : Exit.succeed([...new Set(ids)].flatMap((team) => person.memberships.get(team) ?? []))
          }
        }))
      ),
      Layer.effect(
        TeamRepo,
        Effect.map(TeamRepo, (behind): TeamRepo["Service"] => ({
          ...behind,
          byId: (id, now) => {
            const row = teams.get(id)
            return row === undefined ? behind.byId(id, now) : Exit.succeed(row)
          },
          byIds: (ids, now) => {
            const [id] = ids
            const row = ids.length === 1 && id !== undefined ? teams.get(id) : undefined
            return row === undefined ? behind.byIds(ids, now) : Exit.succeed([row])
          }
        }))
      )
    )
  }
}
