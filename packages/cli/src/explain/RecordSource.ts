/**
 * Where the records of past answers are read: the admin listener of a running
 * gate, or their store when none answers.
 */
import { allowedJson, deniedJson } from "@jotgate/core/Decision"
import { AnswerRecord, StepRecord } from "@jotgate/server/AnswerRecord"
import type { ConfigFile } from "@jotgate/server/ConfigFile"
import type { FileSettings } from "@jotgate/server/GatewaySettings"
import { type KeptQuestion, readQuestion, requestOf } from "@jotgate/server/KeptQuestion"
import { pageOf, queryOf, type Search } from "@jotgate/server/RecordQuery"
import { isRedacted } from "@jotgate/server/Redaction"
import { suppose } from "@jotgate/server/Supposition"
import { RecordStore } from "@jotgate/store/RecordStore"
import * as StoreUrl from "@jotgate/store/StoreUrl"
import { Clock, Context, Effect, type FileSystem, Layer, Option, Result, Schema, type Scope } from "effect"
import { dirname, resolve } from "node:path"
import * as AdminClient from "../admin/AdminClient.ts"
import { loadSound } from "../Configuration.ts"
import { type Failure, failure, Negative } from "../Outcome.ts"
import * as Pseudonyms from "./Pseudonyms.ts"

/** What a question of the past is answered today. */
export const Again = Schema.Struct({
  allowed: Schema.Boolean,
  status: Schema.Int,
  code: Schema.NullOr(Schema.String),
  steps: Schema.Array(StepRecord)
})
export type Again = typeof Again.Type

const Page = Schema.Struct({ items: Schema.Array(AnswerRecord), next: Schema.NullOr(Schema.String) })

type Answer<A> = Effect.Effect<A, Failure | Negative, FileSystem.FileSystem | Scope.Scope>

export interface RecordSource {
  /** How long records are kept, in words; "" where the listener alone knows. */
  readonly kept: string
  /** One record; exit 1 with the words that say how long records are kept when there is none. */
  readonly find: (id: string) => Answer<AnswerRecord>
  /** Records that are looked for, the newest first, and what `after` is for the next ones. */
  readonly search: (search: Search) => Answer<typeof Page.Type>
  /** The question of a decision, asked again with the rows and rules of now; `undefined` when it is not kept. */
  readonly again: (id: string) => Answer<Again | undefined>
}

/** A record with what its question is answered today, where it has no steps of its own. */
export type Explained = AnswerRecord & { readonly again?: Again }

/**
 * Why a record says what it says: its own steps, else those of the same question with the rows and rules of now. A
 * question of somebody who asked only ("dry") and an answer without a verdict of the rules have none.
 */
export const withSteps = (source: RecordSource, it: AnswerRecord): Answer<Explained> =>
  (it.steps ?? []).length > 0
    ? Effect.succeed(it)
    : Effect.map(source.again(it.decision), (again) => again === undefined ? it : { ...it, again })

const notOurs = () => failure("this is no admin listener of jotgate")
const record = Schema.decodeUnknownEffect(AnswerRecord)
const page = Schema.decodeUnknownEffect(Page)
const decision = Schema.decodeUnknownEffect(Again)

const ofListener = (ask: AdminClient.Ask): RecordSource => {
  const pathOf = (id: string) => `/decisions/${encodeURIComponent(id)}`
  return {
    kept: "",
    find: (id) =>
      Effect.flatMap(
        ask({ method: "GET", path: pathOf(id) }),
        (it) => Effect.mapError(record(it), () => failure("this is no record of jotgate"))
      ),
    search: ({ limit, status, ...texts }) =>
      Effect.flatMap(
        ask({
          method: "GET",
          path: "/decisions",
          query: { ...texts, status: status?.toString(), limit: limit?.toString() }
        }),
        (it) => Effect.mapError(page(it), notOurs)
      ),
    again: (id) =>
      ask({ method: "POST", path: `${pathOf(id)}/again` }).pipe(
        Effect.flatMap((it) => Effect.mapError(decision(it), notOurs)),
        // Its question is not kept.
        Effect.catchTag("Negative", () => Effect.succeed(undefined))
      )
  }
}

