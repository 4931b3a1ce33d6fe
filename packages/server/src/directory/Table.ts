/**
 * The handlers of one table of the directory: the same six for every kind of
 * row.
 *
 * A change reads the row, makes the new one of it and writes it only if the row
 * is still the one that was read, so that of two changes at once none is lost.
 */
import type { Nouns } from "@jotgate/core/DirectoryPlan"
import type { TableName } from "@jotgate/core/MemoryRows"
import { type DirectoryAdmin, etag, type Filter, refused, type Written } from "@jotgate/store/DirectoryAdmin"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import * as Change from "./Change.ts"
import { Caller } from "./DirectoryAccess.ts"
import { defaultPage } from "./DirectoryApi.ts"
import * as Problem from "./DirectoryProblem.ts"
import type { Managed } from "./Management.ts"
import * as PageCursor from "./PageCursor.ts"
import * as Precondition from "./Precondition.ts"
import * as Row from "./RowSchema.ts"

const nouns = {
  users: "user",
  teams: "team",
  organizations: "organization",
  endUsers: "end user",
  memberships: "membership",
  modelGroups: "model group",
  agents: "agent"
} as const

/** How often a change is made anew when another one came between. */
const attempts = 20

type Admin = DirectoryAdmin["Service"]

/** The filters and the page of a list request. */
export interface ListQuery {
  readonly cursor?: string
  readonly limit?: number
}

const blockedOf = (text: string | undefined) => text === undefined ? {} : { blocked: text === "true" }

/** The filter in a query, with texts as they came. */
export const filterOf = (
  { blocked, cursor: _, limit: __, ...filter }: ListQuery & Omit<Filter, "blocked"> & { readonly blocked?: string }
): Filter => ({ ...filter, ...blockedOf(blocked) })

/** Where a page begins; a cursor of another list is refused. */
export const rangeOf = (
  list: string,
  { cursor, limit = defaultPage }: ListQuery
): Effect.Effect<{ readonly limit: number; readonly after?: string }, Problem.InputInvalid> => {
  if (cursor === undefined) return Effect.succeed({ limit })
  const after = PageCursor.decode(list, cursor)
  return after === undefined
    ? Problem.inputInvalid([{ path: ["query", "cursor"], message: "is no cursor of this list" }])
    : Effect.succeed({ limit, after })
}

/**
 * A page of a list that was asked for with `query`, and where the next one is: in the body, and as a link (RFC 8288)
 * in front of it, so that the next page can be asked for while this one is read.
 */
export const page = (
  list: string,
  { cursor: _, ...query }: ListQuery,
  { items, next }: { readonly items: ReadonlyArray<unknown>; readonly next: string | undefined }
): HttpServerResponse.HttpServerResponse => {
  const cursor = next === undefined ? null : PageCursor.encode(list, next)
  const asked = new URLSearchParams(Object.entries({ ...query, cursor }).map(([name, it]) => [name, String(it)]))
  return HttpServerResponse.jsonUnsafe(
    { items, next: cursor },
    cursor === null ? {} : { headers: { link: `<?${asked}>; rel="next"` } }
  )
}

/** A finding of a file with one row is a fault of the body. */
const faultsOf = (failure: Change.Failure): Change.Failure =>
  failure._tag === "ChangeRefused"
    ? refused(
      failure.reason,
      failure.findings.map(({ message, path }) => ({ path: ["payload", ...path.slice(2)], message }))
    )
    : failure

/** What a change is asked for with. */
export interface Asked<K extends TableName> {
  readonly headers: Change.Headers
  readonly payload: Row.Changes[K]
}

