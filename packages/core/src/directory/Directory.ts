/**
 * The rows that a decision reads, and the writes that it wants.
 *
 * Ids are opaque text and compare byte for byte on every store. A row's `role`
 * is kept as found: a role that nobody knows is a denial (RULES D42), not a
 * reading error.
 */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { AgentId, EndUserId, ModelGroupId, OrganizationId, TeamId, UserId } from "../Ids.ts"
import { UserRole } from "../settings/UserRole.ts"
import { stackless } from "../Stackless.ts"

export { AgentId, EndUserId, ModelGroupId, OrganizationId, TeamId, UserId, UserRole }

/** Who made a row, a role or a membership: sync removes only what a token made (RULES D32), a directory file only what it made. */
export const Origin = Schema.Literals(["token", "file", "api"])
export type Origin = typeof Origin.Type

/** A subject of one identity namespace that is linked to a user (RULES D5). */
export const LinkedSubject = Schema.Struct({
  /** The identity namespace of the issuer. */
  namespace: Schema.String,
  /** The subject in it. */
  subject: Schema.NonEmptyString
})
export type LinkedSubject = typeof LinkedSubject.Type

const Amount = Schema.Finite

/** `null` says nothing, an empty list allows none. */
const Patterns = Schema.NullOr(Schema.Array(Schema.String))

const noToolLists = { tools: null, prompts: null, resources: null }

/**
 * A person. `teams` is the list of memberships in the order in which they were
 * made; `tokenTeams` are those among them that a token made. Somebody who left
 * is not `active` (RULES D68).
 */
export const User = Schema.Struct({
  /** The id, opaque and never empty. */
  id: UserId,
  /** The address; `null` when none is known. */
  email: Schema.NullOr(Schema.String),
  /** The subjects of issuers that are this person. */
  subjects: Schema.Array(LinkedSubject),
  /** The role; `null` for an internal user. */
  role: Schema.NullOr(Schema.String),
  /** Who made the role. */
  roleOrigin: Origin,
  /** The teams of the person, in the order in which they were joined. */
  teams: Schema.Array(TeamId),
  /** Those of them that a token made. */
  tokenTeams: Schema.Array(TeamId),
  /** Patterns of the models that may be called; empty: every model of the team, and without one what `policy.withoutTeam` says. */
  models: Schema.Array(Schema.String),
  /** Patterns of tools of MCP servers, `SERVER/NAME`; `null` says nothing, an empty list allows none. */
  tools: Patterns,
  /** Patterns of prompts of MCP servers, alike. */
  prompts: Patterns,
  /** Patterns of resources of MCP servers, alike. */
  resources: Patterns,
  /** Whether the person may do nothing. */
  blocked: Schema.Boolean,
  /** `false` when the person left. */
  active: Schema.Boolean,
  /** The most that may be spent, in US dollars; `null` without a limit. */
  maxBudget: Schema.NullOr(Amount),
  /** What was spent, in US dollars. */
  spend: Amount
})
export type User = typeof User.Type

/** A team. An empty `models` allows every model; what is among `deniedPassThroughRoutes` nothing grants (RULES D67). */
export const Team = Schema.Struct({
  /** The id, opaque and never empty. */
  id: TeamId,
  /** The name; `null` when it has none. */
  alias: Schema.NullOr(Schema.String),
  /** The organization that it belongs to. */
  organization: Schema.NullOr(OrganizationId),
  /** Patterns of the models that may be called; empty: every model. */
  models: Schema.Array(Schema.String),
  /** Groups of models that may be called besides. */
  modelGroups: Schema.Array(ModelGroupId),
  /** Names of models in this team, by the name that is asked for. */
  modelAliases: Schema.Record(Schema.String, Schema.String),
  /** Routes of the pass-through that the team may use. */
  passThroughRoutes: Schema.Array(Schema.String),
  /** Routes of the pass-through that nothing grants to the team. */
  deniedPassThroughRoutes: Schema.Array(Schema.String),
  /** Patterns of tools of MCP servers, `SERVER/NAME`; `null` says nothing, an empty list allows none. */
  tools: Patterns,
  /** Patterns of prompts of MCP servers, alike. */
  prompts: Patterns,
  /** Patterns of resources of MCP servers, alike. */
  resources: Patterns,
  /** Whether nobody may do anything in its name. */
  blocked: Schema.Boolean,
  /** The most that may be spent, in US dollars; `null` without a limit. */
  maxBudget: Schema.NullOr(Amount),
  /** What was spent, in US dollars. */
  spend: Amount
})
export type Team = typeof Team.Type

