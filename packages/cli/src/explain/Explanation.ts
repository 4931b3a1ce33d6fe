/**
 * One decision with its steps: the same `decide` as every door's, without the
 * writes.
 */
import type { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { type Allowed, allowedJson, type DecisionJson, deniedJson } from "@jotgate/core/Decision"
import * as DecisionId from "@jotgate/core/DecisionId"
import { BadRequest, type Denial } from "@jotgate/core/Errors"
import * as Remedy from "@jotgate/core/Remedy"
import * as Request from "@jotgate/core/Request"
import { fromClock, nowOf } from "@jotgate/core/Ticks"
import type { Noted } from "@jotgate/core/Trace"
import * as ModelPeek from "@jotgate/server/ModelPeek"
import { type Somebody, suppose, type Supposing } from "@jotgate/server/Supposition"
import { Cause, Clock, Effect, Exit, Option, Result } from "effect"
import { failure } from "../Outcome.ts"

/** What is asked. `headers` are name, value, name, value … as on the wire. */
export interface Question {
  readonly method: string
  readonly target: string
  readonly headers: ReadonlyArray<string>
  readonly model: string | undefined
  /** What of an MCP server is asked for; nothing unless said. */
  readonly tool?: Request.Tool | undefined
}

export interface Explanation {
  readonly question: Question
  readonly decision: DecisionJson
  readonly steps: ReadonlyArray<Noted>
  /** Milliseconds that the decision took. */
  readonly millis: number
}

type Auth = AuthBuilder["Service"]

const bodyOf = (model: string | undefined): Uint8Array =>
  new TextEncoder().encode(model === undefined ? "" : JSON.stringify({ model }))

/** The question in the form of every door; the model of the path counts as well as that of the body. */
const ask = ({ headers, method, model, target, tool }: Question): Exit.Exit<Request.Asked, BadRequest> => {
  const found = ModelPeek.asked({
    method,
    target,
    rawHeaders: headers,
    contentType: "application/json",
    body: bodyOf(model)
  })
  return found === undefined
    ? Exit.fail(new BadRequest({ code: "body_invalid" }))
    : Request.make({
      method,
      target,
      rawHeaders: headers,
      model: found,
      tool: tool === undefined ? Request.noTool : Request.knownTool(tool)
    })
}

const decide = Effect.fnUntraced(function*(auth: Auth, asked: Request.Asked, steps: Array<Noted>) {
  const clock = yield* Clock.Clock
  const now = nowOf(clock, (step) => void steps.push(step))
  const result = yield* Effect.result(auth.decide(asked, now))
  return { result, millis: fromClock(clock) - now.ticks }
})

/** The answer to a request that cannot be judged, with what is ambiguous in it. */
const unreadable = (id: string, question: Question, asked: Exit.Failure<Request.Asked, BadRequest>): Explanation => {
  const path = question.target.split("?", 1)[0] ?? "/"
  const nothing = { method: question.method, path, rawHeaders: [], model: Request.noModel }
  const denial = Option.getOrElse(
    Cause.findErrorOption(asked.cause),
    () => new BadRequest({ code: "request_ambiguous" })
  )
  const cause = denial.code === "request_ambiguous" ? { cause: Request.causeOf(question.target) } : {}
  const refused: Noted = { step: "request", outcome: "denied", facts: { code: denial.code, ...cause } }
  return {
    question,
    decision: deniedJson(id, nothing, denial, [refused], true),
    steps: [refused],
    millis: 0
  }
}

/** Decides and explains. */
export const explain = Effect.fnUntraced(function*(auth: Auth, question: Question): Effect.fn.Return<Explanation> {
  const id = DecisionId.make(yield* Clock.currentTimeMillis)
  const asked = ask(question)
  const steps: Array<Noted> = []
  if (Exit.isFailure(asked)) return unreadable(id, question, asked)
  const { millis, result } = yield* decide(auth, asked.value, steps)
  const decision = Result.match(result, {
    onFailure: (denial: Denial) => deniedJson(id, asked.value, denial, steps, true),
    onSuccess: (allowed: Allowed) => allowedJson(id, allowed, steps)
  })
  return { question, decision, steps, millis }
})

/** A denial with what an operator would change; `lineOf` finds settings in their file. */
export const remedied = (it: Explanation, lineOf: Remedy.LineOf): Explanation => {
  const decision = Remedy.remedied(it.decision, lineOf)
  return { ...it, decision, steps: decision.steps ?? it.steps }
}

/** Decides and explains about somebody who has no token here. */
export const explainFor = Effect.fnUntraced(function*(supposing: Supposing, who: Somebody, question: Question) {
  const id = DecisionId.make(yield* Clock.currentTimeMillis)
  const asked = ask(question)
  if (Exit.isFailure(asked)) return unreadable(id, question, asked)
  const { millis, result, steps } = yield* suppose(supposing, who, { ...asked.value, listsModels: true }).pipe(
    Effect.mapError(({ reason }) => failure(reason))
  )
  const decision = result._tag === "Allowed"
    ? allowedJson(id, result, steps)
    : deniedJson(id, asked.value, result, steps, true)
  return { question, decision, steps, millis } satisfies Explanation
})
