/**
 * The file of a directory (DESIGN §8): users, teams, organizations, end users,
 * memberships, model groups.
 *
 * Everything but the id is optional. Reading is strict: an unknown key, an id
 * that cannot be kept, a number out of range, a duplicate or a reference to a
 * row that does not exist is a finding with its place (for a duplicate: both
 * places), and a file with findings changes nothing.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { compareText } from "../Ids.ts"
import { PatternText } from "../settings/PatternText.ts"
import * as SchemaFindings from "../settings/SchemaFindings.ts"
import * as Directory from "./Directory.ts"
import { compound, type Rows as MemoryRows, type TableName } from "./MemoryRows.ts"

const storable = Schema.makeFilter<string>((text) =>
  (text.isWellFormed() && !text.includes("\0")) || "must be text without NUL and without half of a character"
)

const isControl = /\p{Cc}/u

/** An id as it can be kept: 1 to 256 characters, none of them a control character. */
export const RowId = Schema.NonEmptyString.check(
  Schema.makeFilter((id) =>
    isControl.test(id) ? "must have no control characters" : id.length > 256 ? "must have at most 256 characters" : true
  ),
  storable
)

const Text = Schema.String.check(storable)
const Texts = Schema.Array(Text)
const Amount = Schema.Finite.check(Schema.makeFilter((it) => it >= 0 || "must not be negative"))
const Budget = Schema.NullOr(Amount)
const optional = Schema.optionalKey

/** What a row says of MCP servers; `null`, as left out: nothing. */
const Patterns = optional(Schema.NullOr(Schema.Array(PatternText.check(storable))))
const toolLists = {
  /** Patterns of tools of MCP servers, `SERVER/NAME`; `null` or left out says nothing, an empty list allows none. */
  tools: Patterns,
  /** Patterns of prompts of MCP servers, alike. */
  prompts: Patterns,
  /** Patterns of resources of MCP servers, alike. */
  resources: Patterns
}

/** One address has exactly one `@` (RULES D6). */
const Email = Text.check(
  Schema.makeFilter((it) => (it.length <= 320 && /^[^@\s]+@[^@\s]+$/.test(it)) || "must be an e-mail address")
)

const FileSubject = Schema.Struct({
  /** The identity namespace of the issuer. */
  namespace: Text,
  /** The subject in it. */
  subject: RowId
})

const origin = {
  /** Who made the row, of a row that is new; without it whoever applies the file did. An existing row keeps its own. */
  origin: optional(Directory.Origin)
}

const userFields = {
  /** The id, opaque and never empty. */
  id: RowId,
  /** The address; `null` or left out: none is known. */
  email: optional(Schema.NullOr(Email)),
  /** The subjects of issuers that are this person. */
  subjects: optional(Schema.Array(FileSubject)),
  /** The role; `null` or left out: an internal user. */
  role: optional(Schema.NullOr(Directory.UserRole)),
  /** Patterns of the models that may be called; empty or left out: every model of the team, without one as `policy.withoutTeam` says. */
  models: optional(Texts),
  /** Whether the person may do nothing. */
  blocked: optional(Schema.Boolean),
  /** `false` when the person left. */
  active: optional(Schema.Boolean),
  /** The most that may be spent, in US dollars; `null` or left out: without a limit. */
  maxBudget: optional(Budget),
  /** What was spent, in US dollars; 0 when it is left out. */
  spend: optional(Amount),
  /** Who gave the role, of a row that is new: what a token gave a token may take (RULES D32). */
  roleOrigin: optional(Directory.Origin)
}
/** The schema of a person in the file; editors show by this name what each key means. */
export interface FileUserSchema extends Schema.Struct<typeof userFields & typeof toolLists & typeof origin> {}
/** A person, as the file writes one. */
export const FileUser: FileUserSchema = Schema.Struct({ ...userFields, ...toolLists, ...origin })
export type FileUser = typeof FileUser.Type