/** An organization. */
export const Organization = Schema.Struct({
  /** The id, opaque and never empty. */
  id: OrganizationId,
  /** The name; `null` when it has none. */
  alias: Schema.NullOr(Schema.String),
  /** Patterns of the models that may be called; empty: every model. */
  models: Schema.Array(Schema.String),
  /** Patterns of tools of MCP servers, `SERVER/NAME`; `null` says nothing, an empty list allows none. */
  tools: Patterns,
  /** Patterns of prompts of MCP servers, alike. */
  prompts: Patterns,
  /** Patterns of resources of MCP servers, alike. */
  resources: Patterns,
  /** The most that may be spent, in US dollars; `null` without a limit. */
  maxBudget: Schema.NullOr(Amount),
  /** What was spent, in US dollars. */
  spend: Amount
})
export type Organization = typeof Organization.Type

/** A customer of the caller, named in the token. An empty `models` allows every model (RULES D68). */
export const EndUser = Schema.Struct({
  /** The id, opaque and never empty. */
  id: EndUserId,
  /** Patterns of the models that may be called; empty: every model. */
  models: Schema.Array(Schema.String),
  /** Whether nothing may be done for it. */
  blocked: Schema.Boolean,
  /** The most that may be spent, in US dollars; `null` without a limit. */
  maxBudget: Schema.NullOr(Amount),
  /** What was spent, in US dollars. */
  spend: Amount
})
export type EndUser = typeof EndUser.Type

/** The limits of one user in one team; whether the user *is* a member is told by `User.teams` (RULES D24). */
export const Membership = Schema.Struct({
  /** The member. */
  user: UserId,
  /** The team. */
  team: TeamId,
  /** The role in the team. */
  role: Schema.String,
  /** Patterns of the models that may be called; empty: every model. */
  models: Schema.Array(Schema.String),
  /** Patterns of tools of MCP servers, `SERVER/NAME`; `null` says nothing, an empty list allows none. */
  tools: Patterns,
  /** Patterns of prompts of MCP servers, alike. */
  prompts: Patterns,
  /** Patterns of resources of MCP servers, alike. */
  resources: Patterns,
  /** The most that may be spent, in US dollars; `null` without a limit. */
  maxBudget: Schema.NullOr(Amount),
  /** What was spent, in US dollars. */
  spend: Amount,
  /** Who made the membership. */
  origin: Origin
})
export type Membership = typeof Membership.Type

/** A named list of models that teams can share. */
export const ModelGroup = Schema.Struct({
  /** The id. */
  id: ModelGroupId,
  /** Patterns of the models in it. */
  models: Schema.Array(Schema.String)
})
export type ModelGroup = typeof ModelGroup.Type

/**
 * A program that acts for people, or for itself where it is `autonomous`. Its
 * lists only take away: `null` says nothing, an empty one allows none. `models`
 * and the models of `modelGroups` both count; `teams` are those in which it may act.
 */