/** The handlers of the table `kind`. */
export const handlers = <K extends TableName>(kind: K, managed: Managed["Service"]) => {
  const noun = nouns[kind]
  const view: (row: Nouns[K]) => Row.Views[K] = Row.views[kind]
  const written: (row: Nouns[K]) => Written[K] = Row.written[kind]
  const complete: (key: Row.Keys[K], change: Row.Changes[K]) => Written[K] = Row.complete[kind]

  const found = (directory: Admin, id: string) =>
    Effect.catchTag(directory.get(kind, id), "RowNotFound", () => Effect.succeed(undefined))

  const reply = (row: Nouns[K], status = 200): Change.Reply => ({ status, etag: etag(row), body: view(row) })

  /** Reads, checks, makes, writes; again when another change came between and no precondition says otherwise. */
  const write = (
    directory: Admin,
    actor: string,
    id: string,
    condition: Precondition.Precondition,
    make: (row: Nouns[K] | undefined) => Effect.Effect<Written[K], Change.Failure>
  ): Effect.Effect<Change.Reply, Change.Failure> =>
    Effect.gen(function*() {
      const row = yield* found(directory, id)
      const seen = row === undefined ? undefined : etag(row)
      if (!Precondition.holds(condition, seen)) return yield* Effect.fail(refused("stale"))
      const made = yield* make(row)
      const { after } = yield* directory.put(kind, made, { actor, expect: seen ?? "absent" })
      return reply(after, row === undefined ? 201 : 200)
    }).pipe(
      Effect.mapError(faultsOf),
      Effect.retry({
        times: attempts,
        while: (it) => condition._tag === "None" && it._tag === "ChangeRefused" && it.reason === "stale"
      })
    )

  /** What the body repeats must be as it is. */
  const consistent = (key: Row.Keys[K], body: object, row: Nouns[K] | undefined) => {
    const faults: Array<Problem.Fault> = []
    for (const [name, value] of Object.entries(key)) {
      const said: unknown = Reflect.get(body, name)
      if (said !== undefined && said !== value) {
        faults.push({ path: ["payload", name], message: "is not that of the path" })
      }
    }
    const teams: unknown = kind === "users" ? Reflect.get(body, "teams") : undefined
    const current = row !== undefined && "teams" in row ? row.teams : []
    if (teams !== undefined && JSON.stringify(teams) !== JSON.stringify(current)) {
      faults.push({ path: ["payload", "teams"], message: "is told by the memberships" })
    }
    return faults.length === 0 ? Effect.void : Problem.inputInvalid(faults)
  }

  const changing = (
    key: Row.Keys[K],
    verb: string,
    { headers, payload }: Asked<K>,
    make: (row: Nouns[K] | undefined) => Effect.Effect<Written[K], Change.Failure>
  ) =>
    managed.use(Effect.fnUntraced(function*({ directory }) {
      const who = yield* Caller
      const id = Row.idOf(key)
      const condition = yield* Change.precondition(headers)
      const change = write(directory, who.name, id, condition, (row) =>
        Effect.andThen(consistent(key, payload, row), make(row)))
      return yield* Change.answered(directory, who, headers, [verb, kind, id, payload], change)
    }))

  return {
    list: (query: ListQuery, filter: Filter) =>
      managed.use(Effect.fnUntraced(function*({ directory }) {
        const range = yield* rangeOf(kind, query)
        const { next, rows } = yield* Effect.mapError(directory.list(kind, { ...range, filter }), Change.worded)
        return page(kind, query, { items: rows.map(view), next })
      })),

    show: (key: Row.Keys[K]) =>
      managed.use(({ directory }) =>
        directory.get(kind, Row.idOf(key)).pipe(
          Effect.mapError(Change.worded),
          Effect.map((row) => Change.respond(reply(row)))
        )
      ),

    create: (key: Row.Keys[K], asked: Asked<K>) =>
      changing(
        key,
        "create",
        asked,
        (row) => row === undefined ? Effect.succeed(complete(key, asked.payload)) : Problem.taken(noun)
      ),

    put: (key: Row.Keys[K], asked: Asked<K>) =>
      changing(key, "put", asked, () => Effect.succeed(complete(key, asked.payload))),

    update: (key: Row.Keys[K], asked: Asked<K>) =>
      changing(key, "update", asked, (row) => {
        if (row === undefined) return Problem.notThere(noun)
        const made = { ...written(row), ...complete(key, asked.payload) }
        return "role" in row && row.role !== null && !("role" in made)
          ? Problem.unprocessable("role_unknown", "The role of the row is none of the known ones; set one", [{
            path: ["payload", "role"],
            message: "must be set"
          }])
          : Effect.succeed(made)
      }),

    remove: (key: Row.Keys[K], headers: Change.Headers) =>
      managed.use(Effect.fnUntraced(function*({ directory }) {
        const who = yield* Caller
        const id = Row.idOf(key)
        const condition = yield* Change.precondition(headers)
        const change = Effect.gen(function*(): Effect.fn.Return<Change.Reply, Change.Failure> {
          const row = yield* directory.get(kind, id)
          if (!Precondition.holds(condition, etag(row))) return yield* Effect.fail(refused("stale"))
          yield* directory.remove(kind, id, { actor: who.name, expect: etag(row) })
          return { status: 204 }
        }).pipe(Effect.retry({
          times: attempts,
          while: (it) => condition._tag === "None" && it._tag === "ChangeRefused" && it.reason === "stale"
        }))
        return yield* Change.answered(directory, who, headers, ["remove", kind, id], change)
      }))
  }
}
