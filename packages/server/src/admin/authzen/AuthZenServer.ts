/**
 * AuthZEN's HTTP binding (Authorization API 1.0 §10) on the admin listener.
 *
 * What is wrong with a whole message is 400 with its place; what is wrong with one question among several is that
 * question's `decision: false`. The caller's `X-Request-ID` comes back.
 */
import type { DirectoryUnavailable } from "@jotgate/core/Directory"
import type { BadRequest } from "@jotgate/core/Errors"
import { Effect, Result } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Deployments } from "../../Deployment.ts"
import * as Problem from "../../directory/DirectoryProblem.ts"
import { Managed } from "../../directory/Management.ts"
import * as PageCursor from "../../directory/PageCursor.ts"
import { Judge } from "../../Judge.ts"
import { isRequestId } from "../../proxy/RequestHead.ts"
import { AdminApi } from "../AdminApi.ts"
import * as AuthZen from "./AuthZen.ts"
import { vocabulary } from "./AuthZenCall.ts"
import * as Message from "./AuthZenMessage.ts"

/** How many results a page holds when nobody says. */
const pageSize = 100
const largestPage = 1000

const invalid = (message: string) => Problem.inputInvalid([{ path: ["payload"], message }])

const read = <A>(result: Result.Result<A, string>): Effect.Effect<A, Problem.InputInvalid> =>
  Result.match(result, { onFailure: (message) => invalid(message), onSuccess: Effect.succeed })

type Page = Message.SubjectSearch["page"]

/** Where a page of `list` begins and how long it is. A token that we did not give for this list is none. */
const rangeOf = (
  page: Page,
  list: string
): Result.Result<{ readonly after?: string; readonly limit: number }, string> => {
  const token = page?.token ?? page?.next_token ?? ""
  const limit = Math.min(page?.limit ?? pageSize, largestPage)
  if (token === "") return Result.succeed({ limit })
  const after = PageCursor.decode(list, token)
  return after === undefined
    ? Result.fail("page.token is not one that was given for such a search")
    : Result.succeed({ after, limit })
}

const pageOf = <A>({ next, results }: AuthZen.Found<A>, list: string) => ({
  results,
  page: { next_token: next === undefined ? "" : PageCursor.encode(list, next), count: results.length }
})

/** What a search goes through; each has tokens of its own. */
const listOf = (searched: string, type = ""): string => `search/${searched}/${type}`

/** One question among several that could not be judged. */
const failed = (status: number, message: string) => ({ decision: false, context: { error: { status, message } } })

/** The path of a question, which could be read in more than one way, by its place. */
const notJudged = ({ resource }: { readonly resource: { readonly type: string } }): string =>
  `${resource.type === "route" ? "resource.id" : "context.path"} is no path that can be judged`

/** What a question as a whole fails with. */
const asProblem = <A, R>(
  self: Effect.Effect<A, BadRequest | DirectoryUnavailable, R>,
  question: Parameters<typeof notJudged>[0]
) =>
  Effect.catchTags(self, {
    BadRequest: () => invalid(notJudged(question)),
    DirectoryUnavailable: () => Problem.notAvailable("directory")
  })

