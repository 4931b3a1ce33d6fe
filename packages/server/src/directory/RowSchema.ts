/**
 * The rows of the API: those of the directory file, with every field there.
 *
 * What a `GET` answers can be sent back with `PUT`: a user's `teams` are told by
 * the memberships, so they may be repeated but not changed.
 */
import * as Directory from "@jotgate/core/Directory"
import * as File from "@jotgate/core/DirectoryFile"
import type { Nouns } from "@jotgate/core/DirectoryPlan"
import { compound, type TableName } from "@jotgate/core/MemoryRows"
import type { Written } from "@jotgate/store/DirectoryAdmin"
import { Schema, Struct } from "effect"

const optional = Schema.optionalKey
const Amount = Schema.Finite
const Budget = Schema.NullOr(Amount)
const Texts = Schema.Array(Schema.String)

/** What a row lists of MCP servers; left out where it says nothing. */
const lists = { tools: optional(Texts), prompts: optional(Texts), resources: optional(Texts) }

const limits = { models: Texts, maxBudget: Budget, spend: Amount }

export const UserView = Schema.Struct({
  id: Schema.String,
  email: Schema.NullOr(Schema.String),
  subjects: Schema.Array(Schema.Struct({ namespace: Schema.String, subject: Schema.String })),
  role: Schema.NullOr(Schema.String),
  ...limits,
  ...lists,
  blocked: Schema.Boolean,
  active: Schema.Boolean,
  teams: Texts
}).annotate({ identifier: "User" })

export const TeamView = Schema.Struct({
  id: Schema.String,
  alias: Schema.NullOr(Schema.String),
  organization: Schema.NullOr(Schema.String),
  ...limits,
  ...lists,
  modelGroups: Texts,
  modelAliases: Schema.Record(Schema.String, Schema.String),
  passThroughRoutes: Texts,
  deniedPassThroughRoutes: Texts,
  blocked: Schema.Boolean
}).annotate({ identifier: "Team" })

export const OrganizationView = Schema.Struct({
  id: Schema.String,
  alias: Schema.NullOr(Schema.String),
  ...limits,
  ...lists
}).annotate({ identifier: "Organization" })

export const EndUserView = Schema.Struct({
  id: Schema.String,
  ...limits,
  blocked: Schema.Boolean
}).annotate({ identifier: "EndUser" })

export const MembershipView = Schema.Struct({
  user: Schema.String,
  team: Schema.String,
  role: Schema.String,
  ...limits,
  ...lists
}).annotate({ identifier: "Membership" })

export const ModelGroupView = Schema.Struct({ id: Schema.String, models: Texts }).annotate({ identifier: "ModelGroup" })

const TextsOrNull = Schema.NullOr(Texts)

export const AgentView = Schema.Struct({
  id: Schema.String,
  name: Schema.NullOr(Schema.String),
  models: TextsOrNull,
  modelGroups: TextsOrNull,
  teams: TextsOrNull,
  ...lists,
  blocked: Schema.Boolean,
  autonomous: Schema.Boolean,
  requireTraceId: Schema.Boolean
}).annotate({ identifier: "Agent" })

/** What is answered for each kind of row. */
export interface Views {
  readonly users: typeof UserView.Type
  readonly teams: typeof TeamView.Type
  readonly organizations: typeof OrganizationView.Type
  readonly endUsers: typeof EndUserView.Type
  readonly memberships: typeof MembershipView.Type
  readonly modelGroups: typeof ModelGroupView.Type
  readonly agents: typeof AgentView.Type
}

const repeated = { teams: optional(Texts) }

/** The fields of a file's row that are told by who makes the request. */
const own = ["origin"] as const

/** The bodies that make a row: the fields of the directory file. */
export const UserRow = Schema.Struct({
  ...Struct.omit(File.FileUser.fields, [...own, "roleOrigin"]),
  ...repeated
}).annotate({ identifier: "UserRow" })
export const TeamRow = File.FileTeam.mapFields(Struct.omit(own)).annotate({ identifier: "TeamRow" })
export const OrganizationRow = File.FileOrganization.mapFields(Struct.omit(own)).annotate({
  identifier: "OrganizationRow"
})
export const EndUserRow = File.FileEndUser.mapFields(Struct.omit(own)).annotate({ identifier: "EndUserRow" })
export const MembershipRow = File.FileMembership.mapFields(Struct.omit(own)).annotate({ identifier: "MembershipRow" })
export const ModelGroupRow = File.FileModelGroup.mapFields(Struct.omit(own)).annotate({ identifier: "ModelGroupRow" })
export const AgentRow = File.FileAgent.mapFields(Struct.omit(own)).annotate({ identifier: "AgentRow" })

