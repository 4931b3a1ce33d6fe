/**
 * What the rules are given of a person, for each way to call: without naming a
 * team, and in each of the person's teams.
 *
 * It is made of what can be told of people (`People`) and of nothing else: who
 * it is never gets to the rules, so people with the same `Given` get the same
 * decision. Of the teams it has those that the way can lead to.
 */
import { type Membership, type TeamId, TeamId as TeamIdSchema, type User, UserId } from "@jotgate/core/Directory"
import type { Settings } from "@jotgate/core/Settings"
import type { Person, Place, Traits } from "@jotgate/store/People"

/** What the rules are given of a person for one way to call. */
export interface Given {
  /** The team that the call names. */
  readonly team: TeamId | null
  /** The address: its domain, and that it has a name in front. */
  readonly email: string | null
  readonly traits: Traits
  readonly places: ReadonlyArray<Place>
  /** The id, where it is no name that a token could say. */
  readonly name: string | undefined
}

/** What can be the subject of a token (RULES D8); which one it is nobody can tell. */
const sayable = /^[^\p{Cc}\p{Cs}]+$/u

const nameOf = (id: string): string | undefined => sayable.test(id) ? undefined : id

/** An address of the same domain. */
const addressOf = (email: string): string => {
  const at = email.indexOf("@")
  return at > 0 && sayable.test(email) ? `x${email.slice(at)}` : email
}

const placeIn = (team: string): Place => ({
  team: TeamIdSchema.make(team),
  isMember: true,
  isByToken: false,
  limits: undefined
})

/** Somebody who is in more than one team, where none of them counts (RULES D24). */
const several: ReadonlyArray<Place> = [placeIn("one of several"), placeIn("another of several")]

/** Tells what the rules are given, for each way: alone first, then in the order of the row. */
export const make = ({ directory: { teams } }: Pick<Settings, "directory">) => {
  /** One of several places whose limits count, because its team applies when nothing is named. */
  const severalWith = new WeakMap<Place, ReadonlyArray<Place>>()

  /** The places that a call without a team can lead to. */
  const alone = (places: ReadonlyArray<Place>): ReadonlyArray<Place> => {
    if (teams.fromMemberships === "first" || places.filter((it) => it.isMember).length < 2) return places
    const byDefault = places.find((it) => it.team === teams.default)
    if (byDefault === undefined) return several
    const made = severalWith.get(byDefault) ?? [...several, { ...byDefault, isMember: false }]
    severalWith.set(byDefault, made)
    return made
  }

  return ({ email, id, places, traits }: Person): readonly [Given, ...ReadonlyArray<Given>] => {
    const person = { name: nameOf(id), email: email === null ? null : addressOf(email), traits }
    const named = places.flatMap((it): ReadonlyArray<Given> =>
      it.isMember ? [{ ...person, team: it.team, places: [it] }] : []
    )
    return [{ ...person, team: null, places: alone(places) }, ...named]
  }
}

/** Names values that are made once, so that a text can speak of them. */
export const makeKeys = () => {
  const numbers = new WeakMap<object, number>()
  let last = 0
  const numberOf = (value: object): number => {
    const known = numbers.get(value)
    if (known !== undefined) return known
    numbers.set(value, ++last)
    return last
  }
  /** A text for each `Given`: the same for the same values. */
  return ({ email, name, places, team, traits }: Given): string => {
    let key = `${numberOf(traits)}${team === null ? "" : "t"}`
    for (const it of places) key += ` ${numberOf(it)}`
    return name === undefined
      ? `${key} ${email === null ? "" : `=${email}`}`
      : `${key} ${JSON.stringify([email, name])}`
  }
}

/** The row that the rules find under a name. */
export const rowOf = (name: string, { email, places, traits }: Omit<Given, "team" | "name">): User => ({
  ...traits,
  id: UserId.make(name),
  email,
  subjects: [],
  teams: places.flatMap((it) => it.isMember ? [it.team] : []),
  tokenTeams: places.flatMap((it) => it.isMember && it.isByToken ? [it.team] : [])
})

/** The limits of that row in its teams. */
export const membershipsOf = (name: string, { places }: Pick<Given, "places">): ReadonlyMap<string, Membership> =>
  new Map(
    places.flatMap(({ limits, team }) =>
      limits === undefined ? [] : [[team, { ...limits, team, user: UserId.make(name) }] as const]
    )
  )
