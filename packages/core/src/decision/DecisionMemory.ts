/**
 * Remembers with a verified token what was decided about it.
 *
 * A decision follows from the settings, the token, the question and the rows
 * that were read, and from nothing else. So it is given again while the token is
 * remembered, the question is the same, and every row would be read alike from
 * memory (`Reads`): never for longer than its shortest-lived row, and not after
 * one of them was forgotten. Whoever listens to the steps always gets them
 * afresh, and a token that comes once leaves nothing behind.
 */
import { Context, Effect, Exit, Layer } from "effect"
import type { ReadLog, Reads } from "../cache/Reads.ts"
import type { Allowed } from "../Decision.ts"
import { OrganizationRepo } from "../directory/OrganizationRepo.ts"
import { RowMemory } from "../directory/RowMemory.ts"
import { TeamRepo } from "../directory/TeamRepo.ts"
import { UserRepo } from "../directory/UserRepo.ts"
import type { Denial } from "../Errors.ts"
import type { Asked } from "../Request.ts"
import type { Now } from "../Trace.ts"
import type { Caller } from "./Question.ts"

/** How many questions are remembered with one token: a caller asks the same few again and again. */
const REMEMBERED = 4

type Answer = Exit.Exit<Allowed, Denial>

/** How long path, model and team header may be together: the caller chooses them, so the memory is bounded. */
const LONGEST = 512

/** A request without what a decision does not look at once the caller is known: the headers hold the token. */
type Question = { readonly [K in keyof Asked]-?: Asked[K] }

interface Decided {
  readonly question: Question
  readonly header: string | undefined
  readonly reads: Reads
  readonly answer: Answer
}

const noHeaders: ReadonlyArray<string> = []

const questionOf = ({ listsModels, method, model, path }: Asked): Question => ({
  listsModels: listsModels === true,
  method,
  model,
  path,
  rawHeaders: noHeaders
})

const isShort = ({ asked: { model, path }, header }: Caller): boolean =>
  path.length + (model._tag === "Known" ? model.name.length : 0) + (header?.length ?? 0) <= LONGEST

const sameQuestion = (one: Question, other: Asked): boolean =>
  one.path === other.path && one.method === other.method && one.listsModels === (other.listsModels === true) &&
  (one.model._tag === "Known"
    ? other.model._tag === "Known" && one.model.name === other.model.name
    : one.model._tag === other.model._tag)

/** What was decided about one token; gone with it. */
export class Decisions {
  #isKnown = false
  readonly #decided: Array<Decided> = []

  /** Whether the token came before. */
  isFirst(): boolean {
    const isFirst = !this.#isKnown
    this.#isKnown = true
    return isFirst
  }

  recall({ asked, header }: Caller, now: Now): Answer | undefined {
    for (let i = 0; i < this.#decided.length; i++) {
      const it = this.#decided[i]
      if (it === undefined || it.header !== header || !sameQuestion(it.question, asked)) continue
      if (it.reads.stand(now)) return it.answer
      this.#decided.splice(i, 1)
      return undefined
    }
    return undefined
  }

  keep(decided: Decided): void {
    if (this.#decided.length >= REMEMBERED) this.#decided.shift()
    this.#decided.push(decided)
  }
}

type Decide = (caller: Caller, now: Now) => Effect.Effect<Allowed, Denial>

const isAnswer = (decided: Effect.Effect<Allowed, Denial>): decided is Answer => Exit.isExit(decided)

const remembering = (log: ReadLog): DecisionMemory => ({
  decision: (caller, now, decide) => {
    const { decisions } = caller
    if (now.note !== undefined) return decide(caller, now)
    const known = decisions.recall(caller, now)
    if (known !== undefined) return known
    if (decisions.isFirst() || !isShort(caller)) return decide(caller, now)
    const question = questionOf(caller.asked)
    const [answer, reads] = log.listen(() => decide({ ...caller, asked: question }, now))
    if (reads !== undefined && isAnswer(answer) && !Exit.hasDies(answer)) {
      decisions.keep({ question, header: caller.header, reads, answer })
    }
    return answer
  }
})

const none: DecisionMemory = { decision: (caller, now, decide) => decide(caller, now) }

export interface DecisionMemory {
  /** The remembered decision about a caller, or the one that `decide` comes to. */
  readonly decision: (caller: Caller, now: Now, decide: Decide) => Effect.Effect<Allowed, Denial>
}

/** Decides each time anew unless `layer` is provided. */
export const DecisionMemory = Context.Reference<DecisionMemory>("@jotgate/core/DecisionMemory", {
  defaultValue: () => none
})

/** Remembers, when all rows come out of one cache that says what was read. */
export const layer = Layer.effect(
  DecisionMemory,
  Effect.gen(function*() {
    const memory = yield* RowMemory
    const repositories = [yield* UserRepo, yield* TeamRepo, yield* OrganizationRepo]
    return memory !== undefined && repositories.every((it) => memory.repositories.has(it))
      ? remembering(memory.reads)
      : none
  })
)
