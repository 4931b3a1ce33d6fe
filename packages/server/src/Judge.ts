/**
 * Puts one question to `AuthBuilder` from a callback, tells its recording what
 * was decided, and hands the answer back: at once when everything is in memory,
 * else when it is there.
 *
 * There is one path: the fast form calls the same `decide` and only skips the
 * fiber. An answer that wants writes goes through `authenticate`, which has them
 * executed, unless the question is dry. A defect is never an allow: it is 503,
 * and logged. The steps of a denial rest on the rows of its decision alone; what
 * would have allowed it rests on more, so it is worked out apart: no answer waits
 * for it, unless its caller asked for the trace.
 */
import type { AuthBuilder } from "@jotgate/core/AuthBuilder"
import type { Allowed } from "@jotgate/core/Decision"
import { type Denial, Unavailable } from "@jotgate/core/Errors"
import type { Asked } from "@jotgate/core/Request"
import { fromClock, nowOf } from "@jotgate/core/Ticks"
import { type Noted, type Now, Trace } from "@jotgate/core/Trace"
import { Cause, Clock, Context, Effect, Exit, Layer, Option } from "effect"
import { Deployments } from "./Deployment.ts"
import { Telemetry } from "./platform/Telemetry.ts"
import { DecisionLog } from "./record/DecisionLog.ts"
import { questionText } from "./record/KeptQuestion.ts"
import { type Opened, type Recorder, Recording } from "./record/Recording.ts"

/** One answer. */
export interface Verdict {
  readonly id: string
  readonly asked: Asked
  readonly result: Allowed | Denial
  readonly steps: ReadonlyArray<Noted>
}

/** What is asked of which rules. */
interface Asking {
  readonly auth: AuthBuilder["Service"]
  readonly asked: Asked
  /** Whether the steps are wanted whoever listens, and what would have allowed a denial with them. */
  readonly trace?: boolean
  /** Whether a denial tells its caller who was asking: its steps are wanted then, whoever listens. */
  readonly tellsWhom?: boolean
}

/** One question of a request, with the recording of its answer. */
export interface Question extends Asking {
  readonly recording: Recording
}

/** One question whose answer is the decision itself. */
export interface Enquiry extends Asking {
  /** The door it came through. */
  readonly door: string
  readonly requestId: string | null
  /** Decides and writes nothing. */
  readonly dry?: boolean
}

const crashed = () => new Unavailable({ code: "directory_unavailable", retryAfter: 1 })

/** Whether the answer is an allow. */
export const isAllowed = (result: Allowed | Denial): result is Allowed => result._tag === "Allowed"

/**
 * The name under which a caller's requests are counted; `undefined` for nobody in particular. Ids of users and of teams
 * do not meet: an agent without a user is its team.
 */
export const callerOf = ({ identity, principal }: Allowed): string | undefined =>
  principal.userId ?? (principal.teamId === undefined ? identity?.issuer : `team ${principal.teamId}`)

type Decided = Exit.Exit<Allowed, Denial>

/** Whether the answer is there already. */
const isAnswered = (it: Effect.Effect<Allowed, Denial>): it is Decided => Exit.isExit(it)

const resultOf = (exit: Decided): Allowed | Denial =>
  Exit.isSuccess(exit) ? exit.value : Option.getOrElse(Cause.findErrorOption(exit.cause), crashed)

const noSteps: ReadonlyArray<Noted> = []

/** Whether each decision is a span. A span costs more than a warm decision, so it is off unless traces are sent somewhere. */
export const DecisionSpans = Context.Reference<boolean>("@jotgate/server/DecisionSpans", { defaultValue: () => false })

/** The decision as a span; it names the request and the verdict, never a token. */
const spanned = (self: Effect.Effect<Allowed, Denial>, { asked, recording }: Question) =>
  self.pipe(
    Effect.tap(({ identity }) => Effect.annotateCurrentSpan({ status: 200, issuer: identity?.issuer ?? "" })),
    Effect.tapError(({ code, status }) => Effect.annotateCurrentSpan({ status, code })),
    Effect.withSpan("decision", {
      attributes: { decision: recording.id, door: recording.door, method: asked.method, route: asked.path }
    })
  )
const stopped = (): void => {}

/**
 * How many denials of a second say what would have allowed them. Finding that out takes several decisions, so that a
 * flood of denials would cost many times what as many allowed questions do.
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

/** What stands in place of a hint that is not there. */
const missing = (why: string): Noted => ({ step: "hint", outcome: "note", facts: { missing: why } })
const tooMany = missing("not worked out: too many denials in this second")
const tooLate = missing("not worked out: it needs rows that were not in memory")

