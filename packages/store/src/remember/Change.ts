/**
 * What of the directory changed: the keys under which it may be remembered.
 *
 * A change names every key of the row before and after, so that a process
 * forgets exactly what it may hold, absences included. What does not fit in one
 * message is `everything`.
 */
import type { Nouns, Step } from "@jotgate/core/DirectoryPlan"
import type { TableName } from "@jotgate/core/MemoryRows"
import { foldEmail } from "@jotgate/core/MemoryRows"
import { Option, Schema } from "effect"

const Keys = Schema.optionalKey(Schema.Array(Schema.String))
const Pairs = Schema.optionalKey(Schema.Array(Schema.Tuple([Schema.String, Schema.String])))
const Mark = Schema.optionalKey(Schema.Literal(true))

/** What changed: the keys under which it may be remembered. */
export const Change = Schema.Struct({
  /** Ids of people. */
  users: Keys,
  /** Subjects, by namespace. */
  subjects: Pairs,
  /** Addresses. */
  emails: Keys,
  /** People in teams. */
  memberships: Pairs,
  /** Ids of teams. */
  teams: Keys,
  /** Names of teams. */
  teamAliases: Keys,
  /** Ids of organizations. */
  organizations: Keys,
  /** Names of organizations. */
  organizationAliases: Keys,
  /** Ids of customers. */
  endUsers: Keys,
  /** Ids of groups of models. */
  modelGroups: Keys,
  /** Ids of agents. */
  agents: Keys,
  /** Names of agents. */
  agentNames: Keys,
  /** What rows list of MCP servers changed, so that other servers may be named. */
  tools: Mark,
  /** The deny list changed. */
  revocations: Mark,
  /** Every row that is remembered about people, for a change that touches too many of them to name. */
  everyone: Mark,
  /** Everything. */
  everything: Mark,
  /** A change may have been missed: nothing is fresh any more, but nothing is known to be wrong. */
  unsure: Mark,
  /** The process that made the change, so that it does not hear itself. */
  by: Schema.optionalKey(Schema.String)
})
export type Change = typeof Change.Type

/** A change that may be anything. */
export const everything: Change = { everything: true }

/** A change that may have been missed. */
export const unsure: Change = { unsure: true }

/** PostgreSQL carries 8000 bytes with a notification. */
const LONGEST = 7_900

/** The text of a change of the process `by`, short enough for every way to tell it. */
export const encode = (change: Change, by: string): string => {
  const text = JSON.stringify({ ...change, by })
  return Buffer.byteLength(text) <= LONGEST ? text : JSON.stringify({ ...everything, by })
}

const decoded = Schema.decodeUnknownOption(Schema.fromJsonString(Change))

/** The change in a text; what cannot be read may have been anything. */
export const decode = (text: string): Change => Option.getOrElse(decoded(text), () => everything)

const keysOf = <K extends TableName>(kind: K, row: Nouns[K] | undefined): Change => {
  if (row === undefined) return {}
  if ("email" in row) {
    return {
      users: [row.id],
      subjects: row.subjects.map((it) => [it.namespace, it.subject] as const),
      emails: row.email === null ? [] : [foldEmail(row.email)],
      memberships: row.teams.map((team) => [row.id, team] as const)
    }
  }
  if ("user" in row) return { users: [row.user], memberships: [[row.user, row.team]] }
  if (kind === "teams") return { teams: [row.id], teamAliases: aliasOf(row) }
  if (kind === "organizations") return { organizations: [row.id], organizationAliases: aliasOf(row) }
  if ("autonomous" in row) return { agents: [row.id], agentNames: row.name === null ? [] : [row.name] }
  return kind === "endUsers" ? { endUsers: [row.id] } : { modelGroups: [row.id] }
}

const aliasOf = (row: object): ReadonlyArray<string> =>
  "alias" in row && typeof row.alias === "string" ? [row.alias] : []

const takesAlong: ReadonlySet<TableName> = new Set(["users", "teams"])

/** What a row lists of MCP servers, as one text. */
const listsOf = (row: Nouns[TableName] | undefined): string =>
  row === undefined || !("tools" in row) || (row.tools ?? row.prompts ?? row.resources) === null
    ? ""
    : JSON.stringify([row.tools, row.prompts, row.resources])

/** The change that one step makes. A team that goes takes its memberships along. */
export const ofStep = (step: Step): Change =>
  merge([
    keysOf(step.kind, step.before),
    keysOf(step.kind, step.after),
    step.kind === "teams" && step.after === undefined ? { everyone: true } : {},
    // With a team or a user go their memberships, which may list some too.
    listsOf(step.before) !== listsOf(step.after) || (step.after === undefined && takesAlong.has(step.kind))
      ? { tools: true }
      : {}
  ])

const unique = <A>(lists: ReadonlyArray<ReadonlyArray<A> | undefined>): ReadonlyArray<A> =>
  Array.from(new Map(lists.flatMap((it) => it ?? []).map((it) => [JSON.stringify(it), it])).values())

const lists = [
  "users",
  "emails",
  "teams",
  "teamAliases",
  "organizations",
  "organizationAliases",
  "endUsers",
  "modelGroups",
  "agents",
  "agentNames"
] as const
const pairs = ["subjects", "memberships"] as const
const marks = ["tools", "revocations", "everyone", "everything", "unsure"] as const

/** One change for several. */
export const merge = (changes: ReadonlyArray<Change>): Change => {
  const merged: { -readonly [K in keyof Change]: Change[K] } = {}
  for (const name of lists) {
    const keys = unique(changes.map((it) => it[name]))
    if (keys.length > 0) merged[name] = keys
  }
  for (const name of pairs) {
    const keys = unique(changes.map((it) => it[name]))
    if (keys.length > 0) merged[name] = keys
  }
  for (const name of marks) if (changes.some((it) => it[name] === true)) merged[name] = true
  return merged
}
