/**
 * Organizations and end users on SQL.
 */
import { type Organization, RowAmbiguous, RowNotFound } from "@jotgate/core/Directory"
import { OrganizationRepo } from "@jotgate/core/OrganizationRepo"
import { Effect, Exit, Layer } from "effect"
import { Lookups } from "./Lookups.ts"
import * as Rows from "./Rows.ts"

const noOrganization = Exit.fail(new RowNotFound({ kind: "organization" }))
const severalOrganizations = Exit.fail(new RowAmbiguous({ kind: "organization" }))
const noEndUser = Exit.fail(new RowNotFound({ kind: "endUser" }))

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
        ? lookups.first(ask.byId, [id], noOrganization)
        : noOrganization,
    byAlias: (alias) =>
      Rows.isStorable(alias)
        ? Effect.flatMap(
          lookups.all(ask.byAlias, [alias]),
          ([row, second]): Exit.Exit<Organization, RowNotFound | RowAmbiguous> =>
            row === undefined ? noOrganization : second === undefined ? Exit.succeed(row) : severalOrganizations
        )
        : noOrganization,
    endUser: (id) =>
      Rows.isStorable(id)
        ? lookups.first(ask.endUser, [id], noEndUser)
        : noEndUser
  }))
)
