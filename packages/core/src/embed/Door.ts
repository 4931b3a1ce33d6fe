/**
 * The door of a host's own program: a request in, a verdict out, as the proxy
 * would have it.
 *
 * The credential is looked at before the body, and the body is read only where a
 * model can stand in it. The answer is an `Exit` when everything is in memory;
 * what was decided once is not decided again to tell its steps, unless somebody
 * wants them. A defect is never an allow: it is 503.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as DecisionId from "../answer/DecisionId.ts"
import { challenges } from "../answer/ProblemResponse.ts"
import * as ResourceMetadata from "../answer/ResourceMetadata.ts"
import * as Verdict from "../answer/Verdict.ts"
import type { AuthBuilder } from "../AuthBuilder.ts"
import { nowOf } from "../cache/Ticks.ts"
import type { Allowed } from "../Decision.ts"
import { type Code, type Denial, Unavailable } from "../Errors.ts"
import type { Once } from "../Once.ts"
import * as Request from "../Request.ts"
import { type Noted, type Now, Trace } from "../Trace.ts"
import { type Body, isLonger, type Judged, of } from "./GateRequest.ts"
import { needsBody, read, type Readable, ReadableText, type RequestReader } from "./RequestReader.ts"

/** Which verdicts tell their steps. */
export type StepsWanted = "denied" | "always" | "never"

/** How one request is judged. */
export interface DecideOptions {
  /** Which verdicts tell their steps: every denial unless said. */
  readonly steps?: StepsWanted
  /** Decides and writes nothing: for a page that explains. */
  readonly dry?: boolean
}

/** What a log is told beside a verdict. */
export interface Logged {
  /** Whether it was decided to be shown, and nobody was let in or turned away by it. */
  readonly dry: boolean
}

/** Reads what requests ask for of MCP servers. */
export interface ToolReader {
  /** Whether this path is a server's: what is sent there names tools, and no model. */
  readonly concerns: (path: string) => boolean
  /** What is asked for, or the code with which the request is refused. */
  readonly read: (request: Readable) => Request.RequestedTool | Code
}

/** How a door is set up. */
export interface DoorOptions {
  /** The longest body that is read, in bytes; 32 MiB unless said. */
  readonly bodyLimit?: number
  /** Finds the models that a request asks for; unless said the reader that runs anywhere. */
  readonly reader?: RequestReader
  /** Finds what is asked for of MCP servers; without it that is not seen, and denied wherever a rule could concern it (RULES D53). */
  readonly tools?: ToolReader
  /** Whether a challenge names the metadata of RFC 9728 at the request's own origin; yes unless said. */
  readonly metadata?: boolean
  /** Told of every verdict, and whether it was only to explain (`dry`); what it throws is ignored. */
  readonly log?: (verdict: Verdict.Verdict, how: Logged) => void
}

/** A verdict with what it tells of. */
export interface Answer {
  readonly verdict: Verdict.Verdict
  /** `undefined` when the request could not be judged. */
  readonly result: Allowed | Denial | undefined
}

export const defaultBodyLimit = 32 * 1024 * 1024

const pathOf = (target: string): string => target.split("?", 1)[0] ?? "/"

const crashed = () => new Unavailable({ code: "directory_unavailable", retryAfter: 1 })
const noSteps: ReadonlyArray<Noted> = []

type Decided = Exit.Exit<Allowed, Denial>

const isAnswered = (it: Effect.Effect<Allowed, Denial>): it is Decided => Exit.isExit(it)

const resultOf = (exit: Decided): Allowed | Denial =>
  Exit.isSuccess(exit) ? exit.value : Option.getOrElse(Cause.findErrorOption(exit.cause), crashed)

const isAllowed = (result: Allowed | Denial): result is Allowed => result._tag === "Allowed"

/** Answers requests; eager, so that an answer from memory is an `Exit`. */
export type Door = (request: Judged, options?: DecideOptions) => Effect.Effect<Answer>

