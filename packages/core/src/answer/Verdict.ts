/**
 * What a host is told about one request: the decision with its reasons, and how
 * to answer.
 *
 * One value for every way of embedding; encoded, it is JSON. A verdict that was
 * read back from JSON answers like the one that was written, but for
 * `mayCall`, which then has the listed patterns alone to go by.
 */
import * as Schema from "effect/Schema"
import type { Allowed, Reach } from "../Decision.ts"
import { resolvedBy } from "../Decision.ts"
import { claimedBy } from "../Identity.ts"
import { type Asked, modelText } from "../Request.ts"
import { compileAny } from "../rules/patterns/Pattern.ts"
import { CodeSchema, Step } from "../Step.ts"
import { type Noted, told } from "../Trace.ts"
import { identityRecord } from "./IdentityHeaders.ts"
import { type Refusal, render } from "./ProblemResponse.ts"
import * as VerdictText from "./VerdictText.ts"

/** The body of a denied answer (RFC 9457), with the `error` member that the SDKs of OpenAI and Anthropic read. */
export const ProblemBody = Schema.Struct({
  /** A URL that names the code; `error` on paths whose callers read Anthropic's shape. */
  type: Schema.String,
  /** A short title of the status. */
  title: Schema.String,
  /** The HTTP status. */
  status: Schema.Int,
  /** What the caller is told; constant for each code. */
  detail: Schema.String,
  /** The stable code. */
  code: CodeSchema,
  /** The id of the decision, by which an operator finds it. */
  decision: Schema.String,
  /** The same as the SDKs of OpenAI read it. */
  error: Schema.Struct({
    /** The detail, with the code and the id of the decision. */
    message: Schema.String,
    /** The class of the error, as OpenAI names it. */
    type: Schema.String,
    /** The stable code. */
    code: CodeSchema,
    /** Always `null`: no parameter is told. */
    param: Schema.Null
  })
})
export type ProblemBody = typeof ProblemBody.Type

/** A verdict on one request: whether it may pass, who is calling, why, and the answer to a denied caller. JSON-encodable. */
export class Verdict extends Schema.Class<Verdict>("@jotgate/core/Verdict")({
  /** The id of the decision: in the answer's `x-jotgate-decision`, in the problem, and in the host's log. */
  decision: Schema.String,
  /** Whether the request may pass. */
  allowed: Schema.Boolean,
  /** The HTTP status: 200, or that of the denial. */
  status: Schema.Int,
  /** Why it was denied, by a code that stays (docs/errors.md says what each means); `null` when it may pass. */
  code: Schema.NullOr(CodeSchema),
  /** Whether the caller is an administrator. */
  admin: Schema.Boolean,
  /** The `id` of the issuer of the token; `null` where nobody was proven. */
  issuer: Schema.NullOr(Schema.String),
  /** Who the proven token says it is, whatever rows there are; of denials that found nobody, too. `null` without proof. */
  claimed: Schema.NullOr(Schema.Struct({
    /** The subject, as mapped. */
    user: Schema.NullOr(Schema.String),
    /** The e-mail address. */
    email: Schema.NullOr(Schema.String),
    /** The teams or groups. */
    teams: Schema.Array(Schema.String)
  })),
  /** Who is calling; `null` where nobody was found, as in a denial that comes before the person is looked up. */
  user: Schema.NullOr(Schema.Struct({
    /** The id of the row; of somebody without one the subject, behind the namespace and `|` where that has a name. */
    id: Schema.String,
    /** The address, where it is proven or the row's. */
    email: Schema.NullOr(Schema.String),
    /** The role. */
    role: Schema.String
  })),
  /** The team on whose behalf. */
  team: Schema.NullOr(Schema.Struct({
    /** The id of the row. */
    id: Schema.String,
    /** Its alias. */
    alias: Schema.NullOr(Schema.String)
  })),
  /** The token's organization. */
  organization: Schema.NullOr(Schema.Struct({
    /** The id of the row. */
    id: Schema.String
  })),
  /** The customer of the caller that the token names. */
  endUser: Schema.NullOr(Schema.Struct({
    /** The customer's id. */
    id: Schema.String
  })),
  /** Who acts for the user (RFC 8693): the outermost actor, and all of them, outermost first. */
  agent: Schema.NullOr(Schema.Struct({
    /** The outermost actor. */
    id: Schema.String,
    /** Every actor, outermost first. */
    chain: Schema.Array(Schema.String)
  })),
  /** Patterns of the models that a call could reach; `["*"]` when nothing restricts, `null` where that is not known, as of most denials. */
  models: Schema.NullOr(Schema.Array(Schema.String)),
  /** The models that were judged, as one text; `null` when none is named. */
  model: Schema.NullOr(Schema.String),
  /** The path that was judged. */
  route: Schema.String,
  /** How it was decided; of every denial unless `steps: "never"` was asked for, of an allow when `steps: "always"` was. */
  steps: Schema.Array(Step),
  /** The body of the answer to a denied caller; `null` when the request may pass. */
  problem: Schema.NullOr(ProblemBody),
  /** With a denial the headers of its answer, with an allow those that tell the next hop who is calling. */
  headers: Schema.Record(Schema.String, Schema.String)
}) {
  /** Whether a call of this model would be allowed, with the rows of this decision; of a denial, which has decided on none but its own, never. */
  mayCall(model: string): boolean {
    if (!this.allowed) return false
    const reach = Made.reachOf(this)
    return reach === undefined ? compileAny(this.models ?? [])(model) : reach.mayCall(model)
  }

  /** The answer to the caller: the problem with its challenge, or an empty 200 with the identity headers. */
  toResponse(): Response {
    return new Response(this.problem === null ? null : JSON.stringify(this.problem), {
      status: this.status,
      headers: this.headers
    })
  }

  /** One line, and below it a line for each step. */
  text(): string {
    return VerdictText.of(this)
  }
}

