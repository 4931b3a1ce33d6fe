/**
 * Rows that stand for the people and teams in question, in front of the
 * repositories: who is asked about is found by name, whatever other names the row
 * has.
 *
 * Only for as long as the question lasts; whoever is not at hand is looked up.
 */
import { absent, type Membership, type User } from "@jotgate/core/Directory"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Effect, Exit, Layer } from "effect"
import type { GivenTeam } from "./GivenTeam.ts"

/** Somebody in question; without `memberships` those of the directory count. */
export interface Person {
  /** The row of the person. */
  readonly row: User
  /** Limits in teams, by the id of the team. */
  readonly memberships?: ReadonlyMap<string, Membership>
}

/** What one question has at hand. */
export interface Rows {
  /** The person. */
  readonly person?: Person
  /** Teams under names that no other row has. */
  readonly teams?: ReadonlyArray<GivenTeam>
}

/** What is at hand under a name; several questions may have the same one at once. */
const named = <A>() => {
  const all = new Map<string, Array<A>>()
  return {
    put: (name: string, it: A): void => {
      const before = all.get(name)
      if (before === undefined) all.set(name, [it])
      else before.push(it)
    },
    drop: (name: string, it: A): void => {
      const before = all.get(name) ?? []
      before.splice(before.indexOf(it), 1)
      if (before.length === 0) all.delete(name)
    },
    get: (name: string): A | undefined => all.get(name)?.[0]
  }
}

/** An empty hand. */
export const make = () => {
  const people = named<Person>()
  const teams = named<GivenTeam>()

  const users = Layer.effect(
    UserRepo,
    Effect.map(UserRepo, (behind): UserRepo["Service"] => ({
      ...behind,
      byId: (id, now) => {
        const person = people.get(id)
        return person === undefined ? behind.byId(id, now) : Exit.succeed(person.row)
      },
      membership: (user, team, now) => {
        const { memberships } = people.get(user) ?? {}
        if (memberships === undefined) return behind.membership(user, team, now)
        const row = memberships.get(team)
        return row === undefined ? absent("membership") : Exit.succeed(row)
      },
      memberships: (user, ids, now) => {
        const { memberships } = people.get(user) ?? {}
        return memberships === undefined
          ? behind.memberships(user, ids, now)
          : Exit.succeed([...new Set(ids)].flatMap((team) => memberships.get(team) ?? []))
      }
    }))
  )

  const ofTeams = Layer.effect(
    TeamRepo,
    Effect.map(TeamRepo, (behind): TeamRepo["Service"] => ({
      ...behind,
      byId: (id, now) => {
        const team = teams.get(id)
        if (team === undefined) return behind.byId(id, now)
        return team.row === undefined ? absent("team") : Exit.succeed(team.row)
      },
      byIds: (ids, now) => {
        const others = ids.filter((it) => teams.get(it) === undefined)
        if (others.length === ids.length) return behind.byIds(ids, now)
        const rows = ids.flatMap((it) => teams.get(it)?.row ?? [])
        return others.length === 0
          ? Exit.succeed(rows)
          : Effect.mapEager(behind.byIds(others, now), (more) => [...rows, ...more])
      }
    }))
  )

  return {
    /**
     * Runs what is made while these rows are at hand; they are at hand when `run` is called already. However it ends, they
     * go with it: a row that stayed would be that of its person for good.
     */
    holding: <B, E, R>(
      { person, teams: given = [] }: Rows,
      run: () => Effect.Effect<B, E, R>
    ): Effect.Effect<B, E, R> =>
      Effect.uninterruptibleMask((restore) => {
        if (person !== undefined) people.put(person.row.id, person)
        for (const it of given) teams.put(it.name, it)
        return Effect.ensuring(
          restore(Effect.suspend(run)),
          Effect.sync(() => {
            if (person !== undefined) people.drop(person.row.id, person)
            for (const it of given) teams.drop(it.name, it)
          })
        )
      }),

    /** The repositories of people and teams behind those at hand. */
    layer: Layer.mergeAll(users, ofTeams)
  }
}
