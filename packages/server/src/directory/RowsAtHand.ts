/**
 * Rows that stand for the people in question, in front of the repositories: who
 * is asked about is found by name, whatever other names the row has.
 *
 * Only for as long as the question lasts; whoever is not at hand is looked up.
 */
import { absent, type Membership, type User } from "@jotgate/core/Directory"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Effect, Exit, Layer } from "effect"

/** Somebody in question; without `memberships` those of the directory count. */
export interface Person {
  /** The row of the person. */
  readonly row: User
  /** Limits in teams, by the id of the team. */
  readonly memberships?: ReadonlyMap<string, Membership>
}

/** An empty hand. */
export const make = () => {
  /** Several questions may be about one person at once. */
  const people = new Map<string, Array<Person>>()

  const put = (person: Person): void => {
    const { id } = person.row
    const before = people.get(id)
    if (before === undefined) people.set(id, [person])
    else before.push(person)
  }

  const drop = (person: Person): void => {
    const { id } = person.row
    const left = (people.get(id) ?? []).filter((it) => it !== person)
    if (left.length === 0) people.delete(id)
    else people.set(id, left)
  }

  const found = (id: string): Person | undefined => people.get(id)?.[0]

  return {
    /** Runs what is made while this person is at hand; it is at hand when `run` is called already. */
    holding: <B, E, R>(person: Person, run: () => Effect.Effect<B, E, R>): Effect.Effect<B, E, R> => {
      put(person)
      return Effect.ensuring(run(), Effect.sync(() => drop(person)))
    },

    /** The repository of people behind those at hand. */
    layer: Layer.effect(
      UserRepo,
      Effect.map(UserRepo, (behind): UserRepo["Service"] => ({
        ...behind,
        byId: (id, now) => {
          const person = found(id)
          return person === undefined ? behind.byId(id, now) : Exit.succeed(person.row)
        },
        membership: (user, team, now) => {
          const { memberships } = found(user) ?? {}
          if (memberships === undefined) return behind.membership(user, team, now)
          const row = memberships.get(team)
          return row === undefined ? absent("membership") : Exit.succeed(row)
        },
        memberships: (user, ids, now) => {
          const { memberships } = found(user) ?? {}
          return memberships === undefined
            ? behind.memberships(user, ids, now)
            : Exit.succeed([...new Set(ids)].flatMap((team) => memberships.get(team) ?? []))
        }
      }))
    )
  }
}