export const Agent = Schema.Struct({
  /** The id, opaque and never empty. */
  id: AgentId,
  /** The name; `null` when it has none. */
  name: Schema.NullOr(Schema.String),
  /** Patterns of the models that it may call. */
  models: Schema.NullOr(Schema.Array(Schema.String)),
  /** Groups of models that it may call besides. */
  modelGroups: Schema.NullOr(Schema.Array(ModelGroupId)),
  /** The teams in which it may act. */
  teams: Schema.NullOr(Schema.Array(TeamId)),
  /** Patterns of tools of MCP servers, `SERVER/NAME`; `null` says nothing, an empty list allows none. */
  tools: Patterns,
  /** Patterns of prompts of MCP servers, alike. */
  prompts: Patterns,
  /** Patterns of resources of MCP servers, alike. */
  resources: Patterns,
  /** Whether it may do nothing. */
  blocked: Schema.Boolean,
  /** Whether it may act for itself. */
  autonomous: Schema.Boolean,
  /** Whether its calls must carry an id of the trace that they belong to. */
  requireTraceId: Schema.Boolean,
  /** Whether an application is bound to it: then no claim names it (RULES D72). */
  hasIdentity: Schema.Boolean
})
export type Agent = typeof Agent.Type

/**
 * An application of Microsoft Entra that is an agent's identity (RULES D72): a
 * token of this tenant and client is the agent's, or nobody's.
 */
export interface AgentBinding {
  /** The agent; `null` for a binding that was taken back. */
  readonly agent: Agent | null
  /** Whether agent and binding are in force. */
  readonly active: boolean
  /** The `id` of the issuer in the settings. */
  readonly issuer: string
  /** The tenant (`tid`). */
  readonly tenant: string
  /** The application's client id (`azp` or `appid`). */
  readonly client: string
  /** The object id of its service principal; `null` when it is not checked. */
  readonly servicePrincipal: string | null
  /** Roles that a token of its own must have. */
  readonly requiredRoles: ReadonlyArray<string>
  /** Scopes that a delegated token must have. */
  readonly requiredScopes: ReadonlyArray<string>
  /** Whether it may act for itself, for people, or both. */
  readonly mode: "autonomous" | "delegated" | "both"
}

/** A binding as JSON. */
interface EncodedBinding extends Omit<AgentBinding, "agent"> {
  readonly agent: typeof Agent.Encoded | null
}

/** The schema of a binding. */
export const AgentBinding: Schema.Codec<AgentBinding, EncodedBinding> = Schema.Struct({
  agent: Schema.NullOr(Agent),
  active: Schema.Boolean,
  issuer: Schema.String,
  tenant: Schema.String,
  client: Schema.String,
  servicePrincipal: Schema.NullOr(Schema.String),
  requiredRoles: Schema.Array(Schema.String),
  requiredScopes: Schema.Array(Schema.String),
  mode: Schema.Literals(["autonomous", "delegated", "both"])
})

/**
 * One change that a decision wants. `required` ones are part of the answer (the
 * decision rests on the row); the others run after it (RULES D33).
 */
export type DirectoryWrite = Plain<CreateUser | CreateTeam | LinkSubject | SetRole | JoinTeam | LeaveTeam>

/** The same members without a name of their own, so that they count as JSON. */
type Plain<A> = A extends unknown ? { readonly [Name in keyof A]: A[Name] } : never

/** Makes a person's row. */
interface CreateUser {
  readonly _tag: "CreateUser"
  /** The row. */
  readonly user: User
}

/** Makes a team's row. */
interface CreateTeam {
  readonly _tag: "CreateTeam"
  /** The row. */
  readonly team: Team
}

/** Links a subject to a person. */
interface LinkSubject {
  readonly _tag: "LinkSubject"
  /** The person. */
  readonly user: UserId
  /** The identity namespace of the issuer. */
  readonly namespace: string
  /** The subject, as mapped. */
  readonly subject: string
}

/** Gives a person another role. */
interface SetRole {
  readonly _tag: "SetRole"
  /** The person. */
  readonly user: UserId
  /** The role; `null` for none. */
  readonly role: UserRole | null
  /** Who made the role. */
  readonly origin: Origin
}

/** Makes a person a member of a team. */
interface JoinTeam {
  readonly _tag: "JoinTeam"
  /** The person. */
  readonly user: UserId
  /** The team. */
  readonly team: TeamId
  /** The role in the team. */
  readonly role: string
}