export const handlers = HttpApiBuilder.group(
  AdminApi,
  "authzen",
  Effect.fn(function*(handlers) {
    const judge = yield* Judge
    const deployments = yield* Deployments
    const managed = yield* Managed
    /** The questions of one message, over the deployment in force. */
    const using = <A, E>(
      use: (it: ReturnType<typeof AuthZen.make>) => Effect.Effect<A, E>
    ) =>
      managed.use((management) =>
        Effect.flatMap(
          HttpServerRequest.HttpServerRequest,
          ({ headers: { "x-request-id": requestId } }) =>
            use(AuthZen.make({
              judge,
              deployment: deployments.current(),
              management,
              requestId: requestId !== undefined && isRequestId(requestId) ? requestId : null
            }))
        )
      )
    const evaluate = Effect.fnUntraced(function*(body: unknown) {
      const question = yield* read(Message.readEvaluation(body))
      return yield* using((it) => asProblem(it.evaluate(question), question))
    })
    const evaluateAll = Effect.fnUntraced(function*(body: unknown) {
      const { evaluations, semantic } = yield* read(Message.readQuestions(body))
      if (evaluations === undefined) return yield* evaluate(body)
      const stopsAt = semantic === "deny_on_first_deny"
        ? false
        : semantic === "permit_on_first_permit"
        ? true
        : undefined
      return yield* using(Effect.fnUntraced(function*(it) {
        const answers: Array<{ readonly decision: boolean; readonly context?: Readonly<Record<string, unknown>> }> = []
        for (const question of evaluations) {
          const answer = Result.isFailure(question)
            ? failed(400, question.failure)
            : yield* it.evaluate(question.success).pipe(
              Effect.catchTags({
                BadRequest: () => Effect.succeed(failed(400, notJudged(question.success))),
                DirectoryUnavailable: () => Effect.succeed(failed(503, "The directory does not answer"))
              })
            )
          answers.push(answer)
          if (answer.decision === stopsAt) break
        }
        return { evaluations: answers }
      }))
    })
    return handlers
      .handle("evaluation", ({ payload }) => evaluate(payload))
      .handle("evaluations", ({ payload }) => evaluateAll(payload))
      .handle(
        "searchSubject",
        Effect.fnUntraced(function*({ payload }) {
          const question = yield* read(Message.readSubjectSearch(payload))
          const list = listOf("subject", question.subject.type)
          const range = yield* read(rangeOf(question.page, list))
          return pageOf(yield* using((it) => asProblem(it.searchSubjects(question, range), question)), list)
        })
      )
      .handle(
        "searchResource",
        Effect.fnUntraced(function*({ payload }) {
          const question = yield* read(Message.readResourceSearch(payload))
          const list = listOf("resource", question.resource.type)
          const range = yield* read(rangeOf(question.page, list))
          return pageOf(yield* using((it) => asProblem(it.searchResources(question, range), question)), list)
        })
      )
      .handle(
        "searchAction",
        Effect.fnUntraced(function*({ payload }) {
          const question = yield* read(Message.readActionSearch(payload))
          const list = listOf("action")
          yield* read(rangeOf(question.page, list))
          const results = yield* using((it) => asProblem(it.searchActions(question), question))
          return pageOf({ results, next: undefined }, list)
        })
      )
  })
)

/** `https://gate.example`, as the caller reached it; a proxy that is believed may say that it was over TLS. */
const originOf = (
  { headers, remoteAddress }: HttpServerRequest.HttpServerRequest,
  believes: (address: string) => boolean
): string => {
  const told = remoteAddress._tag === "Some" && believes(remoteAddress.value) ? headers["x-forwarded-proto"] : undefined
  return `${told === "https" ? "https" : "http"}://${headers["host"] ?? "localhost"}`
}

/** `/.well-known/authzen-configuration` (§9): where everything is, and what can be asked about. Anybody may read it. */
export const metadata = HttpRouter.use(Effect.fnUntraced(function*(router) {
  const deployments = yield* Deployments
  yield* router.add("GET", "/.well-known/authzen-configuration", (request) => {
    const origin = originOf(request, deployments.current().doors.believes)
    return HttpServerResponse.json({
      policy_decision_point: origin,
      access_evaluation_endpoint: `${origin}/access/v1/evaluation`,
      access_evaluations_endpoint: `${origin}/access/v1/evaluations`,
      search_subject_endpoint: `${origin}/access/v1/search/subject`,
      search_resource_endpoint: `${origin}/access/v1/search/resource`,
      search_action_endpoint: `${origin}/access/v1/search/action`,
      ...vocabulary
    })
  })
}))
