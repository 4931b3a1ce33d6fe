/**
 * The contract of the admin listener's decisions: what `/decide` is asked and
 * what it answers (DESIGN §8). Handlers are elsewhere, so that a client can use
 * this without the server.
 */
import { Schema } from "effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as OpenApi from "effect/http-api/OpenApi"
import { AdminDenied, AdminRequired } from "../answer/AdminProblem.ts"
import { DirectoryApi } from "../directory/DirectoryApi.ts"
import { InputInvalid, MediaUnsupported, NotAvailable } from "../directory/DirectoryProblem.ts"
import { AnswerRecord } from "../record/AnswerRecord.ts"
import { KeptQuestion } from "../record/KeptQuestion.ts"
import { Replayed } from "../Replay.ts"
import { complete } from "./ApiDocument.ts"
import * as AuthZen from "./authzen/AuthZenMessage.ts"

export { AdminDenied, AdminRequired }

/** No decision has this id, or it is no longer kept; `detail` says how long records are. */
export class DecisionUnknown extends HttpApiError.Problem<DecisionUnknown>()(
  "DecisionUnknown",
  { type: "https://jotgate.dev/problems/decision_unknown", status: 404, title: "Not found" },
  { detail: Schema.String }
) {}

/** The store of records does not answer. */
export class RecordsUnavailable extends HttpApiError.Problem<RecordsUnavailable>()(
  "RecordsUnavailable",
  { type: "https://jotgate.dev/problems/records_unavailable", status: 503, title: "Not available" }
) {}

/** Who is supposed to act, outermost first. */
const Agents = Schema.Array(Schema.NonEmptyString).check(Schema.isMinLength(1), Schema.isMaxLength(4))

/** The scopes that the token would hold, where no claims say them. */
const Scopes = Schema.optionalKey(Schema.Array(Schema.NonEmptyString))

/** One question: may this request pass? */
export const Question = Schema.Struct({
  method: Schema.String.check(Schema.isPattern(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, { message: "must be a method" })),
  /** Path and query; not needed where a tool is named. */
  path: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^\//, { message: "must start with a slash" }))),
  /** What of an MCP server is asked for, as SERVER/NAME, one at most; instead of a body that asks for it. */
  tool: Schema.optionalKey(Schema.NonEmptyString),
  prompt: Schema.optionalKey(Schema.NonEmptyString),
  resource: Schema.optionalKey(Schema.NonEmptyString),
  headers: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Array(Schema.String)])),
  body: Schema.optionalKey(Schema.Json),
  trace: Schema.optionalKey(Schema.Boolean),
  dry: Schema.optionalKey(Schema.Boolean),
  /** Somebody to suppose instead of a token; such a question is always dry. */
  as: Schema.optionalKey(Schema.Union([
    Schema.Struct({
      claims: Schema.Record(Schema.String, Schema.Json),
      issuer: Schema.optionalKey(Schema.String),
      agents: Schema.optionalKey(Agents)
    }),
    Schema.Struct({
      user: Schema.NonEmptyString,
      teams: Schema.optionalKey(Schema.Array(Schema.NonEmptyString)),
      scopes: Scopes,
      agents: Schema.optionalKey(Agents)
    }),
    /** A team, whoever calls in its name. */
    Schema.Struct({ team: Schema.NonEmptyString, scopes: Scopes, agents: Schema.optionalKey(Agents) }),
    /** Agents on their own. */
    Schema.Struct({ agents: Agents, scopes: Scopes })
  ]))
}).annotate({ identifier: "Question" })
export type Question = typeof Question.Type

const named = Schema.NullOr(Schema.Struct({ id: Schema.String }))

/** The decision JSON. */
export const Decision = Schema.Struct({
  decision: Schema.String,
  allowed: Schema.Boolean,
  status: Schema.Int,
  code: Schema.NullOr(Schema.String),
  admin: Schema.Boolean,
  issuer: Schema.NullOr(Schema.String),
  user: Schema.NullOr(
    Schema.Struct({ id: Schema.String, email: Schema.NullOr(Schema.String), role: Schema.String })
  ),
  team: Schema.NullOr(Schema.Struct({ id: Schema.String, alias: Schema.NullOr(Schema.String) })),
  organization: named,
  endUser: named,
  agent: Schema.optionalKey(Schema.Struct({ id: Schema.String, chain: Schema.Array(Schema.String) })),
  tool: Schema.optionalKey(Schema.String),
  tools: Schema.optionalKey(Schema.Array(Schema.String)),
  models: Schema.NullOr(Schema.Array(Schema.String)),
  model: Schema.NullOr(Schema.String),
  route: Schema.String,
  writes: Schema.Array(
    Schema.Record(Schema.String, Schema.Unknown).annotate({ description: "A write that the decision wants" })
  ),
  steps: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        step: Schema.String,
        outcome: Schema.String,
        facts: Schema.Record(Schema.String, Schema.Unknown)
      })
    )
  )
}).annotate({ identifier: "Decision" })

/** Looks at the body, and lets in whoever may ask for decisions: with the admin token, an admin's token, or on loopback while no token is configured. */
export class DecideAccess extends HttpApiMiddleware.Service<DecideAccess>()("@jotgate/server/DecideAccess", {
  error: [AdminRequired, AdminDenied, InputInvalid, MediaUnsupported]
}) {}

/** Lets in admins only, on loopback too. */
export class AdminAccess extends HttpApiMiddleware.Service<AdminAccess>()("@jotgate/server/AdminAccess", {
  error: [AdminRequired, AdminDenied]
}) {}

/** Most questions of one batch. */
export const maxBatch = 1000

