/**
 * Allow with the principal, or a typed denial; and the JSON form that `/decide`
 * and `explain --json` print (DESIGN §8).
 */
import type { DirectoryWrite } from "./directory/Directory.ts"
import type { Code, Status } from "./Errors.ts"
import type { Identity } from "./Identity.ts"
import type { Principal } from "./principal/Principal.ts"
import { type Asked, modelText, type ToolKind, toolText } from "./Request.ts"
import type { Step } from "./Step.ts"
import type { Claims } from "./token/Claims.ts"
import { type Noted, type Resolved, told } from "./Trace.ts"

/** What a principal may call; made from the rows of the decision, without another look-up. */
export interface Reach {
  /** Patterns of the models that a call could reach; `["*"]` when nothing restricts. */
  readonly models: () => ReadonlyArray<string>
  /** Whether a call with this model would be allowed. */
  readonly mayCall: (model: string) => boolean
  /** Whether nothing restricts: a call with whatever model would be allowed. */
  readonly isEverything: () => boolean
  /**
   * Whether a call of this tool, this prompt or this resource would be allowed: the same rule that judges a call, so
   * a list that is filtered by it names what can be called and nothing else. `server` as `policy.mcp` names it; `name`
   * is the tool's or the prompt's name, or the resource's URI.
   */
  readonly mayUse: (kind: ToolKind, server: string, name: string) => boolean
  /** Whether everything whose name begins with `prefix` would be allowed: for a template of URIs, whose literal beginning it is. */
  readonly mayUseEvery: (kind: ToolKind, server: string, prefix: string) => boolean
  /**
   * Patterns `SERVER/NAME` of the tools that could be called, with `!` in front of what is taken away from them;
   * `["*"]` when nothing restricts. Where patterns cannot say what is left, less is told, never more.
   */
  readonly tools: () => ReadonlyArray<string>
}

/** The request may pass. Holds everything that was found, never the token. */
export interface Allowed {
  readonly _tag: "Allowed"
  /** The verified claims; `undefined` on an open route, where nobody is asked. */
  readonly claims: Claims | undefined
  /** Whom the claims speak of; `undefined` on an open route. */
  readonly identity: Identity | undefined
  /** Who was found in the directory: user, team, organization, end user, agent. */
  readonly principal: Principal
  /** What else the principal may call. */
  readonly reach: Reach
  /** The model that was judged; of several, the one that was named first. */
  readonly model: string | undefined
  /** What of an MCP server was judged: `SERVER/NAME`. */
  readonly tool?: string
  /** The path that was judged. */
  readonly route: string
  /** What the decision wants to be written; done by `Provisioner` when asked through `authenticate`. */
  readonly writes: ReadonlyArray<DirectoryWrite>
}

/** The JSON form of a decision. */
export interface DecisionJson {
  /** The id, `d_` and a ULID. */
  readonly decision: string
  /** Whether the request may pass. */
  readonly allowed: boolean
  /** The HTTP status that the caller is told: 200, or that of the code. */
  readonly status: Status | 200
  /** The stable code of a denial; `null` when allowed. */
  readonly code: Code | null
  /** Whether the caller is a proxy admin. */
  readonly admin: boolean
  /** The id of the issuer whose token was proven. */
  readonly issuer: string | null
  /** The person that was found. */
  readonly user: { readonly id: string; readonly email: string | null; readonly role: string } | null
  /** The team that the call counts for. */
  readonly team: { readonly id: string; readonly alias: string | null } | null
  /** The organization that the call counts for. */
  readonly organization: { readonly id: string } | null
  /** On whose behalf the caller says to call. */
  readonly endUser: { readonly id: string } | null
  /** Who acts: there when somebody does. */
  readonly agent?: { readonly id: string; readonly chain: ReadonlyArray<string> }
  /** What of an MCP server was asked for: `SERVER/NAME`; there when something was. */
  readonly tool?: string
  /** Patterns of the tools that could be called, as `Reach.tools` tells them; there where something restricts. */
  readonly tools?: ReadonlyArray<string>
  /** Patterns of the models that may be called; `null` when that was not found out. */
  readonly models: ReadonlyArray<string> | null
  /** The model that was asked for. */
  readonly model: string | null
  /** The path that was judged, without its query. */
  readonly route: string
  /** What the decision wants to be written. */
  readonly writes: ReadonlyArray<DirectoryWrite>
  /** The steps that led there, where they were asked for. */
  readonly steps?: ReadonlyArray<Step>
}

/** What can be called of tools, where not everything can. */
const restricted = (tools: ReadonlyArray<string> | undefined): Pick<DecisionJson, "tools"> =>
  tools === undefined || (tools.length === 1 && tools[0] === "*") ? {} : { tools }

/** The JSON form of an allowed decision; `id` is the decision's id. */
export const allowedJson = (id: string, it: Allowed, steps?: ReadonlyArray<Noted>): DecisionJson => {
  const { principal } = it
  return {
    decision: id,
    allowed: true,
    status: 200,
    code: null,
    admin: principal.admin,
    issuer: it.identity?.issuer ?? null,
    user: principal.userId === undefined
      ? null
      : { id: principal.userId, email: principal.email ?? null, role: principal.role },
    team: principal.teamId === undefined
      ? null
      : { id: principal.teamId, alias: principal.team?.alias ?? null },
    organization: principal.organizationId === undefined ? null : { id: principal.organizationId },
    endUser: principal.endUserId === undefined ? null : { id: principal.endUserId },
    ...(principal.agent === undefined ? {} : { agent: principal.agent }),
    ...(it.tool === undefined ? {} : { tool: it.tool }),
    ...restricted(it.reach.tools()),
    models: it.reach.models(),
    model: it.model ?? null,
    route: it.route,
    writes: it.writes,
    ...(steps === undefined ? {} : { steps: steps.map(told) })
  }
}

/** What of an MCP server a request names. */
const toolOf = ({ tool }: Asked): Pick<DecisionJson, "tool"> => {
  const text = tool === undefined ? null : toolText(tool)
  return text === null ? {} : { tool: text }
}

/** Whom the steps of a decision had found, the last word of each kind. */
export const resolvedBy = (steps: ReadonlyArray<Noted>): Resolved =>
  Object.assign({}, ...steps.map((step) => step.resolved))

/**
 * The JSON form of a denial. `steps` are the noted steps of the decision: they
 * say whom it had found before it denied; printed only with `printSteps`.
 */
export const deniedJson = (
  id: string,
  asked: Asked,
  denial: { readonly status: Status; readonly code: Code },
  steps: ReadonlyArray<Noted>,
  printSteps: boolean
): DecisionJson => {
  const found = resolvedBy(steps)
  return {
    decision: id,
    allowed: false,
    status: denial.status,
    code: denial.code,
    admin: false,
    issuer: found.issuer ?? null,
    user: found.user ?? null,
    team: found.team ?? null,
    organization: found.organization ?? null,
    endUser: found.endUser ?? null,
    ...(found.agent === undefined ? {} : { agent: found.agent }),
    ...toolOf(asked),
    ...restricted(found.tools),
    models: found.models ?? null,
    model: modelText(asked.model),
    route: asked.path,
    writes: [],
    ...(printSteps ? { steps: steps.map(told) } : {})
  }
}
