/**
 * Recorded questions, asked anew under other rules.
 *
 * The store is read page by page and a question that came before is asked once,
 * so neither time nor memory grows with what was asked again and again. Answers
 * that failed for a dependency say nothing of the rules and are left out.
 */
import { AnswerRecord } from "@jotgate/server/AnswerRecord"
import { KeptQuestion, modelOf } from "@jotgate/server/KeptQuestion"
import { suppose, type Supposing } from "@jotgate/server/Supposition"
import type { RecordStore } from "@jotgate/store/RecordStore"
import { Effect, Option, Schema } from "effect"
import { hash } from "node:crypto"
import { failure } from "../Outcome.ts"

/** What the rules said, and for which team. */
export interface Verdict {
  readonly allowed: boolean
  readonly code: string | null
  readonly team: string | null
}

/** A question whose answer is another one. */
export interface Change {
  /** The person, as the record knows it. */
  readonly who: string
  readonly model: string | null
  readonly path: string
  readonly before: Verdict
  readonly after: Verdict
  /** How often it was asked. */
  readonly count: number
}

const page = 1_000

const record = Schema.decodeUnknownOption(Schema.fromJsonString(AnswerRecord))
const kept = Schema.decodeUnknownOption(Schema.fromJsonString(KeptQuestion))

const isRuled = (it: AnswerRecord): boolean => !(it.verdictCode ?? "").endsWith("_unavailable")

const whoOf = ({ claimed, user }: AnswerRecord): string => user ?? claimed?.email ?? claimed?.user ?? "nobody"

const differs = (one: Verdict, other: Verdict): boolean =>
  one.allowed !== other.allowed || (one.allowed && one.team !== other.team)

/** Asks every recorded question anew; `teamHeader` carries the team that was asked for. */
export const run = Effect.fnUntraced(function*(
  store: RecordStore["Service"],
  supposing: Supposing,
  teamHeader: string
) {
  const counts = new Map<string, { count: number; change: Omit<Change, "count"> | undefined }>()
  let unreadable = 0
  let asked = 0
  let below: string | undefined
  for (;;) {
    const rows = yield* store.search({ limit: page, below }).pipe(
      Effect.mapError(() => failure("the store of records does not answer"))
    )
    for (const { body, question } of rows) {
      const told = Option.getOrUndefined(record(body))
      const posed = question === null ? undefined : Option.getOrUndefined(kept(question))
      if (told === undefined || posed === undefined) {
        unreadable++
        continue
      }
      if (!isRuled(told) || told.dry === true) continue
      asked++
      const before: Verdict = { allowed: told.verdict === "allow", code: told.verdictCode, team: told.team }
      const key = hash("sha256", `${question}\n${before.allowed}\n${before.team}`, "base64")
      const known = counts.get(key)
      if (known !== undefined) {
        known.count++
        continue
      }
      const { result } = yield* suppose(supposing, { issuer: posed.issuer, claims: posed.claims }, {
        method: posed.method,
        path: posed.path,
        rawHeaders: posed.team === null ? [] : [teamHeader, posed.team],
        model: modelOf(posed)
      }).pipe(
        Effect.map(({ result }) => ({ result })),
        // An issuer that the new file does not trust any more.
        Effect.catch(() => Effect.succeed({ result: undefined }))
      )
      const after: Verdict = result === undefined
        ? { allowed: false, code: "invalid_token", team: null }
        : result._tag === "Allowed"
        ? { allowed: true, code: null, team: result.principal.teamId ?? null }
        : { allowed: false, code: result.code, team: null }
      counts.set(key, {
        count: 1,
        change: differs(before, after)
          ? { who: whoOf(told), model: posed.models.join(",") || null, path: posed.path, before, after }
          : undefined
      })
    }
    if (rows.length < page) break
    below = rows.at(-1)?.id
  }
  const changes = [...counts.values()].flatMap(({ change, count }): ReadonlyArray<Change> =>
    change === undefined ? [] : [{ ...change, count }]
  ).toSorted((a, b) => a.who < b.who ? -1 : a.who > b.who ? 1 : b.count - a.count)
  return { asked, unreadable, changes }
})