const decisions = HttpApiGroup.make("decisions")
  .add(
    HttpApiEndpoint.post("decide", "/decide", { payload: Question, success: Decision, error: InputInvalid }),
    HttpApiEndpoint.post("decideBatch", "/decide/batch", {
      payload: Schema.Array(Question).check(Schema.isMaxLength(maxBatch)),
      success: Schema.Array(Decision),
      error: InputInvalid
    })
  )
  .middleware(DecideAccess)

/** A whole number in a query. */
const Whole = (minimum: number, maximum: number) =>
  Schema.NumberFromString.check(
    Schema.makeFilter((it) =>
      (Number.isInteger(it) && it >= minimum && it <= maximum) || `must be ${minimum} to ${maximum}`
    )
  )

const past = HttpApiGroup.make("past")
  .add(
    HttpApiEndpoint.get("find", "/admin/v1/decisions/:id", {
      params: { id: Schema.String },
      success: AnswerRecord,
      error: [DecisionUnknown, RecordsUnavailable]
    }),
    HttpApiEndpoint.get("list", "/admin/v1/decisions", {
      query: {
        who: Schema.optionalKey(Schema.String),
        team: Schema.optionalKey(Schema.String),
        model: Schema.optionalKey(Schema.String),
        tool: Schema.optionalKey(Schema.String),
        agent: Schema.optionalKey(Schema.String),
        code: Schema.optionalKey(Schema.String),
        status: Schema.optionalKey(Whole(100, 599)),
        since: Schema.optionalKey(Schema.String),
        until: Schema.optionalKey(Schema.String),
        after: Schema.optionalKey(Schema.String),
        limit: Schema.optionalKey(Whole(1, 1000))
      },
      success: Schema.Struct({ items: Schema.Array(AnswerRecord), next: Schema.NullOr(Schema.String) }).annotate({
        identifier: "AnswerRecordPage"
      }),
      error: [InputInvalid, RecordsUnavailable]
    }),
    HttpApiEndpoint.get("questions", "/admin/v1/decisions/questions", {
      query: {
        since: Schema.optionalKey(Schema.String),
        after: Schema.optionalKey(Schema.String),
        limit: Schema.optionalKey(Whole(1, 1000))
      },
      success: Schema.Struct({
        items: Schema.Array(Schema.Struct({ record: AnswerRecord, question: Schema.NullOr(KeptQuestion) })),
        next: Schema.NullOr(Schema.String)
      }).annotate({ identifier: "QuestionPage" }),
      error: [DecisionUnknown, InputInvalid, RecordsUnavailable]
    }),
    HttpApiEndpoint.post("again", "/admin/v1/decisions/:id/again", {
      params: { id: Schema.String },
      success: Decision,
      error: [DecisionUnknown, RecordsUnavailable, InputInvalid]
    })
  )
  .middleware(DecideAccess)

/** Which configuration is in force, since when, and how the last attempt to put another one in force ended. */
export const ConfigStatus = Schema.Struct({
  file: Schema.NullOr(Schema.String),
  version: Schema.NullOr(Schema.String),
  since: Schema.String,
  warnings: Schema.Array(Schema.String),
  lastReload: Schema.NullOr(Schema.Struct({
    time: Schema.String,
    inForce: Schema.Boolean,
    findings: Schema.Array(Schema.String)
  }))
}).annotate({ identifier: "ConfigStatus" })

const configuration = HttpApiGroup.make("configuration")
  .add(
    HttpApiEndpoint.get("status", "/admin/v1/config/status", { success: ConfigStatus }),
    HttpApiEndpoint.post("plan", "/admin/v1/config/plan", {
      payload: Schema.Struct({ text: Schema.String }),
      success: Schema.Struct({
        /** Where a question was recorded and how many were asked at most. */
        kept: Schema.String,
        ...Replayed.fields
      }).annotate({ identifier: "PlanOfConfig" }),
      error: [InputInvalid, RecordsUnavailable, NotAvailable, DecisionUnknown]
    })
  )
  .middleware(AdminAccess)

/**
 * As `DecideAccess`, as AuthZEN's clients expect it: a body of another type is 400 like any other malformed request, and
 * the caller's `X-Request-ID` comes back.
 */
export class AuthZenAccess extends HttpApiMiddleware.Service<AuthZenAccess>()("@jotgate/server/AuthZenAccess", {
  error: [AdminRequired, AdminDenied, InputInvalid]
}) {}

/** A message of AuthZEN, which is read by its own rules: unknown members are no fault. */
const message = { payload: Schema.Json, error: [InputInvalid, NotAvailable] }

const authzen = HttpApiGroup.make("authzen")
  .add(
    HttpApiEndpoint.post("evaluation", "/access/v1/evaluation", { ...message, success: AuthZen.Answer }),
    HttpApiEndpoint.post("evaluations", "/access/v1/evaluations", { ...message, success: AuthZen.Answers }),
    HttpApiEndpoint.post("searchSubject", "/access/v1/search/subject", { ...message, success: AuthZen.FoundEntities }),
    HttpApiEndpoint.post("searchResource", "/access/v1/search/resource", {
      ...message,
      success: AuthZen.FoundEntities
    }),
    HttpApiEndpoint.post("searchAction", "/access/v1/search/action", { ...message, success: AuthZen.FoundActions })
  )
  .middleware(AuthZenAccess)

/** The admin listener's API. */
export class AdminApi extends HttpApi.make("jotgate")
  .add(decisions)
  .add(past)
  .add(configuration)
  .add(authzen)
  .middleware(HttpApiMiddleware.ProblemDetails)
  .addHttpApi(DirectoryApi)
  .annotateMerge(OpenApi.annotations({
    title: "jotgate",
    version: "1",
    description: "The admin listener: questions, past decisions, people and teams, issuers, configuration.",
    license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    transform: complete
  }))
{}