type Fields = { readonly [K in keyof typeof Verdict.fields]: Verdict[K] }

/**
 * A verdict of our own values, which need no check: a constructor that checks them costs several times what a decision
 * from memory does, and values that are copied into an object one by one as much as that. What may be called is seen by
 * nobody who goes through its members.
 */
class Made {
  declare readonly decision: Fields["decision"]
  declare readonly allowed: Fields["allowed"]
  declare readonly status: Fields["status"]
  declare readonly code: Fields["code"]
  declare readonly admin: Fields["admin"]
  declare readonly issuer: Fields["issuer"]
  declare readonly claimed: Fields["claimed"]
  declare readonly user: Fields["user"]
  declare readonly team: Fields["team"]
  declare readonly organization: Fields["organization"]
  declare readonly endUser: Fields["endUser"]
  declare readonly agent: Fields["agent"]
  declare readonly models: Fields["models"]
  declare readonly model: Fields["model"]
  declare readonly route: Fields["route"]
  declare readonly steps: Fields["steps"]
  declare readonly problem: Fields["problem"]
  declare readonly headers: Fields["headers"]
  // Made with the prototype of `Verdict`, so its methods are there.
  declare readonly mayCall: Verdict["mayCall"]
  declare readonly toResponse: Verdict["toResponse"]
  declare readonly text: Verdict["text"]
  readonly #reach: Reach | undefined

  constructor(fields: Fields, reach: Reach | undefined) {
    this.#reach = reach
    this.decision = fields.decision
    this.allowed = fields.allowed
    this.status = fields.status
    this.code = fields.code
    this.admin = fields.admin
    this.issuer = fields.issuer
    this.claimed = fields.claimed
    this.user = fields.user
    this.team = fields.team
    this.organization = fields.organization
    this.endUser = fields.endUser
    this.agent = fields.agent
    this.models = fields.models
    this.model = fields.model
    this.route = fields.route
    this.steps = fields.steps
    this.problem = fields.problem
    this.headers = fields.headers
  }

  /** What may be called, of a verdict that was made here. */
  static reachOf(verdict: object): Reach | undefined {
    return #reach in verdict ? verdict.#reach : undefined
  }
}

const trusted = (fields: Fields, reach?: Reach): Verdict => Reflect.construct(Made, [fields, reach], Verdict)

const recordOf = (raw: ReadonlyArray<string>): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (let i = 0; i + 1 < raw.length; i += 2) headers[raw[i] ?? ""] = raw[i + 1] ?? ""
  return headers
}

type Whom = Pick<
  Fields,
  "admin" | "issuer" | "claimed" | "user" | "team" | "organization" | "endUser" | "agent" | "models" | "model" | "route"
>

const whomOf = ({ identity, model, principal, reach, route }: Allowed): Whom => {
  const { admin, agent, email, endUserId, organizationId, role, team, teamId, userId } = principal
  return {
    admin,
    issuer: identity?.issuer ?? null,
    claimed: identity === undefined ? null : claimedBy(identity),
    user: userId === undefined ? null : { id: userId, email: email ?? null, role },
    team: teamId === undefined ? null : { id: teamId, alias: team?.alias ?? null },
    organization: organizationId === undefined ? null : { id: organizationId },
    endUser: endUserId === undefined ? null : { id: endUserId },
    agent: agent ?? null,
    models: reach.models(),
    model: model ?? null,
    route
  }
}

const noSteps: ReadonlyArray<Step> = []

/** The verdict of an allowed request; `id` is the decision's. */
export const ofAllowed = (id: string, allowed: Allowed, steps: ReadonlyArray<Noted>): Verdict =>
  trusted({
    decision: id,
    allowed: true,
    status: 200,
    code: null,
    ...whomOf(allowed),
    steps: steps.length === 0 ? noSteps : steps.map(told),
    problem: null,
    headers: identityRecord(id, allowed)
  }, allowed.reach)

/** What a denial is told by. */
export type Told = Omit<Refusal, "cause">

/** What was asked of a request that was denied. */
type Question = Pick<Asked, "path" | "model">

/**
 * The verdict of a denial; `known` are all steps of the decision, which say whom it had found, `told` those that the
 * host asked for. `metadata` is the URL of the RFC 9728 document of what was asked for, if there is one.
 */
export const ofDenied = (
  id: string,
  { model, path }: Question,
  refusal: Told,
  steps: {
    /** All steps, which say whom the decision had found. */
    readonly known: ReadonlyArray<Noted>
    /** Those that the host asked for. */
    readonly told: ReadonlyArray<Noted>
  },
  metadata: string | undefined
): Verdict => {
  const { headers, problem, status } = render(refusal, id, path, metadata)
  const found = resolvedBy(steps.known)
  return trusted({
    decision: id,
    allowed: false,
    status,
    code: refusal.code,
    admin: false,
    issuer: found.issuer ?? null,
    claimed: found.claimed ?? null,
    user: found.user ?? null,
    team: found.team ?? null,
    organization: found.organization ?? null,
    endUser: found.endUser ?? null,
    agent: found.agent ?? null,
    models: found.models ?? null,
    model: modelText(model),
    route: path,
    steps: steps.told.map(told),
    problem,
    headers: recordOf(headers)
  })
}
