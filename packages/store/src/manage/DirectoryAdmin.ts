/**
 * Manages the rows of a directory: the admin API, the command line and
 * `directory.file` all come here.
 *
 * Every change is planned first and done in one transaction with its audit
 * rows and the announcement to other processes; a change that is refused
 * changes nothing. A put is a file with one row, so that a row means the same
 * wherever it is written.
 */
import type { DirectoryUnavailable, Origin, RowNotFound } from "@jotgate/core/Directory"
import type {
  DirectoryFile,
  FileAgent,
  FileEndUser,
  FileMembership,
  FileModelGroup,
  FileOrganization,
  FileTeam,
  FileUser,
  Finding
} from "@jotgate/core/DirectoryFile"
import type { Nouns } from "@jotgate/core/DirectoryPlan"
import type { TableName } from "@jotgate/core/MemoryRows"
import { Context, Effect, Schema } from "effect"
import { hash } from "node:crypto"
import type { Person } from "./People.ts"

export type { Person } from "./People.ts"

/** What is written for each kind of row: a row of the directory file. */
export interface Written {
  /** A person. */
  readonly users: FileUser
  /** A team. */
  readonly teams: FileTeam
  /** An organization. */
  readonly organizations: FileOrganization
  /** An end user. */
  readonly endUsers: FileEndUser
  /** A membership of a person in a team. */
  readonly memberships: FileMembership
  /** A group of models. */
  readonly modelGroups: FileModelGroup
  /** An agent. */
  readonly agents: FileAgent
}

/** The fields by which a list can be narrowed, each compared exactly (an e-mail without case). */
export interface Filter {
  /** The e-mail address of a person. */
  readonly email?: string
  /** A role. */
  readonly role?: string
  /** Whether it is blocked. */
  readonly blocked?: boolean
  /** The other name of a row. */
  readonly alias?: string
  /** The id of the organization that it belongs to. */
  readonly organization?: string
  /** The id of the person of a membership. */
  readonly user?: string
  /** The id of the team of a membership. */
  readonly team?: string
}

/** One page of a list: rows in the order of their ids after `after`. */
export interface ListQuery {
  /** The id after which the page begins. */
  readonly after?: string
  /** Most rows of the page. */
  readonly limit: number
  /** Only rows like these. */
  readonly filter?: Filter
}

/** Rows, and the id to go on after; `undefined` on the last page. */
export interface Page<A> {
  /** The rows, by id. */
  readonly rows: ReadonlyArray<A>
  /** The id to go on after. */
  readonly next: string | undefined
}

/** The page of rows that were read one beyond its limit, which says whether another page follows. */
export const pageOf = <A>(rows: ReadonlyArray<A>, { limit }: ListQuery, idOf: (row: A) => string): Page<A> => {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, next: rows.length > limit && last !== undefined ? idOf(last) : undefined }
}

/**
 * A change that cannot be made: `stale` (the row is not what the caller saw),
 * `taken` (a subject is linked to somebody else), `missing` (it names a row
 * that does not exist), `referenced` (another row names it), `reused` (an
 * idempotency key with another request), `unsupported` (this store keeps no
 * such thing), `readonly` (`directory.write: false`), `unwritable` (a full disk,
 * a file that may not be written).
 */
export class ChangeRefused extends Schema.TaggedClass<ChangeRefused>()("ChangeRefused", {
  /** Why. */
  reason: Schema.Literals([
    "stale",
    "taken",
    "missing",
    "referenced",
    "reused",
    "unsupported",
    "readonly",
    "unwritable"
  ]),
  /** What is wrong where. */
  findings: Schema.Array(Schema.Struct({
    /** The place in the row or file. */
    path: Schema.Array(Schema.Union([Schema.String, Schema.Int])),
    /** What is wrong. */
    message: Schema.String
  }))
}) {}

/** Who changes something, and under which condition. */
export interface ChangeOptions {
  /** Who did it, for the audit row. */
  readonly actor: string
  /** The `etag` that the row must still have, or `"absent"`: there must be no such row. */
  readonly expect?: string
}

/** How a file is applied. */
export interface ApplyOptions {
  /** Who did it, for the audit rows. */
  readonly actor: string
  /** Which rows go that the file does not hold: `file`: those that a file made; `all`; or `none`. */
  readonly prune: "file" | "all" | "none"
  /** Only plan. */
  readonly dryRun?: boolean
  /** Who the rows that are new belong to; default `file`. */
  readonly origin?: Origin
  /** Called from time to time with how many of the rows are done. */
  readonly onProgress?: (done: number, of: number) => void
}

/** What happens to a row. */
export type Action = "create" | "change" | "remove"

/** What applying a file did, or would do: how much, and the first steps, what comes or changes before what goes. */
export interface Applied {
  /** How many rows come, change or go. */
  readonly counts: { readonly [A in Action]: number }
  /** The first steps, at most `toldSteps`. */
  readonly steps: ReadonlyArray<{
    /** What is done. */
    readonly action: Action
    /** Of which kind the row is. */
    readonly kind: TableName
    /** The id of the row. */
    readonly id: string
  }>
}

/** Most steps that are told one by one. */
export const toldSteps = 1000

