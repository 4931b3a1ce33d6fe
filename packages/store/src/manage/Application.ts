/**
 * The application of a directory file to a `RowStore`, within one transaction.
 *
 * Rows are read, planned, written and noted for the audit a few hundred at a
 * time, so that memory holds the file and not a plan of it. Nothing of it is
 * in force before the transaction ends; a refusal on the way undoes it all.
 */
import type { Origin } from "@jotgate/core/Directory"
import * as DirectoryFile from "@jotgate/core/DirectoryFile"
import * as DirectoryPlan from "@jotgate/core/DirectoryPlan"
import { compound, type Nouns, type TableName } from "@jotgate/core/MemoryRows"
import { Clock, Effect } from "effect"
import * as Change from "../remember/Change.ts"
import { type Action, type Applied, type ApplyOptions, refused, toldSteps } from "./DirectoryAdmin.ts"
import type { RowStore } from "./RowStore.ts"

/** Above this many steps a change is announced as `everything`. */
const NAMED_STEPS = 100

/** Rows of one statement; small enough that a statement does not hold up other work. */
const CHUNK = 500

type Step = DirectoryPlan.Step

const actionOf = ({ after, before }: Step): Action =>
  before === undefined ? "create" : after === undefined ? "remove" : "change"

const chunks = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, index) => items.slice(index * CHUNK, (index + 1) * CHUNK))

/** The rows of one kind in a file. */
export type FileRows<K extends TableName> = ReadonlyArray<
  Exclude<DirectoryFile.DirectoryFile[K], undefined>[number]
>

const idOf = (row: FileRows<TableName>[number]): string => "id" in row ? row.id : compound(row.user, row.team)

const rowsOf = (file: DirectoryFile.DirectoryFile, kind: TableName): FileRows<TableName> => file[kind] ?? []

/** Rows that go, by kind. */
export type Going = { readonly [K in TableName]: ReadonlyArray<string> }

export const nobodyGoes: Going = {
  users: [],
  teams: [],
  organizations: [],
  endUsers: [],
  memberships: [],
  modelGroups: [],
  agents: []
}

/** Who applies what, and whether it is done. */
export interface Options extends Pick<ApplyOptions, "actor" | "onProgress"> {
  readonly origin: Origin
  readonly dryRun: boolean
}

/** The rows with these ids, some at a time. */
export const current = Effect.fnUntraced(function*<K extends TableName>(
  store: RowStore,
  kind: K,
  ids: ReadonlyArray<string>
) {
  const found = new Map<string, Nouns[K]>()
  for (const some of chunks(ids)) {
    for (const [id, row] of yield* store.current(kind, some)) found.set(id, row)
    yield* Effect.yieldNow
  }
  return found
})

/** The rows that the file does not hold and that may go. */
export const goingOf = Effect.fnUntraced(function*(
  store: RowStore,
  file: DirectoryFile.DirectoryFile,
  prune: ApplyOptions["prune"]
) {
  if (prune === "none") return nobodyGoes
  const of = Effect.fnUntraced(function*(kind: TableName) {
    const held = new Set(rowsOf(file, kind).map(idOf))
    return (yield* store.ids(kind, prune)).filter((id) => !held.has(id))
  })
  const going: Going = {
    organizations: yield* of("organizations"),
    modelGroups: yield* of("modelGroups"),
    teams: yield* of("teams"),
    users: yield* of("users"),
    endUsers: yield* of("endUsers"),
    agents: yield* of("agents"),
    memberships: yield* of("memberships")
  }
  return going
})

/** What the file names must be there, and stay. */
const checkReferences = Effect.fnUntraced(
  function*(store: RowStore, file: DirectoryFile.DirectoryFile, going: Going) {
    const wanted = DirectoryFile.references(file)
    const findings: Array<DirectoryFile.Finding> = []
    for (const kind of ["users", "teams", "organizations", "modelGroups"] as const) {
      const references = wanted.filter((it) => it.kind === kind)
      const found = yield* current(store, kind, Array.from(new Set(references.map((it) => it.id))))
      const gone = new Set(going[kind])
      for (const it of references) if (!found.has(it.id) || gone.has(it.id)) findings.push(DirectoryFile.missing(it))
    }
    if (findings.length > 0) return yield* Effect.fail(refused("missing", findings))
  }
)

/** What goes may not be named by what stays. */
const checkRemovals = Effect.fnUntraced(
  function*(store: RowStore, kind: "organizations" | "modelGroups", ids: ReadonlyArray<string>) {
    const still: Array<string> = []
    for (const some of chunks(ids)) still.push(...yield* store.referenced(kind, some))
    if (still.length > 0) {
      return yield* Effect.fail(
        refused("referenced", still.map((id) => ({ path: [kind, id], message: "is named by a team or an agent" })))
      )
    }
  }
)

