/**
 * What applying a file would do: create, change, remove. Pure; nothing is
 * written here.
 *
 * What a file does not say about a row that exists is its default, except what
 * others count or grant: spend stays, linked subjects stay, and a role that a
 * token granted stays unless the file sets `role` (DESIGN §8). Rows made
 * elsewhere are never removed unless asked.
 */
import type { ToolLists } from "../rules/patterns/ToolPattern.ts"
import * as Directory from "./Directory.ts"
import type {
  DirectoryFile,
  FileAgent,
  FileEndUser,
  FileMembership,
  FileModelGroup,
  FileOrganization,
  FileTeam,
  FileUser
} from "./DirectoryFile.ts"
import { compound, type Nouns, type TableName } from "./MemoryRows.ts"

export type { Nouns }

/** One row that comes, changes or goes. */
export interface Step<K extends TableName = TableName> {
  readonly kind: K
  /** The id; for a membership `[user, team]` as JSON. */
  readonly id: string
  readonly before: Nouns[K] | undefined
  readonly after: Nouns[K] | undefined
}

/** The steps of one kind. */
export interface Steps<K extends TableName> {
  readonly create: ReadonlyArray<Step<K>>
  readonly change: ReadonlyArray<Step<K>>
  readonly remove: ReadonlyArray<Step<K>>
}

/** The whole plan. */
export type Plan = { readonly [K in TableName]: Steps<K> }

/** The rows that the plan is made against: those that the file names, and those that it may remove. */
export type Current = { readonly [K in TableName]: ReadonlyMap<string, Nouns[K]> }

/** Which of the current rows go when the file does not hold them. */
export type Removable = (kind: TableName, id: string) => boolean

/** The id of a row of a table. */
export const idOf = (row: Nouns[TableName]): string => "id" in row ? row.id : compound(row.user, row.team)

/** One empty list for all: a directory has many. */
const none: ReadonlyArray<never> = []

/** What a row of the file says of MCP servers. */
const toolsOf = ({ prompts, resources, tools }: ToolLists) => ({
  tools: tools ?? null,
  prompts: prompts ?? null,
  resources: resources ?? null
})

const user = (file: FileUser, current: Directory.User | undefined, origin: Directory.Origin): Directory.User => {
  const granted = current?.roleOrigin === "token" && (file.role === undefined || file.role === current.role)
  return {
    id: Directory.UserId.make(file.id),
    email: file.email ?? null,
    subjects: file.subjects ?? current?.subjects ?? none,
    role: granted ? current.role : file.role ?? null,
    roleOrigin: granted ? "token" : current === undefined ? file.roleOrigin ?? origin : origin,
    teams: current?.teams ?? none,
    tokenTeams: current?.tokenTeams ?? none,
    models: file.models ?? none,
    ...toolsOf(file),
    blocked: file.blocked ?? false,
    active: file.active ?? true,
    maxBudget: file.maxBudget ?? null,
    spend: file.spend ?? current?.spend ?? 0
  }
}

const team = (file: FileTeam, current: Directory.Team | undefined): Directory.Team => ({
  id: Directory.TeamId.make(file.id),
  alias: file.alias ?? null,
  organization: file.organization === undefined || file.organization === null
    ? null
    : Directory.OrganizationId.make(file.organization),
  models: file.models ?? none,
  modelGroups: (file.modelGroups ?? none).map((it) => Directory.ModelGroupId.make(it)),
  modelAliases: file.modelAliases ?? {},
  passThroughRoutes: file.passThroughRoutes ?? none,
  deniedPassThroughRoutes: file.deniedPassThroughRoutes ?? none,
  ...toolsOf(file),
  blocked: file.blocked ?? false,
  maxBudget: file.maxBudget ?? null,
  spend: file.spend ?? current?.spend ?? 0
})

const organization = (
  file: FileOrganization,
  current: Directory.Organization | undefined
): Directory.Organization => ({
  id: Directory.OrganizationId.make(file.id),
  alias: file.alias ?? null,
  models: file.models ?? none,
  ...toolsOf(file),
  maxBudget: file.maxBudget ?? null,
  spend: file.spend ?? current?.spend ?? 0
})

