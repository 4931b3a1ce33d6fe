/**
 * Puts one question to `AuthBuilder` from a callback, notes the answer, and hands
 * it back: at once when everything is in memory, else when it is there.
 *
 * There is one path: the fast form calls the same `decide` and only skips the
 * fiber. An answer that wants writes goes through `authenticate`, which has them
 * executed. A defect is never an allow: it is 503, and logged.
 */
import type { AuthBuilder } from "@jotgate/core/AuthBuilder"
import type { Allowed } from "@jotgate/core/Decision"
import { type Denial, Unavailable } from "@jotgate/core/Errors"
import type { Asked } from "@jotgate/core/Request"
import * as Ticks from "@jotgate/core/Ticks"
import { type Now, type Step, Trace } from "@jotgate/core/Trace"
import { Cause, Clock, Context, Effect, Exit, Layer, Option } from "effect"
import { Telemetry } from "./platform/Telemetry.ts"
import * as DecisionId from "./record/DecisionId.ts"
import { allowedEntry, type Asking, DecisionLog, deniedEntry } from "./record/DecisionLog.ts"

/** One answer. */
export interface Verdict {
  readonly id: string
  readonly asked: Asked
  readonly result: Allowed | Denial
  readonly steps: ReadonlyArray<Step>
}

/** One question, with what the log wants to know of it. */
export interface Question {
  readonly auth: AuthBuilder["Service"]
  readonly asked: Asked
  /** The door it came through. */
  readonly door: string
  readonly requestId: string | null
  /** Whether the steps are wanted whoever listens. */
  readonly trace?: boolean
}

const crashed = new Unavailable({ code: "directory_unavailable", retryAfter: 1 })

/** Whether the answer is an allow. */
export const isAllowed = (result: Allowed | Denial): result is Allowed => result._tag === "Allowed"

/** Whether the answer is there already. */
const isAnswered = (it: Effect.Effect<Allowed, Denial>): it is Exit.Exit<Allowed, Denial> => Exit.isExit(it)

const resultOf = (exit: Exit.Exit<Allowed, Denial>): Allowed | Denial =>
  Exit.isSuccess(exit) ? exit.value : Option.getOrElse(Cause.findErrorOption(exit.cause), () => crashed)

const noSteps: ReadonlyArray<Step> = []

/** Whether each decision is a span. A span costs more than a warm decision, so it is off unless traces are sent somewhere. */
export const DecisionSpans = Context.Reference<boolean>("@jotgate/server/DecisionSpans", { defaultValue: () => false })

/** The decision as a span; it names the request and the verdict, never a token. */
const spanned = (self: Effect.Effect<Allowed, Denial>, { asked, door }: Question, id: string) =>
  self.pipe(
    Effect.tap(({ identity }) => Effect.annotateCurrentSpan({ status: 200, issuer: identity?.issuer ?? "" })),
    Effect.tapError(({ code, status }) => Effect.annotateCurrentSpan({ status, code })),
    Effect.withSpan("decision", { attributes: { decision: id, door, method: asked.method, route: asked.path } })
  )
const stopped = (): void => {}

/**
 * How many logged denials of a second say what would have allowed them. Finding that out takes several decisions, so
 * that a flood of denials would cost many times what as many allowed questions do.
 */
const HINTED = 50

/** Says of each denial whether it may have a hint; `ticks` in milliseconds. */
const makeHintAllowance = () => {
  let second = 0
  let given = 0
  return (ticks: number): boolean => {
    const current = Math.floor(ticks / 1000)
    if (current !== second) {
      second = current
      given = 0
    }
    return ++given <= HINTED
  }
}

export class Judge extends Context.Service<Judge, {
  /** Asks, and calls `done` once; at once when every answer is in memory. The returned function gives up. */
  readonly ask: (question: Question, done: (verdict: Verdict) => void) => () => void
  /** Asks as an effect. */
  readonly asking: (question: Question) => Effect.Effect<Verdict>
  /** Decides without writing and without noting anything: whether a large body is worth reading. */
  readonly glance: (auth: AuthBuilder["Service"], asked: Asked, done: (result: Allowed | Denial) => void) => void
  /** A new id of a decision. */
  readonly newId: () => string
}>()("@jotgate/server/Judge") {
  static readonly layer = Layer.effect(
    Judge,
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const log = yield* DecisionLog
      const traced = yield* DecisionSpans
      const telemetry = yield* Telemetry
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const mayHint = makeHintAllowance()
      const newId = () => DecisionId.make(clock.currentTimeMillisUnsafe())

      const noteDefect = (exit: Exit.Exit<Allowed, Denial>) => {
        if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) run(Effect.logError("a decision crashed", exit.cause))
      }

      /** Notes an answer; `started` in ticks. */
      const settle = (
        question: Question,
        id: string,
        now: Now,
        result: Allowed | Denial,
        steps: ReadonlyArray<Step>
      ): Verdict => {
        const { asked, door, requestId } = question
        const millis = Ticks.fromClock(clock) - now.ticks
        const asking: Asking = { time: now.time, decision: id, door, asked, requestId, millis, steps }
        if (isAllowed(result)) {
          telemetry.decided(door, 200, "", millis)
          log.record(allowedEntry(asking, result))
        } else {
          telemetry.decided(door, result.status, result.code, millis)
          log.record(deniedEntry(asking, result))
        }
        return { id, asked, result, steps }
      }

      /**
       * The steps of an answer that memory gave: the same question at the same
       * moment, decided again with somebody listening. Nothing can have changed
       * in between, and only denials pay for it.
       */
      const stepsOf = ({ asked, auth, trace }: Question, now: Now): ReadonlyArray<Step> => {
        const steps: Array<Step> = []
        const brief = trace !== true && !mayHint(now.ticks)
        const decided = auth.decide(asked, { ...now, note: (step) => void steps.push(step), brief })
        return isAnswered(decided) ? steps : noSteps
      }

      const ask = (question: Question, done: (verdict: Verdict) => void): () => void => {
        const { asked, auth } = question
        const now: Now = { time: clock.currentTimeMillisUnsafe(), ticks: Ticks.fromClock(clock), note: undefined }
        const id = DecisionId.make(now.time)
        const decided = traced ? undefined : auth.decide(asked, now)
        if (
          decided !== undefined && isAnswered(decided) && (Exit.isFailure(decided) || decided.value.writes.length === 0)
        ) {
          const isTold = question.trace === true || (log.wantsSteps && Exit.isFailure(decided))
          noteDefect(decided)
          done(settle(question, id, now, resultOf(decided), isTold ? stepsOf(question, now) : noSteps))
          return stopped
        }
        const steps: Array<Step> = []
        const listened = Effect.provideService(auth.authenticate(asked), Trace, (step: Step) => void steps.push(step))
        const fiber = run(traced ? spanned(listened, question, id) : listened)
        const forget = fiber.addObserver((exit) => {
          noteDefect(exit)
          done(settle(question, id, now, resultOf(exit), steps))
        })
        return () => {
          forget()
          fiber.interruptUnsafe()
        }
      }

      return {
        ask,
        asking: (question) =>
          Effect.callback<Verdict>((resume) => {
            const stop = ask(question, (verdict) => resume(Effect.succeed(verdict)))
            return Effect.sync(stop)
          }),
        glance: (auth, asked, done) => {
          const decided = auth.decide(asked, {
            time: clock.currentTimeMillisUnsafe(),
            ticks: Ticks.fromClock(clock),
            note: undefined
          })
          if (isAnswered(decided)) done(resultOf(decided))
          else run(decided).addObserver((exit) => done(resultOf(exit)))
        },
        newId
      }
    })
  )
}
