/**
 * Answers of the past: found by id, searched, followed as they are given, and
 * asked again with the rows of today.
 */
import type { DecisionJson } from "@jotgate/core/Decision"
import { Effect } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Deployments } from "../Deployment.ts"
import * as Problem from "../directory/DirectoryProblem.ts"
import { Judge } from "../Judge.ts"
import { Records } from "../record/Records.ts"
import { AdminApi, DecisionUnknown, RecordsUnavailable } from "./AdminApi.ts"
import { again } from "./Decide.ts"

const away = () => new RecordsUnavailable()

/** The handlers of `/admin/v1/decisions`. */
export const layer = HttpApiBuilder.group(
  AdminApi,
  "past",
  Effect.fn(function*(handlers) {
    const records = yield* Records
    const judge = yield* Judge
    const deployments = yield* Deployments
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
          SearchInvalid: ({ member }) =>
            Problem.inputInvalid([{
              path: ["query", member],
              message: "must be a time (2026-11-28T18:00:00Z), a date, or so long ago (15m, 7d)"
            }])
        }))
      .handle("again", ({ params }) =>
        Effect.flatMap(
          Effect.catchTag(records.question(params.id), "RecordsAway", away),
          (question): Effect.Effect<DecisionJson, DecisionUnknown | Problem.InputInvalid> =>
            question === undefined
              ? Effect.fail(unknown("The question of this decision is not kept."))
              : again(judge, deployments.current(), question)
        ))
  })
)