const endUser = (file: FileEndUser, current: Directory.EndUser | undefined): Directory.EndUser => ({
  id: Directory.EndUserId.make(file.id),
  models: file.models ?? none,
  blocked: file.blocked ?? false,
  maxBudget: file.maxBudget ?? null,
  spend: file.spend ?? current?.spend ?? 0
})

const membership = (
  file: FileMembership,
  current: Directory.Membership | undefined,
  origin: Directory.Origin
): Directory.Membership => ({
  user: Directory.UserId.make(file.user),
  team: Directory.TeamId.make(file.team),
  role: file.role ?? "user",
  models: file.models ?? none,
  ...toolsOf(file),
  maxBudget: file.maxBudget ?? null,
  spend: file.spend ?? current?.spend ?? 0,
  origin: current?.origin ?? file.origin ?? origin
})

const modelGroup = (file: FileModelGroup): Directory.ModelGroup => ({
  id: Directory.ModelGroupId.make(file.id),
  models: file.models ?? none
})

const agent = (
  { autonomous, blocked, id, modelGroups, models, name, requireTraceId, teams, ...file }: FileAgent
): Directory.Agent => ({
  id: Directory.AgentId.make(id),
  name: name ?? null,
  models: models ?? null,
  modelGroups: modelGroups?.map((it) => Directory.ModelGroupId.make(it)) ?? null,
  teams: teams?.map((it) => Directory.TeamId.make(it)) ?? null,
  ...toolsOf(file),
  blocked: blocked ?? false,
  autonomous: autonomous ?? false,
  requireTraceId: requireTraceId ?? false,
  hasIdentity: false
})

/** Who made a row is no part of what it says, and a user's teams are told by the memberships. */
const said = (row: object): string => {
  const isPerson = "tokenTeams" in row
  return JSON.stringify(
    row,
    (name, value: unknown) =>
      name === "origin" || name === "roleOrigin" || (name === "teams" && isPerson) || name === "tokenTeams"
        ? undefined
        : sorted(value)
  )
}

const sorted = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1))
    : value

const stepsOf = <K extends TableName>(
  kind: K,
  wanted: ReadonlyArray<Nouns[K]>,
  current: ReadonlyMap<string, Nouns[K]>,
  removable: Removable
): Steps<K> => {
  const create: Array<Step<K>> = []
  const change: Array<Step<K>> = []
  const held = new Set<string>()
  for (const after of wanted) {
    const id = idOf(after)
    const before = current.get(id)
    held.add(id)
    if (before === undefined) create.push({ kind, id, before, after })
    else if (said(before) !== said(after)) change.push({ kind, id, before, after })
  }
  const remove = Array.from(current, ([id, before]) => ({ kind, id, before, after: undefined }))
    .filter(({ id }) => !held.has(id) && removable(kind, id))
  return { create, change, remove }
}

/** The plan of a file against the rows that there are; `origin` is who makes the rows that are new. */
export const make = (
  file: DirectoryFile,
  current: Current,
  removable: Removable,
  origin: Directory.Origin = "file"
): Plan => {
  const users = (file.users ?? []).map((it) => user(it, current.users.get(it.id), origin))
  const teams = (file.teams ?? []).map((it) => team(it, current.teams.get(it.id)))
  const organizations = (file.organizations ?? []).map((it) => organization(it, current.organizations.get(it.id)))
  const endUsers = (file.endUsers ?? []).map((it) => endUser(it, current.endUsers.get(it.id)))
  const memberships = (file.memberships ?? []).map((it) =>
    membership(it, current.memberships.get(compound(it.user, it.team)), origin)
  )
  return {
    organizations: stepsOf("organizations", organizations, current.organizations, removable),
    modelGroups: stepsOf("modelGroups", (file.modelGroups ?? []).map(modelGroup), current.modelGroups, removable),
    teams: stepsOf("teams", teams, current.teams, removable),
    users: stepsOf("users", users, current.users, removable),
    endUsers: stepsOf("endUsers", endUsers, current.endUsers, removable),
    agents: stepsOf("agents", (file.agents ?? []).map(agent), current.agents, removable),
    memberships: stepsOf("memberships", memberships, current.memberships, removable)
  }
}

/** No rows, as the current state of a directory that is empty. */
export const nothing: Current = {
  users: new Map(),
  teams: new Map(),
  organizations: new Map(),
  endUsers: new Map(),
  agents: new Map(),
  memberships: new Map(),
  modelGroups: new Map()
}
