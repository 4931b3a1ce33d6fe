/**
 * Rows in memory, for `DirectoryAdmin`: `directory.url: "memory:"`.
 *
 * A change is checked before anything is written and nothing suspends while it
 * is written, so it is all or nothing; changes take turns.
 */
import type { LinkedSubject, Membership, User } from "@jotgate/core/Directory"
import { idOf, type Nouns } from "@jotgate/core/DirectoryPlan"
import { compareText } from "@jotgate/core/Ids"
import { compound, foldEmail, MemoryRows, type TableName, type TableSet } from "@jotgate/core/MemoryRows"
import { Context, Effect, Exit, Semaphore } from "effect"
import { SqlError } from "effect/sql"
import { fromJson } from "../JsonText.ts"
import type { Audit, Filter, ListQuery } from "../manage/DirectoryAdmin.ts"
import * as People from "../manage/People.ts"
import type { RowStore } from "../manage/RowStore.ts"
import { Forgetting } from "../remember/Forgetting.ts"

const DAY_MILLIS = 86_400_000

const matches = (row: Nouns[TableName], filter: Filter): boolean =>
  (filter.email === undefined ||
    ("email" in row && row.email !== null && foldEmail(row.email) === foldEmail(filter.email))) &&
  (filter.role === undefined || ("role" in row && row.role === filter.role)) &&
  (filter.blocked === undefined || ("blocked" in row && row.blocked === filter.blocked)) &&
  (filter.alias === undefined || ("alias" in row && row.alias === filter.alias)) &&
  (filter.organization === undefined || ("organization" in row && row.organization === filter.organization)) &&
  (filter.user === undefined || ("user" in row && row.user === filter.user)) &&
  (filter.team === undefined ||
    ("team" in row ? row.team === filter.team : "teams" in row && (row.teams ?? []).some((it) => it === filter.team)))

/** As two texts: a membership is ordered by its user, then by its team. */
const parts = (id: string, kind: TableName): readonly [string, string] => {
  const pair = kind === "memberships" ? fromJson(id) : undefined
  return Array.isArray(pair) ? [String(pair[0]), String(pair[1])] : [id, ""]
}

const compareIds = (kind: TableName) => (a: string, b: string): number => {
  const [left, leftSecond] = parts(a, kind)
  const [right, rightSecond] = parts(b, kind)
  return compareText(left, right) || compareText(leftSecond, rightSecond)
}

const taken = Exit.fail(
  new SqlError.SqlError({
    reason: new SqlError.UniqueViolation({
      cause: undefined,
      message: "a subject is linked already",
      operation: "put",
      constraint: "subjects"
    })
  })
)

/** Whether the running fiber is in a transaction already. */
const InTransaction = Context.Reference<boolean>("@jotgate/store/MemoryRowStore/InTransaction", {
  defaultValue: () => false
})

const peopleOf = (row: Nouns[TableName]): ReadonlyArray<User> => "subjects" in row ? [row] : []
const membershipsOf = (row: Nouns[TableName]): ReadonlyArray<Membership> => "user" in row ? [row] : []

/** The first place of ordered rows at which something holds that holds from there on. */
const placeAfter = <A>(rows: ReadonlyArray<A>, holds: (row: A) => boolean): number => {
  let [from, to] = [0, rows.length]
  while (from < to) {
    const middle = (from + to) >> 1
    const row = rows[middle]
    if (row !== undefined && holds(row)) to = middle
    else from = middle + 1
  }
  return from
}

/** For each kind the orders of lists of rows. */
type Sortings = { readonly [K in TableName]: WeakMap<ReadonlyArray<Nouns[K]>, ReadonlyArray<Nouns[K]>> }

interface Kept {
  readonly fingerprint: string
  readonly response: string
  readonly at: number
}