export class Judge extends Context.Service<Judge, {
  /** The recording of an answer that is to come. */
  readonly open: (request: Opened) => Recording
  /** Asks, and calls `done` once; at once when every answer is in memory. The returned function gives up. */
  readonly ask: (question: Question, done: (verdict: Verdict) => void) => () => void
  /** Asks as an effect; the verdict is the answer, so it is recorded when it is there. */
  readonly asking: (enquiry: Enquiry) => Effect.Effect<Verdict>
  /** Decides without writing and without noting anything: whether a large body is worth reading. */
  readonly glance: (auth: AuthBuilder["Service"], asked: Asked, done: (result: Allowed | Denial) => void) => void
}>()("@jotgate/server/Judge") {
  static readonly layer = Layer.effect(
    Judge,
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const log = yield* DecisionLog
      const deployments = yield* Deployments
      const traced = yield* DecisionSpans
      const telemetry = yield* Telemetry
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const mayHint = makeHintAllowance()
      const recorder: Recorder = {
        time: () => clock.currentTimeMillisUnsafe(),
        ticks: () => fromClock(clock),
        record: log.record,
        lineOf: (setting, row) => deployments.current().lineOf?.(setting, row),
        redact: log.redact,
        refused: (door, status, code) => telemetry.decided({ door, status, code, issuer: "" }, undefined),
        firstByte: telemetry.firstByte
      }
      const open = (request: Opened) => new Recording(recorder, request)

      const noteDefect = (exit: Decided) => {
        if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) run(Effect.logError("a decision crashed", exit.cause))
      }

      const settle = (
        { asked, auth, recording }: Question,
        ticks: number,
        result: Allowed | Denial,
        steps: ReadonlyArray<Noted>
      ): Verdict => {
        const millis = fromClock(clock) - ticks
        recording.judged(asked, result, steps, millis)
        const { door, parties } = recording
        const issuer = parties.issuer ?? ""
        telemetry.decided(
          isAllowed(result)
            ? { door, status: 200, code: "", issuer }
            : { door, status: result.status, code: result.code, issuer },
          millis
        )
        if (log.keepsQuestions) {
          const question = questionText(
            asked,
            { team: auth.teamAskedFor(asked), client: auth.clientAskedFor(asked) },
            result,
            steps
          )
          recording.question = question === null ? null : recording.told(question)
        }
        return { id: recording.decision, asked, result, steps }
      }

      /** Runs what memory could not answer; calls `done` with its exit. */
      const finish = (decided: Effect.Effect<Allowed, Denial>, done: (exit: Decided) => void): () => void => {
        if (isAnswered(decided)) {
          done(decided)
          return stopped
        }
        const fiber = run(decided)
        const forget = fiber.addObserver(done)
        return () => {
          forget()
          fiber.interruptUnsafe()
        }
      }

      /**
       * Adds what would have allowed a denial: the question decided again with somebody who listens for it. What cannot
       * be had at once comes in while nobody waits, until the record is written.
       */
      const addHint = ({ asked, auth, trace }: Question, now: Now, steps: Array<Noted>, done: () => void): void => {
        if (trace !== true && !mayHint(now.ticks)) {
          steps.push(tooMany)
          return done()
        }
        const at = steps.length
        const note = (step: Noted) => {
          if (step.step === "hint") steps[at] = step
        }
        const decided = auth.decide(asked, { ...now, note, brief: false })
        if (isAnswered(decided)) return done()
        if (trace === true) return void finish(decided, done)
        steps[at] ??= tooLate
        finish(decided, () => {
          if (steps[at] === tooLate) steps.splice(at, 1)
        })
        done()
      }

      /** Gives the answer, of a denial with its steps, of which the hint may come later. */
      const answer = (
        question: Question,
        now: Now,
        exit: Decided,
        steps: Array<Noted>,
        done: (it: Verdict) => void
      ) => {
        noteDefect(exit)
        const result = resultOf(exit)
        if (isAllowed(result) || steps.length === 0) return done(settle(question, now.ticks, result, steps))
        addHint(question, now, steps, () => done(settle(question, now.ticks, result, steps)))
      }

      /**
       * The answer that memory gave, told with its steps: the same question at the same moment, decided again with
       * somebody listening. Nothing can have changed in between, and only denials pay for it.
       */
      const retell = (question: Question, now: Now, decided: Decided, done: (it: Verdict) => void): () => void => {
        const steps: Array<Noted> = []
        const retold = question.auth.decide(question.asked, {
          ...now,
          note: (step) => void steps.push(step),
          brief: true
        })
        if (question.trace === true) return finish(retold, () => answer(question, now, decided, steps, done))
        if (!isAnswered(retold)) finish(retold, stopped)
        answer(question, now, decided, steps, done)
        return stopped
      }

      const ask = (question: Question, done: (verdict: Verdict) => void): () => void => {
        const { asked, auth, recording, trace } = question
        const now = nowOf(clock)
        recording.begin(now.time)
        const { dry } = recording
        const decided = traced ? undefined : auth.decide(asked, now)
        if (
          decided !== undefined && isAnswered(decided) &&
          (dry || Exit.isFailure(decided) || decided.value.writes.length === 0)
        ) {
          const isTold = log.wantsSteps || question.tellsWhom === true
          if (trace === true || (isTold && Exit.isFailure(decided))) return retell(question, now, decided, done)
          noteDefect(decided)
          done(settle(question, now.ticks, resultOf(decided), noSteps))
          return stopped
        }
        const steps: Array<Noted> = []
        const note = (step: Noted) => void steps.push(step)
        const listened = dry
          ? Effect.suspend(() => auth.decide(asked, { ...now, note, brief: true }))
          : Effect.provideService(auth.authenticate(asked, true), Trace, note)
        return finish(
          traced ? spanned(listened, question) : listened,
          (exit) => answer(question, now, exit, steps, done)
        )
      }

      return {
        open,
        ask,
        asking: (enquiry) =>
          Effect.callback<Verdict>((resume) => {
            const { asked, door, dry, requestId } = enquiry
            const recording = open({ door, method: asked.method, route: asked.path, requestId, dry: dry === true })
            const stop = ask({ ...enquiry, recording }, (verdict) => {
              const { result } = verdict
              if (isAllowed(result)) recording.answered(200)
              else recording.refused(result.status, result.code)
              resume(Effect.succeed(verdict))
            })
            return Effect.sync(() => {
              stop()
              recording.abandoned()
            })
          }),
        glance: (auth, asked, done) => {
          const decided = auth.decide(asked, nowOf(clock))
          finish(decided, (exit) => done(resultOf(exit)))
        }
      }
    })
  )
}
