/**
 * `DirectoryAdmin` over any `RowStore`.
 */
import { DirectoryUnavailable, type Origin, RowNotFound } from "@jotgate/core/Directory"
import * as DirectoryFile from "@jotgate/core/DirectoryFile"
import * as DirectoryPlan from "@jotgate/core/DirectoryPlan"
import { compound, type TableName } from "@jotgate/core/MemoryRows"
import { Clock, Effect } from "effect"
import * as Change from "./Change.ts"
import { type ApplyOptions, type ChangeRefused, DirectoryAdmin, etag, refused } from "./DirectoryAdmin.ts"
import type { Failure, RowStore } from "./RowStore.ts"

/** Above this many steps a change is announced as `everything`. */
const NAMED_STEPS = 100

/** Ids of one statement; small enough that a statement does not hold up other work. */
const CHUNK = 500

const nounOf = {
  users: "user",
  teams: "team",
  organizations: "organization",
  endUsers: "endUser",
  memberships: "membership",
  modelGroups: "modelGroup"
} as const

const chunks = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, index) => items.slice(index * CHUNK, (index + 1) * CHUNK))

const fileIds = (file: DirectoryFile.DirectoryFile, kind: TableName): ReadonlyArray<string> =>
  kind === "memberships"
    ? (file.memberships ?? []).map((it) => compound(it.user, it.team))
    : (file[kind] ?? []).map((it) => it.id)