const teamFields = {
  /** The id, opaque and never empty. */
  id: RowId,
  /** The name; `null` or left out: it has none. */
  alias: optional(Schema.NullOr(Text)),
  /** The id of the organization that it belongs to. */
  organization: optional(Schema.NullOr(RowId)),
  /** Patterns of the models that may be called; empty or left out: every model. */
  models: optional(Texts),
  /** Ids of groups of models that may be called besides. */
  modelGroups: optional(Schema.Array(RowId)),
  /** Names of models in this team, by the name that is asked for. */
  modelAliases: optional(Schema.Record(Text, Text)),
  /** Routes of the pass-through that the team may use. */
  passThroughRoutes: optional(Texts),
  /** Routes of the pass-through that nothing grants to the team. */
  deniedPassThroughRoutes: optional(Texts),
  /** Whether nobody may do anything in its name. */
  blocked: optional(Schema.Boolean),
  /** The most that may be spent, in US dollars; `null` or left out: without a limit. */
  maxBudget: optional(Budget),
  /** What was spent, in US dollars; 0 when it is left out. */
  spend: optional(Amount)
}
/** The schema of a team in the file; editors show by this name what each key means. */
export interface FileTeamSchema extends Schema.Struct<typeof teamFields & typeof toolLists & typeof origin> {}
/** A team, as the file writes one. */
export const FileTeam: FileTeamSchema = Schema.Struct({ ...teamFields, ...toolLists, ...origin })
export type FileTeam = typeof FileTeam.Type

const organizationFields = {
  /** The id, opaque and never empty. */
  id: RowId,
  /** The name; `null` or left out: it has none. */
  alias: optional(Schema.NullOr(Text)),
  /** Patterns of the models that may be called; empty or left out: every model. */
  models: optional(Texts),
  /** The most that may be spent, in US dollars; `null` or left out: without a limit. */
  maxBudget: optional(Budget),
  /** What was spent, in US dollars; 0 when it is left out. */
  spend: optional(Amount)
}
/** The schema of an organization in the file; editors show by this name what each key means. */
export interface FileOrganizationSchema
  extends Schema.Struct<typeof organizationFields & typeof toolLists & typeof origin>
{}
/** An organization, as the file writes one. */
export const FileOrganization: FileOrganizationSchema = Schema.Struct({
  ...organizationFields,
  ...toolLists,
  ...origin
})
export type FileOrganization = typeof FileOrganization.Type

const endUserFields = {
  /** The id, opaque and never empty. */
  id: RowId,
  /** Patterns of the models that may be called; empty or left out: every model. */
  models: optional(Texts),
  /** Whether nothing may be done for it. */
  blocked: optional(Schema.Boolean),
  /** The most that may be spent, in US dollars; `null` or left out: without a limit. */
  maxBudget: optional(Budget),
  /** What was spent, in US dollars; 0 when it is left out. */
  spend: optional(Amount)
}
/** The schema of a customer in the file; editors show by this name what each key means. */
export interface FileEndUserSchema extends Schema.Struct<typeof endUserFields & typeof origin> {}
/** A customer of callers, as the file writes one. */
export const FileEndUser: FileEndUserSchema = Schema.Struct({ ...endUserFields, ...origin })
export type FileEndUser = typeof FileEndUser.Type

const membershipFields = {
  /** The id of the member. */
  user: RowId,
  /** The id of the team. */
  team: RowId,
  /** The role in the team. */
  role: optional(Text),
  /** Patterns of the models that may be called; empty or left out: every model. */
  models: optional(Texts),
  /** The most that may be spent, in US dollars; `null` or left out: without a limit. */
  maxBudget: optional(Budget),
  /** What was spent, in US dollars; 0 when it is left out. */
  spend: optional(Amount)
}
/** The schema of a membership in the file; editors show by this name what each key means. */
export interface FileMembershipSchema
  extends Schema.Struct<typeof membershipFields & typeof toolLists & typeof origin>
{}
/** A user in a team, with limits of its own, as the file writes it. */
export const FileMembership: FileMembershipSchema = Schema.Struct({ ...membershipFields, ...toolLists, ...origin })
export type FileMembership = typeof FileMembership.Type

