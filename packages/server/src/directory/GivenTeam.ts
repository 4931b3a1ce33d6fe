/**
 * A team as the rules are given it: what its row says, under a name that nobody has.
 *
 * Which team it is never gets to the rules then, so teams whose rows say the
 * same get the same decision. It is given as itself where its id can count: it is
 * the default team of the settings, or no plain text, which a header or a claim
 * may carry as another one. An agent's row can name teams too: who asks about such
 * an agent gives every team as itself.
 */
import { type Team, TeamId } from "@jotgate/core/Directory"
import type { Settings } from "@jotgate/core/Settings"
import { measured, once } from "@jotgate/store/People"

/** A team as the rules are given it. */
export interface GivenTeam {
  /** The name under which the rules find it; no row has it. */
  readonly name: TeamId
  /** The row under this name; `undefined`: there is none. */
  readonly row: Team | undefined
}

/** Teams that no rule can tell apart: the one of them that is somebody's first, second, … such team. */
export type Alike = (nth: number) => GivenTeam

/** Tells which teams are alike; `undefined` for one whose id can count. */
export type AlikeOf = (id: TeamId) => Alike | undefined

/** What headers and claims carry as it is. */
const plain = /^[\w.:@/-]+$/

/** Gives teams; `nobody` begins names that no row has. */
export const make = ({ directory: { teams } }: Pick<Settings, "directory">, nobody: string) => {
  const byText = once<Alike>()
  const byRow = new WeakMap<Team, { readonly alike: Alike | undefined }>()
  let last = 0

  const given = (row: Team | undefined): Alike => {
    const number = last++
    const all: Array<GivenTeam> = []
    return (nth) => {
      const name = TeamId.make(`${nobody}-${number}-${nth}`)
      return all[nth] ??= { name, row: row === undefined ? undefined : { ...row, id: name } }
    }
  }
  const missing = given(undefined)

  const counts = (id: TeamId): boolean => id === teams.default || !plain.test(id)

  const ofRow = (row: Team): Alike | undefined => {
    const known = byRow.get(row)
    if (known !== undefined) return known.alike
    const said: Team = { ...row, ...measured(row), id: TeamId.make(nobody), alias: null }
    const alike = counts(row.id) ? undefined : byText(JSON.stringify(said), () => given(said))
    byRow.set(row, { alike })
    return alike
  }

  /** Tells the teams of these rows; any other has no row. */
  return (rows: ReadonlyArray<Team>): AlikeOf => {
    const found = new Map<TeamId, Alike | undefined>()
    for (const row of rows) found.set(row.id, ofRow(row))
    return (id) => found.get(id) ?? (found.has(id) || counts(id) ? undefined : missing)
  }
}
