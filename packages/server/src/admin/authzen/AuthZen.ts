/**
 * AuthZEN's questions put to the rules: evaluations and searches, none of which writes anything.
 *
 * A person is a row of the directory, or what a token would say (`properties`); a team, an agent on its own and a token
 * are subjects too, and `context.agent` is who acts for a person or a team. Without a team in the context the first of
 * the person's memberships in which the call is allowed is taken, so that a search lists whom an evaluation lets, and
 * nobody else. What is not understood is no allow.
 */
import type { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { DirectoryUnavailable, type User } from "@jotgate/core/Directory"
import type { BadRequest, Code } from "@jotgate/core/Errors"
import type { Asked } from "@jotgate/core/Request"
import * as Request from "@jotgate/core/Request"
import { now } from "@jotgate/core/Ticks"
import { Effect } from "effect"
import type { Deployment } from "../../Deployment.ts"
import type { Management } from "../../directory/Management.ts"
import type { Supposed } from "../../directory/Questioner.ts"
import { isAllowed, type Judge } from "../../Judge.ts"
import { callOf, methods, oddity, saidBy, waysOf } from "./AuthZenCall.ts"
import type { ActionSearch, Evaluation, ResourceSearch, Situation, Subject, SubjectSearch } from "./AuthZenMessage.ts"
import * as NamedItems from "./NamedItems.ts"

/** The answer to one evaluation (§6.2). */
export interface Decided {
  readonly decision: boolean
  readonly context: Readonly<Record<string, unknown>> & {
    readonly id: string
    readonly status: number
    readonly code: Code | "not_understood" | null
    readonly team?: string
    readonly reason?: string
  }
}

/** A page of what a search found; `next` is where the following one begins. */
export interface Found<A> {
  readonly results: ReadonlyArray<A>
  readonly next: string | undefined
}

/** What is asked, and in which deployment. */
export interface AuthZenParts {
  readonly judge: Judge["Service"]
  readonly deployment: Deployment
  readonly management: Management
  readonly requestId: string | null
}

type Failure = BadRequest | DirectoryUnavailable

const door = "authzen"
/** How a question is put: with a record, or without. */
type Ask<E> = (auth: AuthBuilder["Service"], asked: Asked) => Effect.Effect<Decided, E>

const yes: Decided = { decision: true, context: { id: "", status: 200, code: null } }
const no: Decided = { decision: false, context: { id: "", status: 403, code: null } }

/** The questions of one message, over one deployment. */
export const make = ({ deployment, judge, management, requestId }: AuthZenParts) => {
  const { directory, questions, settings } = management
  const servers = new Map(settings.policy.mcp.map((it) => [it.server, it.path]))
  const names = new Set(servers.keys())
  const issuers = new Set(settings.issuers.map((it) => it.id))
  const supposedOf = (
    action: Evaluation["action"],
    resource: Evaluation["resource"],
    context: Situation | null = null
  ) => callOf(action, resource, context ?? {}, names)

  const noted: Ask<never> = (auth, asked) =>
    Effect.map(judge.asking({ auth, asked, door, requestId, dry: true }), ({ id, result }) => ({
      decision: isAllowed(result),
      context: isAllowed(result)
        ? {
          id,
          status: 200,
          code: null,
          ...(result.principal.teamId === undefined ? {} : { team: result.principal.teamId })
        }
        : { id, status: result.status, code: result.code }
    }))

  /** A question that nobody here can make sense of, with its record. */
  const notUnderstood = (reason: string, { method, route }: Partial<Supposed> = {}): Decided => {
    const recording = judge.open({ door, method: method ?? "", route: route ?? "/", requestId, dry: true })
    recording.refused(400, "not_understood", reason)
    return { decision: false, context: { id: recording.decision, status: 400, code: "not_understood", reason } }
  }

  /** Whether a call is allowed, without a record; a directory that is away is no answer. */
  const silent: Ask<DirectoryUnavailable> = (auth, asked) =>
    Effect.flatMap(now, (at) => auth.decide(asked, at)).pipe(
      Effect.matchEffect({
        onSuccess: () => Effect.succeed(yes),
        onFailure: (denial) =>
          denial._tag === "Unavailable"
            ? Effect.fail(new DirectoryUnavailable({ operation: "decide" }))
            : Effect.succeed(no)
      })
    )

  const ofUser = Effect.fnUntraced(function*<E>(row: User, call: Supposed, ask: Ask<E>) {
    const [first, ...others] = waysOf(row, call)
    // The row is asked about: its id finds it, also where a token would say one of its subjects (RULES D61).
    const rows = { person: { row: { ...row, subjects: [] } } }
    for (const way of others.length === 0 ? [] : [first, ...others]) {
      const { decision } = yield* questions.suppose(way.said, way.call, silent, rows)
      if (decision) return yield* questions.suppose(way.said, way.call, ask, rows)
    }
    return yield* questions.suppose(first.said, first.call, ask, rows)
  })

  const ofToken = Effect.fnUntraced(function*<E>({ id }: Subject, call: Supposed, ask: Ask<E>) {
    const { method, model, team } = call
    const tool = call.tool === undefined ? undefined : Request.toolFrom(call.tool)
    const [header] = settings.policy.teamHeaders
    const asked = yield* Request.make({
      method,
      target: call.route ?? servers.get(tool?.server ?? "") ?? "/v1/chat/completions",
      rawHeaders: [
        "authorization",
        `Bearer ${id}`,
        ...(team === undefined || header === undefined ? [] : [header, team])
      ],
      model: model === undefined ? Request.noModel : Request.knownModel(model),
      ...(tool === undefined ? {} : { tool: Request.knownTool(tool) })
    })
    return yield* ask(deployment.auth, asked)
  })

  const judged = <E>(subject: Subject, call: Supposed, ask: Ask<E>): Effect.Effect<Decided, E | Failure> => {
    switch (subject.type) {
      case "user": {
        const said = saidBy(subject)
        if (said !== undefined) return questions.suppose(said, call, ask)
        return Effect.flatMap(
          Effect.catchTag(directory.get("users", subject.id), "RowNotFound", () => Effect.succeed(undefined)),
          (row) => row === undefined ? questions.suppose({ person: subject.id }, call, ask) : ofUser(row, call, ask)
        )
      }
      case "team":
        return questions.suppose({ team: subject.id }, call, ask)
      case "agent": {
        const { team } = call
        return questions.suppose({ act: { sub: subject.id }, ...(team === undefined ? {} : { team }) }, call, ask)
      }
      default:
        return ofToken(subject, call, ask)
    }
  }

  const evaluate = ({ action, context, resource, subject }: Evaluation): Effect.Effect<Decided, Failure> => {
    const call = supposedOf(action, resource, context)
    const odd = call === undefined
      ? `${JSON.stringify(action.name)} on a ${JSON.stringify(resource.type)}`
      : oddity(subject, call, issuers)
    return call === undefined || odd !== undefined
      ? Effect.sync(() => notUnderstood(odd ?? "", call))
      : judged(subject, call, noted)
  }

  /** Whether a subject may, for a search: no record, and nobody who is not understood. */
  const may = (subject: Subject, call: Supposed | undefined): Effect.Effect<boolean, Failure> =>
    call === undefined || oddity(subject, call, issuers) !== undefined
      ? Effect.succeed(false)
      : Effect.map(judged(subject, call, silent), ({ decision }) => decision)

  const searchSubjects = Effect.fnUntraced(
    function*({ action, context, resource, subject }: SubjectSearch, range: { after?: string; limit: number }) {
      const call = supposedOf(action, resource, context)
      const results: Array<{ readonly type: string; readonly id: string }> = []
      if (call === undefined || oddity({ type: subject.type }, call, issuers) !== undefined) {
        return { results, next: undefined }
      }
      if (subject.type === "team") {
        const { next, rows } = yield* questions.teams(call, range)
        return { results: rows.map(({ id }) => ({ type: "team", id })), next }
      }
      if (subject.type === "agent") {
        const { next, rows } = yield* questions.agents(call, range)
        return { results: rows.flatMap(({ alone, id }) => alone ? [{ type: "agent", id }] : []), next }
      }
      if (subject.type !== "user") return { results, next: undefined }
      const { next, rows } = yield* questions.users(call, range)
      const { team } = call
      const who = team === undefined ? rows : rows.filter((it) => it.teams.includes(team))
      return { results: who.map(({ id }) => ({ type: "user", id })), next }
    }
  )

  /** The names of one kind that anything is known of; of tools those of one server, where the search names it. */
  const named = ({ properties, type }: ResourceSearch["resource"]) => {
    const server = properties?.server
    if (type === "model") return NamedItems.models(directory, settings)
    return type !== "tool"
      ? Effect.succeed<ReadonlyArray<string>>([])
      : Effect.map(
        NamedItems.tools(directory, settings),
        (all) => server === undefined ? all : all.filter((it) => it.startsWith(`${server}/`))
      )
  }

  const searchResources = Effect.fnUntraced(
    function*({ action, context, resource, subject }: ResourceSearch, range: { after?: string; limit: number }) {
      const { type } = resource
      const { after = "", limit } = range
      const results: Array<{ readonly type: string; readonly id: string }> = []
      const all = (yield* named(resource)).filter((it) => it > after)
      for (const id of all.slice(0, limit)) {
        if (yield* may(subject, supposedOf(action, { type, id }, context))) results.push({ type, id })
      }
      return { results, next: all.length > limit ? all[limit - 1] : undefined }
    }
  )

  /** What may be done: calls of models and tools; methods of a route. */
  const searchActions = ({ context, resource, subject }: ActionSearch) =>
    Effect.filter(
      resource.type === "route" ? methods.map((name) => ({ name })) : [{ name: "call" }],
      (action) => may(subject, supposedOf(action, resource, context))
    )

  return { evaluate, searchSubjects, searchResources, searchActions }
}
