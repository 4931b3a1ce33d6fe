/**
 * Organizations and end users on SQL.
 */
import { absent, type Organization, type RowAmbiguous, type RowNotFound, several } from "@jotgate/core/Directory"
import { OrganizationRepo } from "@jotgate/core/OrganizationRepo"
import { Effect, Exit, Layer } from "effect"
import { Lookups } from "./Lookups.ts"
import * as Rows from "./Rows.ts"

/** The columns of an organization as `Rows.organization` reads them. */
export const columns = "id, alias, models, tools, prompts, resources, max_budget, spend"

/** The columns of an end user as `Rows.endUser` reads them. */
export const endUserColumns = "id, models, blocked, max_budget, spend"

const organizations = (name: string, where: string) => ({
  name,
  text: `SELECT ${columns} FROM organizations WHERE ${where}`,
  read: Rows.organization
})

const ask = {
  byId: organizations("organization by id", "id = ?"),
  byAlias: organizations("organization by alias", "alias = ? LIMIT 2"),
  endUser: {
    name: "end user by id",
    text: `SELECT ${endUserColumns} FROM end_users WHERE id = ?`,
    read: Rows.endUser
  }
}

/** `OrganizationRepo` over `Lookups`, without memory. */
export const layer = Layer.effect(
  OrganizationRepo,
  Effect.map(Lookups, (lookups) => ({
    byId: (id) =>
      Rows.isStorable(id)
        ? lookups.first(ask.byId, [id], absent("organization"))
        : absent("organization"),
    byAlias: (alias) =>
      Rows.isStorable(alias)
        ? Effect.flatMap(
          lookups.all(ask.byAlias, [alias]),
          ([row, second]): Exit.Exit<Organization, RowNotFound | RowAmbiguous> =>
            row === undefined
              ? absent("organization")
              : second === undefined
              ? Exit.succeed(row)
              : several("organization")
        )
        : absent("organization"),
    endUser: (id) =>
      Rows.isStorable(id)
        ? lookups.first(ask.endUser, [id], absent("endUser"))
        : absent("endUser")
  }))
)
