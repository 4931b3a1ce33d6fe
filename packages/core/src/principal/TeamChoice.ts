/**
 * Which team a request was found to be made for, and what else is known of the
 * caller's teams.
 */
import { type DirectoryWrite, type Team } from "../directory/Directory.ts"
import type { LoadedTeam } from "../rules/RowRules.ts"
import type { FactsOf } from "../Step.ts"
import type { Now } from "../Trace.ts"

/** Where the chosen team came from. */
export type TeamSource =
  | "header"
  | "object"
  | "single"
  | "alias"
  | "groups"
  | "membership"
  | "memberships"
  | "default"
  | "admin"

/** A team that was chosen, or that none was. */
export interface TeamChoice {
  /** Where the team came from. */
  readonly source: TeamSource | undefined
  /** The team, with its lists. */
  readonly chosen: LoadedTeam | undefined
  /** Every team that a call of this caller could end up in, in the order in which they are tried; made when asked. */
  readonly candidates: () => ReadonlyArray<LoadedTeam>
  /** Whether membership and default may follow (RULES D24). */
  readonly mayFallBack: boolean
  /** Whether it stands only when the user is a member (RULES D66). */
  readonly provisional: boolean
  /** The teams that the token names and that exist: the target of sync (RULES D32). */
  readonly named: ReadonlyArray<Team>
  /** Whether the token names teams at all. */
  readonly names: boolean
  /** What is to be written after an allow. */
  readonly writes: ReadonlyArray<DirectoryWrite>
}

const noWrites: ReadonlyArray<DirectoryWrite> = []
const noTeams = (): ReadonlyArray<LoadedTeam> => []
const noRows: ReadonlyArray<Team> = []

const without = (names: boolean): TeamChoice => ({
  source: undefined,
  chosen: undefined,
  candidates: noTeams,
  mayFallBack: true,
  provisional: false,
  named: noRows,
  names,
  writes: noWrites
})

/** The token names no team. */
export const nobodyNamed = without(false)
/** The token names teams, none of which exists, and the settings say that the next source counts. */
export const allUnknown = without(true)

/** One team, named alone. */
export const single = (source: TeamSource, loaded: LoadedTeam, created = false): TeamChoice => ({
  source,
  chosen: loaded,
  candidates: () => [loaded],
  mayFallBack: false,
  provisional: false,
  named: [loaded.team],
  names: true,
  writes: created ? [{ _tag: "CreateTeam", team: loaded.team }] : noWrites
})

/** A team that the header names although no claim does: it must turn out to be one of the user's (RULES D66). */
export const provisional = (loaded: LoadedTeam, names: boolean): TeamChoice => ({
  ...single("header", loaded),
  provisional: true,
  named: noRows,
  names
})

/** One of several groups. */
export const ofGroups = (
  chosen: LoadedTeam,
  rows: ReadonlyArray<Team>,
  candidates: () => ReadonlyArray<LoadedTeam>
): TeamChoice => ({
  source: "groups",
  chosen,
  candidates,
  mayFallBack: false,
  provisional: false,
  named: rows,
  names: true,
  writes: noWrites
})

/** Notes a choice for whoever listens. */
export const note = (choice: TeamChoice, now: Now, facts: FactsOf<"team"> = {}): TeamChoice => {
  if (now.note === undefined) return choice
  const team = choice.chosen?.team
  now.note(
    team === undefined
      ? { step: "team", outcome: "skipped", facts: { team: null, ...facts } }
      : {
        step: "team",
        outcome: "ok",
        facts: { team: team.id, source: choice.source ?? null, models: choice.chosen?.models.patterns ?? [], ...facts },
        resolved: { team: { id: team.id, alias: team.alias } }
      }
  )
  return choice
}
