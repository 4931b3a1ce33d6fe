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
import { stackless } from "../Stackless.ts"

export { AgentId, EndUserId, ModelGroupId, OrganizationId, TeamId, UserId }

/** The roles that a user row can have. */
export const UserRole = Schema.Literals([
  "proxy_admin",
  "proxy_admin_viewer",
  "org_admin",
  "internal_user",
  "internal_user_viewer",
  "team",
  "customer"
])
export type UserRole = typeof UserRole.Type

/** Who made a row, a role or a membership: sync removes only what a token made (RULES D32), a directory file only what it made. */
export const Origin = Schema.Literals(["token", "file", "api"])
export type Origin = typeof Origin.Type

/** A subject of one identity namespace that is linked to a user (RULES D5). */
export const LinkedSubject = Schema.Struct({ namespace: Schema.String, subject: Schema.NonEmptyString })
export type LinkedSubject = typeof LinkedSubject.Type

const Amount = Schema.Finite

const Patterns = Schema.NullOr(Schema.Array(Schema.String))

/** What a row says of tools, prompts and resources of MCP servers: `null` says nothing, an empty list allows none. */
const toolLists = { tools: Patterns, prompts: Patterns, resources: Patterns }
const noToolLists = { tools: null, prompts: null, resources: null }

/**
 * A person. `teams` is the list of memberships in the order in which they were
 * made; `tokenTeams` are those among them that a token made. Somebody who left
 * is not `active` (RULES D68).
 */
export const User = Schema.Struct({
  id: UserId,
  email: Schema.NullOr(Schema.String),
  subjects: Schema.Array(LinkedSubject),
  role: Schema.NullOr(Schema.String),
  roleOrigin: Origin,
  teams: Schema.Array(TeamId),
  tokenTeams: Schema.Array(TeamId),
  models: Schema.Array(Schema.String),
  ...toolLists,
  blocked: Schema.Boolean,
  active: Schema.Boolean,
  maxBudget: Schema.NullOr(Amount),
  spend: Amount
})
export type User = typeof User.Type

/** A team. An empty `models` allows every model; what is among `deniedPassThroughRoutes` nothing grants (RULES D67). */
export const Team = Schema.Struct({
  id: TeamId,
  alias: Schema.NullOr(Schema.String),
  organization: Schema.NullOr(OrganizationId),
  models: Schema.Array(Schema.String),
  modelGroups: Schema.Array(ModelGroupId),
  modelAliases: Schema.Record(Schema.String, Schema.String),
  passThroughRoutes: Schema.Array(Schema.String),
  deniedPassThroughRoutes: Schema.Array(Schema.String),
  ...toolLists,
  blocked: Schema.Boolean,
  maxBudget: Schema.NullOr(Amount),
  spend: Amount
})
export type Team = typeof Team.Type

/** An organization. */
export const Organization = Schema.Struct({
  id: OrganizationId,
  alias: Schema.NullOr(Schema.String),
  models: Schema.Array(Schema.String),
  ...toolLists,
  maxBudget: Schema.NullOr(Amount),
  spend: Amount
})
export type Organization = typeof Organization.Type

/** A customer of the caller, named in the token. An empty `models` allows every model (RULES D68). */
export const EndUser = Schema.Struct({
  id: EndUserId,
  models: Schema.Array(Schema.String),
  blocked: Schema.Boolean,
  maxBudget: Schema.NullOr(Amount),
  spend: Amount
})
export type EndUser = typeof EndUser.Type

/** The limits of one user in one team; whether the user *is* a member is told by `User.teams` (RULES D24). */
export const Membership = Schema.Struct({
  user: UserId,
  team: TeamId,
  role: Schema.String,
  models: Schema.Array(Schema.String),
  ...toolLists,
  maxBudget: Schema.NullOr(Amount),
  spend: Amount,
  origin: Origin
})
export type Membership = typeof Membership.Type

/** A named list of models that teams can share. */
export const ModelGroup = Schema.Struct({ id: ModelGroupId, models: Schema.Array(Schema.String) })
export type ModelGroup = typeof ModelGroup.Type

/**
 * A program that acts for people, or for itself where it is `autonomous`. Its
 * lists only take away: `null` says nothing, an empty one allows none. `models`
 * and the models of `modelGroups` both count; `teams` are those in which it may act.
 */
export const Agent = Schema.Struct({
  id: AgentId,
  name: Schema.NullOr(Schema.String),
  models: Schema.NullOr(Schema.Array(Schema.String)),
  modelGroups: Schema.NullOr(Schema.Array(ModelGroupId)),
  teams: Schema.NullOr(Schema.Array(TeamId)),
  ...toolLists,
  blocked: Schema.Boolean,
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
export const AgentBinding = Schema.Struct({
  /** `null` for a binding that was taken back. */
  agent: Schema.NullOr(Agent),
  /** Whether agent and binding are in force. */
  active: Schema.Boolean,
  issuer: Schema.String,
  tenant: Schema.String,
  client: Schema.String,
  servicePrincipal: Schema.NullOr(Schema.String),
  requiredRoles: Schema.Array(Schema.String),
  requiredScopes: Schema.Array(Schema.String),
  mode: Schema.Literals(["autonomous", "delegated", "both"])
})
export type AgentBinding = typeof AgentBinding.Type

/**
 * One change that a decision wants. `required` ones are part of the answer (the
 * decision rests on the row); the others run after it (RULES D33).
 */
export const DirectoryWrite = Schema.TaggedUnion({
  CreateUser: { user: User },
  CreateTeam: { team: Team },
  LinkSubject: { user: UserId, namespace: Schema.String, subject: Schema.NonEmptyString },
  SetRole: { user: UserId, role: Schema.NullOr(UserRole), origin: Origin },
  JoinTeam: { user: UserId, team: TeamId, role: Schema.String },
  LeaveTeam: { user: UserId, team: TeamId }
})
export type DirectoryWrite = typeof DirectoryWrite.Type

/** Whether a decision rests on this write, so that its failure is 503 (RULES D33). */
export const isRequired = (write: DirectoryWrite): boolean => write._tag === "CreateUser" || write._tag === "CreateTeam"

/** No row has this id, subject or alias. */
export class RowNotFound extends Schema.TaggedError<RowNotFound>()("RowNotFound", {
  kind: Schema.Literals(["user", "team", "organization", "endUser", "membership", "modelGroup", "agent"])
}) {}

/** Several rows have this alias. */
export class RowAmbiguous extends Schema.TaggedError<RowAmbiguous>()("RowAmbiguous", {
  kind: Schema.Literals(["team", "organization"])
}) {}

/** The directory did not answer; nothing is known about the row. `operation` names what was tried, never a value. */
export class DirectoryUnavailable extends Schema.TaggedError<DirectoryUnavailable>()("DirectoryUnavailable", {
  operation: Schema.String
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
