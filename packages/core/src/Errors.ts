/**
 * Every problem a caller can see, one class per status.
 *
 * A denial is an expected outcome, so these are errors without a stack that
 * are made once; each can be yielded. The door that renders them adds the
 * decision id. The caller's text is a constant per code: it never
 * names another team, rule, claim or row (RULES D28). What an operator needs is
 * in the trace of the decision, never in the answer.
 */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { stackless } from "./Stackless.ts"

/** The stable codes of each status (DESIGN §5). */
export const Codes = {
  /** The request itself cannot be judged. */
  400: ["credential_conflict", "request_ambiguous", "body_invalid", "tool_mismatch", "trace_id_required"],
  /** Nobody is proven. */
  401: ["token_missing", "token_expired", "invalid_token"],
  /** A known caller may not do this. */
  403: [
    "role_unmatched",
    "role_model_denied",
    "role_route_denied",
    "scope_model_denied",
    "scope_route_denied",
    "admin_route_denied",
    "team_required",
    "team_denied",
    "team_ambiguous",
    "team_model_denied",
    "team_route_denied",
    "team_blocked",
    "member_model_denied",
    "user_blocked",
    "user_role_unknown",
    "user_model_denied",
    "user_route_denied",
    "end_user_blocked",
    "end_user_model_denied",
    "email_domain_denied",
    "organization_ambiguous",
    "organization_mismatch",
    "principal_required",
    "groups_overage",
    "custom_denied",
    "client_denied",
    "peer_untrusted",
    "upstream_key_missing",
    "model_unnamed",
    "model_unseen",
    "tool_denied",
    "tool_unseen",
    "session_denied",
    "agent_unknown",
    "agent_blocked",
    "agent_model_denied"
  ],
  /** What the token or the path names does not exist. */
  404: ["team_not_found", "organization_not_found", "user_not_found", "route_unknown"],
  /** The method is not taken. */
  405: ["method_not_allowed"],
  /** The body is too large. */
  413: ["body_too_large"],
  /** The media type is not taken. */
  415: ["media_type_unsupported"],
  /** Too much was spent. */
  429: ["budget_exceeded"],
  /** The headers are too large. */
  431: ["headers_too_large"],
  /** The upstream cannot be reached. */
  502: ["upstream_unreachable"],
  /** A dependency did not answer, so nothing was decided. */
  503: ["issuer_unavailable", "directory_unavailable", "custom_unavailable", "overloaded"],
  /** The upstream did not answer in time. */
  504: ["upstream_timeout"]
} as const

/** A status that a problem can carry. */
export type Status = keyof typeof Codes

/** The code of one status, or of all. */
export type Code<S extends Status = Status> = (typeof Codes)[S][number]

/** The id of the decision; there once a door has told it. */
const decision = Schema.optionalKey(Schema.String)

/** The request itself could not be judged: 400. */
export class BadRequest extends Schema.TaggedError<BadRequest>()(
  "BadRequest",
  {
    /** The stable code. */
    code: Schema.Literals(Codes[400]),
    /** The id of the decision; there once a door has told it. */
    decision
  },
  { httpApiStatus: 400 }
) {
  /** The HTTP status. */
  readonly status = 400
  /** What the caller is told, by code. */
  override get message(): string {
    return Details[this.code]
  }
}

/** No credential, or none that proves who is calling: 401. */
export class Unauthenticated extends Schema.TaggedError<Unauthenticated>()(
  "Unauthenticated",
  {
    /** The stable code. */
    code: Schema.Literals(Codes[401]),
    /** The id of the decision; there once a door has told it. */
    decision
  },
  { httpApiStatus: 401 }
) {
  /** The HTTP status. */
  readonly status = 401
  /** What the caller is told, by code. */
  override get message(): string {
    return Details[this.code]
  }
}

/**
 * A known caller who may not do this: 403. `scope` names every scope that was missing, for one challenge (RFC 6750 §3.1);
 * `held` those that the token has and another one needs as well.
 */