const anyId = { id: optional(File.RowId) }

/** The bodies that change a row: any of its fields; the id is told by the path and may be repeated. */
export const UserChange = Schema.Struct({ ...UserRow.fields, ...anyId }).annotate({ identifier: "UserChange" })
export const TeamChange = Schema.Struct({ ...TeamRow.fields, ...anyId }).annotate({ identifier: "TeamChange" })
export const OrganizationChange = Schema.Struct({ ...OrganizationRow.fields, ...anyId }).annotate({
  identifier: "OrganizationChange"
})
export const EndUserChange = Schema.Struct({ ...EndUserRow.fields, ...anyId }).annotate({
  identifier: "EndUserChange"
})
export const MembershipChange = Schema.Struct({
  ...MembershipRow.fields,
  user: optional(File.RowId),
  team: optional(File.RowId)
}).annotate({ identifier: "MembershipChange" })
export const ModelGroupChange = Schema.Struct({ ...ModelGroupRow.fields, ...anyId }).annotate({
  identifier: "ModelGroupChange"
})
export const AgentChange = Schema.Struct({ ...AgentRow.fields, ...anyId }).annotate({ identifier: "AgentChange" })

interface Listing {
  readonly tools: ReadonlyArray<string> | null
  readonly prompts: ReadonlyArray<string> | null
  readonly resources: ReadonlyArray<string> | null
}

/** A row without the lists that say nothing. */
const listed = <A extends Listing>({ prompts, resources, tools, ...row }: A) => ({
  ...row,
  ...(tools === null ? {} : { tools }),
  ...(prompts === null ? {} : { prompts }),
  ...(resources === null ? {} : { resources })
})

/** The answer for a row: without what only the store needs to know. */
export const views: { readonly [K in TableName]: (row: Nouns[K]) => Views[K] } = {
  users: ({ roleOrigin: _, tokenTeams: __, ...row }) => listed(row),
  teams: listed,
  organizations: listed,
  endUsers: (row) => row,
  memberships: ({ origin: _, ...row }) => listed(row),
  modelGroups: (row) => row,
  agents: ({ hasIdentity: _, ...row }) => listed(row)
}

/** Whether a role is one that a row can be given. */
export const isKnownRole = Schema.is(Directory.UserRole)

/** A row as it would be written; a role that nobody knows is left out. */
export const written: { readonly [K in TableName]: (row: Nouns[K]) => Written[K] } = {
  users: ({ active, blocked, email, id, maxBudget, models, prompts, resources, role, spend, subjects, tools }) => ({
    id,
    email,
    subjects,
    ...(role === null ? { role } : isKnownRole(role) ? { role } : {}),
    models,
    tools,
    prompts,
    resources,
    blocked,
    active,
    maxBudget,
    spend
  }),
  teams: (row) => row,
  organizations: (row) => row,
  endUsers: (row) => row,
  memberships: ({ origin: _, ...row }) => row,
  modelGroups: (row) => row,
  agents: ({ hasIdentity: _, ...row }) => row
}

/** The body of a change of each kind of row. */
export interface Changes {
  readonly users: typeof UserChange.Type
  readonly teams: typeof TeamChange.Type
  readonly organizations: typeof OrganizationChange.Type
  readonly endUsers: typeof EndUserChange.Type
  readonly memberships: typeof MembershipChange.Type
  readonly modelGroups: typeof ModelGroupChange.Type
  readonly agents: typeof AgentChange.Type
}

/** What names a row: its id, or a membership's user and team. */
export interface Keys {
  readonly users: { readonly id: string }
  readonly teams: { readonly id: string }
  readonly organizations: { readonly id: string }
  readonly endUsers: { readonly id: string }
  readonly memberships: { readonly user: string; readonly team: string }
  readonly modelGroups: { readonly id: string }
  readonly agents: { readonly id: string }
}

/** The id of a row from what names it. */
export const idOf = (key: Keys[TableName]): string => "id" in key ? key.id : compound(key.user, key.team)

/** The row that a body with this key stands for; what it does not say is its default. */
export const complete: { readonly [K in TableName]: (key: Keys[K], change: Changes[K]) => Written[K] } = {
  users: ({ id }, { teams: _, ...change }) => ({ ...change, id }),
  teams: ({ id }, change) => ({ ...change, id }),
  organizations: ({ id }, change) => ({ ...change, id }),
  endUsers: ({ id }, change) => ({ ...change, id }),
  memberships: ({ team, user }, change) => ({ ...change, user, team }),
  modelGroups: ({ id }, change) => ({ ...change, id }),
  agents: ({ id }, change) => ({ ...change, id })
}