/** Makes the door of one pipeline. */
export const make = (
  auth: AuthBuilder["Service"],
  clock: Clock.Clock,
  { bodyLimit = defaultBodyLimit, log, metadata = true, reader = read, tools }: DoorOptions = {}
): Door => {
  const now = (note: Now["note"], once: Once): Now => nowOf(clock, note, false, once)

  const metadataOf = ({ origin }: Judged, path: string): string | undefined =>
    metadata && origin !== "" ? ResourceMetadata.metadataUrl(origin, path) : undefined

  /** The host's log is told; neither a throw nor a rejection of it is anybody's business here. */
  const logged = (answer: Answer, dry = false): Answer => {
    if (log === undefined) return answer
    const told: Result.Result<unknown, unknown> = Result.try(() => log(answer.verdict, { dry }))
    if (Result.isSuccess(told) && Predicate.isPromiseLike(told.success)) void told.success.then(undefined, () => {})
    return answer
  }

  /** A verdict on a request that could not be judged. */
  const unjudged = (request: Judged, code: Code, { dry }: DecideOptions): Exit.Exit<Answer> => {
    const path = pathOf(request.target)
    const id = DecisionId.make(clock.currentTimeMillisUnsafe())
    const steps: ReadonlyArray<Noted> = [{ step: "request", outcome: "denied", facts: { code } }]
    return Exit.succeed(logged({
      verdict: Verdict.ofDenied(
        id,
        { path, model: Request.noModel },
        { code },
        { known: steps, told: steps },
        undefined
      ),
      result: undefined
    }, dry))
  }

  const settle = (
    request: Judged,
    asked: Request.Asked,
    result: Allowed | Denial,
    steps: ReadonlyArray<Noted>,
    { dry, steps: wanted }: DecideOptions
  ): Answer => {
    const id = DecisionId.make(clock.currentTimeMillisUnsafe())
    if (isAllowed(result)) {
      return logged({ verdict: Verdict.ofAllowed(id, result, wanted === "always" ? steps : noSteps), result }, dry)
    }
    const url = challenges(result) ? metadataOf(request, asked.path) : undefined
    const told = wanted === "never" ? noSteps : steps
    const refusal = {
      code: result.code,
      ...("scope" in result && result.scope !== undefined ? { scope: result.scope } : {}),
      ...("held" in result && result.held !== undefined ? { held: result.held } : {}),
      ...("retryAfter" in result ? { retryAfter: result.retryAfter } : {})
    }
    return logged({ verdict: Verdict.ofDenied(id, asked, refusal, { known: steps, told }, url), result }, dry)
  }

  /** The steps of a decision that rests on memory alone, told by deciding again; none when it does not. */
  const stepsOf = (asked: Request.Asked, once: Once): ReadonlyArray<Noted> => {
    const steps: Array<Noted> = []
    const decided = auth.decide(asked, now((step) => void steps.push(step), once))
    return isAnswered(decided) ? steps : noSteps
  }

  const listening = (
    asked: Request.Asked,
    dry: boolean,
    once: Once
  ): Effect.Effect<[Allowed | Denial, ReadonlyArray<Noted>]> =>
    Effect.suspend(() => {
      const steps: Array<Noted> = []
      const note = (step: Noted) => void steps.push(step)
      const decided = dry
        ? auth.decide(asked, now(note, once))
        : Effect.provideService(auth.authenticate(asked, false, once), Trace, note)
      return Effect.map(Effect.exit(decided), (exit) => [resultOf(exit), steps])
    })

  const ask = (
    request: Judged,
    asked: Request.Asked,
    options: DecideOptions,
    once: Once
  ): Effect.Effect<Answer> => {
    const { dry = false, steps: wanted } = options
    if (wanted !== "always") {
      const decided = auth.decide(asked, now(undefined, once))
      if (isAnswered(decided)) {
        const result = resultOf(decided)
        if (!isAllowed(result)) return Exit.succeed(settle(request, asked, result, stepsOf(asked, once), options))
        if (dry || result.writes.length === 0) return Exit.succeed(settle(request, asked, result, noSteps, options))
      }
    }
    return Effect.map(listening(asked, dry, once), ([result, steps]) => settle(request, asked, result, steps, options))
  }

  const judged = (
    request: Judged,
    body: Uint8Array | string | undefined,
    options: DecideOptions,
    once: Once = new Map()
  ): Effect.Effect<Answer> => {
    const { method, rawHeaders, target } = request
    const head = { method: method.toUpperCase(), target, rawHeaders }
    const readable = typeof body === "string" ? new ReadableText(head, body) : { ...head, body }
    const tool = tools?.concerns(pathOf(target)) === true ? tools.read(readable) : undefined
    if (typeof tool === "string") return unjudged(request, tool, options)
    const model = tool === undefined ? reader(readable) : Request.noModel
    if (typeof model === "string") return unjudged(request, model, options)
    const about = { method, target, rawHeaders, model, listsModels: true }
    const asked = Request.make(tool === undefined ? about : { ...about, tool })
    return Exit.isSuccess(asked)
      ? ask(request, asked.value, options, once)
      : unjudged(request, "request_ambiguous", options)
  }

  /** Whether the body of this request may be read: the credential comes first, and nobody else is asked yet. */
  const mayRead = (request: Judged, once: Once): Effect.Effect<boolean> => {
    const asked = Request.make({ ...request, model: Request.unseenModel })
    return Exit.isSuccess(asked)
      ? Effect.map(Effect.exit(auth.admit(asked.value, now(undefined, once))), Exit.isSuccess)
      : Exit.succeed(false)
  }

  const reading = (request: Judged, body: Body & { readonly _tag: "Unread" }, options: DecideOptions) => {
    const once: Once = new Map()
    return Effect.flatMap(mayRead(request, once), (isProven) =>
      isProven
        ? Effect.matchEffect(body.read(bodyLimit), {
          onFailure: (code) => unjudged(request, code, options),
          onSuccess: (bytes) => judged(request, bytes, options, once)
        })
        : judged(request, undefined, options, once))
  }

  const nothing = new Uint8Array()

  return (request, options = {}) => {
    const { body, method, rawHeaders, target } = request
    switch (body._tag) {
      case "None":
        return judged(request, nothing, options)
      case "Bytes":
        return body.bytes.length > bodyLimit
          ? unjudged(request, "body_too_large", options)
          : judged(request, body.bytes, options)
      case "Text":
        return isLonger(body.text, bodyLimit)
          ? unjudged(request, "body_too_large", options)
          : judged(request, body.text, options)
      case "Unseen":
        return judged(request, undefined, options)
      case "Unread":
        return needsBody(method.toUpperCase(), target, rawHeaders) || tools?.concerns(pathOf(target)) === true
          ? reading(request, body, options)
          : judged(request, nothing, options)
    }
  }
}

/** A request of a host in the form in which it is judged. */
export const judged = of

const isAtHand = (it: Effect.Effect<Answer>): it is Exit.Success<Answer> => Exit.isExit(it) && Exit.isSuccess(it)

/**
 * The verdict of an answer as a promise; no fiber is made for one that is at hand. A request that is none (no path, a header
 * that is no text) is a rejection like any other, never a throw.
 */
export const promised = (ask: () => Effect.Effect<Answer>): Promise<Verdict.Verdict> => {
  const asked = Result.try(ask)
  if (Result.isFailure(asked)) return Promise.reject(asked.failure)
  const answer = asked.success
  return isAtHand(answer)
    ? Promise.resolve(answer.value.verdict)
    : Effect.runPromise(answer).then(({ verdict }) => verdict)
}
