/**
 * Forgetting on PostgreSQL: NOTIFY inside the transaction, LISTEN elsewhere.
 *
 * A listener that loses its connection may have missed something, so nothing is
 * fresh any more when it is lost, and again when it is back. A connection can die
 * without a word: each process sends a sign of life every few seconds, and one
 * that hears nothing at all counts as lost.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer, Queue, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import * as Change from "../remember/Change.ts"
import { Forgetting, makeListeners } from "../remember/Forgetting.ts"

const CHANNEL = "jotgate"
const SIGN_OF_LIFE = "{}"
const SIGN_EVERY = Duration.seconds(4)
const SILENCE = Duration.seconds(9)
const RETRY_AFTER = Duration.millis(500)

/** One connection of the pool listens; of a single one none would be left to ask. */
const LEAST_POOL = 2

export const layer = (pool: number) =>
  Layer.effect(
    Forgetting,
    Effect.gen(function*() {
      const pg = yield* PgClient.PgClient
      let connected = false
      const { deliver, doubt, ...shared } = makeListeners(() => connected)
      let wasLost = false

      const attend = Effect.scoped(Effect.gen(function*() {
        const queue = yield* pg.listen(CHANNEL)
        connected = true
        doubt()
        if (wasLost) yield* Effect.logInfo("changes of the directory are heard again")
        const next = Queue.take(queue).pipe(
          Effect.timeoutOrElse({ duration: SILENCE, orElse: () => Effect.undefined })
        )
        while (true) {
          const notification = yield* next
          if (notification === undefined) return "silence"
          const text = notification.payload
          if (text !== SIGN_OF_LIFE) shared.hear(Change.decode(text))
        }
      }))

      const lost = (reason: string) =>
        Effect.suspend(() => {
          const was = connected
          connected = false
          wasLost ||= was
          doubt()
          return was
            ? Effect.logWarning("changes of the directory are not heard: every row is asked for again", { reason })
            : Effect.void
        })

      const listening = attend.pipe(
        Effect.flatMap(lost),
        Effect.catch((error: SqlError.SqlError) => lost(error.reason._tag)),
        Effect.andThen(Effect.sleep(RETRY_AFTER)),
        Effect.forever
      )

      if (pool >= LEAST_POOL) {
        yield* Effect.forkScoped(listening)
        yield* pg.notify(CHANNEL, SIGN_OF_LIFE).pipe(
          Effect.ignore,
          Effect.repeat(Schedule.spaced(SIGN_EVERY)),
          Effect.forkScoped
        )
      }

      return {
        ...shared,
        announce: (change) =>
          Effect.andThen(
            pg`SELECT pg_notify(${CHANNEL}, ${Change.encode(change, shared.self)})`.withoutTransform,
            pg.afterCommit(Effect.sync(() => deliver(change)))
          )
      }
    })
  )