/** The store that the settings name; `undefined` when records do not outlive the process. */
export const storeOf = ({ decisions: { store }, directory }: Pick<FileSettings, "decisions" | "directory">) => {
  if (store === null) return undefined
  const url = StoreUrl.parse(store === "directory" ? directory.url : store)
  if (Result.isFailure(url) || url.success._tag === "Memory") return undefined
  return url.success._tag === "Sqlite"
    ? RecordStore.layerSqlite(url.success.path)
    : RecordStore.layerPostgres(url.success.url)
}

const readRecord = Schema.decodeUnknownOption(Schema.fromJsonString(AnswerRecord))

const away = () => failure("decisions.store does not answer")

/** Asks a kept question of the rows and rules of a configuration. */
const askedAgain = Effect.fnUntraced(function*(config: ConfigFile, question: KeptQuestion) {
  const { dry } = yield* Effect.promise(() => import("../Running.ts"))
  const { supposing } = yield* dry({ config, env: process.env, base: dirname(resolve(config.name)) })
  if (supposing === undefined) return undefined
  const { claims, issuer, traced } = question
  const asked = requestOf(question, config.settings.policy.teamHeaders[0])
  const { result, steps } = yield* suppose(supposing, { claims, issuer, traced }, asked).pipe(
    Effect.mapError(({ reason }) => failure(reason))
  )
  const told = result._tag === "Allowed" ? allowedJson("", result, steps) : deniedJson("", asked, result, steps, true)
  return { ...told, steps: told.steps ?? [] }
})

const ofStore = (config: ConfigFile, store: RecordStore["Service"]): RecordSource => {
  const { decisions: { life } } = config.settings
  const kept = `They are kept for ${Math.round(life / 86_400_000)} days (decisions.life).`
  return {
    kept,
    find: Effect.fnUntraced(function*(id) {
      const found = yield* Effect.mapError(store.find(id), away)
      if (found === undefined) return yield* new Negative({ lines: [`No record has this id. ${kept}`] })
      return yield* Option.match(readRecord(found.body), {
        onNone: () => failure("this is no record of jotgate"),
        onSome: (it) => Effect.succeed(it)
      })
    }),
    search: Effect.fnUntraced(function*(search) {
      const redact = yield* Pseudonyms.made(config)
      const who = search.who === undefined ? undefined : redact?.(search.who) ?? search.who
      const query = queryOf({ ...search, who }, yield* Clock.currentTimeMillis)
      if (Result.isFailure(query)) {
        return yield* failure(`--${query.failure}: write a time (2026-11-24T18:00:00Z), a date, or so long ago (7d)`)
      }
      const rows = yield* Effect.mapError(store.search({ ...query.success, limit: query.success.limit + 1 }), away)
      return pageOf(rows.flatMap(({ body }) => Option.toArray(readRecord(body))), query.success.limit)
    }),
    again: Effect.fnUntraced(function*(id) {
      const found = yield* Effect.mapError(store.find(id), away)
      const text = found?.question ?? null
      const plain = text === null || !isRedacted(text) ? undefined : yield* Pseudonyms.undone(config)
      const question = Option.flatMap(Option.fromNullOr(text), (it) => readQuestion(plain?.(it) ?? it))
      return Option.isNone(question) ? undefined : yield* askedAgain(config, question.value)
    })
  }
}

/** Finds the records that the flags mean: of the running gate, else of the store. */
export const connect = Effect.fnUntraced(function*(
  place: AdminClient.Place
): Effect.fn.Return<RecordSource, Failure, FileSystem.FileSystem | Scope.Scope> {
  const ask = yield* AdminClient.listening(place)
  if (ask !== undefined) return ofListener(ask)
  if (Option.isNone(place.config)) return yield* failure("whose records? Give --config FILE or --admin URL")
  const config = yield* loadSound(place.config.value)
  const layer = storeOf(config.settings)
  if (layer === undefined) {
    return yield* failure(
      "no gate answers, and without decisions.store records are kept in its memory alone: start it, or give --admin URL"
    )
  }
  const services = yield* Layer.build(layer).pipe(Effect.mapError(() => failure("decisions.store cannot be opened")))
  return ofStore(config, Context.get(services, RecordStore))
})