const groupFields = {
  /** The id, opaque and never empty. */
  id: RowId,
  /** Patterns of the models in it. */
  models: optional(Texts)
}
/** The schema of a model group in the file; editors show by this name what each key means. */
export interface FileModelGroupSchema extends Schema.Struct<typeof groupFields & typeof origin> {}
/** A named list of models that teams can share, as the file writes it. */
export const FileModelGroup: FileModelGroupSchema = Schema.Struct({ ...groupFields, ...origin })
export type FileModelGroup = typeof FileModelGroup.Type

const agentFields = {
  /** The id, opaque and never empty. */
  id: RowId,
  /** The name; `null` or left out: it has none. */
  name: optional(Schema.NullOr(Text)),
  /** Patterns of the models that it may call; `null` or left out says nothing. */
  models: optional(Schema.NullOr(Texts)),
  /** Ids of groups of models that it may call besides. */
  modelGroups: optional(Schema.NullOr(Schema.Array(RowId))),
  /** Ids of the teams in which it may act. */
  teams: optional(Schema.NullOr(Schema.Array(RowId))),
  /** Whether it may do nothing. */
  blocked: optional(Schema.Boolean),
  /** Whether it may act for itself. */
  autonomous: optional(Schema.Boolean),
  /** Whether its calls must carry an id of the trace that they belong to. */
  requireTraceId: optional(Schema.Boolean)
}
/** The schema of an agent in the file; editors show by this name what each key means. */
export interface FileAgentSchema extends Schema.Struct<typeof agentFields & typeof toolLists & typeof origin> {}
/** A program that acts for people, as the file writes it. */
export const FileAgent: FileAgentSchema = Schema.Struct({ ...agentFields, ...toolLists, ...origin })
export type FileAgent = typeof FileAgent.Type

/** The whole file. */
export const DirectoryFile = Schema.Struct({
  /** Organizations, each once. */
  organizations: optional(Schema.Array(FileOrganization)),
  /** Named lists of models, each once. */
  modelGroups: optional(Schema.Array(FileModelGroup)),
  /** Teams, each once. */
  teams: optional(Schema.Array(FileTeam)),
  /** People, each once. */
  users: optional(Schema.Array(FileUser)),
  /** Customers of callers, each once. */
  endUsers: optional(Schema.Array(FileEndUser)),
  /** Programs that act for people, each once. */
  agents: optional(Schema.Array(FileAgent)),
  /** Who is in which team, with limits of their own. */
  memberships: optional(Schema.Array(FileMembership))
})
export type DirectoryFile = typeof DirectoryFile.Type

/** A place in the file: keys and positions from its root. */
export type Place = ReadonlyArray<string | number>

/** One thing that is wrong: where, what, and the other place it is about (the first of a pair of duplicates). */
export interface Finding {
  /** Where. */
  readonly path: Place
  /** What. */
  readonly message: string
  /** The first of a pair of duplicates. */
  readonly other?: Place
}

const strict = { errors: "all", onExcessProperty: "error" } as const

const Rows = Schema.Array(Schema.Unknown)

const decodeFile = Schema.decodeUnknownResult(
  Schema.Struct({
    organizations: optional(Rows),
    modelGroups: optional(Rows),
    teams: optional(Rows),
    users: optional(Rows),
    endUsers: optional(Rows),
    agents: optional(Rows),
    memberships: optional(Rows)
  }),
  strict
)

const worded = ({ issue }: Schema.SchemaError): ReadonlyArray<Finding> =>
  SchemaFindings.findings(issue).map(({ message, path }) => ({ path, message }))

/** Looks at some rows of one kind: what is wrong with them. */
const checkOf = <S extends Schema.Codec<unknown>>(row: S) => {
  const decode = Schema.decodeUnknownResult(Schema.Array(row), strict)
  return (rows: ReadonlyArray<unknown>): ReadonlyArray<Finding> =>
    Result.match(decode(rows), { onFailure: worded, onSuccess: () => [] })
}

const checks = {
  organizations: checkOf(FileOrganization),
  modelGroups: checkOf(FileModelGroup),
  teams: checkOf(FileTeam),
  users: checkOf(FileUser),
  endUsers: checkOf(FileEndUser),
  agents: checkOf(FileAgent),
  memberships: checkOf(FileMembership)
}

