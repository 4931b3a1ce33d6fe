/**
 * What rows say about a configuration: an id that reads like a person of a
 * configured namespace belongs to nobody, as no subject of the empty namespace
 * may begin so (RULES D61); an alias that teams share names none (RULES D26).
 */
import type { CheckFinding } from "./CheckFinding.ts"
import type { FileSettings } from "./GatewaySettings.ts"

/** What is looked at of a user's row. */
export interface NamedRow {
  readonly id: string
  readonly subjects?: ReadonlyArray<{ readonly namespace: string; readonly subject: string }> | undefined
}

/** How the names of persons in the configured namespaces begin. */
export const beginnings = ({ issuers }: Pick<FileSettings, "issuers">): ReadonlyArray<string> => [
  ...new Set(issuers.flatMap((it) => it.identities.namespace === "" ? [] : [`${it.identities.namespace}|`]))
]

/** What is looked at of a team's row. */
export interface AliasedRow {
  readonly id: string
  readonly alias?: string | null | undefined
}

/** Whether some claim names teams by their alias. */
const readsAliases = ({ issuers }: Pick<FileSettings, "issuers">): boolean =>
  issuers.some(({ claims: { teamAlias, teams } }) =>
    (teamAlias ?? null) !== null ||
    (typeof teams === "object" && teams !== null && "by" in teams && teams.by !== "id")
  )

/** Aliases that several teams share where tokens name teams by them: nobody gets a team by such a one (RULES D26). */
const checkAliases = (
  settings: Pick<FileSettings, "issuers">,
  teams: ReadonlyArray<AliasedRow>
): ReadonlyArray<CheckFinding> => {
  if (!readsAliases(settings)) return []
  const first = new Map<string, AliasedRow>()
  return teams.flatMap((team, index): ReadonlyArray<CheckFinding> => {
    const { alias, id } = team
    if (alias === null || alias === undefined) return []
    const other = first.get(alias)
    if (other === undefined) first.set(alias, team)
    return other === undefined ? [] : [{
      severity: "warning",
      path: "directory.file",
      message: `teams[${index}].alias: ${JSON.stringify(alias)} of the team ${JSON.stringify(id)} is that of ${
        JSON.stringify(other.id)
      } too: a token that names it is denied with team_ambiguous (D26)`
    }]
  })
}

/** People whose id reads like somebody of a namespace, and who are not linked to that subject. */
const checkNames = (
  settings: Pick<FileSettings, "issuers">,
  rows: ReadonlyArray<NamedRow>
): ReadonlyArray<CheckFinding> =>
  beginnings(settings).flatMap((beginning) =>
    rows.filter(({ id, subjects = [] }) =>
      id.startsWith(beginning) && !subjects.some((it) => id === `${it.namespace}|${it.subject}`)
    ).map(({ id }): CheckFinding => ({
      severity: "warning",
      path: "directory",
      message: `the user ${JSON.stringify(id)} reads like a person of the namespace ${
        JSON.stringify(beginning.slice(0, -1))
      }: no token finds the row by its id; link the subject, or give it another id (D61)`
    }))
  )

/** What is found about these people and teams; `teams` are those of `directory.file`, in its order. */
export const checkRows = (
  settings: Pick<FileSettings, "issuers">,
  people: ReadonlyArray<NamedRow>,
  teams: ReadonlyArray<AliasedRow> = []
): ReadonlyArray<CheckFinding> => [...checkAliases(settings, teams), ...checkNames(settings, people)]
