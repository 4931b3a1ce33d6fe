/**
 * The look-ups of the decision path on SQLite: each is one synchronous call, made when it is asked for, so that its
 * answer is at hand and nobody has to wait for it.
 */
import * as Ticks from "@jotgate/core/Ticks"
import { Duration, Effect, Exit, Layer } from "effect"
import * as Dialect from "../sql/Dialect.ts"
import { type Answer, failed, LONGER, Lookups, make } from "../sql/Lookups.ts"
import { Pulse } from "../sql/Pulse.ts"
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
    // Transactions wait for each other: a disk that is slow for many at once is no directory that is away.
    const longer = Duration.toMillis(LONGER)
    const pulse = new Pulse({ lookup: longer, longest: longer, connecting: 0 }, yield* Ticks.ticks)
    return make(Dialect.sqlite, answer, {
      trouble: () => undefined,
      within: (work, late) => pulse.within(work, LONGER, late)
    })
  })
)
