/**
 * Answers `/decide`: the same decision as every door, as JSON.
 *
 * The answer is 200 whatever the verdict; a request that could not be judged is
 * a verdict too. Writes are done as at any door, unless the question is dry.
 */
import { allowedJson, type DecisionJson, deniedJson } from "@jotgate/core/Decision"
import { type Code, statusOf } from "@jotgate/core/Errors"
import { remedied } from "@jotgate/core/Remedy"
import * as Request from "@jotgate/core/Request"
import { Effect, Exit, Option, Result } from "effect"
import type { Deployment } from "../Deployment.ts"
import * as Problem from "../directory/DirectoryProblem.ts"
import { isAllowed, type Judge } from "../Judge.ts"
import * as McpPeek from "../mcp/McpPeek.ts"
import * as NamedTool from "../mcp/NamedTool.ts"
import * as ModelPeek from "../model/ModelPeek.ts"
import { readQuestion, requestOf } from "../record/KeptQuestion.ts"
import { type Somebody, suppose } from "../Supposition.ts"
import type { Question } from "./AdminApi.ts"

const contentTypeOf = (rawHeaders: ReadonlyArray<string>): string => {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === "content-type") return rawHeaders[i + 1] ?? ""
  }
  return ""
}

const bytesOf = (body: Question["body"]): Buffer =>
  body === undefined ? Buffer.alloc(0) : Buffer.from(typeof body === "string" ? body : JSON.stringify(body))

/** A JSON body is judged as JSON, whatever the headers say of it. */
const typeOf = (body: Question["body"], rawHeaders: ReadonlyArray<string>): string =>
  typeof body === "string" || body === undefined ? contentTypeOf(rawHeaders) : "application/json"

/** Decides about somebody who is supposed to be asking; the answer has a record like any other. */
const about = (
  judge: Judge["Service"],
  { lineOf, supposing }: Deployment,
  who: Somebody,
  asked: Request.Asked,
  trace: boolean
): Effect.Effect<DecisionJson, Problem.InputInvalid> => {
  if (supposing === undefined) return Effect.die("this deployment is not asked about people")
  const recording = judge.open({
    door: "decide",
    method: asked.method,
    route: asked.path,
    requestId: null,
    dry: true
  })
  return suppose(supposing, who, { ...asked, listsModels: true }).pipe(
    Effect.map(({ millis, result, steps }) => {
      const { id } = recording
      recording.judged(asked, result, steps, millis)
      if (isAllowed(result)) recording.answered(200)
      else recording.refused(result.status, result.code)
      return isAllowed(result)
        ? allowedJson(id, result, trace ? steps : undefined)
        : remedied(deniedJson(id, asked, result, steps, trace), lineOf)
    }),
    Effect.onInterrupt(() => Effect.sync(() => recording.abandoned())),
    Effect.catch(({ reason }) => Problem.inputInvalid([{ path: ["payload", "as"], message: reason }]))
  )
}

/** Asks a kept question again, with the rows and the rules of now. */
export const again = (judge: Judge["Service"], deployment: Deployment, text: string) =>
  Option.match(readQuestion(text), {
    onNone: () => Effect.die("a kept question cannot be read"),
    onSome: (question) => {
      const [header] = deployment.doors.teamHeaders
      const { claims, issuer, traced } = question
      return about(judge, deployment, { issuer, claims, traced }, requestOf(question, header), true)
    }
  })

/** Decides on one question. */
export const decide = (
  judge: Judge["Service"],
  deployment: Deployment,
  question: Question
): Effect.Effect<DecisionJson, Problem.InputInvalid> => {
  const { doors: { mcp } } = deployment
  const named = NamedTool.read(question, mcp.all)
  if (Result.isFailure(named)) return Problem.inputInvalid([{ path: ["payload", "tool"], message: named.failure }])
  const target = question.path ?? named.success?.path
  if (target === undefined) return Problem.inputInvalid([{ path: ["payload", "path"], message: "is missing" }])
  const rawHeaders = Request.rawHeadersOf(question.headers)
  const whole = {
    method: question.method.toUpperCase(),
    target,
    rawHeaders,
    contentType: typeOf(question.body, rawHeaders),
    body: bytesOf(question.body)
  }
  const server = mcp.of(target.split("?", 1)[0] ?? "/")
  const tool = named.success !== undefined
    ? Request.knownTool(named.success.tool)
    : server === undefined
    ? undefined
    : McpPeek.asked(server, { ...whole, body: question.body === undefined ? undefined : whole.body })
  // What is said in JSON-RPC names no model.
  const model = server === undefined ? ModelPeek.asked(whole) : Request.noModel
  const trace = question.trace === true
  const dry = question.dry === true || question.as !== undefined
  const refused = (code: Code, cause?: string) => {
    const path = target.split("?", 1)[0] ?? "/"
    const asked = { method: whole.method, path, rawHeaders, model: Request.noModel }
    const step = {
      step: "request",
      outcome: "denied",
      facts: { code, ...(cause === undefined ? {} : { cause }) }
    } as const
    const recording = judge.open({ door: "decide", method: asked.method, route: path, requestId: null, dry })
    const json = remedied(
      deniedJson(recording.id, asked, { status: statusOf(code), code }, [step], trace),
      deployment.lineOf
    )
    recording.refused(json.status, code, cause)
    return Effect.succeed(json)
  }
  if (tool?._tag === "Refused") return refused(tool.code, tool.why)
  if (model === undefined) return refused("body_invalid")
  const asked = Request.make({
    method: whole.method,
    target,
    rawHeaders,
    model,
    ...(tool === undefined ? {} : { tool })
  })
  if (Exit.isFailure(asked)) return refused("request_ambiguous", Request.causeOf(target))
  if (question.as !== undefined) return about(judge, deployment, question.as, asked.value, trace)
  return Effect.map(
    judge.asking({
      auth: deployment.auth,
      asked: { ...asked.value, listsModels: true },
      door: "decide",
      requestId: null,
      trace,
      dry
    }),
    ({ id, result, steps }) =>
      isAllowed(result)
        ? allowedJson(id, result, trace ? steps : undefined)
        : remedied(deniedJson(id, asked.value, result, steps, trace), deployment.lineOf)
  )
}
