/**
 * What `DirectoryAdmin` needs of a place that keeps rows; memory and SQL each
 * are one.
 */
import type { Origin, User } from "@jotgate/core/Directory"
import type { Nouns, Step } from "@jotgate/core/DirectoryPlan"
import type { TableName } from "@jotgate/core/MemoryRows"
import type { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Change } from "../remember/Change.ts"
import type { Audit, ListQuery } from "./DirectoryAdmin.ts"
import type { Person } from "./People.ts"

/** What goes wrong in a place that keeps rows: it fails, or holds a row that does not fit. */
export type Failure = SqlError.SqlError | RowUnreadable

/** A row that does not fit its noun. */
export interface RowUnreadable {
  readonly _tag: "RowUnreadable"
  readonly kind: TableName
}

export interface RowStore {
  /** All or nothing. */
  readonly transaction: <A, E>(self: Effect.Effect<A, E>) => Effect.Effect<A, E | Failure>
  /** The rows with these ids, held until the transaction ends. */
  readonly current: <K extends TableName>(
    kind: K,
    ids: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, Nouns[K]>, Failure>
  /** The ids of all rows of a kind, or of those that a file made. */
  readonly ids: (kind: TableName, made: "file" | "all") => Effect.Effect<ReadonlyArray<string>, Failure>
  /** Up to `limit` rows in the order of their ids. */
  readonly page: <K extends TableName>(
    kind: K,
    query: ListQuery
  ) => Effect.Effect<ReadonlyArray<Nouns[K]>, Failure>
  /** Up to `limit` people in the order of their ids, as rules see them. */
  readonly people: (query: Omit<ListQuery, "filter">) => Effect.Effect<ReadonlyArray<Person>, Failure>
  /** Takes from users the subjects that they no longer have, before any of them is given to somebody else. */
  readonly release: (users: ReadonlyArray<User>) => Effect.Effect<void, Failure>
  readonly put: <K extends TableName>(
    kind: K,
    steps: ReadonlyArray<Step<K>>,
    origin: Origin
  ) => Effect.Effect<void, Failure>
  /** Removes rows, and with a user or a team its memberships. */
  readonly remove: (kind: TableName, ids: ReadonlyArray<string>) => Effect.Effect<void, Failure>
  /** Which of these organizations or model groups a team names. */
  readonly referenced: (
    kind: "organizations" | "modelGroups",
    ids: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<string>, Failure>
  readonly announce: (change: Change) => Effect.Effect<void, Failure>
  readonly audit: (rows: ReadonlyArray<Omit<Audit, "seq">>) => Effect.Effect<void, Failure>
  readonly audits: (query: {
    readonly before?: number
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<Audit>, Failure>
  readonly idempotent: (key: string) => Effect.Effect<
    { readonly fingerprint: string; readonly response: string } | undefined,
    Failure
  >
  /** Remembers an answer; answers older than a day are forgotten. `at` is Unix milliseconds. */
  readonly remember: (
    key: string,
    fingerprint: string,
    response: string,
    at: number
  ) => Effect.Effect<void, Failure>
}
