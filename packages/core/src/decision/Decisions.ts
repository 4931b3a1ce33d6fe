/**
 * What was decided about one token, by question: a few answers, each with the rows that it rests on.
 */
import type * as Exit from "effect/Exit"
import type { Reads } from "../cache/Reads.ts"
import type { Allowed } from "../Decision.ts"
import type { Denial } from "../Errors.ts"
import { type Asked, namesOf, type RequestedModel } from "../Request.ts"
import { type RequestedTool, sameTools, toolsOf } from "../rules/RequestedTool.ts"
import type { Now } from "../Trace.ts"

/** How many questions are remembered with one token: a caller asks the same few again and again. */
const REMEMBERED = 4

/** What was decided. */
export type Answer = Exit.Exit<Allowed, Denial>

/** A request with the value of its team header. */
export interface Asking {
  readonly asked: Asked
  readonly header: string | undefined
  readonly traced: boolean
}

/** How long path, model and team header may be together: the caller chooses them, so the memory is bounded. */
const LONGEST = 512

/** A request without what a decision does not look at once the caller is known: the headers hold the token. */
export type Question = Required<Omit<Asked, "tool">> & Pick<Asked, "tool">

/** One answer with what it rests on. */
export interface Decided {
  readonly question: Question
  readonly header: string | undefined
  readonly traced: boolean
  readonly reads: Reads
  readonly answer: Answer
}

const noHeaders: ReadonlyArray<string> = []

/** The question in a request. */
export const questionOf = ({ listsModels, method, model, path, tool }: Asked): Question => ({
  listsModels: listsModels === true,
  method,
  model,
  path,
  rawHeaders: noHeaders,
  ...(tool === undefined ? {} : { tool })
})

/** How long the names in a request are together. */
const lengthOf = (model: RequestedModel): number =>
  model._tag === "Known" ? model.name.length : namesOf(model).reduce((sum, name) => sum + name.length, 0)

const toolLengthOf = (tool: RequestedTool): number =>
  toolsOf(tool).reduce((sum, it) => sum + it.server.length + it.name.length, 0)

/** Whether a question is short enough to be remembered. */
export const isShort = ({ asked: { model, path, tool }, header }: Asking): boolean =>
  path.length + lengthOf(model) + (tool === undefined ? 0 : toolLengthOf(tool)) + (header?.length ?? 0) <= LONGEST

/** Whether two requests ask for the same, wherever they say so. */
const sameModel = (one: RequestedModel, other: RequestedModel): boolean => {
  if (one._tag === "Known") return other._tag === "Known" && one.name === other.name
  if (one._tag !== other._tag) return false
  if (one._tag === "Unseen" && other._tag === "Unseen" && one.enforced !== other.enforced) return false
  const [names, others] = [namesOf(one), namesOf(other)]
  return names.length === others.length && names.every((name, index) => name === others[index])
}

const sameQuestion = (one: Question, other: Asked): boolean =>
  one.path === other.path && one.method === other.method && one.listsModels === (other.listsModels === true) &&
  sameModel(one.model, other.model) &&
  (one.tool === other.tool ||
    (one.tool !== undefined && other.tool !== undefined && sameTools(one.tool, other.tool)))

/** What was decided about one token; gone with it. */
export class Decisions {
  #isKnown: boolean
  readonly #decided: Array<Decided> = []

  /** `isKnown`: whether the token came before. */
  constructor(isKnown = false) {
    this.#isKnown = isKnown
  }

  /** Whether the token came before. */
  isFirst(): boolean {
    const isFirst = !this.#isKnown
    this.#isKnown = true
    return isFirst
  }

  recall({ asked, header, traced }: Asking, now: Now): Answer | undefined {
    for (let i = 0; i < this.#decided.length; i++) {
      const it = this.#decided[i]
      if (it === undefined || it.header !== header || it.traced !== traced || !sameQuestion(it.question, asked)) {
        continue
      }
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
