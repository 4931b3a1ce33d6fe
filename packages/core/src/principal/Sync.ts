/**
 * What a token changes about a person's row: role and memberships.
 *
 * Pure: answers with the row as it is from now on (a role that the token grants
 * is effective in the same request) and with the writes that make it so.
 * Memberships that a token did not make are never removed, and a role that a
 * token granted is lowered when the mapping no longer matches (RULES D32).
 */
import * as Schema from "effect/Schema"
import { type DirectoryWrite, type Team, type User, UserRole } from "../directory/Directory.ts"
import type { Identity } from "../Identity.ts"
import type { TeamId } from "../Ids.ts"
import type { Policy } from "../rules/Policy.ts"

/** A row after sync; `undefined` for a person without a row, about whom nothing is written. */
export interface Synced {
  readonly row: User | undefined
  readonly writes: ReadonlyArray<DirectoryWrite>
}

const noWrites: ReadonlyArray<DirectoryWrite> = []
const isUserRole = Schema.is(UserRole)

/** The role that a row has once no mapping matches any more. */
const lowered = "internal_user"

const setRole = (row: User, role: UserRole, origin: "token" | "api"): Synced => ({
  row: { ...row, role, roleOrigin: origin },
  writes: [{ _tag: "SetRole", user: row.id, role, origin }]
})

/** Role sync (`directory.userRoles`); `undefined` when nothing changes. */
const roleOf = (row: User, identity: Identity, policy: Policy): Synced | undefined => {
  if (!policy.token.mapsUserRoles) return undefined
  const mapped = policy.token.mappedUserRole(identity)
  if (mapped !== undefined && isUserRole(mapped)) return mapped === row.role ? undefined : setRole(row, mapped, "token")
  return row.roleOrigin !== "token" || row.role === null || row.role === lowered
    ? undefined
    : setRole(row, lowered, "api")
}

const join = (row: User, team: TeamId): DirectoryWrite => ({ _tag: "JoinTeam", user: row.id, team, role: "user" })

/** Team sync (`memberships: replace`); a token without a team claim changes nothing. */
const teamsOf = (row: User, { named, names }: Named, policy: Policy): Synced | undefined => {
  if (policy.settings.directory.memberships !== "replace" || !names) return undefined
  const target = new Set(named.map((it) => it.id))
  const joins = [...target].filter((id) => !row.teams.includes(id))
  const leaves = row.tokenTeams.filter((id) => !target.has(id) && row.teams.includes(id))
  if (joins.length === 0 && leaves.length === 0) return undefined
  return {
    row: {
      ...row,
      teams: [...row.teams.filter((id) => !leaves.includes(id)), ...joins],
      tokenTeams: [...row.tokenTeams.filter((id) => !leaves.includes(id)), ...joins]
    },
    writes: [
      ...joins.map((team) => join(row, team)),
      ...leaves.map((team): DirectoryWrite => ({ _tag: "LeaveTeam", user: row.id, team }))
    ]
  }
}

/** The teams that a token names and that exist, and whether it names any. */
export interface Named {
  readonly named: ReadonlyArray<Team>
  readonly names: boolean
}

/** Role and team sync of one request. */
export const fromToken = (row: User | undefined, identity: Identity, named: Named, policy: Policy): Synced => {
  if (row === undefined) return { row, writes: noWrites }
  const byRole = roleOf(row, identity, policy)
  const byTeams = teamsOf(byRole?.row ?? row, named, policy)
  return {
    row: byTeams?.row ?? byRole?.row ?? row,
    writes: byRole === undefined
      ? byTeams?.writes ?? noWrites
      : byTeams === undefined
      ? byRole.writes
      : [...byRole.writes, ...byTeams.writes]
  }
}

/**
 * Joining on sight: the chosen team (`memberships: join` and `replace`; RULES D31). A team that sync would leave in the
 * same decision is not left: the same request again changes nothing.
 */
export const chosen = (synced: Synced, team: Team | undefined, policy: Policy): Synced => {
  const { row, writes } = synced
  if (row === undefined || team === undefined || policy.settings.directory.memberships === "none") return synced
  if (row.teams.includes(team.id)) return synced
  const kept = writes.filter((it) => it._tag !== "LeaveTeam" || it.team !== team.id)
  return {
    row: { ...row, teams: [...row.teams, team.id], tokenTeams: [...row.tokenTeams, team.id] },
    writes: kept.length < writes.length ? kept : [...writes, join(row, team.id)]
  }
}