export class Forbidden extends Schema.TaggedError<Forbidden>()(
  "Forbidden",
  {
    /** The stable code. */
    code: Schema.Literals(Codes[403]),
    /** Every scope that was missing. */
    scope: Schema.optionalKey(Schema.Array(Schema.String)),
    /** Those that the token has and another one needs as well. */
    held: Schema.optionalKey(Schema.Array(Schema.String)),
    /** The id of the decision; there once a door has told it. */
    decision
  },
  { httpApiStatus: 403 }
) {
  /** The HTTP status. */
  readonly status = 403
  /** What the caller is told, by code. */
  override get message(): string {
    return Details[this.code]
  }
}

/** The team, organization or user of the token does not exist here: 404. */
export class NotFound extends Schema.TaggedError<NotFound>()(
  "NotFound",
  {
    /** The stable code. */
    code: Schema.Literals(Codes[404]),
    /** The id of the decision; there once a door has told it. */
    decision
  },
  { httpApiStatus: 404 }
) {
  /** The HTTP status. */
  readonly status = 404
  /** What the caller is told, by code. */
  override get message(): string {
    return Details[this.code]
  }
}

/** Spend is above a maximum budget: 429. */
export class BudgetExceeded extends Schema.TaggedError<BudgetExceeded>()(
  "BudgetExceeded",
  {
    /** The stable code. */
    code: Schema.Literals(Codes[429]),
    /** The id of the decision; there once a door has told it. */
    decision
  },
  { httpApiStatus: 429 }
) {
  /** The HTTP status. */
  readonly status = 429
  /** What the caller is told, by code. */
  override get message(): string {
    return Details[this.code]
  }
}

/** A dependency did not answer, so nothing was decided: 503, with `retryAfter` in seconds. */
export class Unavailable extends Schema.TaggedError<Unavailable>()(
  "Unavailable",
  {
    /** The stable code. */
    code: Schema.Literals(Codes[503]),
    /** Seconds after which it may be tried again. */
    retryAfter: Schema.Number,
    /** The id of the decision; there once a door has told it. */
    decision
  },
  { httpApiStatus: 503 }
) {
  /** The HTTP status. */
  readonly status = 503
  /** What the caller is told, by code. */
  override get message(): string {
    return Details[this.code]
  }
}

/** The body is larger than the door reads: 413. A door's own; no decision ends with it. */
export class ContentTooLarge extends Schema.TaggedError<ContentTooLarge>()(
  "ContentTooLarge",
  {
    /** The stable code. */
    code: Schema.Literals(Codes[413]),
    /** The id of the decision; there once a door has told it. */
    decision
  },
  { httpApiStatus: 413 }
) {
  /** The HTTP status. */
  readonly status = 413
  /** What the caller is told, by code. */
  override get message(): string {
    return Details[this.code]
  }
}

/** The error channel of `AuthBuilder`: 400 | 401 | 403 | 404 | 429 | 503. */
export type Denial = BadRequest | Unauthenticated | Forbidden | NotFound | BudgetExceeded | Unavailable

/** The codes that a decision itself can end with; the other ones belong to doors. */
export type DecisionCode = Code<400 | 401 | 403 | 404 | 429>

const makers: ReadonlyMap<DecisionCode, () => Denial> = new Map<DecisionCode, () => Denial>([
  ...Codes[400].map((code) => [code, () => new BadRequest({ code })] as const),
  ...Codes[401].map((code) => [code, () => new Unauthenticated({ code })] as const),
  ...Codes[403].map((code) => [code, () => new Forbidden({ code })] as const),
  ...Codes[404].map((code) => [code, () => new NotFound({ code })] as const),
  ...Codes[429].map((code) => [code, () => new BudgetExceeded({ code })] as const)
])

const closed = (): Denial => new Forbidden({ code: "principal_required" })

/** Those that were raised before: a process that starts makes none. */
const denials = new Map<DecisionCode, Exit.Exit<never, Denial>>()

/**
 * The denial of a code, made once: raising it costs a look-up. The scopes that
 * are missing are named in the challenge of a 403, with those that the token holds already.
 */
