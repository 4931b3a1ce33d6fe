/**
 * Answers of the past: found by id, searched, followed as they are given, and
 * asked again with the rows of today.
 */
import type { DecisionJson } from "@jotgate/core/Decision"
import type { FoundRecord } from "@jotgate/store/RecordStore"
import { Effect, Option, Schema } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Deployments } from "../Deployment.ts"
import * as Problem from "../directory/DirectoryProblem.ts"
import { Judge } from "../Judge.ts"
import { AnswerRecord } from "../record/AnswerRecord.ts"
import { readQuestion } from "../record/KeptQuestion.ts"
import * as Pseudonyms from "../record/Pseudonyms.ts"
import { Records, type SearchInvalid } from "../record/Records.ts"
import { AdminApi, DecisionUnknown, RecordsUnavailable } from "./AdminApi.ts"
import { again } from "./Decide.ts"

const away = () => new RecordsUnavailable()

const badTime = ({ member }: SearchInvalid) =>
  Problem.inputInvalid([{
    path: ["query", member],
    message: "must be a time (2026-11-28T18:00:00Z), a date, or so long ago (15m, 7d)"
  }])

const record = Schema.decodeUnknownOption(Schema.fromJsonString(AnswerRecord))

/** A stored record with its question; nothing for one that cannot be read. */
const asked = (it: Pick<FoundRecord, "body" | "question">) =>
  Option.match(record(it.body), {
    onNone: () => [],
    onSome: (record) => [{
      record,
      question: it.question === null ? null : Option.getOrNull(readQuestion(it.question))
    }]
  })

/** The handlers of `/admin/v1/decisions`. */
export const layer = HttpApiBuilder.group(
  AdminApi,
  "past",
  Effect.fn(function*(handlers) {
    const records = yield* Records
    const judge = yield* Judge
    const deployments = yield* Deployments
    /** A kept question with the addresses of people who have a row. */
    const asItWas = (question: string) =>
      Pseudonyms.plain(question, records.redact, deployments.current().managed?.directory)
    const unknown = (why: string) => new DecisionUnknown({ detail: `${why} ${records.kept}` })
    return handlers
      .handle("find", ({ params }) =>
        Effect.flatMap(
          Effect.catchTag(records.find(params.id), "RecordsAway", away),
          (found) => found === undefined ? unknown("No record has this id.") : Effect.succeed(found)
        ))
      .handle("list", ({ query }) =>
        Effect.catchTags(records.search(query), {
          RecordsAway: away,
          SearchInvalid: badTime
        }))
      .handle("questions", ({ query }) =>
        records.keepsQuestions
          ? Effect.catchTags(records.questions({ limit: 1_000, ...query }), {
            RecordsAway: away,
            SearchInvalid: badTime
          })
            .pipe(Effect.map(({ items, next }) => ({ items: items.flatMap(asked), next })))
          : unknown("No questions are kept."))
      .handle("again", ({ params }) =>
        Effect.flatMap(
          Effect.catchTag(records.question(params.id), "RecordsAway", away),
          (question): Effect.Effect<DecisionJson, DecisionUnknown | Problem.InputInvalid> =>
            question === undefined
              ? Effect.fail(unknown("The question of this decision is not kept."))
              : Effect.flatMap(asItWas(question), (text) => again(judge, deployments.current(), text))
        ))
  })
)
