/**
 * `jotgate review FILE [--since DATE]`: who may call what, by which rule; and what
 * has changed since a date, by the audit of the directory. The rules are those
 * of the file as it is now. Nothing is written.
 */
import { Console, Effect, FileSystem, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { dirname, join, resolve } from "node:path"
import * as AdminClient from "../admin/AdminClient.ts"
import { json, place } from "../admin/AdminFlags.ts"
import * as Columns from "../admin/Columns.ts"
import { loadSound, only } from "../Configuration.ts"
import { failure } from "../Outcome.ts"
import { type Changed, type Rows, undone } from "../review/Past.ts"
import * as Review from "../review/Review.ts"

const Document = Schema.Record(Schema.String, Schema.Array(Schema.Record(Schema.String, Schema.Unknown)))
const decodeDocument = Schema.decodeUnknownEffect(Document)
const Audit = Schema.Struct({
  items: Schema.Array(Schema.Struct({
    at: Schema.String,
    kind: Schema.String,
    id: Schema.String,
    before: Schema.Unknown,
    after: Schema.Unknown
  })),
  next: Schema.NullOr(Schema.String)
})
const decodeAudit = Schema.decodeUnknownEffect(Audit)

const notOurs = () => failure("this is no admin listener of jotgate")

/** What was changed since, newest first. */
const changesSince = Effect.fnUntraced(function*(ask: AdminClient.Ask, since: number) {
  let changes: ReadonlyArray<Changed> = []
  let cursor: string | undefined
  do {
    const answer = yield* ask({ method: "GET", path: "/audit", query: { cursor, limit: "1000" } })
    const { items, next } = yield* Effect.mapError(decodeAudit(answer), notOurs)
    const later = items.filter((it) => Date.parse(it.at) >= since)
    changes = changes.concat(later)
    cursor = later.length < items.length ? undefined : next ?? undefined
  } while (cursor !== undefined)
  return changes
})

/** A time: RFC 3339, a date, or so long ago. */
const timeOf = Effect.fnUntraced(function*(text: string) {
  const { timeIn } = yield* Effect.promise(() => import("@jotgate/server/RecordQuery"))
  const time = timeIn(text, Date.now())
  return time ?? (yield* failure(`--since ${text}: write a date (2026-11-24), a time, or so long ago (7d)`))
})

/** Asks the rules of the configuration about these rows, in a directory of its own that is gone with the scope. */
const reviewed = Effect.fnUntraced(function*(config: string, rows: Rows) {
  const { settings } = yield* loadSound(config)
  const { make } = yield* Effect.promise(() => import("@jotgate/server/DirectDirectory"))
  const folder = yield* Effect.flatMap(FileSystem.FileSystem, (it) => it.makeTempDirectoryScoped()).pipe(
    Effect.mapError(() => failure("there is no room for a copy of the rows"))
  )
  const looked = {
    ...settings,
    cache: { ...settings.cache, dir: null, redis: null },
    directory: { ...settings.directory, url: `sqlite:${join(folder, "rows.db")}`, write: true, file: null }
  }
  const send = yield* make(looked, { actor: "review", base: dirname(resolve(config)), env: process.env }).pipe(
    Effect.mapError((error) => failure(error.message))
  )
  const ask = AdminClient.over(send)
  yield* ask({ method: "POST", path: "/directory", query: { prune: "none" }, body: rows })
  return yield* Review.entries(ask, rows)
})

export const review = Command.make(
  "review",
  {
    file: Argument.String("file").pipe(Argument.withDescription("The configuration file"), Argument.optional),
    since: Flag.String("since").pipe(
      Flag.withMetavar("DATE"),
      Flag.withDescription("What has changed since: a date, a time, or so long ago (7d)"),
      Flag.optional
    ),
    csv: Flag.Boolean("csv").pipe(Flag.withDescription("Print CSV, for spreadsheets"), Flag.withDefault(false)),
    at: place,
    json
  },
  Effect.fn("review")(function*({ at, csv, file, json, since }) {
    const config = yield* only(file, at.config)
    const ask = yield* AdminClient.connect({ ...at, config: Option.some(config) })
    const rows = yield* Effect.mapError(
      Effect.flatMap(ask({ method: "GET", path: "/directory" }), decodeDocument),
      (error) => error._tag === "SchemaError" ? notOurs() : error
    )
    const now = yield* Effect.scoped(reviewed(config, rows))
    const columns = ["what", "id", "name", "team", "models", "rule"]
    const told = Option.isNone(since)
      ? { columns, entries: now }
      : {
        columns: ["change", ...columns],
        entries: Review.differences(
          yield* Effect.scoped(
            reviewed(config, undone(rows, yield* changesSince(ask, yield* timeOf(since.value))))
          ),
          now
        )
      }
    if (json) return yield* Console.log(JSON.stringify(told.entries, null, 2))
    if (csv) return yield* Console.log(Review.csv(told.columns, told.entries))
    yield* Console.log(
      Columns.table(told.columns, told.entries.map((it): Columns.Row => ({ ...it }))).join("\n")
    )
  }, Effect.scoped)
).pipe(Command.withDescription("Who may call what, by which rule, and what has changed since a date"))
