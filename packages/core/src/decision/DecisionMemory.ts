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
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { ReadLog } from "../cache/Reads.ts"
import { Tallies, type Tally } from "../cache/Tally.ts"
import type { Allowed } from "../Decision.ts"
import { AgentRepo } from "../directory/AgentRepo.ts"
import { OrganizationRepo } from "../directory/OrganizationRepo.ts"
import { RowMemory } from "../directory/RowMemory.ts"
import { TeamRepo } from "../directory/TeamRepo.ts"
import * as ToolRepo from "../directory/ToolRepo.ts"
import { UserRepo } from "../directory/UserRepo.ts"
import type { Denial } from "../Errors.ts"
import type { Now } from "../Trace.ts"
import type { Caller } from "./Caller.ts"
import { type Answer, isShort, questionOf } from "./Decisions.ts"

type Decide = (caller: Caller, now: Now) => Effect.Effect<Allowed, Denial>

const isAnswer = (decided: Effect.Effect<Allowed, Denial>): decided is Answer => Exit.isExit(decided)

const remembering = (log: ReadLog, tally: Tally): DecisionMemory => ({
  decision: (caller, now, decide) => {
    const { decisions } = caller
    if (now.note !== undefined) return decide(caller, now)
    const known = decisions.recall(caller, now)
    if (known !== undefined) {
      tally.hits++
      return known
    }
    tally.misses++
    if (decisions.isFirst() || !isShort(caller)) return decide(caller, now)
    const question = questionOf(caller.asked)
    const [answer, reads] = log.listen(() => decide({ ...caller, asked: question }, now))
    if (reads !== undefined && isAnswer(answer) && !Exit.hasDies(answer)) {
      decisions.keep({ question, header: caller.header, traced: caller.traced, reads, answer })
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

/** Where it is told which rows were read, when all of them come out of one cache; else `undefined`. */
export const readLog = Effect.gen(function*() {
  const memory = yield* RowMemory
  const repositories = [yield* UserRepo, yield* TeamRepo, yield* OrganizationRepo, yield* AgentRepo]
  const named = yield* ToolRepo.ToolRepo
  const knowsNames = named === ToolRepo.unknown || memory?.repositories.has(named) === true
  return memory !== undefined && knowsNames && repositories.every((it) => memory.repositories.has(it))
    ? memory.reads
    : undefined
})

/** Remembers, when all rows come out of one cache that says what was read. */
export const layer = Layer.effect(
  DecisionMemory,
  Effect.gen(function*() {
    const log = yield* readLog
    return log === undefined ? none : remembering(log, (yield* Tallies).decisions)
  })
)
