/**
 * The log of a process that keeps no records itself: their lines go, some
 * milliseconds at a time, to the process that does.
 *
 * What waits for a process that does not take them is bounded; more is dropped
 * and counted.
 */
import { Effect, Layer, Metric } from "effect"
import { DecisionLog } from "./DecisionLog.ts"
import type { Recording } from "./Recording.ts"
import { line } from "./RecordLine.ts"

/** How long records are collected, in milliseconds. */
const collecting = 20

/** Characters that may be on their way. */
const mostPending = 16 * 1024 * 1024

const droppedCounter = Metric.counter("jotgate_audit_dropped_total", {
  description: "Lines of decisions that could not be written.",
  incremental: true
})

/** Where the lines go, and what is known there. */
export interface Receiver {
  /** Hands lines over, each with its question where these are kept; `done` when they have left. */
  readonly hand: (lines: string, questions: ReadonlyArray<string | null>, done: () => void) => void
  /** Whether requests are to be refused until lines can be written. */
  readonly refuses: () => boolean
}

/** `wanted`: whether anybody reads records; `keepsQuestions`: whether their questions are kept with them. */
export const layer = (
  receiver: Receiver,
  options: { readonly wanted: boolean; readonly keepsQuestions: boolean }
) =>
  Layer.effect(
    DecisionLog,
    Effect.gen(function*() {
      let collected: Array<Recording> = []
      let pending = 0
      let dropped = 0
      const flush = () => {
        const records = collected
        collected = []
        if (records.length === 0) return
        if (pending > mostPending) {
          dropped += records.length
          return
        }
        let text = ""
        for (const it of records) {
          it.seal()
          text += `${line(it)}\n`
        }
        pending += text.length
        receiver.hand(text, options.keepsQuestions ? records.map((it) => it.question) : [], () => {
          pending -= text.length
        })
      }
      Metric.registerUnsafe(droppedCounter, yield* Effect.context<never>(), {
        get: () => ({ count: dropped, incremental: true }),
        update: () => {},
        modify: () => {}
      })
      yield* Effect.addFinalizer(() => Effect.sync(flush))
      return {
        record: (it) => {
          if (options.wanted && collected.push(it) === 1) setTimeout(flush, collecting)
        },
        take: () => {},
        flush,
        wantsSteps: options.wanted,
        keepsQuestions: options.keepsQuestions,
        find: () => undefined,
        question: () => null,
        audit: { trouble: () => undefined, dropped: () => dropped, reopen: () => {}, refuses: receiver.refuses },
        recent: () => [],
        matching: () => [],
        follow: () => () => {}
      }
    })
  )