/** The lists of a file in the order in which they are written: what is referred to comes first (and goes last). */
export const order = ["organizations", "modelGroups", "teams", "users", "endUsers", "agents", "memberships"] as const

/** Rows that are checked together: what is made on the way is gone soon, however long the file is. */
const CHUNK = 500

/** What is wrong with each row by itself. Every row is looked at; none is copied. */
const findingsOf = (document: unknown): ReadonlyArray<Finding> => {
  const file = decodeFile(document)
  const found: Array<Finding> = []
  if (Result.isFailure(file)) found.push(...worded(file.failure))
  const rows: Readonly<Record<string, unknown>> = Result.isSuccess(file) ? file.success : Object(document)
  for (const kind of order) {
    const list: unknown = rows[kind]
    if (!Array.isArray(list)) continue
    for (let from = 0; from < list.length; from += CHUNK) {
      for (const { message, path: [index, ...rest] } of checks[kind](list.slice(from, from + CHUNK))) {
        found.push({ path: [kind, Number(index) + from, ...rest], message })
      }
    }
  }
  return found
}

/** Nothing of a row is changed by reading it, so the rows that were given are those of the file. */
const isSound = (_document: unknown, found: ReadonlyArray<Finding>): _document is DirectoryFile => found.length === 0

/** The file in a parsed YAML or JSON document; or everything that is wrong with it by itself. */
export const parse = (document: unknown): Result.Result<DirectoryFile, ReadonlyArray<Finding>> => {
  const given = document ?? {}
  const found = findingsOf(given)
  if (!isSound(given, found)) return Result.fail(found)
  const twice = duplicates(given)
  return twice.length > 0 ? Result.fail(twice) : Result.succeed(given)
}

const duplicates = (file: DirectoryFile): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  /** Notes a key at its second place. A first place is spelled out only then: a file may be long. */
  const once = <At>(message: string, placeOf: (at: At) => Place) => {
    const seen = new Map<string, At>()
    return (key: string, at: At): void => {
      const first = seen.get(key)
      if (first === undefined) seen.set(key, at)
      else found.push({ path: placeOf(at), message, other: placeOf(first) })
    }
  }
  for (const kind of ["organizations", "modelGroups", "teams", "users", "endUsers", "agents"] as const) {
    const row = once<number>("is there twice", (index) => [kind, index, "id"])
    file[kind]?.forEach(({ id }, index) => row(id, index))
  }
  const called = once<number>("has a name that is there twice", (index) => ["agents", index, "name"])
  file.agents?.forEach(({ name }, index) => typeof name === "string" && called(name, index))
  const member = once<number>("is there twice", (index) => ["memberships", index])
  file.memberships?.forEach(({ team, user }, index) => member(compound(user, team), index))
  const subject = once<readonly [user: number, index: number]>(
    "is linked twice",
    ([user, index]) => ["users", user, "subjects", index]
  )
  file.users?.forEach(({ subjects }, user) =>
    subjects?.forEach((it, index) => subject(compound(it.namespace, it.subject), [user, index]))
  )
  return found
}

/** A reference of the file to a row that the file itself does not hold. */
export interface Reference {
  readonly kind: "users" | "teams" | "organizations" | "modelGroups"
  readonly id: string
  readonly path: Place
}

/** Every reference to a row that is not in the file; whoever knows the directory says which of them are missing. */
export const references = (file: DirectoryFile): ReadonlyArray<Reference> => {
  const held = {
    users: new Set(file.users?.map((it) => it.id)),
    teams: new Set(file.teams?.map((it) => it.id)),
    organizations: new Set(file.organizations?.map((it) => it.id)),
    modelGroups: new Set(file.modelGroups?.map((it) => it.id))
  }
  const found: Array<Reference> = []
  const refer = (kind: Reference["kind"], id: string, path: Place) => {
    if (!held[kind].has(id)) found.push({ kind, id, path })
  }
  file.teams?.forEach((team, index) => {
    const { organization } = team
    if (organization !== undefined && organization !== null) {
      refer("organizations", organization, ["teams", index, "organization"])
    }
    team.modelGroups?.forEach((id, at) => refer("modelGroups", id, ["teams", index, "modelGroups", at]))
  })
  file.agents?.forEach((agent, index) => {
    agent.teams?.forEach((id, at) => refer("teams", id, ["agents", index, "teams", at]))
    agent.modelGroups?.forEach((id, at) => refer("modelGroups", id, ["agents", index, "modelGroups", at]))
  })
  file.memberships?.forEach((membership, index) => {
    refer("users", membership.user, ["memberships", index, "user"])
    refer("teams", membership.team, ["memberships", index, "team"])
  })
  return found
}

