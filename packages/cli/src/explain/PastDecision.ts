/**
 * One record of the past: asked of the admin listener of a running gate, or
 * read from the store of records when none answers.
 */
import { Secrets } from "@jotgate/core/Secrets"
import { AnswerRecord } from "@jotgate/server/AnswerRecord"
import type { FileSettings } from "@jotgate/server/GatewaySettings"
import * as NodeSecrets from "@jotgate/server/NodeSecrets"
import { RecordStore } from "@jotgate/store/RecordStore"
import * as StoreUrl from "@jotgate/store/StoreUrl"
import { Context, Effect, Layer, Option, Redacted, Result, Schema } from "effect"
import { dirname, resolve } from "node:path"
import { fromEnv, ownAddress, type Place } from "../admin/AdminClient.ts"
import { loadSound } from "../Configuration.ts"
import { failure, Negative } from "../Outcome.ts"

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(AnswerRecord))
const Refusal = Schema.Struct({ detail: Schema.optionalKey(Schema.String) })
const refusal = Schema.decodeUnknownOption(Schema.fromJsonString(Refusal))

/** The store that the settings name; `undefined` when records do not outlive the process. */
export const storeOf = ({ decisions: { store }, directory }: Pick<FileSettings, "decisions" | "directory">) => {
  if (store === null) return undefined
  const url = StoreUrl.parse(store === "directory" ? directory.url : store)
  if (Result.isFailure(url) || url.success._tag === "Memory") return undefined
  return url.success._tag === "Sqlite"
    ? RecordStore.layerSqlite(url.success.path)
    : RecordStore.layerPostgres(url.success.url)
}

const inStore = Effect.fnUntraced(function*(settings: FileSettings, id: string) {
  const store = storeOf(settings)
  if (store === undefined) {
    return yield* failure(
      "no gate answers, and without decisions.store records are kept in its memory alone: start it, or give --admin URL"
    )
  }
  const services = yield* Layer.build(store).pipe(Effect.mapError(() => failure("decisions.store cannot be opened")))
  const found = yield* Context.get(services, RecordStore).find(id).pipe(
    Effect.mapError(() => failure("decisions.store does not answer"))
  )
  if (found === undefined) {
    const days = Math.round(settings.decisions.life / 86_400_000)
    return yield* new Negative({ lines: [`No record has this id. They are kept for ${days} days (decisions.life).`] })
  }
  return found.body
})

const inListener = (base: string, token: Redacted.Redacted | undefined, id: string) =>
  Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(`${base.replace(/\/+$/, "")}/admin/v1/decisions/${encodeURIComponent(id)}`, {
        signal,
        headers: token === undefined ? {} : { authorization: `Bearer ${Redacted.value(token)}` }
      })
      return { status: response.status, text: await response.text() }
    },
    catch: () => "away" as const
  }).pipe(Effect.timeout("5 seconds"), Effect.option)

/** Finds a record; exit 1 with the words that say how long records are kept when there is none. */
export const find = Effect.fnUntraced(function*(place: Place, id: string) {
  const settings = Option.isNone(place.config) ? undefined : (yield* loadSound(place.config.value)).settings
  const base = Option.getOrUndefined(place.admin) ?? (settings === undefined ? undefined : ownAddress(settings))
  if (base === undefined && settings === undefined) {
    return yield* failure("whose decision? Give --config FILE or --admin URL")
  }
  const reference = settings?.gateway.adminToken ?? null
  const token = fromEnv(place.tokenEnv) ?? (reference === null || Option.isNone(place.config)
    ? undefined
    : yield* Secrets.use((it) => it.read(reference)).pipe(
      Effect.provide(NodeSecrets.layer(dirname(resolve(place.config.value)), process.env)),
      Effect.mapError((it) => failure(`gateway.adminToken ${it.reference}: ${it.reason}`))
    ))
  const answer = base === undefined || place.direct ? Option.none() : yield* inListener(base, token, id)
  if (Option.isNone(answer) && settings === undefined) return yield* failure(`${base} does not answer`)
  const text = Option.isSome(answer) ? answer.value.text : undefined
  if (Option.isSome(answer) && answer.value.status === 404) {
    const told = Option.flatMap(refusal(answer.value.text), (it) => Option.fromNullishOr(it.detail))
    return yield* new Negative({ lines: [Option.getOrElse(told, () => "No record has this id.")] })
  }
  if (Option.isSome(answer) && answer.value.status !== 200) {
    return yield* failure(
      answer.value.status === 401
        ? "the admin listener does not accept this token (gateway.adminToken)"
        : `the admin listener answers ${answer.value.status}`
    )
  }
  const body = text ?? (settings === undefined ? "" : yield* inStore(settings, id))
  return yield* Option.match(decode(body), {
    onNone: () => failure("this is no record of jotgate"),
    onSome: (it) => Effect.succeed(it)
  })
})
