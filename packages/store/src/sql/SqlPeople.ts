/**
 * People as rules see them, in SQL: the database says in two texts what can be
 * told of each, and only a text that did not come before is read.
 *
 * What is read of a text is the row of the noun, by its schema: a column that a
 * noun gets and these lists lack is a row that does not fit.
 */
import type { UserId } from "@jotgate/core/Directory"
import { isUserId } from "@jotgate/core/Ids"
import { Exit } from "effect"
import { fromJson } from "../JsonText.ts"
import * as People from "../manage/People.ts"
import type * as Dialect from "./Dialect.ts"
import * as Rows from "./Rows.ts"

const ofUser = ["role", "role_origin", "models", "tools", "prompts", "resources", "blocked", "active"] as const
const ofMembership = ["team_id", "origin", "role", "models", "tools", "prompts", "resources"] as const
const budget = ["max_budget", "spend"] as const

/** Of a budget whether it is used up, as `People` measures it. */
const measured = (table: string): ReadonlyArray<string> => [
  `CASE WHEN ${table}.max_budget IS NULL THEN NULL ELSE 0 END`,
  `CASE WHEN ${table}.max_budget IS NULL OR ${table}.spend = ${table}.max_budget THEN 0
    WHEN ${table}.spend > ${table}.max_budget THEN 1 ELSE -1 END`
]

const columns = (table: string, names: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...names.map((it) => `${table}.${it}`),
  ...measured(table)
]

/** What a question about people selects of the table of users, called `u`. */
export const select = (dialect: Dialect.Dialect): string =>
  `u.id, u.email, ${dialect.list(...columns("u", ofUser))} AS traits, ${
    dialect.lists(columns("m", ofMembership), "m.seq", "memberships m WHERE m.user_id = u.id")
  } AS places`

/** A row of the values of a list. */
const rowOf = (names: ReadonlyArray<string>, values: ReadonlyArray<unknown>, more: Rows.Row): Rows.Row => ({
  ...Object.fromEntries([...names, ...budget].map((name, at) => [name, values[at]])),
  ...more
})

const listOf = (value: unknown): ReadonlyArray<unknown> | undefined => Array.isArray(value) ? value : undefined

/** Reads the rows of `select`; `undefined` for one that does not fit. */
export const make = () => {
  const alike = People.make()

  const traitsOf = (text: string): People.Traits | undefined => {
    const values = listOf(fromJson(text))
    if (values === undefined) return undefined
    const row = Rows.user(rowOf(ofUser, values, { id: "anybody", email: null, subjects: "[]", teams: "[]" }))
    return Exit.isSuccess(row) ? People.traitsOf(row.value) : undefined
  }

  const placeOf = (values: ReadonlyArray<unknown>): People.Place | undefined => {
    const row = Rows.membership(rowOf(ofMembership, values, { user_id: "anybody" }))
    return Exit.isFailure(row) ? undefined : {
      team: row.value.team,
      isMember: true,
      isByToken: row.value.origin === "token",
      limits: People.limitsOf(row.value)
    }
  }

  const placesOf = (text: string): ReadonlyArray<People.Place> | undefined => {
    const found: Array<People.Place> = []
    for (const it of listOf(fromJson(text)) ?? [undefined]) {
      const values = listOf(it)
      const place = values === undefined ? undefined : alike.place(JSON.stringify(values), () => placeOf(values))
      if (place === undefined) return undefined
      found.push(place)
    }
    return found
  }

  const idOf = (value: unknown): UserId | undefined => typeof value === "string" && isUserId(value) ? value : undefined

  return (row: Rows.Row): People.Person | undefined => {
    const { email, places, traits } = row
    const id = idOf(row["id"])
    if (id === undefined || typeof traits !== "string" || typeof places !== "string") return undefined
    if (email !== null && typeof email !== "string") return undefined
    const told = alike.traits(traits, () => traitsOf(traits))
    const at = alike.places(places, () => placesOf(places))
    return told === undefined || at === undefined ? undefined : { id, email, traits: told, places: at }
  }
}
