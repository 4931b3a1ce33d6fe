/**
 * Who may call what, by which rule: one entry for each way in which a person, a
 * team or anybody may. The rules are asked, with the rows at hand; nothing here
 * decides.
 */
import { Effect, Schema } from "effect"
import type * as AdminClient from "../admin/AdminClient.ts"
import { failure } from "../Outcome.ts"
import type { Rows } from "./Past.ts"

/** One way to call. */
export interface Entry {
  readonly what: "user" | "team" | "anybody"
  readonly id: string
  readonly name: string | null
  /** The team in whose name; `null` without one. */
  readonly team: string | null
  /** Patterns of the models. */
  readonly models: string
  /** The row, or the setting, that says so. */
  readonly rule: string
}

/** An entry that was not there before, or is not there any more. */
export interface Difference extends Entry {
  readonly change: "gained" | "lost"
}

const Can = Schema.Struct({
  ways: Schema.Array(Schema.Struct({
    team: Schema.NullOr(Schema.String),
    allowed: Schema.Boolean,
    models: Schema.Array(Schema.String)
  }))
})
const decodeCan = Schema.decodeUnknownEffect(Can)
const Anybody = Schema.Struct({
  issuers: Schema.Array(Schema.Struct({
    issuer: Schema.String,
    allowed: Schema.Boolean,
    models: Schema.Array(Schema.String)
  }))
})
const decodeAnybody = Schema.decodeUnknownEffect(Anybody)

type Row = Readonly<Record<string, unknown>>

const textIn = (row: Row, name: string): string | null => {
  const value = row[name]
  return typeof value === "string" ? value : null
}

const lists = (row: Row | undefined, name: string): boolean => {
  const value = row?.[name]
  return Array.isArray(value) && value.length > 0
}

/** Which row says what a person may in a team. */
const ruleOf = (rows: Rows, user: Row | undefined, team: string | null): string => {
  const id = user === undefined ? undefined : textIn(user, "id")
  if (user !== undefined && textIn(user, "role") === "proxy_admin") return `users ${id}: role proxy_admin`
  if (team === null) {
    const joined = (rows["memberships"] ?? []).filter((it) => it["user"] === id).map((it) => String(it["team"]))
    return joined.length > 0
      ? `memberships ${id}: ${joined.join(", ")} (directory.teams.fromMemberships)`
      : lists(user, "models")
      ? `users ${id}: models`
      : "policy.withoutTeam"
  }
  const membership = rows["memberships"]?.find((it) => it["user"] === id && it["team"] === team)
  const row = rows["teams"]?.find((it) => it["id"] === team)
  const ofTeam = lists(row, "models")
    ? `teams ${team}: models${lists(row, "modelGroups") ? " and modelGroups" : ""}`
    : `teams ${team}: models is empty, which is all`
  return lists(membership, "models") ? `${ofTeam}, memberships ${id}/${team}: models` : ofTeam
}

const modelsText = (models: ReadonlyArray<string>): string => models.join(" ")

/** Every way in which somebody may, with these rows. */
export const entries = Effect.fnUntraced(function*(ask: AdminClient.Ask, rows: Rows) {
  const unreadable = () => failure("this is no directory of jotgate")
  const ways = Effect.fnUntraced(function*(what: "user" | "team", row: Row) {
    const id = textIn(row, "id") ?? ""
    const answer = yield* ask({ method: "GET", path: `/${what}s/${encodeURIComponent(id)}/can` })
    const { ways } = yield* Effect.mapError(decodeCan(answer), unreadable)
    // Who may use the route and call no model may call nothing.
    return ways.filter((it) => it.allowed && it.models.length > 0).map(({ models, team }): Entry => ({
      what,
      id,
      name: textIn(row, what === "user" ? "email" : "alias"),
      team,
      models: modelsText(models),
      rule: ruleOf(rows, what === "user" ? row : undefined, what === "team" ? id : team)
    }))
  })
  const teams = yield* Effect.forEach(rows["teams"] ?? [], (it) => ways("team", it))
  const users = yield* Effect.forEach(rows["users"] ?? [], (it) => ways("user", it))
  const anybody = yield* Effect.mapError(
    decodeAnybody(yield* ask({ method: "GET", path: "/anybody/can" })),
    unreadable
  )
  return [
    ...anybody.issuers.filter((it) => it.allowed && it.models.length > 0).map(({ issuer, models }): Entry => ({
      what: "anybody",
      id: issuer,
      name: `with a token of ${issuer}`,
      team: null,
      models: modelsText(models),
      rule: "policy.withoutTeam"
    })),
    ...teams.flat(),
    ...users.flat()
  ]
})

const keyOf = (it: Entry): string => JSON.stringify([it.what, it.id, it.team, it.models])

/** What came and what went between two reviews. */
export const differences = (before: ReadonlyArray<Entry>, after: ReadonlyArray<Entry>): ReadonlyArray<Difference> => {
  const [old, now] = [before, after].map((all) => new Set(all.map(keyOf)))
  return [
    ...before.filter((it) => now?.has(keyOf(it)) === false).map((it) => ({ change: "lost" as const, ...it })),
    ...after.filter((it) => old?.has(keyOf(it)) === false).map((it) => ({ change: "gained" as const, ...it }))
  ]
}

/** A field as CSV has it (RFC 4180); one that a spreadsheet would take for a formula is a text. */
const field = (it: unknown): string => {
  const text = it === null || it === undefined ? "" : String(it)
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll("\"", "\"\"")}"` : safe
}

/** Rows as CSV, with the names of the columns. */
export const csv = (columns: ReadonlyArray<string>, rows: ReadonlyArray<object>): string =>
  [
    columns.join(","),
    ...rows.map((row) => {
      const members = new Map<string, unknown>(Object.entries(row))
      return columns.map((it) => field(members.get(it))).join(",")
    })
  ].join("\r\n")
