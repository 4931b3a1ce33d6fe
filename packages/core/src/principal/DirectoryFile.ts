/**
 * The file of a directory (DESIGN §8): users, teams, organizations, end users,
 * memberships, model groups.
 *
 * Everything but the id is optional. Reading is strict: an unknown key, an id
 * that cannot be kept, a number out of range, a duplicate or a reference to a
 * row that does not exist is a finding with its place (for a duplicate: both
 * places), and a file with findings changes nothing.
 */
import { Result, Schema } from "effect"
import * as SchemaFindings from "../SchemaFindings.ts"
import * as Directory from "./Directory.ts"
import { compound, type Rows } from "./MemoryRows.ts"

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

/** One address has exactly one `@` (RULES D6). */
const Email = Text.check(
  Schema.makeFilter((it) => (it.length <= 320 && /^[^@\s]+@[^@\s]+$/.test(it)) || "must be an e-mail address")
)

const FileSubject = Schema.Struct({ namespace: Text, subject: RowId })

export const FileUser = Schema.Struct({
  id: RowId,
  email: optional(Schema.NullOr(Email)),
  subjects: optional(Schema.Array(FileSubject)),
  role: optional(Schema.NullOr(Directory.UserRole)),
  models: optional(Texts),
  blocked: optional(Schema.Boolean),
  maxBudget: optional(Budget),
  spend: optional(Amount)
})
export type FileUser = typeof FileUser.Type

export const FileTeam = Schema.Struct({
  id: RowId,
  alias: optional(Schema.NullOr(Text)),
  organization: optional(Schema.NullOr(RowId)),
  models: optional(Texts),
  modelGroups: optional(Schema.Array(RowId)),
  modelAliases: optional(Schema.Record(Text, Text)),
  passThroughRoutes: optional(Texts),
  blocked: optional(Schema.Boolean),
  maxBudget: optional(Budget),
  spend: optional(Amount)
})
export type FileTeam = typeof FileTeam.Type

export const FileOrganization = Schema.Struct({
  id: RowId,
  alias: optional(Schema.NullOr(Text)),
  models: optional(Texts),
  maxBudget: optional(Budget),
  spend: optional(Amount)
})
export type FileOrganization = typeof FileOrganization.Type

export const FileEndUser = Schema.Struct({
  id: RowId,
  blocked: optional(Schema.Boolean),
  maxBudget: optional(Budget),
  spend: optional(Amount)
})
export type FileEndUser = typeof FileEndUser.Type

export const FileMembership = Schema.Struct({
  user: RowId,
  team: RowId,
  role: optional(Text),
  models: optional(Texts),
  maxBudget: optional(Budget),
  spend: optional(Amount)
})
export type FileMembership = typeof FileMembership.Type

export const FileModelGroup = Schema.Struct({ id: RowId, models: optional(Texts) })
export type FileModelGroup = typeof FileModelGroup.Type

/** The whole file. */
export const DirectoryFile = Schema.Struct({
  organizations: optional(Schema.Array(FileOrganization)),
  modelGroups: optional(Schema.Array(FileModelGroup)),
  teams: optional(Schema.Array(FileTeam)),
  users: optional(Schema.Array(FileUser)),
  endUsers: optional(Schema.Array(FileEndUser)),
  memberships: optional(Schema.Array(FileMembership))
})
export type DirectoryFile = typeof DirectoryFile.Type

/** A place in the file: keys and positions from its root. */
export type Place = ReadonlyArray<string | number>

/** One thing that is wrong: where, what, and the other place it is about (the first of a pair of duplicates). */
export interface Finding {
  readonly path: Place
  readonly message: string
  readonly other?: Place
}

const decode = Schema.decodeUnknownResult(DirectoryFile, { errors: "all", onExcessProperty: "error" })

/** The file in a parsed YAML or JSON document; or everything that is wrong with it by itself. */
export const parse = (document: unknown): Result.Result<DirectoryFile, ReadonlyArray<Finding>> => {
  const result = decode(document ?? {})
  if (Result.isFailure(result)) {
    return Result.fail(
      SchemaFindings.findings(result.failure.issue).map(({ message, path }) => ({ path, message }))
    )
  }
  const twice = duplicates(result.success)
  return twice.length > 0 ? Result.fail(twice) : Result.succeed(result.success)
}

const duplicates = (file: DirectoryFile): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  const each = <A>(
    items: ReadonlyArray<A> | undefined,
    keyOf: (item: A) => string,
    place: (index: number) => Place,
    message: string,
    seen = new Map<string, Place>()
  ) => {
    items?.forEach((item, index) => {
      const first = seen.get(keyOf(item))
      if (first === undefined) seen.set(keyOf(item), place(index))
      else found.push({ path: place(index), message, other: first })
    })
  }
  for (const kind of ["organizations", "modelGroups", "teams", "users", "endUsers"] as const) {
    each<{ readonly id: string }>(file[kind], (it) => it.id, (index) => [kind, index, "id"], "is there twice")
  }
  each(file.memberships, (it) => compound(it.user, it.team), (it) => ["memberships", it], "is there twice")
  const subjects = new Map<string, Place>()
  file.users?.forEach((user, index) => {
    each(
      user.subjects,
      (it) => compound(it.namespace, it.subject),
      (it) => ["users", index, "subjects", it],
      "is linked twice",
      subjects
    )
  })
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

const limits = { models: [], blocked: false, maxBudget: null, spend: 0 }
const byId = (a: { readonly id: string }, b: { readonly id: string }) => compareText(a.id, b.id)

/** Orders texts as the databases do: by their UTF-8 bytes, which is by code point. */
export const compareText = (a: string, b: string): number => {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(i)
    if (left !== right) {
      return ((left & 0xf800) === 0xd800 ? left + 0x10000 : left) -
        ((right & 0xf800) === 0xd800 ? right + 0x10000 : right)
    }
  }
  return a.length - b.length
}

/** The file of these rows: ordered by id, defaults left out; reading it back gives the same rows. */
export const fromRows = (rows: Rows): Document => ({
  organizations: (rows.organizations ?? []).toSorted(byId).map((it) => without(it, { ...limits, alias: null })),
  modelGroups: (rows.modelGroups ?? []).toSorted(byId).map((it) => without(it, {})),
  teams: (rows.teams ?? []).toSorted(byId).map((it) => without(it, { ...limits, ...teamDefaults })),
  users: (rows.users ?? []).toSorted(byId).map((it) =>
    without(it, { ...limits, email: null, subjects: [], role: null }, "roleOrigin", "teams", "tokenTeams")
  ),
  endUsers: (rows.endUsers ?? []).toSorted(byId).map((it) => without(it, limits)),
  memberships: (rows.memberships ?? [])
    .toSorted((a, b) => compareText(a.user, b.user) || compareText(a.team, b.team))
    .map((it) => without(it, { ...limits, role: "user" }, "origin"))
})

const teamDefaults = { alias: null, organization: null, modelGroups: [], modelAliases: {}, passThroughRoutes: [] }
