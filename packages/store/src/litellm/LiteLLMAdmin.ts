/**
 * The rows of a LiteLLM database for people to read. They are managed where
 * they belong, in LiteLLM: every change here is refused.
 */
import { DirectoryUnavailable, RowNotFound } from "@jotgate/core/Directory"
import { idOf, type Nouns } from "@jotgate/core/DirectoryPlan"
import { compareText } from "@jotgate/core/Ids"
import { compound, foldEmail, type TableName } from "@jotgate/core/MemoryRows"
import { Effect, Exit, Layer } from "effect"
import { DirectoryAdmin, type Filter, type Page, pageOf, refused } from "../manage/DirectoryAdmin.ts"
import * as People from "../manage/People.ts"
import { recorded } from "../manage/ReadOnly.ts"
import { Lookups } from "../sql/Lookups.ts"
import { isStorable, type Value } from "../sql/Rows.ts"
import * as Tables from "../sql/Tables.ts"
import * as LiteLLMQuestions from "./LiteLLMQuestions.ts"
import { LiteLLMTables } from "./LiteLLMTables.ts"

const keys: { readonly [K in TableName]: ReadonlyArray<string> } = {
  users: ["user_id"],
  teams: ["team_id"],
  organizations: ["organization_id"],
  endUsers: ["user_id"],
  memberships: ["user_id", "team_id"],
  modelGroups: ["access_group_id"],
  agents: ["agent_id"]
}

const nouns = {
  users: "user",
  teams: "team",
  organizations: "organization",
  endUsers: "endUser",
  memberships: "membership",
  modelGroups: "modelGroup",
  agents: "agent"
} as const

/** The columns of a filter's fields, of those that this kind of row has. */
const columns: { readonly [K in TableName]: Partial<Record<keyof Filter, string>> } = {
  users: { email: "lower(user_email COLLATE \"C\")", role: "user_role" },
  teams: { alias: "team_alias", organization: "organization_id" },
  organizations: { alias: "organization_alias" },
  endUsers: {},
  memberships: { user: "user_id", team: "team_id" },
  modelGroups: {},
  agents: {}
}

const conditions = (kind: TableName, filter: Filter): ReadonlyArray<readonly [text: string, value: string]> => {
  const { email, role, alias, organization, user, team } = filter
  const given = { email: email === undefined ? undefined : foldEmail(email), role, alias, organization, user, team }
  const found: Array<readonly [string, string]> = []
  for (const name of ["email", "role", "alias", "organization", "user", "team"] as const) {
    const column = columns[kind][name]
    const value = given[name]
    if (column !== undefined && value !== undefined) found.push([`${column} = ?`, value])
  }
  if (kind === "users" && team !== undefined) found.push(["? = ANY(teams)", team])
  return found
}

/** Memberships of one question to the database. */
const PAGE = 1000

/** The memberships of people that follow each other in the order of their ids. */
const membershipsOf = Effect.fnUntraced(function*(
  list: DirectoryAdmin["Service"]["list"],
  users: ReadonlyArray<Nouns["users"]>
) {
  const found = new Map(users.map((it) => [it.id, new Array<Nouns["memberships"]>()]))
  const [first, last] = [users[0], users.at(-1)]
  if (first === undefined || last === undefined) return found
  let after: string | undefined = compound(first.id, "")
  while (after !== undefined) {
    const page: Page<Nouns["memberships"]> = yield* list("memberships", { after, limit: PAGE })
    for (const row of page.rows) found.get(row.user)?.push(row)
    const end: Nouns["memberships"] | undefined = page.rows.at(-1)
    after = end === undefined || compareText(end.user, last.id) > 0 ? undefined : page.next
  }
  return found
})

export const layer = Layer.effect(
  DirectoryAdmin,
  Effect.gen(function*() {
    const lookups = yield* Lookups
    const tables = yield* LiteLLMTables
    const unavailable = new DirectoryUnavailable({ operation: "list" })
    const no = Effect.fail(refused("unsupported"))
    const { person } = People.make()

    const select = <K extends TableName>(kind: K, rest: string, params: ReadonlyArray<Value>) =>
      Effect.flatMap(
        Effect.catchTag(tables.read, "SqlError", () => Effect.fail(unavailable)),
        (found): Effect.Effect<ReadonlyArray<Nouns[K]>, DirectoryUnavailable> => {
          if (found === undefined) return Effect.fail(unavailable)
          // A release before agents has none to show. Who decides about one asks the table, and is told that it lacks.
          if (kind === "agents" && !found.has("agent")) return Effect.succeed([])
          const sources: { readonly [T in TableName]: LiteLLMQuestions.Source<Nouns[T]> } = LiteLLMQuestions.selects(
            found
          )
          const { from, read, select } = sources[kind]
          return lookups.all({ name: `list ${kind}`, text: `SELECT ${select} FROM ${from} ${rest}`, read }, params)
        }
      )

    const lists: Pick<DirectoryAdmin["Service"], "list"> = {
      list: (kind, { after, filter, limit }) => {
        const key = keys[kind].map((it) => `${it} COLLATE "C"`).join(", ")
        const from: ReadonlyArray<string> = after === undefined ? [] : Object.values(Tables.keyOf(kind, after))
        const given = conditions(kind, filter ?? {})
        const where = [
          ...given.map(([text]) => text),
          ...(from.length === 0 ? [] : [`(${key}) > (${from.map(() => "?").join(", ")})`])
        ]
        const params = [...given.map(([, value]) => value), ...from]
        if (!params.every(isStorable)) return Effect.succeed({ rows: [], next: undefined })
        const rest = `${where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`} ORDER BY ${key} LIMIT ?`
        return Effect.map(select(kind, rest, [...params, limit + 1]), (rows) => pageOf(rows, { limit }, idOf))
      }
    }

    return {
      ...lists,
      people: (query) =>
        Effect.flatMap(
          lists.list("users", query),
          ({ next, rows }) =>
            Effect.map(membershipsOf(lists.list, rows), (found) => ({
              next,
              rows: rows.map((row) => person(row, found.get(row.id) ?? []))
            }))
        ),
      get: (kind, id) => {
        const missing = Exit.fail(new RowNotFound({ kind: nouns[kind] }))
        const params = Object.values(Tables.keyOf(kind, id))
        if (!params.every(isStorable)) return missing
        return Effect.flatMap(
          select(kind, `WHERE ${keys[kind].map((it) => `${it} = ?`).join(" AND ")}`, params),
          ([row]) => row === undefined ? missing : Exit.succeed(row)
        )
      },
      put: () => no,
      remove: () => no,
      apply: () => no,
      ofFile: () => Effect.succeed(new Set()),
      together: (changes) => changes,
      recorded,
      audits: () => Effect.succeed([]),
      once: () => no
    }
  })
)