/** The store over the rows of `MemoryRows`. */
export const make = Effect.gen(function*() {
  const tables: TableSet = yield* MemoryRows
  const forgetting = yield* Forgetting
  const turn = yield* Semaphore.make(1)
  const madeByFile = new Set<string>()
  const audits: Array<Audit> = []
  const answers = new Map<string, Kept>()
  const alike = People.make()
  const sortings: Sortings = {
    users: new WeakMap(),
    teams: new WeakMap(),
    organizations: new WeakMap(),
    endUsers: new WeakMap(),
    memberships: new WeakMap(),
    modelGroups: new WeakMap(),
    agents: new WeakMap()
  }

  /** Puts one table back as it was. */
  const keeper = <K extends TableName>(kind: K) => {
    const table = tables[kind]
    const rows = table.all()
    return () => {
      for (const row of table.all()) table.remove(idOf(row))
      rows.forEach(table.put)
    }
  }

  const isForeign = (user: User): boolean =>
    user.subjects.some(({ namespace, subject }) =>
      tables.users.find("subject", compound(namespace, subject)).some((it) => it.id !== user.id)
    )

  /** A membership makes its user a member; only who made it says whether sync may end it. */
  const enter = (row: Membership) => {
    const user = tables.users.get(row.user)
    if (user === undefined || user.teams.includes(row.team)) return
    const tokenTeams = row.origin === "token" ? [...user.tokenTeams, row.team] : user.tokenTeams
    tables.users.put({ ...user, teams: [...user.teams, row.team], tokenTeams })
  }

  const removeMembership = (row: Membership) => {
    tables.memberships.remove(idOf(row))
    const user = tables.users.get(row.user)
    const stays = (team: string) => team !== row.team
    if (user !== undefined) {
      tables.users.put({ ...user, teams: user.teams.filter(stays), tokenTeams: user.tokenTeams.filter(stays) })
    }
  }

  /** The rows of a table in the order of their ids, sorted once for each state of the table. */
  const sorted = <K extends TableName>(kind: K): ReadonlyArray<Nouns[K]> => {
    const rows: ReadonlyArray<Nouns[K]> = tables[kind].all()
    const known = sortings[kind].get(rows)
    if (known !== undefined) return known
    const compare = compareIds(kind)
    const made = rows.toSorted((a, b) => compare(idOf(a), idOf(b)))
    sortings[kind].set(rows, made)
    return made
  }

  const pageOf = <K extends TableName>(kind: K, { after, filter = {}, limit }: ListQuery): ReadonlyArray<Nouns[K]> => {
    const rows = sorted(kind)
    const compare = compareIds(kind)
    const found: Array<Nouns[K]> = []
    for (let at = after === undefined ? 0 : placeAfter(rows, (row) => compare(idOf(row), after) > 0);; at++) {
      const row = rows[at]
      if (row === undefined || found.length >= limit) return found
      if (matches(row, filter)) found.push(row)
    }
  }

  const store: RowStore = {
    transaction: (self) =>
      Effect.flatMap(InTransaction, (inside) =>
        inside ? self : turn.withPermit(Effect.suspend(() => {
          const restore = [
            keeper("organizations"),
            keeper("modelGroups"),
            keeper("teams"),
            keeper("users"),
            keeper("endUsers"),
            keeper("agents"),
            keeper("memberships")
          ]
          return self.pipe(
            Effect.provideService(InTransaction, true),
            Effect.onExit((exit) =>
              Exit.isSuccess(exit) ? Effect.void : Effect.sync(() => restore.forEach((it) => it()))
            )
          )
        }))),
    current: (kind, ids) =>
      Effect.sync(() => {
        const table = tables[kind]
        return new Map(ids.flatMap((id) => {
          const row = table.get(id)
          return row === undefined ? [] : [[id, row] as const]
        }))
      }),
    ids: (kind, made) =>
      Effect.sync(() =>
        tables[kind].all().map(idOf).filter((id) => made === "all" || madeByFile.has(compound(kind, id)))
      ),
    page: (kind, query) => Effect.sync(() => pageOf(kind, query)),
    people: (query) =>
      Effect.sync(() =>
        pageOf("users", query).map((row) => alike.person(row, tables.memberships.find("user", row.id)))
      ),
    release: (users) =>
      Effect.sync(() => {
        for (const { id, subjects } of users) {
          const user = tables.users.get(id)
          const kept = new Set(subjects.map((it) => compound(it.namespace, it.subject)))
          const stays = ({ namespace, subject }: LinkedSubject) => kept.has(compound(namespace, subject))
          if (user !== undefined) tables.users.put({ ...user, subjects: user.subjects.filter(stays) })
        }
      }),
    put: (kind, steps, origin) =>
      Effect.suspend(() => {
        for (const { after, before, id } of steps) {
          if (after === undefined) continue
          if (before === undefined && origin === "file") madeByFile.add(compound(kind, id))
          if (peopleOf(after).some(isForeign)) return taken
          tables[kind].put(after)
          membershipsOf(after).forEach(enter)
        }
        return Exit.void
      }),
    remove: (kind, ids) =>
      Effect.sync(() => {
        for (const id of ids) {
          const row = tables[kind].get(id)
          if (row === undefined) continue
          madeByFile.delete(compound(kind, id))
          membershipsOf(row).forEach(removeMembership)
          if (kind === "users") tables.memberships.find("user", id).forEach(removeMembership)
          if (kind === "teams") leaveTeam(id)
          tables[kind].remove(id)
        }
      }),
    referenced: (kind, ids) =>
      Effect.sync(() =>
        ids.filter((id) =>
          kind === "organizations"
            ? tables.teams.find("organization", id).length > 0
            : tables.teams.all().some((it) => it.modelGroups.some((group) => group === id)) ||
              tables.agents.all().some((it) => (it.modelGroups ?? []).some((group) => group === id))
        )
      ),
    announce: forgetting.announce,
    audit: (rows) => Effect.sync(() => rows.forEach((it) => audits.push({ ...it, seq: audits.length + 1 }))),
    audits: ({ before, limit }) =>
      Effect.sync(() => audits.filter((it) => before === undefined || it.seq < before).toReversed().slice(0, limit)),
    idempotent: (key) => Effect.sync(() => answers.get(key)),
    remember: (key, fingerprint, response, at) =>
      Effect.sync(() => {
        for (const [old, it] of answers) if (it.at < at - DAY_MILLIS) answers.delete(old)
        answers.set(key, { fingerprint, response, at })
      })
  }

  const leaveTeam = (team: string) => {
    tables.memberships.find("team", team).forEach(removeMembership)
    for (const user of tables.users.all()) {
      const stays = (it: string) => it !== team
      if (user.teams.every(stays)) continue
      tables.users.put({ ...user, teams: user.teams.filter(stays), tokenTeams: user.tokenTeams.filter(stays) })
    }
  }

  return store
})
