/**
 * What a caller without a team may call (RULES D60).
 *
 * `user`: what the list of the user's own row allows; without a row, or with an
 * empty list, nothing. `none`: nothing. `all`: the own list narrows, and an
 * empty one or none at all leaves everything that the upstream has. Admins are
 * not meant.
 */
import type { User } from "../directory/Directory.ts"
import type { PolicySettings } from "../Settings.ts"
import * as Model from "./Model.ts"

/** A person's row, or that there is none. */
type Row = Pick<User, "models"> | undefined

/** A list that says "none" itself. */
const ownNothing: Model.ModelList = { ...Model.noModels }

const ownOf = (rules: Model.ModelRules, row: NonNullable<Row>): Model.ModelList =>
  Model.deniesAll(row.models) ? ownNothing : rules.list(row.models)

/** The models of a caller without a team, by the caller's row. */
export const compile = (
  withoutTeam: PolicySettings["withoutTeam"],
  rules: Model.ModelRules
): (row: Row) => Model.ModelList => {
  switch (withoutTeam) {
    case "none":
      return () => Model.noModels
    case "user":
      return (row) => row === undefined || row.models.length === 0 ? Model.noModels : ownOf(rules, row)
    case "all":
      return (row) => row === undefined ? Model.everyModel : ownOf(rules, row)
  }
}