/** Ends a person's membership of a team. */
interface LeaveTeam {
  readonly _tag: "LeaveTeam"
  /** The person. */
  readonly user: UserId
  /** The team. */
  readonly team: TeamId
}

/** Whether a decision rests on this write, so that its failure is 503 (RULES D33). */
export const isRequired = (write: DirectoryWrite): boolean => write._tag === "CreateUser" || write._tag === "CreateTeam"

/** No row has this id, subject or alias. */
export class RowNotFound extends Schema.TaggedError<RowNotFound>()("RowNotFound", {
  /** What kind of row. */
  kind: Schema.Literals(["user", "team", "organization", "endUser", "membership", "modelGroup", "agent"])
}) {}

/** Several rows have this alias. */
export class RowAmbiguous extends Schema.TaggedError<RowAmbiguous>()("RowAmbiguous", {
  /** What kind of row. */
  kind: Schema.Literals(["team", "organization"])
}) {}

/** The directory did not answer; nothing is known about the row. `operation` names what was tried, never a value. */
export class DirectoryUnavailable extends Schema.TaggedError<DirectoryUnavailable>()("DirectoryUnavailable", {
  /** What was tried, such as `teams`. */
  operation: Schema.String,
  /** Whether there was no such row when it was last asked for, a moment ago; there may be one by now. */
  wasAbsent: Schema.optionalKey(Schema.Boolean)
}) {}

/** Failures of one kind, each made once and without a stack. */
const onceEach = <Kind, E>(make: (kind: Kind) => E): (kind: Kind) => Exit.Exit<never, E> => {
  const known = new Map<Kind, Exit.Exit<never, E>>()
  return (kind) => {
    const before = known.get(kind)
    if (before !== undefined) return before
    const made = stackless(() => Exit.fail(make(kind)))
    known.set(kind, made)
    return made
  }
}

/** There is no such row. */
export const absent = onceEach((kind: RowNotFound["kind"]) => new RowNotFound({ kind }))

/** There are several. */
export const several = onceEach((kind: RowAmbiguous["kind"]) => new RowAmbiguous({ kind }))

/** A user row with every optional column at its default. */
export const makeUser = (row: Partial<User> & { readonly id: UserId }): User => ({
  email: null,
  subjects: [],
  role: null,
  roleOrigin: "api",
  teams: [],
  tokenTeams: [],
  models: [],
  ...noToolLists,
  blocked: false,
  active: true,
  maxBudget: null,
  spend: 0,
  ...row
})

/** A team row with every optional column at its default. */
export const makeTeam = (row: Partial<Team> & { readonly id: TeamId }): Team => ({
  alias: null,
  organization: null,
  models: [],
  modelGroups: [],
  modelAliases: {},
  passThroughRoutes: [],
  deniedPassThroughRoutes: [],
  ...noToolLists,
  blocked: false,
  maxBudget: null,
  spend: 0,
  ...row
})

/** An organization row with every optional column at its default. */
export const makeOrganization = (row: Partial<Organization> & { readonly id: OrganizationId }): Organization => ({
  alias: null,
  models: [],
  ...noToolLists,
  maxBudget: null,
  spend: 0,
  ...row
})

/** An end user row with every optional column at its default. */
export const makeEndUser = (row: Partial<EndUser> & { readonly id: EndUserId }): EndUser => ({
  models: [],
  blocked: false,
  maxBudget: null,
  spend: 0,
  ...row
})

/** A membership row with every optional column at its default. */
export const makeMembership = (
  row: Partial<Membership> & { readonly user: UserId; readonly team: TeamId }
): Membership => ({ role: "user", models: [], ...noToolLists, maxBudget: null, spend: 0, origin: "api", ...row })

/** An agent row with every optional column at its default. */
export const makeAgent = (row: Partial<Agent> & { readonly id: AgentId }): Agent => ({
  name: null,
  models: null,
  modelGroups: null,
  teams: null,
  ...noToolLists,
  blocked: false,
  autonomous: false,
  requireTraceId: false,
  hasIdentity: false,
  ...row
})
