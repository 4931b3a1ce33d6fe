/**
 * A record that another process has made: its line, which is read when somebody
 * asks for it.
 */
import { Option, Schema } from "effect"
import { AnswerRecord } from "./AnswerRecord.ts"

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(AnswerRecord))

/** Where the id of a decision stands in its line. */
const idIn = /"decision":"(d_[0-9A-Z]+)"/

/** What of a record it is searched by. */
export interface Searched {
  readonly decision: string
  readonly status: number
  readonly code: string | null
  readonly model: string | null
  readonly models: ReadonlyArray<string> | null
  readonly tool: string | null
  readonly tools: ReadonlyArray<string> | null
  readonly parties: {
    readonly user: string | null
    readonly team: string | null
    readonly agent: string | null
    readonly claimed: { readonly user: string | null; readonly email: string | null } | null
  }
}

export class Told {
  readonly decision: string
  /** The line. */
  readonly text: string
  /** The mapped claims and the request as JSON, where they are kept. */
  readonly question: string | null

  constructor(text: string, question: string | null) {
    this.text = text
    this.question = question
    this.decision = idIn.exec(text)?.[1] ?? ""
  }

  /** How much text it holds, in characters. */
  get stepsSize(): number {
    return this.text.length
  }

  /** The record; `undefined` when the line is none. */
  record(): AnswerRecord | undefined {
    return Option.getOrUndefined(decode(this.text))
  }

  /** What it is searched by; `undefined` when the line is none. */
  searched(): Searched | undefined {
    const it = this.record()
    return it === undefined ? undefined : { ...it, models: it.models ?? null, tools: it.tools ?? null, parties: it }
  }
}
