/**
 * What the rules are given of a person, for each way to call: without naming a
 * team, and in each of the person's teams.
 *
 * It is made of what can be told of people (`People`) and of their teams
 * (`GivenTeam`) and of nothing else: who it is never gets to the rules, so people
 * with the same `Given` get the same decision. Of the teams it has those that the
 * way can lead to.
 */
import { type Membership, type TeamId, TeamId as TeamIdSchema, type User, UserId } from "@jotgate/core/Directory"
import type { Settings } from "@jotgate/core/Settings"
import { once, type Person, type Place as PlaceOfRow, type Traits } from "@jotgate/store/People"
import type { Alike, AlikeOf, GivenTeam } from "./GivenTeam.ts"

/** One of a person's teams; without `given` the rules look the team up. */
export interface Place extends PlaceOfRow {
  /** The team, under the name that it has here. */
  readonly given?: GivenTeam
}

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

/** How many domains of addresses are told apart among people who are alike otherwise, and remembered. */
const DOMAINS = 1_000

/** An address of the same domain. */
const addressOf = (email: string): string => {
  const at = email.indexOf("@")
  return at > 0 && sayable.test(email.slice(0, at)) ? `x${email.slice(at)}` : email
}

const placeIn = (team: string): Place => ({
  team: TeamIdSchema.make(team),
  isMember: true,
  isByToken: false,
  limits: undefined
})

/** Somebody who is in more than one team, where none of them counts (RULES D24). */
const several: ReadonlyArray<Place> = [placeIn("one of several"), placeIn("another of several")]

/** People of one kind: what the rules are given of each, way by way. */
export interface Kind {
  /** Alone first, then in the order of the row. */
  readonly ways: readonly [Given, ...ReadonlyArray<Given>]
  /** A text for each way: the same for the same values. */
  readonly keys: ReadonlyArray<string>
}

/** Gives values that are made once a number, so that a text can speak of them. */
const numbering = () => {
  const numbers = new WeakMap<object, number>()
  let last = 0
  return (value: object): number => {
    const known = numbers.get(value)
    if (known !== undefined) return known
    numbers.set(value, ++last)
    return last
  }
}

const within = <K extends object, A>(map: WeakMap<K, A>, key: K, make: () => A): A => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

/** The same places in teams as the rules are given them; people whose teams are alike share them. */
const placing = () => {
  const placeBy = once<Place>()
  const placesBy = once<ReadonlyArray<Place>>()
  const numberOf = numbering()
  const known = new WeakMap<
    ReadonlyArray<PlaceOfRow>,
    { readonly alike: ReadonlyArray<Alike | undefined>; readonly places: ReadonlyArray<Place> }
  >()

  const made = (places: ReadonlyArray<PlaceOfRow>, alike: ReadonlyArray<Alike | undefined>): ReadonlyArray<Place> => {
    const before = new Map<Alike, number>()
    const all = places.map((place, at): Place => {
      const one = alike[at]
      if (one === undefined) return place
      const nth = before.get(one) ?? 0
      before.set(one, nth + 1)
      const given = one(nth)
      const placed: Place = { ...place, team: given.name }
      return placeBy(JSON.stringify(placed), () => ({ ...placed, given })) ?? place
    })
    return placesBy(all.map(numberOf).join(" "), () => all) ?? all
  }

  return (places: ReadonlyArray<PlaceOfRow>, alikeOf: AlikeOf): ReadonlyArray<Place> => {
    const before = known.get(places)
    if (before !== undefined && places.every(({ team }, at) => before.alike[at] === alikeOf(team))) return before.places
    const alike = places.map((it) => alikeOf(it.team))
    const now = made(places, alike)
    known.set(places, { alike, places: now })
    return now
  }
}

/** Tells the kind of a person, which people who are alike share; in teams as they are given, where it is told which are alike. */
export const make = (
  { directory: { teams } }: Pick<Settings, "directory">
): (person: Person, alikeOf?: AlikeOf) => Kind => {
  const numberOf = numbering()
  const placesIn = placing()
  const kinds = new WeakMap<Traits, WeakMap<ReadonlyArray<Place>, Map<string | null, Kind>>>()
  /** One of several places whose limits count, because its team applies when nothing is named. */
  const severalWith = new WeakMap<Place, ReadonlyArray<Place>>()

  /** A named team that has no row leads to whatever a call without a team does. */
  const leadsElsewhere = teams.whenUnknown === "next"

  /** The places that a call without a team can lead to. */
  const alone = (places: ReadonlyArray<Place>): ReadonlyArray<Place> => {
    if (teams.fromMemberships === "first" || places.filter((it) => it.isMember).length < 2) return places
    const byDefault = places.find((it) => it.team === teams.default)
    return byDefault === undefined
      ? several
      : within(severalWith, byDefault, () => [...several, { ...byDefault, isMember: false }])
  }

  const keyOf = ({ email, name, places, team, traits }: Given): string =>
    JSON.stringify([numberOf(traits), places.map(numberOf), team, email, name])

  const kindOf = (person: Pick<Given, "name" | "email" | "traits">, places: ReadonlyArray<Place>): Kind => {
    const named = places.flatMap((it): ReadonlyArray<Given> =>
      it.isMember ? [{ ...person, team: it.team, places: leadsElsewhere ? places : [it] }] : []
    )
    const ways = [{ ...person, team: null, places: alone(places) }, ...named] as const
    return { ways, keys: ways.map(keyOf) }
  }

  return ({ email, id, places: ofRow, traits }, alikeOf) => {
    const places = alikeOf === undefined ? ofRow : placesIn(ofRow, alikeOf)
    const address = email === null ? null : addressOf(email)
    if (!sayable.test(id)) return kindOf({ name: id, email: address, traits }, places)
    const known = within(within(kinds, traits, () => new WeakMap()), places, () => new Map<string | null, Kind>())
    const before = known.get(address)
    if (before !== undefined) return before
    const kind = kindOf({ name: undefined, email: address, traits }, places)
    if (known.size < DOMAINS) known.set(address, kind)
    return kind
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

/** The teams of that row that no other row names. */
export const teamsOf = ({ places }: Pick<Given, "places">): ReadonlyArray<GivenTeam> =>
  places.flatMap(({ given }) => given ?? [])

/** The limits of that row in its teams. */
export const membershipsOf = (name: string, { places }: Pick<Given, "places">): ReadonlyMap<string, Membership> =>
  new Map(
    places.flatMap(({ limits, team }) =>
      limits === undefined ? [] : [[team, { ...limits, team, user: UserId.make(name) }] as const]
    )
  )
