/**
 * The record of one answer, from its question to the moment when the caller has
 * been answered (DESIGN §10).
 *
 * It is made where a request comes in, told what was decided by `Judge` and what
 * was written by `Answer`, and given to the log exactly once: `status` and
 * `code` are what the caller saw, `verdict` is what the rules said. It holds no
 * token, no claim outside the mapping, and no text without a bound.
 */
import type { Allowed } from "@jotgate/core/Decision"
import * as DecisionId from "@jotgate/core/DecisionId"
import type { Code, Denial } from "@jotgate/core/Errors"
import { type LineOf, withRemedy } from "@jotgate/core/Remedy"
import { type Asked, type RequestedTool, toolName } from "@jotgate/core/Request"
import type { Fact } from "@jotgate/core/Step"
import type { Noted } from "@jotgate/core/Trace"
import type { ServerResponse } from "node:http"
import { cut, routeOf, stepsText, toolOf } from "./Bound.ts"
import { nobody, type Parties, partiesIn, partiesOf } from "./Parties.ts"
import type { Redaction } from "./Redaction.ts"

/** A code that a caller is told; AuthZEN has one of its own. */
export type ToldCode = Code | "not_understood"

/** Whom records are given to, and what time it is. */
export interface Recorder {
  /** Unix milliseconds. */
  readonly time: () => number
  /** Monotonic milliseconds. */
  readonly ticks: () => number
  readonly record: (it: Recording) => void
  /** Where settings stand in the file in force; absent where they came from none. */
  readonly lineOf?: LineOf
  /** Makes pseudonyms of what must not be told; absent where everything may be. */
  readonly redact?: Redaction | undefined
  /** Counts an answer that no decision led to. */
  readonly refused: (door: string, status: number, code: ToldCode) => void
  /** Counts when an upstream began to answer. */
  readonly firstByte: (upstream: string, millis: number) => void
}

/** What answered instead of us. */
export interface UpstreamAnswer {
  readonly name: string
  readonly status: number | null
  /** From the sending of the request to the head of the answer. */
  readonly firstByteMillis: number | null
}

/** Largest texts of a record, in bytes. */
const largestModel = 256
const largestCause = 256

/** Most models that a record names, and most tools. */
const mostModels = 32
const mostTools = 32

const noSteps: ReadonlyArray<Noted> = []

/** Why a decision was denied, in few words, where its steps say so. */
const causeIn = (steps: ReadonlyArray<Noted>): string | null => {
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]
    if (step?.outcome !== "denied" && step?.outcome !== "unavailable") continue
    const { cause, operation, reason }: { readonly [name: string]: Fact } = step.facts
    const told = reason ?? cause ?? operation
    return typeof told === "string" ? cut(told, largestCause) : null
  }
  return null
}

/** Where a request came in, and what it asked for. */
export interface Opened {
  readonly door: string
  readonly method: string
  /** The path, without the query. */
  readonly route: string
  readonly requestId: string | null
  /** Whether it is a question that changes nothing. */
  readonly dry?: boolean
}

export class Recording {
  readonly #recorder: Recorder
  #isRecorded = false
  #steps: ReadonlyArray<Noted> = noSteps
  #stepsText: string | undefined
  #sent = 0
  readonly door: string
  readonly requestId: string | null
  readonly dry: boolean
  method: string
  route: string
  /** Unix milliseconds. */
  time = 0
  /** The id that the caller is told; "" until one is needed. */
  decision = ""
  model: string | null = null
  models: ReadonlyArray<string> | null = null
  /** What of an MCP server is asked for: `SERVER/NAME`. */
  tool: string | null = null
  /** All of them, where there are several. */
  tools: ReadonlyArray<string> | null = null
  status = 0
  code: ToldCode | null = null
  verdict: "allow" | "deny" | undefined
  verdictCode: ToldCode | null = null
  parties: Parties = nobody
  cause: string | null = null
  /** Milliseconds that the decision took. */
  millis = 0
  upstream: UpstreamAnswer | null = null
  aborted = false
  /** The mapped claims and the request as JSON, where somebody keeps them. */
  question: string | null = null

  constructor(recorder: Recorder, { door, dry, method, requestId, route }: Opened) {
    this.#recorder = recorder
    this.door = door
    this.dry = dry === true
    this.method = method
    this.route = routeOf(route)
    this.requestId = requestId
  }