/** The administration of a store. Reads and writes through `store` only. */
export const make = (store: RowStore): DirectoryAdmin["Service"] => {
  const unavailable = (operation: string) => (error: Failure) =>
    Effect.andThen(
      Effect.logWarning("directory administration failed", {
        operation,
        reason: error._tag === "SqlError" ? error.reason._tag : `a ${error.kind} row does not fit`
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

  const current = Effect.fnUntraced(function*<K extends TableName>(kind: K, ids: ReadonlyArray<string>) {
    const found = new Map<string, DirectoryPlan.Nouns[K]>()
    for (const some of chunks(ids)) {
      const rows = yield* store.current(kind, some)
      for (const id of some) {
        const row = rows.get(id)
        if (row !== undefined) found.set(id, row)
      }
      yield* Effect.yieldNow
    }
    return found
  })

  const planOf = Effect.fnUntraced(function*(file: DirectoryFile.DirectoryFile, options: ApplyOptions) {
    const removable = new Map<TableName, ReadonlySet<string>>()
    const load = Effect.fnUntraced(function*<K extends TableName>(kind: K) {
      const going = options.prune === "none" ? [] : yield* store.ids(kind, options.prune)
      removable.set(kind, new Set(going))
      return yield* current(kind, Array.from(new Set([...fileIds(file, kind), ...going])))
    })
    const rows: DirectoryPlan.Current = {
      organizations: yield* load("organizations"),
      modelGroups: yield* load("modelGroups"),
      teams: yield* load("teams"),
      users: yield* load("users"),
      endUsers: yield* load("endUsers"),
      memberships: yield* load("memberships")
    }
    const plan = DirectoryPlan.make(
      file,
      rows,
      (kind, id) => removable.get(kind)?.has(id) === true,
      options.origin ?? "file"
    )
    yield* checkReferences(file, plan)
    return plan
  })

  /** What the file names must be there, and what goes may not be named by what stays. */
  const checkReferences = Effect.fnUntraced(
    function*(file: DirectoryFile.DirectoryFile, plan: DirectoryPlan.Plan) {
      const wanted = DirectoryFile.references(file)
      const findings: Array<DirectoryFile.Finding> = []
      for (const kind of ["users", "teams", "organizations", "modelGroups"] as const) {
        const references = wanted.filter((it) => it.kind === kind)
        const found = yield* current(kind, Array.from(new Set(references.map((it) => it.id))))
        const gone = new Set(plan[kind].remove.map((it) => it.id))
        for (const it of references) if (!found.has(it.id) || gone.has(it.id)) findings.push(DirectoryFile.missing(it))
      }
      if (findings.length > 0) return yield* Effect.fail(refused("missing", findings))
    }
  )

  const checkRemovals = Effect.fnUntraced(function*(kind: "organizations" | "modelGroups", plan: DirectoryPlan.Plan) {
    const still: Array<string> = []
    for (const ids of chunks(plan[kind].remove.map((it) => it.id))) still.push(...yield* store.referenced(kind, ids))
    if (still.length > 0) {
      return yield* Effect.fail(refused(
        "referenced",
        still.map((id) => ({ path: [kind, id], message: "is named by a team" }))
      ))
    }
  })

  const execute = Effect.fnUntraced(function*(
    plan: DirectoryPlan.Plan,
    { actor, onProgress, origin }: Pick<ApplyOptions, "actor" | "onProgress"> & { readonly origin: Origin }
  ) {
    const steps = DirectoryPlan.steps(plan)
    let done = 0
    const progress = (some: ReadonlyArray<unknown>) => {
      done += some.length
      onProgress?.(done, steps.length)
    }
    const put = Effect.fnUntraced(function*<K extends TableName>(kind: K) {
      for (const steps of chunks([...plan[kind].create, ...plan[kind].change])) {
        yield* store.put(kind, steps, origin)
        progress(steps)
        yield* Effect.yieldNow
      }
    })
    const remove = Effect.fnUntraced(function*(kind: TableName) {
      for (const steps of chunks<DirectoryPlan.Step>(plan[kind].remove)) {
        yield* store.remove(kind, steps.map((it) => it.id))
        progress(steps)
        yield* Effect.yieldNow
      }
    })
    // People go first (a subject may move to another), what is named comes before what names it and goes after it.
    for (const kind of ["memberships", "endUsers", "users"] as const) yield* remove(kind)
    for (const steps of chunks(plan.users.change)) {
      yield* store.release(steps.flatMap(({ after }) => after ?? []))
    }
    for (const kind of DirectoryPlan.order) yield* put(kind)
    yield* remove("teams")
    for (const kind of ["modelGroups", "organizations"] as const) {
      yield* checkRemovals(kind, plan)
      yield* remove(kind)
    }
    const at = new Date(yield* Clock.currentTimeMillis).toISOString()
    for (const some of chunks(steps)) {
      yield* store.audit(some.map(({ after, before, id, kind }) => ({
        at,
        actor,
        action: before === undefined ? "create" : after === undefined ? "remove" : "change",
        kind,
        id,
        before: before ?? null,
        after: after ?? null
      })))
      yield* Effect.yieldNow
    }
    if (steps.length > 0) {
      yield* store.announce(steps.length > NAMED_STEPS ? Change.everything : Change.merge(steps.map(Change.ofStep)))
    }
  })

  /** A subject that somebody else has is the caller's mistake, not the database's. */
  const taken = <A, E>(self: Effect.Effect<A, E | Failure>): Effect.Effect<A, E | Failure | ChangeRefused> =>
    Effect.catchIf(
      self,
      (error): error is E & Failure =>
        isFailure(error) && error._tag === "SqlError" && error.reason._tag === "UniqueViolation",
      () => Effect.fail(refused("taken"))
    )

  const apply: DirectoryAdmin["Service"]["apply"] = (file, options) =>
    guarded(
      "apply",
      store.transaction(taken(Effect.gen(function*() {
        const plan = yield* planOf(file, options)
        if (options.dryRun !== true) yield* execute(plan, { origin: "file", ...options })
        return plan
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
        Effect.map(store.page(kind, { ...query, limit: query.limit + 1 }), (rows) => {
          const page = rows.slice(0, query.limit)
          const last = page.at(-1)
          return {
            rows: page,
            next: rows.length > page.length && last !== undefined ? DirectoryPlan.idOf(last) : undefined
          }
        })
      ),
    get: (kind, id) =>
      guarded(
        "get",
        Effect.flatMap(one(kind, id), (row) =>
          row === undefined ? Effect.fail(new RowNotFound({ kind: nounOf[kind] })) : Effect.succeed(row))
      ),
    put: (kind, row, options) =>
      guarded(
        "put",
        store.transaction(taken(Effect.gen(function*() {
          const file: DirectoryFile.DirectoryFile = { [kind]: [row] }
          const id = fileIds(file, kind)[0] ?? ""
          const before = yield* one(kind, id)
          if (!expected(before, options.expect)) return yield* Effect.fail(refused("stale"))
          const plan = yield* planOf(file, { ...options, prune: "none", origin: "api" })
          yield* execute(plan, { actor: options.actor, origin: "api" })
          const after = yield* one(kind, id)
          return after === undefined ? yield* Effect.die(`${kind}: a row that was put is not there`) : { before, after }
        })))
      ),
    remove: (kind, id, options) =>
      guarded(
        "remove",
        store.transaction(Effect.gen(function*() {
          const before = yield* one(kind, id)
          if (before === undefined) return yield* Effect.fail(new RowNotFound({ kind: nounOf[kind] }))
          if (!expected(before, options.expect)) return yield* Effect.fail(refused("stale"))
          const rows: DirectoryPlan.Current = { ...DirectoryPlan.nothing, [kind]: new Map([[id, before]]) }
          yield* execute(DirectoryPlan.make({}, rows, () => true), { actor: options.actor, origin: "api" })
        }))
      ),
    apply,
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
      guarded(
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