export const deny = (
  code: DecisionCode,
  scope?: ReadonlyArray<string>,
  held: ReadonlyArray<string> = []
): Exit.Exit<never, Denial> => {
  if (scope !== undefined && isForbidden(code)) {
    return stackless(() => Exit.fail(new Forbidden({ code, scope, ...(held.length === 0 ? {} : { held }) })))
  }
  const known = denials.get(code)
  if (known !== undefined) return known
  const denial = stackless(() => Exit.fail((makers.get(code) ?? closed)()))
  denials.set(code, denial)
  return denial
}

/** A dependency did not answer: 503, to be tried again in so many seconds. */
export const unavailable = (code: Code<503>, retryAfter = 5): Exit.Exit<never, Unavailable> =>
  stackless(() => Exit.fail(new Unavailable({ code, retryAfter })))

const isForbidden = (code: DecisionCode): code is Code<403> => statusOf(code) === 403

/** What the caller is told for each code; constant, so that two causes with one code cannot be told apart (threat E12). */
export const Details: Readonly<Record<Code, string>> = {
  credential_conflict: "The request carries more than one credential. Send exactly one.",
  request_ambiguous: "The request can be read in more than one way.",
  body_invalid: "The request body cannot be read.",
  tool_mismatch: "Headers and body of the request do not name the same call.",
  trace_id_required: "The request must carry the id of its trace: x-litellm-trace-id.",
  token_missing: "No token was sent. Send one as 'Authorization: Bearer TOKEN'.",
  token_expired: "The token has expired. Get a new one.",
  invalid_token: "The token is not valid here.",
  role_unmatched: "The token belongs to no role that is known here.",
  role_model_denied: "The role of this token may not use this model.",
  role_route_denied: "The role of this token may not use this route.",
  scope_model_denied: "The scopes of this token do not include this model.",
  scope_route_denied: "The scopes of this token do not include this route.",
  admin_route_denied: "This route is not open to this token.",
  team_required: "The token must name a team.",
  team_denied: "The requested team is not available to this token.",
  team_ambiguous: "The team of this token cannot be told apart from another.",
  team_model_denied: "The team may not use this model.",
  team_route_denied: "The team may not use this route.",
  team_blocked: "The team is blocked.",
  member_model_denied: "This member of the team may not use this model.",
  user_blocked: "The user is blocked.",
  user_role_unknown: "The role of the user is not known.",
  user_model_denied: "The user may not use this model.",
  user_route_denied: "The user may not use this route.",
  end_user_blocked: "The end user is blocked.",
  end_user_model_denied: "The end user may not use this model.",
  email_domain_denied: "The e-mail domain of this token is not accepted.",
  organization_ambiguous: "The organization of this token cannot be told apart from another.",
  organization_mismatch: "The team does not belong to the organization of this token.",
  principal_required: "The token must name a user or a team.",
  groups_overage: "The token does not list its groups.",
  custom_denied: "The token was refused by a local rule.",
  client_denied: "This client may not be used here.",
  peer_untrusted: "This address may not ask for forward authentication.",
  upstream_key_missing: "The team has no key for the upstream.",
  model_unnamed: "The request must name its model.",
  model_unseen: "The model of this request cannot be seen here.",
  tool_denied: "This tool may not be used.",
  tool_unseen: "The tool of this request cannot be seen here.",
  session_denied: "The session is not available to this token.",
  agent_unknown: "The agent of this token is not known here.",
  agent_blocked: "The agent of this token is blocked.",
  agent_model_denied: "The agent of this token may not use this model.",
  team_not_found: "The team of this token does not exist.",
  organization_not_found: "The organization of this token does not exist.",
  user_not_found: "The user of this token does not exist.",
  route_unknown: "There is nothing at this path.",
  method_not_allowed: "This method is not allowed.",
  body_too_large: "The request body is too large.",
  media_type_unsupported: "The media type of the request body is not supported here.",
  budget_exceeded: "The budget is used up.",
  headers_too_large: "The request headers are too large.",
  upstream_unreachable: "The upstream cannot be reached.",
  issuer_unavailable: "The issuer of this token cannot be asked right now.",
  directory_unavailable: "The directory cannot be asked right now.",
  custom_unavailable: "A local rule cannot be asked right now.",
  overloaded: "No more requests can be taken at the moment.",
  upstream_timeout: "The upstream did not answer in time."
}

