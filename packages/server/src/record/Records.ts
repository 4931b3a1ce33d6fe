/**
 * The records of answers, for whoever asks: those in memory and those in the
 * store as one.
 */
import type { FoundRecord } from "@jotgate/store/RecordStore"
import { Clock, Context, Effect, Layer, Option, Result, Schema } from "effect"
import { AnswerRecord } from "./AnswerRecord.ts"
import { DecisionLog } from "./DecisionLog.ts"
import { matches, pageOf, queryOf, type Search } from "./RecordQuery.ts"
import { RecordWriter } from "./RecordWriter.ts"
import type { Redaction } from "./Redaction.ts"

/** The store of records does not answer. */
export class RecordsAway extends Schema.TaggedError<RecordsAway>()("RecordsAway", {}) {}

/** A time of a search is none. */
export class SearchInvalid extends Schema.TaggedError<SearchInvalid>()("SearchInvalid", {
  member: Schema.Literals(["since", "until"])
}) {}

/** A part of the records, the newest first. */
export interface Page {
  readonly items: ReadonlyArray<AnswerRecord>
  /** What `after` is for the next page. */
  readonly next: string | null
}

/** A part of the stored records with their questions, the newest first. */
export interface KeptPage {
  readonly items: ReadonlyArray<Pick<FoundRecord, "body" | "question">>
  /** What `after` is for the next page. */
  readonly next: string | null
}

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(AnswerRecord))

const days = (millis: number): string => {
  const hours = Math.round(millis / 3_600_000)
  return hours >= 48 ? `${Math.round(hours / 24)} days` : `${hours} h`
}

const away = <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, RecordsAway> =>
  Effect.mapError(self, () => new RecordsAway())

export class Records extends Context.Service<Records, {
  readonly find: (id: string) => Effect.Effect<AnswerRecord | undefined, RecordsAway>
  /** The mapped claims and the request of a decision, while they are kept. */
  readonly question: (id: string) => Effect.Effect<string | undefined, RecordsAway>
  readonly search: (search: Search) => Effect.Effect<Page, RecordsAway | SearchInvalid>
  /** Stored records with their questions, as texts, newest first; none where nothing is stored. */
  readonly questions: (
    range: { readonly since?: string | undefined; readonly after?: string | undefined; readonly limit: number }
  ) => Effect.Effect<KeptPage, RecordsAway | SearchInvalid>
  /** Whether questions are kept. */
  readonly keepsQuestions: boolean
  /** Whoever is told of each record as it is written; the returned function ends it. */
  readonly follow: (listener: (it: AnswerRecord) => void) => () => void
  /** How long records are kept, in words. */
  readonly kept: string
  /** Makes pseudonyms of what records must not tell; absent where they may tell everything. */
  readonly redact: Redaction | undefined
}>()("@jotgate/server/Records") {
  /** `keep` records in memory, those in the store for `life` milliseconds. */
  static readonly layer = (options: { readonly keep: number; readonly life: number }) =>
    Layer.effect(
      Records,
      Effect.gen(function*() {
        const log = yield* DecisionLog
        const { settled, store } = yield* RecordWriter
        const stored = (id: string) => store === undefined ? Effect.succeed(undefined) : away(store.find(id))
        return {
          find: (id) =>
            Effect.suspend(() => {
              const inMemory = log.find(id)
              return inMemory === undefined
                ? Effect.map(stored(id), (it) => it === undefined ? undefined : Option.getOrUndefined(decode(it.body)))
                : Effect.succeed(inMemory)
            }),
          question: (id) =>
            Effect.suspend(() => {
              const question = log.question(id)
              return question === null
                ? Effect.map(stored(id), (it) => it?.question ?? undefined)
                : Effect.succeed(question)
            }),
          search: Effect.fnUntraced(function*(search) {
            const who = search.who === undefined ? undefined : log.redact?.(search.who) ?? search.who
            const query = queryOf({ ...search, who }, yield* Clock.currentTimeMillis)
            if (Result.isFailure(query)) return yield* new SearchInvalid({ member: query.failure })
            const { limit } = query.success
            const found = new Map<string, AnswerRecord>()
            if (store !== undefined) {
              const rows = yield* away(store.search({ ...query.success, limit: limit + 1 }))
              for (const { body, id } of rows) {
                const record = Option.getOrUndefined(decode(body))
                if (record !== undefined) found.set(id, record)
              }
            }
            for (const it of log.matching((one) => matches(query.success, one), limit + 1)) {
              found.set(it.decision, it)
            }
            return pageOf([...found.values()].toSorted((a, b) => a.decision < b.decision ? 1 : -1), limit)
          }),
          keepsQuestions: store !== undefined,
          questions: Effect.fnUntraced(function*({ after, limit, since }) {
            const query = queryOf({ after, limit, since }, yield* Clock.currentTimeMillis)
            if (Result.isFailure(query)) return yield* new SearchInvalid({ member: query.failure })
            // Who asks what changes a moment after an answer asks about that one too.
            if (after === undefined) {
              log.flush()
              yield* settled
            }
            const rows = store === undefined ? [] : yield* away(store.search(query.success))
            return { items: rows, next: rows.length < limit ? null : rows.at(-1)?.id ?? null }
          }),
          follow: log.follow,
          redact: log.redact,
          kept: `The last ${options.keep} answers of this process are kept in memory${
            store === undefined
              ? "; decisions.store would keep them longer"
              : `, and all of them for ${days(options.life)} (decisions.life)`
          }.`
        }
      })
    )
}