const nouns = {
  users: "a user",
  teams: "a team",
  organizations: "an organization",
  modelGroups: "a model group"
} as const

/** The finding for a reference whose row is nowhere. */
export const missing = (reference: Reference): Finding => ({
  path: reference.path,
  message: `names ${nouns[reference.kind]} that does not exist`
})

/** A file as a document for YAML or JSON: plain rows by table. */
export type Document = Readonly<Record<string, ReadonlyArray<Readonly<Record<string, unknown>>>>>

/** What is default is left out of a file, so that a person can read it. */
const without = (
  row: object,
  defaults: Readonly<Record<string, unknown>>,
  ...unsaid: ReadonlyArray<string>
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(row).filter(([name, value]) =>
      !unsaid.includes(name) &&
      (!Object.hasOwn(defaults, name) || JSON.stringify(value) !== JSON.stringify(defaults[name]))
    )
  )

const noTools = { tools: null, prompts: null, resources: null }
const limits = { models: [], ...noTools, blocked: false, maxBudget: null, spend: 0 }
const byId = (a: { readonly id: string }, b: { readonly id: string }) => compareText(a.id, b.id)

/**
 * The file of these rows: ordered by id, defaults left out; reading it back gives the same rows. `isOfFile` says of a
 * row that a file made it; without it no row is taken for one.
 */
export const fromRows = (
  rows: MemoryRows,
  isOfFile: (kind: Exclude<TableName, "memberships">, id: string) => boolean = () => false
): Document => {
  const made = (kind: Exclude<TableName, "memberships">, id: string) => isOfFile(kind, id) ? { origin: "file" } : {}
  return {
    organizations: (rows.organizations ?? []).toSorted(byId).map((it) => ({
      ...without(it, { ...limits, alias: null }),
      ...made("organizations", it.id)
    })),
    modelGroups: (rows.modelGroups ?? []).toSorted(byId).map((it) => ({
      ...without(it, {}),
      ...made("modelGroups", it.id)
    })),
    teams: (rows.teams ?? []).toSorted(byId).map((it) => ({
      ...without(it, { ...limits, ...teamDefaults }),
      ...made("teams", it.id)
    })),
    users: (rows.users ?? []).toSorted(byId).map((it) => ({
      ...without(
        it,
        { ...limits, email: null, subjects: [], role: null, active: true },
        "roleOrigin",
        "teams",
        "tokenTeams"
      ),
      ...made("users", it.id),
      ...(it.roleOrigin === "token" && it.role !== null ? { roleOrigin: it.roleOrigin } : {})
    })),
    endUsers: (rows.endUsers ?? []).toSorted(byId).map((it) => ({
      ...without(it, limits),
      ...made("endUsers", it.id)
    })),
    agents: (rows.agents ?? []).toSorted(byId).map((it) => ({
      ...without(it, { ...agentDefaults, id: undefined }),
      ...made("agents", it.id)
    })),
    memberships: (rows.memberships ?? [])
      .toSorted((a, b) => compareText(a.user, b.user) || compareText(a.team, b.team))
      .map((it) => without(it, { ...limits, role: "user", origin: "api" }))
  }
}

const teamDefaults = {
  alias: null,
  organization: null,
  modelGroups: [],
  modelAliases: {},
  passThroughRoutes: [],
  deniedPassThroughRoutes: []
}

const agentDefaults = Directory.makeAgent({ id: Directory.AgentId.make("-") })
