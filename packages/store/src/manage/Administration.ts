/**
 * `DirectoryAdmin` over any `RowStore`.
 */
import { DirectoryUnavailable, RowNotFound } from "@jotgate/core/Directory"
import * as DirectoryPlan from "@jotgate/core/DirectoryPlan"
import { compound, type TableName } from "@jotgate/core/MemoryRows"
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import * as Application from "./Application.ts"
import { type ChangeRefused, DirectoryAdmin, etag, pageOf, refused } from "./DirectoryAdmin.ts"
import type { Failure, RowStore } from "./RowStore.ts"
import * as Trouble from "./Trouble.ts"

const nounOf = {
  users: "user",
  teams: "team",
  organizations: "organization",
  endUsers: "endUser",
  memberships: "membership",
  modelGroups: "modelGroup",
  agents: "agent"
} as const

/** The administration of a store. Reads and writes through `store` only. */
export const make = (store: RowStore): DirectoryAdmin["Service"] => {
  const unavailable = (operation: string) => (error: Failure) =>
    Effect.andThen(
      Effect.logWarning("directory administration failed", {
        operation,
        reason: error._tag === "SqlError" ? Trouble.reasonOf(error) : `a ${error.kind} row does not fit`
      }),
      Effect.fail(new DirectoryUnavailable({ operation }))
    )

  const guarded = <A, E>(operation: string, self: Effect.Effect<A, E | Failure>) =>
    self.pipe(
      Effect.catchIf(
        (error): error is Extract<E | Failure, Failure> => isFailure(error),
        (error) => unavailable(operation)(error)
      )
    )

  /** A full disk and a file that may not be written are told as such: the next try comes to the same. */
  const written = <A, E>(operation: string, self: Effect.Effect<A, E | Failure>) =>
    guarded(
      operation,
      Effect.catchIf(
        self,
        (error): error is Extract<E | Failure, SqlError.SqlError> =>
          isFailure(error) && error._tag === "SqlError" && Trouble.unwritable(error) !== undefined,
        (error) => {
          const message = Trouble.reasonOf(error)
          return Effect.andThen(
            Effect.logError("the directory cannot be written", { operation, reason: message }),
            Effect.fail(refused("unwritable", [{ path: [], message }]))
          )
        }
      )
    )

  /** A subject that somebody else has is the caller's mistake, not the database's. */
  const taken = <A, E>(self: Effect.Effect<A, E | Failure>): Effect.Effect<A, E | Failure | ChangeRefused> =>
    Effect.catchIf(
      self,
      (error): error is E & Failure =>
        isFailure(error) && error._tag === "SqlError" && error.reason._tag === "UniqueViolation",
      () => Effect.fail(refused("taken"))
    )

  const apply: DirectoryAdmin["Service"]["apply"] = (file, { dryRun = false, origin = "file", prune, ...options }) =>
    written(
      "apply",
      store.transaction(taken(Effect.gen(function*() {
        const going = yield* Application.goingOf(store, file, prune)
        return yield* Application.run(store, file, going, { ...options, dryRun, origin })
      })))
    )

  const expected = <K extends TableName>(
    row: DirectoryPlan.Nouns[K] | undefined,
    expect: string | undefined
  ): boolean =>
    expect === undefined || (expect === "absent" ? row === undefined : row !== undefined && etag(row) === expect)

  const one = Effect.fnUntraced(function*<K extends TableName>(kind: K, id: string) {
    return (yield* store.current(kind, [id])).get(id)
  })

  return DirectoryAdmin.of({
    list: (kind, query) =>
      guarded(
        "list",
        Effect.map(store.page(kind, { ...query, limit: query.limit + 1 }), (rows) =>
          pageOf(rows, query, DirectoryPlan.idOf))
      ),
    people: (query) =>
      guarded(
        "people",
        Effect.map(store.people({ ...query, limit: query.limit + 1 }), (rows) => pageOf(rows, query, (it) => it.id))
      ),
    get: (kind, id) =>
      guarded(
        "get",
        Effect.flatMap(one(kind, id), (row) =>
          row === undefined ? Effect.fail(new RowNotFound({ kind: nounOf[kind] })) : Effect.succeed(row))
      ),
    put: (kind, row, options) =>
      written(
        "put",
        store.transaction(taken(Effect.gen(function*() {
          const id = "id" in row ? row.id : compound(row.user, row.team)
          const before = yield* one(kind, id)
          if (!expected(before, options.expect)) return yield* Effect.fail(refused("stale"))
          yield* Application.run(store, { [kind]: [row] }, Application.nobodyGoes, {
            actor: options.actor,
            origin: "api",
            dryRun: false
          })
          const after = yield* one(kind, id)
          return after === undefined ? yield* Effect.die(`${kind}: a row that was put is not there`) : { before, after }
        })))
      ),
    remove: (kind, id, options) =>
      written(
        "remove",
        store.transaction(Effect.gen(function*() {
          const before = yield* one(kind, id)
          if (before === undefined) return yield* Effect.fail(new RowNotFound({ kind: nounOf[kind] }))
          if (!expected(before, options.expect)) return yield* Effect.fail(refused("stale"))
          const going = { ...Application.nobodyGoes, [kind]: [id] }
          yield* Application.run(store, {}, going, { actor: options.actor, origin: "api", dryRun: false })
        }))
      ),
    apply,
    ofFile: (kind) => guarded("ofFile", Effect.map(store.ids(kind, "file"), (ids) => new Set(ids))),
    together: (changes) => guarded("together", store.transaction(changes)),
    recorded: (change, audit) =>
      guarded(
        "recorded",
        store.transaction(Effect.gen(function*() {
          const made = yield* change
          yield* store.audit([{ ...audit, at: new Date(yield* Clock.currentTimeMillis).toISOString() }])
          return made
        }))
      ),
    audits: (query) => guarded("audit", store.audits(query)),
    once: (key, fingerprint, change) =>
      written(
        "idempotency",
        store.transaction(Effect.gen(function*() {
          const known = yield* store.idempotent(key)
          if (known !== undefined) {
            return known.fingerprint === fingerprint ? known.response : yield* Effect.fail(refused("reused"))
          }
          const response = yield* change
          yield* store.remember(key, fingerprint, response, yield* Clock.currentTimeMillis)
          return response
        }))
      )
  })
}

const isFailure = (error: unknown): error is Failure =>
  typeof error === "object" && error !== null && "_tag" in error &&
  (error._tag === "SqlError" || error._tag === "RowUnreadable")
