/**
 * The look-ups of the decision path on SQLite: each is one synchronous call, made when it is asked for, so that its
 * answer is at hand and nobody has to wait for it.
 */
import { Effect, Exit, Layer } from "effect"
import * as Dialect from "../sql/Dialect.ts"
import { type Answer, failed, Lookups, make } from "../sql/Lookups.ts"
import { SqliteClient } from "./SqliteClient.ts"

export const layer = Layer.effect(
  Lookups,
  Effect.gen(function*() {
    const sqlite = yield* SqliteClient
    const answer: Answer = (question, params, finish) => {
      const rows = sqlite.readNow(question.text, params)
      return Exit.isSuccess(rows)
        ? finish(rows.value)
        // Rare: another process recovers the log.
        : Effect.matchEffect(sqlite.read(question.text, params), {
          onFailure: failed(question.name),
          onSuccess: finish
        })
    }
    return make(Dialect.sqlite, answer)
  })
)