  /** The id of this decision, made when it is first needed. */
  get id(): string {
    if (this.decision === "") this.begin(this.#recorder.time())
    return this.decision
  }

  /** Whether it was given to the log: whatever comes later changes nothing of it. */
  get isRecorded(): boolean {
    return this.#isRecorded
  }

  /** The decision begins; `time` in Unix milliseconds. */
  begin(time: number): void {
    if (this.#isRecorded) return
    this.time = time
    this.decision = DecisionId.make(time)
  }

  /** What is asked about, as it becomes known. */
  asks(method: string, route: string): void {
    this.method = method
    this.route = routeOf(route)
  }

  /** What was decided; `millis` the time that it took. `steps` may grow until the record is written. */
  judged(asked: Asked, result: Allowed | Denial, steps: ReadonlyArray<Noted>, millis: number): void {
    if (this.#isRecorded) return
    const { model } = asked
    this.asks(asked.method, asked.path)
    if (model._tag === "Known") this.model = cut(model.name, largestModel)
    else if (model._tag === "Several" || (model._tag === "Unseen" && model.names.length > 0)) {
      this.models = model.names.slice(0, mostModels).map((it) => cut(it, largestModel))
    }
    if (asked.tool !== undefined) this.#asksFor(asked.tool)
    this.millis = millis
    this.#steps = steps
    if (result._tag === "Allowed") {
      this.verdict = "allow"
    } else {
      this.verdict = "deny"
      this.verdictCode = result.code
      this.cause = causeIn(steps)
    }
    const parties = result._tag === "Allowed" ? partiesOf(result) : partiesIn(steps)
    const { redact } = this.#recorder
    this.parties = redact === undefined ? parties : parties.redacted(redact)
  }

  #asksFor(requested: RequestedTool): void {
    if (requested._tag === "Known") this.tool = toolOf(toolName(requested.tool))
    else if (requested._tag === "Several") {
      this.tools = requested.tools.slice(0, mostTools).map((it) => toolOf(toolName(it)))
    }
  }

  /** The caller was refused; `status` as it was written, `cause` for the operator. */
  refused(status: number, code: ToldCode, cause?: string): void {
    if (this.#isRecorded) return
    if (cause !== undefined) this.cause = cut(cause, largestCause)
    this.code = code
    if (this.verdict === undefined) {
      this.verdict = "deny"
      this.verdictCode = code
      const why = this.cause === null || cause === undefined ? {} : { cause: this.cause }
      const facts = code === "not_understood" ? why : { code, ...why }
      this.#steps = [{ step: "request", outcome: "denied", facts }]
      this.#recorder.refused(this.door, status, code)
    }
    this.answered(status)
  }

  /** The caller was answered, whole. */
  answered(status: number): void {
    if (this.#isRecorded) return
    if (this.decision === "") this.begin(this.#recorder.time())
    this.#isRecorded = true
    this.status = status
    this.verdict ??= "deny"
    this.#recorder.record(this)
  }

  /** The request goes to an upstream. */
  sent(name: string): void {
    this.#sent = this.#recorder.ticks()
    this.upstream = { name, status: null, firstByteMillis: null }
  }

  /** The upstream begins to answer. */
  upstreamAnswered(status: number): void {
    if (this.upstream === null) return
    const firstByteMillis = this.#recorder.ticks() - this.#sent
    this.upstream = { name: this.upstream.name, status, firstByteMillis }
    this.#recorder.firstByte(this.upstream.name, firstByteMillis)
  }

  /** The upstream did not answer, or broke off; `cause` is the error's code. */
  upstreamFailed(cause: string): void {
    if (this.#isRecorded) return
    this.cause = cut(cause, largestCause)
  }

  /** The connection, or the answer, is over: whatever was not told is told now. */
  over(response: ServerResponse): void {
    if (this.#isRecorded) return
    this.aborted = !response.writableFinished
    this.answered(response.headersSent ? response.statusCode : 499)
  }

  /** Who asked did not wait for the answer. */
  abandoned(): void {
    if (this.#isRecorded) return
    this.aborted = true
    this.answered(499)
  }

  /** A text of this record as it may be told. */
  told(text: string): string {
    const { redact } = this.#recorder
    return redact === undefined ? text : redact(text)
  }

  /** The steps as JSON, at most 16 KiB; those of a denial with what an operator would change. */
  stepsJson(): string {
    return this.#stepsText ?? this.told(stepsText(withRemedy(this.#refusal, this.#steps, this.#recorder.lineOf)))
  }

  /** Whether there are steps to be told. */
  get hasSteps(): boolean {
    return this.#stepsText !== undefined || this.#steps.length > 0 || this.#refusal !== null
  }

  /** The record is written: from now on only the text of its steps is held. */
  seal(): void {
    if (this.#stepsText !== undefined || !this.hasSteps) return
    this.#stepsText = this.stepsJson()
    this.#steps = noSteps
  }

  /** Why it was refused, by the rules or after them. */
  get #refusal(): Code | null {
    const code = this.verdictCode ?? this.code
    return code === "not_understood" ? null : code
  }

  /** How much text the sealed steps hold, in characters. */
  get stepsSize(): number {
    return this.#stepsText === undefined ? 0 : this.#stepsText.length
  }
}