/** Short title of each status, the `title` of a problem (RFC 9457 §3.1.3). */
export const Titles: Readonly<Record<Status, string>> = {
  400: "Bad request",
  401: "Authentication required",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  413: "Content too large",
  415: "Unsupported media type",
  429: "Budget exceeded",
  431: "Request headers too large",
  502: "Bad gateway",
  503: "Service unavailable",
  504: "Gateway timeout"
}

const statusOfCode: ReadonlyMap<string, Status> = new Map(
  ([400, 401, 403, 404, 405, 413, 415, 429, 431, 502, 503, 504] as const).flatMap((status) =>
    Codes[status].map((code) => [code, status] as const)
  )
)

/** The status that a code belongs to. */
export const statusOf = (code: Code): Status => statusOfCode.get(code) ?? 503

/** The `error` member that the OpenAI SDKs read. */
export interface OpenAiError {
  /** What the caller reads. */
  readonly message: string
  /** The class of the error, as OpenAI names it. */
  readonly type: string
  /** The stable code. */
  readonly code: Code
  /** Always `null`: no parameter is told. */
  readonly param: null
}

/** The JSON body of a problem (RFC 9457), with the OpenAI-shaped `error` member. */
export interface Problem {
  /** A URI that names the code (RFC 9457 §3.1.1). */
  readonly type: string
  /** A short title of the status (RFC 9457 §3.1.3). */
  readonly title: string
  /** The HTTP status. */
  readonly status: Status
  /** One sentence for the caller; names no team, rule, claim or row. */
  readonly detail: string
  /** The stable code. */
  readonly code: Code
  /** The id under which the operator finds the steps. */
  readonly decision: string
  /** The same in OpenAI's shape, so that the exceptions of SDKs carry the reason. */
  readonly error: OpenAiError
}

const errorType = (status: Status): string =>
  status === 401
    ? "auth_error"
    : status === 403
    ? "permission_error"
    : status === 404
    ? "not_found_error"
    : status === 429
    ? "budget_exceeded"
    : status < 500
    ? "invalid_request_error"
    : "api_error"

/**
 * The body of a problem: `code`, and the id of the decision it belongs to. `error.message` names both too, because it is
 * all that many clients show to whom they serve.
 */
export const problem = (code: Code, decision: string): Problem => {
  const status = statusOf(code)
  const detail = Details[code]
  const shown = decision === "" ? code : `${code}, ${decision}`
  return {
    type: `https://jotgate.dev/problems/${code}`,
    title: Titles[status],
    status,
    detail,
    code,
    decision,
    error: { message: `${detail} (${shown})`, type: errorType(status), code, param: null }
  }
}

/** A problem in the shape that the SDKs of Anthropic read. */
export interface AnthropicProblem extends Omit<Problem, "type" | "error"> {
  /** Always `error`. */
  readonly type: "error"
  /** What is wrong, as those SDKs read it. */
  readonly error: OpenAiError
}

/** The body that the Anthropic SDKs read, for `/v1/messages`: `type: "error"` wins over the problem's own `type` (DESIGN §8). */
export const anthropicProblem = (code: Code, decision: string): AnthropicProblem => {
  const it = problem(code, decision)
  return { ...it, type: "error", error: { ...it.error, type: anthropicType(it.status) } }
}

const anthropicType = (status: Status): string =>
  status === 401
    ? "authentication_error"
    : status === 403
    ? "permission_error"
    : status === 404
    ? "not_found_error"
    : status === 413
    ? "request_too_large"
    : status === 429
    ? "rate_limit_error"
    : status === 503
    ? "overloaded_error"
    : status < 500
    ? "invalid_request_error"
    : "api_error"
