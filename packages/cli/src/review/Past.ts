/**
 * The rows as they were: those of now, with what the audit says was changed
 * since taken back, the last change first. Pure.
 */

/** Rows by their kind, as a directory file has them. */
export type Rows = Readonly<Record<string, ReadonlyArray<Readonly<Record<string, unknown>>>>>

/** One change of a row. */
export interface Changed {
  readonly kind: string
  readonly id: string
  readonly before: unknown
  readonly after: unknown
}

type Row = Readonly<Record<string, unknown>>

const isRow = (it: unknown): it is Row => typeof it === "object" && it !== null && !Array.isArray(it)

/** What a row says that no directory file does: where it came from, and what other rows tell. */
const told = new Set(["roleOrigin", "tokenTeams", "origin"])

/** A row as a directory file has it. */
const written = (kind: string, row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).filter(([name, value]) =>
      value !== null && !told.has(name) && !(kind === "users" && name === "teams")
    )
  )

/** What tells a row of its kind: a membership is told by its two ends. */
const keyOf = (kind: string, row: Row): string =>
  kind === "memberships" ? JSON.stringify([row["user"], row["team"]]) : String(row["id"])

/** The kinds of a directory file; the audit tells of keys and denied tokens too. */
const kinds = new Set(["users", "teams", "organizations", "endUsers", "memberships", "modelGroups", "agents"])

/** Takes changes back; `changes` newest first. */
export const undone = (rows: Rows, changes: ReadonlyArray<Changed>): Rows => {
  const tables = new Map(
    Object.entries(rows).map(([kind, all]) => [kind, new Map(all.map((it) => [keyOf(kind, it), it] as const))] as const)
  )
  for (const { after, before, kind } of changes) {
    const table = tables.get(kind) ?? new Map<string, Row>()
    if (!tables.has(kind) && !kinds.has(kind)) continue
    tables.set(kind, table)
    if (isRow(after)) table.delete(keyOf(kind, after))
    if (isRow(before)) table.set(keyOf(kind, before), written(kind, before))
  }
  return Object.fromEntries(Array.from(tables, ([kind, table]) => [kind, [...table.values()]] as const))
}
