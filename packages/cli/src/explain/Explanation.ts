/**
 * One decision with its steps, and what would have turned a denial into an
 * allow.
 *
 * It is the same `decide` as every door's, without the writes. The advice is
 * not guessed: each change that is named was decided too.
 */
import type { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { type Allowed, allowedJson, type DecisionJson, deniedJson } from "@jotgate/core/Decision"
import { BadRequest, type Denial } from "@jotgate/core/Errors"
import * as Request from "@jotgate/core/Request"
import * as Ticks from "@jotgate/core/Ticks"
import type { Fact, Step } from "@jotgate/core/Trace"
import * as DecisionId from "@jotgate/server/DecisionId"
import { peek } from "@jotgate/server/ModelPeek"
import { requested } from "@jotgate/server/Peeked"
import { Clock, Effect, Exit, Result } from "effect"

/** What is asked. `headers` are name, value, name, value … as on the wire. */
export interface Question {
  readonly method: string
  readonly target: string
  readonly headers: ReadonlyArray<string>
  readonly model: string | undefined
}

export interface Explanation {
  readonly question: Question
  readonly decision: DecisionJson
  readonly steps: ReadonlyArray<Step>
  /** Milliseconds that the decision took. */
  readonly millis: number
  /** What would have been allowed instead, one change each. */
  readonly advice: ReadonlyArray<string>
}

type Auth = AuthBuilder["Service"]

const bodyOf = (model: string | undefined): Uint8Array =>
  new TextEncoder().encode(model === undefined ? "" : JSON.stringify({ model }))

/** The question in the form of every door; the model of the path counts as well as that of the body. */
const ask = ({ headers, method, model, target }: Question): Exit.Exit<Request.Asked, BadRequest> => {
  const found = requested(peek(target, "application/json", bodyOf(model)))
  return found === undefined
    ? Exit.fail(new BadRequest({ code: "body_invalid" }))
    : Request.make({ method, target, rawHeaders: headers, model: found })
}

const decide = Effect.fnUntraced(function*(auth: Auth, asked: Request.Asked, steps: Array<Step>) {
  const clock = yield* Clock.Clock
  const now = {
    time: clock.currentTimeMillisUnsafe(),
    ticks: Ticks.fromClock(clock),
    note: (step: Step) => void steps.push(step)
  }
  const result = yield* Effect.result(auth.decide(asked, now))
  return { result, millis: Ticks.fromClock(clock) - now.ticks }
})

/** Whether another question would be allowed. */
const allows = (auth: Auth, question: Question) =>
  Exit.match(ask(question), {
    onFailure: () => Effect.succeed(false),
    onSuccess: (asked) => Effect.map(decide(auth, asked, []), ({ result }) => Result.isSuccess(result))
  })

const texts = (fact: Fact | undefined): ReadonlyArray<string> =>
  Array.isArray(fact) ? fact.filter((it): it is string => typeof it === "string") : []

const member = (fact: Fact | undefined, name: string): Fact | undefined =>
  typeof fact === "object" && fact !== null && !Array.isArray(fact)
    ? Object.entries(fact).find(([key]) => key === name)?.[1]
    : undefined

/** Every pattern of a model that a step speaks of. */
const patternsIn = (steps: ReadonlyArray<Step>): ReadonlyArray<string> => [
  ...new Set(
    steps.flatMap(({ facts }) => [
      ...texts(facts["models"]),
      ...(Array.isArray(facts["candidates"]) ? facts["candidates"].flatMap((it) => texts(member(it, "models"))) : [])
    ])
  )
]

/** The teams that the token names: the claim's path, then its values. */
const teamsIn = (steps: ReadonlyArray<Step>): ReadonlyArray<string> =>
  texts(steps.find((it) => it.step === "claims")?.facts["teams"]).slice(1)

/** What is tried at most: advice is for reading. */
const most = 8

const advise = Effect.fnUntraced(function*(
  auth: Auth,
  question: Question,
  denial: Denial,
  steps: ReadonlyArray<Step>,
  teamHeader: string | undefined
) {
  const advice: Array<string> = []
  if (denial.status !== 403 && denial.status !== 404) return advice
  const sent = question.headers.some((it, index) => index % 2 === 0 && it.toLowerCase() === teamHeader)
  if (teamHeader !== undefined && !sent) {
    for (const team of teamsIn(steps).slice(0, most)) {
      const headers = [...question.headers, teamHeader, team]
      if (yield* allows(auth, { ...question, headers })) advice.push(`with the header ${teamHeader}: ${team}`)
    }
  }
  if (question.model !== undefined) {
    for (const model of patternsIn(steps).filter((it) => !it.includes("*")).slice(0, most)) {
      if (model !== question.model && (yield* allows(auth, { ...question, model }))) {
        advice.push(`with the model ${model}`)
      }
    }
    if (advice.length === 0 && (yield* allows(auth, { ...question, model: undefined }))) {
      const patterns = patternsIn(steps)
      advice.push(`with another model${patterns.length === 0 ? "" : `: ${patterns.slice(0, most).join(", ")}`}`)
    }
  }
  return advice
})

/** Decides and explains; `teamHeader` is the header by which a caller asks for a team. */
export const explain = Effect.fnUntraced(function*(
  auth: Auth,
  question: Question,
  teamHeader: string | undefined
): Effect.fn.Return<Explanation> {
  const id = DecisionId.make(yield* Clock.currentTimeMillis)
  const asked = ask(question)
  const steps: Array<Step> = []
  if (Exit.isFailure(asked)) {
    const path = question.target.split("?", 1)[0] ?? "/"
    const nothing = { method: question.method, path, rawHeaders: [], model: Request.noModel }
    const denial = new BadRequest({ code: "request_ambiguous" })
    const refused: Step = { step: "request", outcome: "denied", facts: { code: denial.code } }
    return {
      question,
      decision: deniedJson(id, nothing, denial, [refused], true),
      steps: [refused],
      millis: 0,
      advice: []
    }
  }
  const { millis, result } = yield* decide(auth, asked.value, steps)
  const decision = Result.match(result, {
    onFailure: (denial: Denial) => deniedJson(id, asked.value, denial, steps, true),
    onSuccess: (allowed: Allowed) => allowedJson(id, allowed, steps)
  })
  const advice = Result.isFailure(result) ? yield* advise(auth, question, result.failure, steps, teamHeader) : []
  return { question, decision, steps, millis, advice }
})