/** How many rows come, change or go. */
export const sizeOf = ({ counts }: Applied): number => counts.create + counts.change + counts.remove

/** One audit row. */
export interface Audit {
  /** Ascending; also across restarts. */
  readonly seq: number
  /** ISO time. */
  readonly at: string
  /** Who did it. */
  readonly actor: string
  /** What was done. */
  readonly action: Action
  /** The kind of the row. */
  readonly kind: string
  /** The id of the row. */
  readonly id: string
  /** The row before; `null` when there was none. */
  readonly before: unknown
  /** The row afterwards; `null` when it is gone. */
  readonly after: unknown
}

/** A row before and after; `before` is `undefined` for a new row. */
export interface Changed<A> {
  /** The row before; `undefined` when there was none. */
  readonly before: A | undefined
  /** The row afterwards; `undefined` when it is gone. */
  readonly after: A
}

/** Lists and changes the rows of a directory; each change leaves an audit row. */
export class DirectoryAdmin extends Context.Service<DirectoryAdmin, {
  /** One page of the rows of a kind. */
  readonly list: <K extends TableName>(
    kind: K,
    query: ListQuery
  ) => Effect.Effect<Page<Nouns[K]>, DirectoryUnavailable>
  /** One page of the people as rules see them: whoever is alike shares what can be told of them. */
  readonly people: (query: Omit<ListQuery, "filter">) => Effect.Effect<Page<Person>, DirectoryUnavailable>
  /** One row; a membership's id is `[user, team]` as JSON. */
  readonly get: <K extends TableName>(
    kind: K,
    id: string
  ) => Effect.Effect<Nouns[K], RowNotFound | DirectoryUnavailable>
  /** Makes or replaces one row. */
  readonly put: <K extends TableName>(
    kind: K,
    row: Written[K],
    options: ChangeOptions
  ) => Effect.Effect<Changed<Nouns[K]>, ChangeRefused | DirectoryUnavailable>
  /** Removes a row. */
  readonly remove: (
    kind: TableName,
    id: string,
    options: ChangeOptions
  ) => Effect.Effect<void, RowNotFound | ChangeRefused | DirectoryUnavailable>
  /** Applies a file in one transaction, and says what was (or would be) done. */
  readonly apply: (
    file: DirectoryFile,
    options: ApplyOptions
  ) => Effect.Effect<Applied, ChangeRefused | DirectoryUnavailable>
  /** The ids of the rows of a kind that a file made. */
  readonly ofFile: (kind: TableName) => Effect.Effect<ReadonlySet<string>, DirectoryUnavailable>
  /** Audit rows, newest first, before `before`. */
  readonly audits: (query: {
    /** The number of a row: those before it. */
    readonly before?: number
    /** The most rows that are answered. */
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<Audit>, DirectoryUnavailable>
  /** Makes several changes together: all of them or none. */
  readonly together: <A, E>(changes: Effect.Effect<A, E>) => Effect.Effect<A, E | DirectoryUnavailable>
  /** Makes a change that is kept beside the rows, such as one of the deny list, and writes its audit row: both or neither. */
  readonly recorded: <A, E>(
    change: Effect.Effect<A, E>,
    audit: Omit<Audit, "seq" | "at">
  ) => Effect.Effect<A, E | DirectoryUnavailable>
  /**
   * Runs `change` at most once for an idempotency key: a second call with the same fingerprint gets the first answer.
   * Keys are remembered for a day.
   */
  readonly once: <E>(
    key: string,
    fingerprint: string,
    change: Effect.Effect<string, E>
  ) => Effect.Effect<string, E | ChangeRefused | DirectoryUnavailable>
}>()("@jotgate/store/DirectoryAdmin") {}

/** The entity tag of a row: it changes when the row does. */
export const etag = (row: Nouns[TableName]): string => hash("sha256", JSON.stringify(row), "base64url").slice(0, 22)

/** A refusal for these reasons. */
export const refused = (reason: ChangeRefused["reason"], findings: ReadonlyArray<Finding> = []): ChangeRefused =>
  new ChangeRefused({ reason, findings: findings.map(({ message, path }) => ({ path, message })) })

/** Rows of one question to the store while everything is read. */
const together = 1000

/** What `pick` takes of every row of a kind, read page by page; of rows like `filter` alone. */
export const everyOf = Effect.fnUntraced(function*<K extends TableName, A>(
  directory: DirectoryAdmin["Service"],
  kind: K,
  pick: (rows: ReadonlyArray<Nouns[K]>) => ReadonlyArray<A>,
  filter: Filter = {}
) {
  const found: Array<A> = []
  let after: string | undefined
  do {
    const page: Page<Nouns[K]> = yield* directory.list(kind, {
      limit: together,
      filter,
      ...(after === undefined ? {} : { after })
    })
    for (const it of pick(page.rows)) found.push(it)
    after = page.next
  } while (after !== undefined)
  return found
})

/** Every row of a kind, in the order of their ids; those like `filter` alone. */
export const everyRow = <K extends TableName>(directory: DirectoryAdmin["Service"], kind: K, filter: Filter = {}) =>
  everyOf(directory, kind, (rows: ReadonlyArray<Nouns[K]>) => rows, filter)
