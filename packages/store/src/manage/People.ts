/**
 * People as rules see them: what a row says, without who it is.
 *
 * A question about everybody is a question about each kind of person there is.
 * So what can be told apart is made once for each text that says it, and whoever
 * is alike shares it: the same value, not an equal one. Of a budget only whether
 * it is used up can be told, because rules look at nothing else (RULES D23).
 */
import type { Membership, TeamId, User, UserId } from "@jotgate/core/Directory"

/** What rules can tell of a person: the row, without its names and its teams. */
export type Traits = Omit<User, "id" | "email" | "subjects" | "teams" | "tokenTeams">

/** What rules can tell of a membership, without whose it is. */
export type Limits = Omit<Membership, "user" | "team">

/** One of a person's teams. */
export interface Place {
  /** The team. */
  readonly team: TeamId
  /** Whether the person is a member: limits alone make nobody one (RULES D24). */
  readonly isMember: boolean
  /** Whether a token made the person a member. */
  readonly isByToken: boolean
  /** The limits there; `undefined` where there are none. */
  readonly limits: Limits | undefined
}

/** A person; people whom rules cannot tell apart share `traits`, `places`, and each of them. */
export interface Person {
  /** The id of the row. */
  readonly id: UserId
  /** The e-mail address of the row. */
  readonly email: string | null
  /** What the row says. */
  readonly traits: Traits
  /** The teams in the order of the row, then those with limits alone. */
  readonly places: ReadonlyArray<Place>
}

interface Budgeted {
  /** What may be spent; `null` where there is no bound. */
  readonly maxBudget: number | null
  /** What was spent. */
  readonly spend: number
}

/** Of a budget whether the spend is below, at, or above it. */
export const measured = ({ maxBudget, spend }: Budgeted): Budgeted =>
  maxBudget === null ? { maxBudget, spend: 0 } : { maxBudget: 0, spend: Math.sign(spend - maxBudget) }

/** The traits of a row: whatever it has but names and teams. */
export const traitsOf = (
  { email: _, id: __, subjects: ___, teams: ____, tokenTeams: _____, ...row }: User
): Traits => ({
  ...row,
  ...measured(row)
})

/** The limits of a row. */
export const limitsOf = ({ team: _, user: __, ...row }: Membership): Limits => ({ ...row, ...measured(row) })

/** How many different texts are remembered. */
const MOST = 50_000

/** Makes a value once for each text; all of them are forgotten when there are too many. */
export const once = <A>() => {
  const made = new Map<string, A>()
  return (text: string, make: () => A | undefined): A | undefined => {
    const known = made.get(text)
    if (known !== undefined) return known
    const value = make()
    if (made.size >= MOST) made.clear()
    if (value !== undefined) made.set(text, value)
    return value
  }
}

/** Where what is alike is made once: by the text that says it, or of the rows themselves. */
export const make = () => {
  const traits = once<Traits>()
  const place = once<Place>()
  const places = once<ReadonlyArray<Place>>()

  const ofRow = (value: Traits): Traits => traits(JSON.stringify(value), () => value) ?? value
  const ofPlaces = (value: ReadonlyArray<Place>): ReadonlyArray<Place> =>
    places(JSON.stringify(value), () => value) ?? value
  const ofPlace = (value: Place): Place => place(JSON.stringify(value), () => value) ?? value

  return {
    /** The one of the traits that this text says; `undefined` when there is none and none is made. */
    traits,
    /** The one of the places, alike. */
    place,
    /** The one of the lists of places, alike. */
    places,

    /** A person of the rows, with the rows of their memberships. */
    person: (row: User, memberships: ReadonlyArray<Membership>): Person => {
      const limits = new Map(memberships.map((it) => [it.team, limitsOf(it)]))
      const isMember = new Set(row.teams)
      const others = [...limits.keys()].filter((it) => !isMember.has(it))
      const all = [...row.teams, ...others].map((team) =>
        ofPlace({
          team,
          isMember: isMember.has(team),
          isByToken: row.tokenTeams.includes(team),
          limits: limits.get(team)
        })
      )
      return { id: row.id, email: row.email, traits: ofRow(traitsOf(row)), places: ofPlaces(all) }
    }
  }
}