/** Counts what happens to rows, tells the first of it, and keeps what other processes have to forget. */
const notebook = () => {
  const counts = { create: 0, change: 0, remove: 0 }
  const kept: Array<Applied["steps"][number]> = []
  const removed: Array<Applied["steps"][number]> = []
  let changes: Array<Change.Change> = []
  const size = () => counts.create + counts.change + counts.remove
  return {
    note: (steps: ReadonlyArray<Step>) => {
      for (const step of steps) {
        const action = actionOf(step)
        counts[action] += 1
        const told = action === "remove" ? removed : kept
        if (told.length < toldSteps) told.push({ action, kind: step.kind, id: step.id })
        if (size() <= NAMED_STEPS) changes.push(Change.ofStep(step))
        else changes = []
      }
    },
    change: () => size() === 0 ? undefined : size() > NAMED_STEPS ? Change.everything : Change.merge(changes),
    applied: (): Applied => ({ counts, steps: [...kept, ...removed].slice(0, toldSteps) })
  }
}

/** Makes the rows of `file`, takes away those in `going`, and says what was (or would be) done. */
export const run = Effect.fnUntraced(function*(
  store: RowStore,
  file: DirectoryFile.DirectoryFile,
  going: Going,
  { actor, dryRun, onProgress, origin }: Options
) {
  yield* checkReferences(store, file, going)
  const notes = notebook()
  const at = new Date(yield* Clock.currentTimeMillis).toISOString()
  const total = DirectoryFile.order.reduce((sum, kind) => sum + rowsOf(file, kind).length + going[kind].length, 0)
  let done = 0
  const looked = (rows: number) => {
    done += rows
    if (!dryRun) onProgress?.(done, total)
  }

  /** Steps that were done, or would be. */
  const finish = Effect.fnUntraced(function*(steps: ReadonlyArray<Step>) {
    notes.note(steps)
    if (steps.length > 0 && !dryRun) {
      yield* store.audit(steps.map((step) => ({
        at,
        actor,
        action: actionOf(step),
        kind: step.kind,
        id: step.id,
        before: step.before ?? null,
        after: step.after ?? null
      })))
    }
    yield* Effect.yieldNow
  })

  const remove = Effect.fnUntraced(function*(kind: TableName) {
    for (const ids of chunks(going[kind])) {
      const rows = yield* store.current(kind, ids)
      const steps = ids.flatMap((id): ReadonlyArray<Step> => {
        const before = rows.get(id)
        return before === undefined ? [] : [{ kind, id, before, after: undefined }]
      })
      if (!dryRun) yield* store.remove(kind, steps.map((it) => it.id))
      looked(ids.length)
      yield* finish(steps)
    }
  })

  /** People as they were before subjects were taken from them. */
  const released = new Map<string, Nouns["users"]>()

  const planOf = <K extends TableName>(
    kind: K,
    rows: ReadonlyMap<string, Nouns[K]>,
    some: FileRows<K>,
    origin: Origin
  ): DirectoryPlan.Steps<K> =>
    DirectoryPlan.make({ [kind]: some }, { ...DirectoryPlan.nothing, [kind]: rows }, () => false, origin)[kind]

  /** A subject may move from one to another, so all are taken away before any is given. */
  const release = Effect.fnUntraced(function*() {
    for (const some of chunks((file.users ?? []).filter((it) => it.subjects !== undefined))) {
      const rows = yield* store.current("users", some.map(idOf))
      const going = planOf("users", rows, some, origin).change
        .filter(({ after, before }) => after?.subjects !== before?.subjects)
      for (const { before, id } of going) if (before !== undefined) released.set(id, before)
      if (going.length > 0) yield* store.release(going.flatMap(({ after }) => after ?? []))
      yield* Effect.yieldNow
    }
  })

  const put = Effect.fnUntraced(function*<K extends TableName>(
    kind: K,
    earlier: ReadonlyMap<string, Nouns[K]> = new Map()
  ) {
    const all: FileRows<K> = file[kind] ?? []
    for (const some of chunks(all)) {
      const found = yield* store.current(kind, some.map(idOf))
      const rows = new Map(Array.from(found, ([id, row]) => [id, earlier.get(id) ?? row]))
      for (const [maker, of] of Map.groupBy(some, (it) => it.origin ?? origin)) {
        const { change, create } = planOf(kind, rows, of, maker)
        const steps = [...create, ...change]
        if (steps.length > 0 && !dryRun) yield* store.put(kind, steps, maker)
        yield* finish(steps)
      }
      looked(some.length)
    }
  })

  // People go first, what is named comes before what names it and goes after it.
  for (const kind of ["memberships", "endUsers", "agents", "users"] as const) yield* remove(kind)
  if (!dryRun) yield* release()
  for (const kind of DirectoryFile.order) yield* kind === "users" ? put(kind, released) : put(kind)
  yield* remove("teams")
  for (const kind of ["modelGroups", "organizations"] as const) {
    if (!dryRun) yield* checkRemovals(store, kind, going[kind])
    yield* remove(kind)
  }
  const change = notes.change()
  if (change !== undefined && !dryRun) yield* store.announce(change)
  return notes.applied()
})
