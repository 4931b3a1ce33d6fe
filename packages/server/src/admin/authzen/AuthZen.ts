/**
 * AuthZEN's questions put to the rules: evaluations and searches, none of which writes anything.
 *
 * A person is a row of the directory, or what a token would say (`properties`); a team and a token are subjects too.
 * Without a team in the context the first of the person's memberships in which the call is allowed is taken, so that a
 * search lists whom an evaluation lets, and nobody else. What is not understood is no allow.
 */
import type { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { DirectoryUnavailable, type User } from "@jotgate/core/Directory"
import type { BadRequest, Code } from "@jotgate/core/Errors"
import { isLiteral } from "@jotgate/core/Pattern"
import type { Asked } from "@jotgate/core/Request"
import * as Request from "@jotgate/core/Request"
import { fromClock } from "@jotgate/core/Ticks"
import type { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import { Clock, Effect } from "effect"
import type { Deployment } from "../../Deployment.ts"
import type { Management } from "../../directory/Management.ts"
import type { Said, Supposed } from "../../directory/ReverseQuestions.ts"
import { isAllowed, type Judge } from "../../Judge.ts"
import type { ActionSearch, Evaluation, ResourceSearch, Situation, Subject, SubjectSearch } from "./AuthZenMessage.ts"

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
const methodPattern = /^[A-Z][A-Z_-]{0,31}$/

/** The call that an action on a resource is; `undefined` when nobody here knows what it could be. */
const callOf = (
  { name }: Evaluation["action"],
  { id, type }: Evaluation["resource"],
  { method, path, team }: Situation
): Supposed | undefined => {
  const named = name === "call" ? method : methodPattern.test(name) ? name : null
  if (named === null || (type !== "model" && type !== "route")) return undefined
  const asked = { method: named ?? "POST", ...(team === undefined ? {} : { team }) }
  return type === "route" ? { ...asked, route: id } : { ...asked, model: id, route: path ?? "/v1/chat/completions" }
}

const texts = (value: unknown): ReadonlyArray<string> | undefined =>
  Array.isArray(value) && value.every((it) => typeof it === "string")
    ? value
    : typeof value === "string"
    ? value.split(" ").filter((it) => it !== "")
    : undefined

/** What a person would say whose token says this; `undefined` when the properties describe no token. */
const saidBy = (subject: Subject): Said | undefined => {
  const { issuer, scopes, subject: person, teams } = subject.properties ?? {}
  if (typeof issuer !== "string" && teams === undefined && scopes === undefined && person === undefined) {
    return undefined
  }
  const [groups, held] = [texts(teams), texts(scopes)]
  return {
    person: typeof person === "string" ? person : subject.id,
    ...(typeof issuer === "string" ? { issuer } : {}),
    ...(groups === undefined ? {} : { groups }),
    ...(held === undefined ? {} : { scopes: held })
  }
}

/** One way in which a person may call. */
interface Way {
  readonly said: Said
  readonly call: Supposed
}

/**
 * The ways in which a person's row may call, in the order in which they are tried: in one of its teams, chosen as among
 * groups; in each of them; and without naming any. `who` and `can` count the same.
 */
const waysOf = ({ email, id, teams }: User, call: Supposed): readonly [Way, ...ReadonlyArray<Way>] => {
  const alone = { person: id, ...(email === null ? {} : { email }) }
  if (teams.length === 0) return [{ said: alone, call }]
  const said = { ...alone, groups: teams }
  return call.team === undefined
    ? [{ said, call }, ...teams.map((team) => ({ said, call: { ...call, team } })), { said: alone, call }]
    : [{ said, call }]
}

/** How a question is put: with a record, or without. */
type Ask<E> = (auth: AuthBuilder["Service"], asked: Asked) => Effect.Effect<Decided, E>

const yes: Decided = { decision: true, context: { id: "", status: 200, code: null } }
const no: Decided = { decision: false, context: { id: "", status: 403, code: null } }

/** Names without a wildcard in rows and settings: the models that anything is known of. */
const modelsOf = Effect.fnUntraced(function*(directory: DirectoryAdmin["Service"], settings: Management["settings"]) {
  const all = new Set<string>()
  const add = (names: ReadonlyArray<string>) => {
    for (const name of names) if (isLiteral(name) && !reserved.has(name)) all.add(name)
  }
  const { modelAliases, modelGroups, roles, scopes } = settings.policy
  for (const models of Object.values(modelGroups)) add(models)
  add(Object.keys(modelAliases))
  for (const it of [...roles, ...scopes]) add(it.models ?? [])
  for (const table of ["teams", "users", "organizations", "memberships", "modelGroups"] as const) {
    let after: string | undefined
    do {
      const page: { readonly rows: ReadonlyArray<object>; readonly next: string | undefined } = yield* directory.list(
        table,
        { limit: PAGE, ...(after === undefined ? {} : { after }) }
      )
      for (const row of page.rows) {
        if ("models" in row && Array.isArray(row.models)) add(row.models.map(String))
      }
      after = page.next
    } while (after !== undefined)
  }
  for (const group of [...all]) if (Object.hasOwn(modelGroups, group)) all.delete(group)
  return [...all].toSorted((left, right) => left < right ? -1 : 1)
})

const subjects = new Set(["user", "team", "token"])
const reserved = new Set(["all-proxy-models", "no-default-models"])
/** Rows of one question to the store. */
const PAGE = 1000

/** The questions of one message, over one deployment. */
export const make = ({ deployment, judge, management, requestId }: AuthZenParts) => {
  const { directory, questions, settings } = management

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
    Effect.flatMap(
      Clock.Clock,
      (clock) => auth.decide(asked, { time: clock.currentTimeMillisUnsafe(), ticks: fromClock(clock), note: undefined })
    ).pipe(
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
    for (const way of others.length === 0 ? [] : [first, ...others]) {
      const { decision } = yield* questions.suppose(way.said, way.call, silent)
      if (decision) return yield* questions.suppose(way.said, way.call, ask)
    }
    return yield* questions.suppose(first.said, first.call, ask)
  })

  const ofToken = Effect.fnUntraced(function*<E>(
    { id }: Subject,
    { method, model, route = "/v1/chat/completions", team }: Supposed,
    ask: Ask<E>
  ) {
    const [header] = settings.policy.teamHeaders
    const asked = yield* Request.make({
      method,
      target: route,
      rawHeaders: [
        "authorization",
        `Bearer ${id}`,
        ...(team === undefined || header === undefined ? [] : [header, team])
      ],
      model: model === undefined ? Request.noModel : Request.knownModel(model)
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
      case "token":
        return ofToken(subject, call, ask)
      default:
        return Effect.sync(() => notUnderstood(`a subject of the type ${JSON.stringify(subject.type)}`, call))
    }
  }

  const evaluate = ({ action, context, resource, subject }: Evaluation): Effect.Effect<Decided, Failure> => {
    const call = callOf(action, resource, context ?? {})
    return call === undefined
      ? Effect.sync(() => notUnderstood(`${JSON.stringify(action.name)} on a ${JSON.stringify(resource.type)}`))
      : judged(subject, call, noted)
  }

  /** Whether a subject may, for a search: no record, and nobody who is not understood. */
  const may = (subject: Subject, call: Supposed | undefined): Effect.Effect<boolean, Failure> =>
    call === undefined || !subjects.has(subject.type)
      ? Effect.succeed(false)
      : Effect.map(judged(subject, call, silent), ({ decision }) => decision)

  const searchSubjects = Effect.fnUntraced(
    function*({ action, context, resource, subject }: SubjectSearch, range: { after?: string; limit: number }) {
      const call = callOf(action, resource, context ?? {})
      const results: Array<{ readonly type: string; readonly id: string }> = []
      if (call === undefined) return { results, next: undefined }
      if (subject.type === "team") {
        const { next, rows } = yield* questions.teams(call, range)
        return { results: rows.map(({ id }) => ({ type: "team", id })), next }
      }
      if (subject.type !== "user") return { results, next: undefined }
      const { next, rows } = yield* questions.users(call, range)
      const { team } = call
      const who = team === undefined ? rows : rows.filter((it) => it.teams.includes(team))
      return { results: who.map(({ id }) => ({ type: "user", id })), next }
    }
  )

  const searchResources = Effect.fnUntraced(
    function*({ action, context, resource, subject }: ResourceSearch, range: { after?: string; limit: number }) {
      const results: Array<{ readonly type: string; readonly id: string }> = []
      if (resource.type !== "model") return { results, next: undefined }
      const { after = "", limit } = range
      const names = (yield* modelsOf(directory, settings)).filter((it) => it > after)
      for (const id of names.slice(0, limit)) {
        const call = callOf(action, { type: "model", id }, context ?? {})
        if (yield* may(subject, call)) results.push({ type: "model", id })
      }
      return { results, next: names.length > limit ? names[limit - 1] : undefined }
    }
  )

  const searchActions = ({ context, resource, subject }: ActionSearch) =>
    resource.type !== "model"
      ? Effect.succeed([])
      : Effect.map(
        may(subject, callOf({ name: "call" }, resource, context ?? {})),
        (it) => it ? [{ name: "call" }] : []
      )

  return { evaluate, searchSubjects, searchResources, searchActions }
}
